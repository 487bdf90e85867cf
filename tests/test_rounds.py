"""A training in two rounds through the real dvc, on a model of a few thousand weights."""

import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from housebrain.files import read_json, sha256_file
from housebrain.params import load_params
from housebrain.registry import find_version
from housebrain.tracking import RECORD_ID, client, find_runs
from merging.adapters import dense, relative_error
from project import SHARDS, change_params, copy_project, run

pytestmark = [pytest.mark.slow, pytest.mark.long]


def test_a_round_goes_on_from_what_the_one_before_merged(
    tmp_path: Path, tiny_base: Path, mlflow_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = copy_project(tmp_path / "housebrain", tiny_base)
    shutil.copy(mlflow_database, project / "mlflow.db")
    change_params(project, rounds=2, outer__momentum=0.5, merge__rank=4, lora__r=4, platforms__local__max_samples=4)
    run(project, "dvc", "repro", "merge")
    first = read_json(project / "reports/merge.json")["validation_loss"]
    steps = [read_json(project / f"reports/shards/{shard}.json")["total_steps"] for shard in SHARDS]
    merged = dense(project / "models/merged")
    before = (project / "params.yaml").read_text()

    change_params(project, outer__learning_rate=0.9)
    refused = run(project, "housebrain", "round", "next", ok=False)
    assert "dvc status" in refused and not (project / "models/start/left").exists()
    (project / "params.yaml").write_text(before)
    printed = run(project, "housebrain", "round", "next")
    assert "round: 2 is next" in printed
    assert load_params(project / "params.yaml").round == 2

    run(project, "dvc", "repro", "evaluate", "leave_one_out", "register")
    state = sha256_file(project / "models/start/left/state/adapter_model.safetensors")
    assert read_json(project / "models/merged/merge.json")["start"] == state
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{project}/mlflow.db")
    (merge,) = find_runs("housebrain", {"kind": "merge", "round": "2", "rounds": "2", "start": state})
    assert client().get_run(merge).data.params["outer_momentum"] == "0.5"
    number = read_json(project / "models/registered.json")["merged"]["version"]
    record = client().get_model_version("housebrain", number).tags[RECORD_ID]
    version = find_version("housebrain", record)
    assert version is not None and version.tags["start"] == state
    without = read_json(project / "reports/leave_one_out.json")
    assert [row["without"] for row in without] == [f"shard {shard}" for shard in SHARDS]
    assert all(row["difference"] != 0 for row in without)
    start = dense(project / "models/lora_init")
    assert max(relative_error(start[name], merged[name]) for name in merged) < 1e-5  # rank 4 holds rank 4
    parts = [read_json(project / f"reports/shards/{shard}.json")["total_steps"] for shard in SHARDS]
    part_of = [read_json(project / f"models/shards/{shard}/fingerprint.json")["shared"]["rounds"] for shard in SHARDS]
    assert part_of == [2] * len(SHARDS)
    rows = [4] * len(SHARDS)  # every sample is a row of its own here, at most
    assert all(a + b <= total for a, b, total in zip(steps, parts, rows, strict=True))
    assert read_json(project / "reports/merge.json")["validation_loss"] < first
    assert "2 is the last of 2 `rounds`" in run(project, "housebrain", "round", "next", ok=False)
    lock = YAML(typ="safe").load(project / "dvc.lock")["stages"]
    assert "models/outer" in {out["path"] for out in lock["merge"]["outs"]}
    assert "models/start" in {dep["path"] for dep in lock["init_lora"]["deps"]}
