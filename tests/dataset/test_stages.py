"""The stages `prepare` and `split` as DVC starts them."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from ruamel.yaml import YAML

from conftest import REPOSITORY
from dataset.rawdata import raw_records, write_jsonl
from housebrain.dataset.ingest import ingest


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a params.yaml for a few samples."""
    _set(tmp_path, "generate", 40)
    return tmp_path


def _set(project: Path, source: str, count: int, sample_count: int = 0) -> None:
    yaml = YAML()
    params = yaml.load(REPOSITORY / "params.yaml")
    params["prepare"] |= {"source": source, "generate_count": count, "sample_count": sample_count, "processes": 1}
    params["split"] |= {"validation_count": 3, "test_count": 3}
    yaml.dump(params, project / "params.yaml")


def _run(project: Path, stage: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(REPOSITORY / "stages" / f"{stage}.py")]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


@pytest.mark.long
def test_generated_briefs_become_shards(project: Path) -> None:
    for stage in ("prepare", "count_shards", "split"):
        done = _run(project, stage)
        assert done.returncode == 0, done.stderr
    counts = json.loads((project / "reports/prepare.json").read_text())
    assert counts["total"] == 40 == counts["solved"] + sum(counts["rejected"].values())
    report = json.loads((project / "reports/split.json").read_text())
    assert sum(file["rows"] for file in report["files"].values()) + report["left_out"] == counts["solved"]
    for shard in range(1, 7):
        assert pq.read_metadata(project / f"data/shards/{shard}/train.parquet").num_rows > 0


@pytest.mark.long
def test_raw_records_are_sampled_evenly(project: Path) -> None:
    ingest(write_jsonl(project / "in.jsonl", raw_records(60)), project / "data/raw/dataset")
    _set(project, "raw", 1, sample_count=20)
    done = _run(project, "prepare")
    assert done.returncode == 0, done.stderr
    assert json.loads((project / "reports/prepare.json").read_text())["total"] == 20


def test_no_dataset_says_what_to_run(project: Path) -> None:
    _set(project, "raw", 1)
    done = _run(project, "prepare")
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "housebrain ingest FOLDER" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.long
def test_too_few_samples_for_the_shards_are_said(project: Path) -> None:
    _set(project, "generate", 8)
    assert _run(project, "prepare").returncode == _run(project, "count_shards").returncode == 0
    done = _run(project, "split")
    assert done.returncode == 1
    assert "too few" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (project / "data/shards").exists()
