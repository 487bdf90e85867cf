"""Tests for models/released, as it is committed: whole, of this project's base, and asked as it was trained."""

import json
import re

import pytest
import torch
from safetensors.torch import load_file

from conftest import REPOSITORY
from housebrain.dataset.v5 import parse_record
from housebrain.files import read_json, sha256_file
from housebrain.language.prompt import messages
from housebrain.model.adapter import CONFIG, WEIGHTS
from housebrain.model.released import FOLDER, LINEAGE, released_adapter
from housebrain.params import load_params

RELEASED = REPOSITORY / FOLDER
# What it was asked in training, by the code of then, of the brief in examples.
ASKED = [
    {
        "role": "system",
        "content": "You are an architect. Answer with one JSON object in half feet: size [width, depth] inside the "
        "envelope; levels as cuts, v at an x, h at a y, down to rooms.",
    },
    {
        "role": "user",
        "content": '{"floors":1,"facing":"S","corner":1,"envelope":[112,77],"rooms":{"master":296,"bath":47,'
        '"kitchen":180,"living":291,"utility":50,"office":132}}',
    },
]


def test_it_is_for_the_base_and_codec_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    assert released_adapter(load_params()) == FOLDER


def test_it_is_asked_as_it_was_trained() -> None:
    """Where this fails the prompt has changed: release an adapter that was trained on the new one."""
    _, brief = parse_record(json.loads((REPOSITORY / "examples/brief.json").read_text()))
    assert messages(brief, "tree") == ASKED


def test_its_weights_are_whole_and_small() -> None:
    path = RELEASED / WEIGHTS
    assert sha256_file(path) == read_json(RELEASED / LINEAGE)["sha256"]
    assert path.stat().st_size < 6e6
    weights, rank = load_file(path), read_json(RELEASED / CONFIG)["r"]
    assert {weight.dtype for weight in weights.values()} == {torch.bfloat16}
    assert all(bool(torch.isfinite(weight).all()) for weight in weights.values())
    assert {min(weight.shape) for weight in weights.values()} == {rank}
    assert len(weights) == 2 * 7 * 30  # two factors of seven layers in each of thirty blocks


def test_its_card_says_what_was_measured() -> None:
    card, lineage = (RELEASED / "README.md").read_text(), read_json(RELEASED / LINEAGE)
    assert f"## Measured on {lineage['briefs']} briefs of the test split" in card
    assert int(lineage["briefs"]) >= 40
    for name in ("eval_loss", "design_validity", "guided_validity", "guided_accuracy", "guided_mended"):
        value, between = lineage[f"metric.{name}"], lineage.get(f"interval.{name}", "")
        assert re.search(rf"^\| {name} \| {value} \| {between} \|", card, re.MULTILINE), name
    assert len(json.loads(lineage["training"])) == len(json.loads(lineage["weights"]))
    assert "/tmp" not in card + json.dumps(lineage)
