"""Tests for bench.release: an adapter that has been in no round, measured and written as the released one."""

import json
import sys
from pathlib import Path

import pytest
import torch
from bench import release
from huggingface_hub import ModelCard
from safetensors.torch import load_file

from conftest import MakeSamples
from housebrain.errors import UserError
from housebrain.files import read_json, sha256_file, write_json
from housebrain.model.adapter import WEIGHTS
from housebrain.model.released import FOLDER, LINEAGE, released_adapter
from housebrain.params import Params
from project import put_base

SHARDS = [Path(f"models/shards/{number}") for number in (1, 2)]


@pytest.fixture
def asked(
    evaluated_round: Path, params: Params, tiny_base: Path, make_samples: MakeSamples, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """The command line, in a folder with all that it names."""
    put_base(evaluated_round, tiny_base)
    monkeypatch.setattr(release, "load_params", lambda: params)
    make_samples(Path("held-out.parquet"), 2)
    write_json("reports/prepare.json", {"total": 1240, "solved": 1100, "rejected": {"no_layout_found": 140}})
    files = {f"shard_{number}": {"rows": 530 + number, "sha256": f"data-{number}"} for number in (1, 2)}
    files |= {name: {"rows": rows, "sha256": name} for name, rows in (("validation", 21), ("test", 17))}
    write_json("reports/split.json", {"files": files})
    points = [{"key": key, "value": value, "step": 7} for key, value in (("loss", 0.75), ("eval_loss", 0.5))]
    for shard in SHARDS:
        fingerprint = read_json(shard / "fingerprint.json")
        fingerprint["shared"] |= {"code": "c0de", "init": "1n1t", "tokenizer": "70c"}
        write_json(shard / "fingerprint.json", fingerprint)
        write_json(shard / "run.json", read_json(shard / "run.json") | {"points": points, "params": {"samples": "99"}})
    return [
        *("--merged", "models/merged", "--shards", *map(str, SHARDS), "--trained-on", "A card", "--reports", "reports"),
        *("--samples", "held-out.parquet", "--count", "2", "--max-new-tokens", "8", "--engine", "transformers"),
    ]


@pytest.mark.usefixtures("little_mending")
def test_an_adapter_of_no_round_is_released_with_what_it_came_to(
    asked: list[str], params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["release", *asked])
    release.main()
    assert released_adapter(params) == FOLDER
    assert {weight.dtype for weight in load_file(FOLDER / WEIGHTS).values()} == {torch.bfloat16}
    lineage = read_json(FOLDER / LINEAGE)
    assert lineage["sha256"] == sha256_file("models/merged/adapter_model.safetensors")
    assert (lineage["code"], lineage["git_commit"], lineage["briefs"]) == ("c0de", "abc", "2")
    training = json.loads(lineage["training"])["shard 2"]
    assert (training["samples"], training["steps"], training["validation_loss"]) == (99, 7, 0.5)
    card = ModelCard.load(FOLDER / "README.md").content
    assert "## Measured on 2 briefs of the test split" in card
    for line in ("| shard 2 | 532 |", "| card | A card |", "| metric | value | 95% interval | criterion |"):
        assert line in card, line
    free, guided = (f"| {name} | {lineage[f'metric.{name}']} |" for name in ("design_validity", "guided_validity"))
    assert free in card
    assert guided in card


def test_a_shard_that_was_not_trained_to_its_end_is_said(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    run = read_json(SHARDS[1] / "run.json")
    write_json(SHARDS[1] / "run.json", run | {"points": run["points"][:1]})
    monkeypatch.setattr(sys, "argv", ["release", *asked])
    with pytest.raises(UserError, match=r"shards/2/run.json: it has no eval_loss"):
        release.main()
