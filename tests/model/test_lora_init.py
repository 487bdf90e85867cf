"""Tests for housebrain.model.lora_init: one start for all shards, checked before use."""

import json
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file

from housebrain.errors import UserError
from housebrain.model.loading import load_base
from housebrain.model.lora_init import verified_init, write_init
from housebrain.params import Lora


@pytest.fixture
def lora() -> Lora:
    return Lora(r=4, alpha=8, dropout=0.1, target_modules="all-linear", seed=42)


def test_same_seed_same_bytes(tiny_base: Path, tiny_init: Path, lora: Lora, tmp_path: Path) -> None:
    write_init(lora, "tiny", tiny_base, tmp_path / "again")
    for file in tiny_init.iterdir():
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes(), file.name


def test_another_seed_is_another_init(tiny_base: Path, tiny_init: Path, lora: Lora, tmp_path: Path) -> None:
    write_init(lora.model_copy(update={"seed": 43}), "tiny", tiny_base, tmp_path / "other")
    assert verified_init(tmp_path / "other") != verified_init(tiny_init)


def test_init_is_drawn_as_peft_does_and_changes_nothing_yet(tiny_base: Path, tiny_init: Path) -> None:
    """B is zero; A is uniform in +-1/sqrt(d_in), on every linear layer but the output."""
    weights = load_file(tiny_init / "adapter_model.safetensors")
    assert len(weights) == 2 * 2 * 7  # A and B, two layers, seven linear layers each
    for name, weight in weights.items():
        assert weight.dtype == torch.float32
        if "lora_B" in name:
            assert not weight.any()
        else:
            bound = weight.shape[1] ** -0.5
            assert 0.8 * bound < weight.abs().max() <= bound
    base = load_base(tiny_base).eval()
    tokens = torch.arange(3, 40)[None]
    with torch.inference_mode():
        expected = base(tokens).logits
        adapted = PeftModel.from_pretrained(base, tiny_init, is_trainable=True).eval()(tokens).logits
    assert torch.equal(adapted, expected)


def test_config_names_the_base_and_no_path_of_this_machine(tiny_base: Path, tiny_init: Path) -> None:
    text = (tiny_init / "adapter_config.json").read_text()
    config = json.loads(text)
    assert config["base_model_name_or_path"] == "tiny"
    assert (config["r"], config["lora_alpha"], config["lora_dropout"]) == (4, 8, 0.1)
    assert str(tiny_base.parent) not in text


def test_unknown_target_modules_are_refused(tiny_base: Path, lora: Lora, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"lora\.target_modules.*no_such_layer"):
        write_init(lora.model_copy(update={"target_modules": ["no_such_layer"]}), "tiny", tiny_base, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_damaged_init_is_refused(tiny_base: Path, lora: Lora, tmp_path: Path) -> None:
    write_init(lora, "tiny", tiny_base, tmp_path / "init")
    weights = tmp_path / "init" / "adapter_model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(UserError, match="damaged"):
        verified_init(tmp_path / "init")


def test_missing_init_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="init is missing"):
        verified_init(tmp_path)


def test_a_pattern_that_is_none_is_refused(tiny_base: Path, lora: Lora, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"lora\.target_modules: .*unterminated"):
        write_init(lora.model_copy(update={"target_modules": "(q_proj"}), "tiny", tiny_base, tmp_path / "out")


@pytest.mark.parametrize(
    ("targets", "factors"),
    [(["embed_tokens", "q_proj"], 6), (["lm_head", "q_proj"], 6), (r".*layers\.1\..*(q|v)_proj", 4)],
)
def test_whatever_is_adapted_nothing_changes_yet_and_all_can_be_learnt(
    targets: str | list[str], factors: int, tiny_base: Path, lora: Lora, tmp_path: Path
) -> None:
    """Of embeddings PEFT saves a copy along, which would take the place of the base's."""
    write_init(lora.model_copy(update={"target_modules": targets}), "tiny", tiny_base, tmp_path / "init")
    weights = load_file(tmp_path / "init/adapter_model.safetensors")
    assert len(weights) == factors
    base = load_base(tiny_base).eval()
    tokens = torch.arange(3, 40)[None]
    with torch.inference_mode():
        expected = base(tokens).logits
    model = PeftModel.from_pretrained(base, tmp_path / "init", is_trainable=True).eval()
    logits = model(tokens).logits
    torch.testing.assert_close(logits, expected)
    logits.square().sum().backward()
    learning = {name for name, weight in model.named_parameters() if weight.requires_grad and weight.grad.any()}
    assert len(learning) == factors // 2
