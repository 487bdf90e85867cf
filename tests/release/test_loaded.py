"""Tests for housebrain.release.loaded and pyfunc: MLflow loads a registered version, and it answers briefs."""

import json
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from conftest import REPOSITORY
from housebrain.cli import app
from housebrain.dataset.generate import generate_records
from housebrain.errors import UserError
from housebrain.evaluation.names import MERGED
from housebrain.files import read_json, write_json
from housebrain.house.design import Design
from housebrain.params import Params
from housebrain.release import loaded
from housebrain.release.champion import choose
from housebrain.release.current import current
from housebrain.release.pyfunc import ABOUT
from housebrain.release.served import ensure_served
from housebrain.rules.checks import violations
from housebrain.words.read import read_words
from project import TINY, environment, put_base
from release.conftest import register_round
from service.serving import free_port

WORDS = "2 bedroom house, 40x60 ft plot facing east"


@pytest.fixture
def project(evaluated_round: Path, params: Params, tiny_base: Path) -> Path:
    """A project with a champion."""
    put_base(evaluated_round, tiny_base)
    content = YAML(typ="safe").load((REPOSITORY / "params.yaml").read_text())
    content |= {"base": "tiny", "bases": {"tiny": TINY.model_dump(exclude_none=True)}}
    with Path("params.yaml").open("w") as file:
        YAML(typ="safe").dump(content, file)
    register_round(params)
    choose(MERGED, params, force=True)
    return evaluated_round


@pytest.mark.long
def test_mlflow_answers_words_and_records(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From another folder than the project's."""
    monkeypatch.chdir(tmp_path)
    model = mlflow.pyfunc.load_model("models:/housebrain@champion")
    record = next(iter(generate_records(1, seed=3))).text.decode()
    one, other, nothing = model.predict([WORDS, record, "a lovely day"])
    house = Design.model_validate(one["design"])
    assert violations(house, read_words(WORDS).brief) == []
    assert one["model"] == {"engine": "transformers", "model": "merged, round 1", "base": "nobody/tiny"}
    assert Design.model_validate(other["design"]).levels
    assert "does not say what house" in nothing["error"]
    assert model.predict(pd.DataFrame({"brief": [WORDS]})) == [one]


@pytest.mark.long
def test_a_project_that_was_moved_answers_from_where_it_is(project: Path, params: Params, tmp_path: Path) -> None:
    """What MLflow keeps lies in the project as shipped, and says where that was."""
    (written,) = [path for path in tmp_path.rglob(ABOUT) if read_json(path)["folder"] == "models/merged"]
    inside = project / "mlruns/1/models/m-1/artifacts" / ABOUT
    inside.parent.mkdir(parents=True)
    shutil.copy(written, inside)
    moved = tmp_path / "moved"
    project.rename(moved)
    os.chdir(tmp_path)
    (answer,) = loaded._load_pyfunc(str(moved / inside.relative_to(project))).predict([WORDS])
    assert Design.model_validate(answer["design"]).levels
    with pytest.raises(UserError, match=r"project: the project of merged, round 1 is not there any more"):
        loaded._load_pyfunc(str(written))


@pytest.mark.long
def test_mlflow_serves_it_over_http(project: Path, tmp_path: Path, mlflow_store: str) -> None:
    """By the command of docs/engines.md, but for the port, from another folder than the project's."""
    record = next(iter(generate_records(1, seed=3))).text.decode()
    with _served(tmp_path, mlflow_store) as address:
        one, other, nothing = _predictions(address, {"inputs": [WORDS, json.loads(record), "a lovely day"]})
        house = Design.model_validate(one["design"])
        assert violations(house, read_words(WORDS).brief) == []
        assert one["model"] == {"engine": "transformers", "model": "merged, round 1", "base": "nobody/tiny"}
        assert Design.model_validate(other["design"]).levels
        assert "does not say what house" in nothing["error"]
        table = {"columns": ["brief"], "data": [[WORDS], [record]]}
        assert _predictions(address, {"dataframe_split": table}) == [one, other]


def _predictions(address: str, content: dict[str, Any]) -> Any:
    request = urllib.request.Request(
        f"{address}/invocations", json.dumps(content).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)["predictions"]


@contextmanager
def _served(folder: Path, store: str) -> Iterator[str]:
    """Runs `mlflow models serve` with the champion; gives its address."""
    docs = (REPOSITORY / "docs/engines.md").read_text()
    command = next(line.split() for line in docs.splitlines() if " mlflow models serve " in line)
    setting, *words = command
    assert setting.startswith("MLFLOW_TRACKING_URI=")
    port = free_port()
    words[words.index("--port") + 1] = str(port)
    log = folder / "log"
    with log.open("w") as file:
        server = subprocess.Popen(
            words, cwd=folder, env=environment(MLFLOW_TRACKING_URI=store), stdout=file, stderr=subprocess.STDOUT
        )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 180
        while True:
            assert server.poll() is None and time.monotonic() < deadline, log.read_text()[-2000:]
            try:
                urllib.request.urlopen(f"{address}/ping", timeout=20).close()
                break
            except OSError:
                time.sleep(0.5)
        yield address
    finally:
        server.terminate()
        server.wait(30)


def test_it_says_when_the_adapter_is_gone(project: Path, params: Params) -> None:
    shutil.rmtree("models/merged")
    with pytest.raises(UserError, match="does not hold the adapter of merged, round 1"):
        mlflow.pyfunc.load_model("models:/housebrain@champion")


@pytest.mark.long
def test_what_onnxruntime_cannot_run_is_said_once(
    project: Path, params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    """When a champion is chosen. The tiny model's heads are too small for it."""
    said = CliRunner().invoke(app, ["champion", "merged", "--force"], catch_exceptions=False).stdout
    assert "engine: writing the champion, version 3 (merged)" in said
    assert "onnxruntime can't run this model" in said
    assert ensure_served(current(params), params) is None
    assert capsys.readouterr().out == ""
    (answer,) = mlflow.pyfunc.load_model("models:/housebrain@champion").predict([WORDS])
    assert answer["model"]["engine"] == "transformers"


def test_an_export_is_chosen_by_its_format(project: Path) -> None:
    write_json("reports/prepare.json", {"total": 2, "solved": 2, "rejected": {}})
    rows = {name: {"rows": 1, "sha256": name} for name in ("validation", "test")}
    rows |= {f"shard_{shard}": {"rows": 1, "sha256": f"data-{shard}"} for shard in (1, 2)}
    write_json("reports/split.json", {"files": rows})
    for form, file in (("adapter", "adapter_model.safetensors"), ("safetensors", "model.safetensors")):
        arguments = ["export", "--format", form, "--out", form]
        done = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert f"export: version 3, merged, in {form}." in done.stdout
        assert (Path(form) / file).is_file()
    assert (Path("safetensors") / "chat.json").is_file()
