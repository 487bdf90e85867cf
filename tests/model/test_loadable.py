"""Tests for housebrain.model.loadable: PEFT's own adapters load, and those spoilt in one place do not."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import GPT2Config, GPT2LMHeadModel

from housebrain.errors import UserError
from housebrain.model.adapter import CONFIG, PREFIX, WEIGHTS
from housebrain.model.loadable import check_loads
from peft_models import MakePeft

Q_PROJ = f"{PREFIX}model.layers.1.self_attn.q_proj"
Tensors = dict[str, torch.Tensor]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"target_modules": "all-linear"},
        {"target_modules": r".*\.(q_proj|k_proj)"},
        {"rank_pattern": {"layers.1.self_attn.q_proj": 2}},
        {"layers_to_transform": [1]},
        {"modules_to_save": ["lm_head", "norm"]},
        {"target_modules": ["embed_tokens", "q_proj"]},
        {"target_modules": ["embed_tokens", "lm_head"], "tied": True},
        {"target_modules": ["embed_tokens"], "tied": True, "ensure_weight_tying": True},
    ],
)
def test_what_peft_saves_it_loads(settings: dict[str, Any], make_peft: MakePeft, tmp_path: Path) -> None:
    make_peft(tmp_path / "adapter", seed=1, **settings)
    check_loads(tmp_path / "adapter")


@pytest.mark.parametrize("fan_in_fan_out", [False, True])
def test_layers_that_lie_the_other_way_round_load(tmp_path: Path, fan_in_fan_out: bool) -> None:
    sizes = {"vocab_size": 40, "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 32}
    base = GPT2LMHeadModel(GPT2Config(**sizes))
    config = LoraConfig(r=3, target_modules=["c_attn", "wte"], fan_in_fan_out=fan_in_fan_out, rank_pattern={"wte": 2})
    get_peft_model(base, config).save_pretrained(str(tmp_path / "adapter"))
    check_loads(tmp_path / "adapter")


def without(name: str) -> Callable[[Tensors], None]:
    def change(tensors: Tensors) -> None:
        del tensors[name]

    return change


def added(name: str) -> Callable[[Tensors], None]:
    return lambda tensors: tensors.update({name: torch.zeros(4, 16)})


@pytest.mark.parametrize(
    ("change", "config", "said"),
    [
        (None, {"target_modules": ["down_proj"]}, rf"no place for {PREFIX}model\.layers\.0\.self_attn\.q_proj"),
        (None, {"target_modules": ["nothing"]}, "nothing"),
        (
            None,
            {"rank_pattern": {"layers.1.self_attn.q_proj": 2}},
            r"layers\.1\.self_attn\.q_proj\.lora_[AB]\.weight has the shape .*, where .* is expected",
        ),
        (without(f"{Q_PROJ}.lora_B.weight"), {}, r"layers\.1\.self_attn\.q_proj\.lora_B\.weight is missing"),
        (added(f"{Q_PROJ}.lora_C.weight"), {}, r"no place for .*layers\.1\.self_attn\.q_proj\.lora_C\.weight"),
    ],
)
def test_what_is_spoilt_is_named(
    change: Callable[[Tensors], None] | None,
    config: dict[str, Any],
    said: str,
    make_peft: MakePeft,
    tmp_path: Path,
) -> None:
    folder = tmp_path / "adapter"
    make_peft(folder, seed=1)
    if change:
        tensors = load_file(folder / WEIGHTS)
        change(tensors)
        save_file(tensors, folder / WEIGHTS)
    (folder / CONFIG).write_text(json.dumps(json.loads((folder / CONFIG).read_text()) | config))
    with pytest.raises(UserError, match=f"PEFT can't load the adapter: .*{said}"):
        check_loads(folder)


def test_a_damaged_file_is_named(make_peft: MakePeft, tmp_path: Path) -> None:
    make_peft(tmp_path / "adapter", seed=1)
    path = tmp_path / "adapter" / WEIGHTS
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(UserError, match=r"adapter_model\.safetensors: it is missing or damaged"):
        check_loads(tmp_path / "adapter")


def test_it_is_said_where_nothing_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    check_loads(tmp_path / "nothing")
    assert "skipped: peft is not installed" in capsys.readouterr().err
