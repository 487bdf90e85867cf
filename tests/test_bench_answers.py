"""The benches that put briefs to models, on a tiny one: what they write, and that they go on where they stopped."""

import sys
from pathlib import Path

import pytest
from bench import added, answers

from conftest import REPOSITORY, MakeSamples
from evaluation.conftest import adapter_like
from housebrain.dataset.generate import generate_records
from housebrain.evaluation import evaluate as module
from housebrain.files import read_json

pytestmark = pytest.mark.usefixtures("little_mending")


@pytest.fixture(autouse=True)
def in_a_project(tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ensure_base", lambda params: tiny_base)
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text((REPOSITORY / "params.yaml").read_text())


def run(monkeypatch: pytest.MonkeyPatch, bench: object, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", *arguments])
    bench.main()  # type: ignore[attr-defined]


@pytest.mark.long
def test_records_are_put_to_a_model_freely_and_guided(
    tmp_path: Path, tiny_init: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    adapter = adapter_like(tiny_init, tmp_path / "adapter", 1)
    Path("records.jsonl").write_bytes(b"\n".join(record.text for record in generate_records(8, seed=3)))
    asked = ["--dataset", "records.jsonl", "--count", "3", "--model", str(adapter), "--batch", "2"]
    asked += ["--max-new-tokens", "8", "--out", "found.json"]
    run(monkeypatch, answers, *asked)
    found = read_json("found.json")
    for kind in ("free", "guided"):
        assert {"validity", "requirements", "codes", "seconds_median"} <= set(found[kind])
        assert found[kind]["seconds_median"] > 0
    assert found["free"]["json_validity"] == 0  # eight tokens are no answer
    assert found["guided"]["json_validity"] == 1
    assert found["guided"]["validity"] == found["guided"]["kept"]
    assert found["setting"]["briefs"] == 3
    assert "guided" in capsys.readouterr().out

    def nobody(*_: object) -> None:
        raise AssertionError("a model was asked again")

    monkeypatch.setattr(module, "reply", nobody)
    run(monkeypatch, answers, *asked)
    assert read_json("found.json")["guided"]["validity"] == found["guided"]["validity"]


@pytest.mark.long
def test_what_a_model_adds_is_compared_brief_by_brief(
    tmp_path: Path, tiny_init: Path, make_samples: MakeSamples, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = adapter_like(tiny_init, tmp_path / "adapter", 1)
    make_samples(tmp_path / "samples.parquet", 4)
    asked = ["--dataset", "samples.parquet", "--count", "4", "--model", str(adapter), "--out", "added.json"]
    run(monkeypatch, added, *asked, "--batch", "4", "--levels", "levels")
    found = read_json("added.json")
    assert found["ways"]["solver"]["validity"] == 1
    assert found["ways"]["solver"]["topologies"] > 0
    row = found["trained less solver"]["validity"]
    assert row["difference"] == found["ways"]["trained"]["validity"] - 1
    assert row["surely_better"] is False
    assert {path.stem for path in Path("levels").glob("*.csv")} == {"untrained", "trained", "solver"}
