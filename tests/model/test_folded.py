"""Tests for housebrain.model.folded: against PEFT."""

import shutil
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from housebrain.errors import UserError
from housebrain.files import read_json, write_json
from housebrain.model.adapter import CONFIG, WEIGHTS
from housebrain.model.folded import load_model
from housebrain.model.loading import load_base, with_adapter


@pytest.fixture
def adapter(tmp_path: Path, tiny_init: Path) -> Path:
    """With a random update, at a scale of its own."""
    folder = tmp_path / "adapter"
    shutil.copytree(tiny_init, folder)
    weights = load_file(folder / WEIGHTS)
    save_file({name: 0.1 * torch.randn(weight.shape) for name, weight in weights.items()}, folder / WEIGHTS)
    write_json(folder / CONFIG, read_json(folder / CONFIG) | {"lora_alpha": 12})
    return folder


def test_it_says_what_peft_says(adapter: Path, tiny_base: Path) -> None:
    ids = torch.arange(3, 43).view(2, 20)
    with torch.inference_mode():
        folded = load_model(tiny_base, adapter).eval()(input_ids=ids).logits
        beside = with_adapter(tiny_base, adapter)(input_ids=ids).logits
        alone = load_model(tiny_base, None).eval()(input_ids=ids).logits
    torch.testing.assert_close(folded, beside, rtol=1e-3, atol=1e-3)
    assert not torch.allclose(folded, alone, atol=0.1)
    torch.testing.assert_close(alone, load_base(tiny_base).eval()(input_ids=ids).logits)


@pytest.mark.parametrize("end", ["lm_head", "embed_tokens"])
def test_an_adapter_of_one_end_changes_no_other(end: str, tiny_base: Path, tmp_path: Path) -> None:
    """Input and output embeddings of the base are one matrix. What is saved says so no more."""
    base = load_base(tiny_base)
    assert base.config.tie_word_embeddings
    lora = LoraConfig(r=4, target_modules=["q_proj", end], init_lora_weights=False)
    get_peft_model(base, lora).save_pretrained(tmp_path / "adapter", save_embedding_layers=False)
    ids = torch.arange(3, 43).view(2, 20)
    with torch.inference_mode():
        beside = with_adapter(tiny_base, tmp_path / "adapter")(input_ids=ids).logits
        folded = load_model(tiny_base, tmp_path / "adapter").eval()
        torch.testing.assert_close(folded(input_ids=ids).logits, beside, rtol=1e-3, atol=1e-3)
        folded.save_pretrained(tmp_path / "whole")
        saved = AutoModelForCausalLM.from_pretrained(tmp_path / "whole")(input_ids=ids).logits
        torch.testing.assert_close(saved, beside, rtol=1e-3, atol=1e-3)


def test_an_adapter_for_another_base_is_named(adapter: Path, tiny_base: Path) -> None:
    weights = load_file(adapter / WEIGHTS)
    wider = {name: torch.cat([weight, weight], -1) if "lora_A" in name else weight for name, weight in weights.items()}
    save_file(wider, adapter / WEIGHTS)
    with pytest.raises(UserError, match="doesn't fit the base"):
        load_model(tiny_base, adapter)


def test_an_adapter_of_layers_that_the_base_lacks_is_named(adapter: Path, tiny_base: Path) -> None:
    weights = load_file(adapter / WEIGHTS)
    save_file({name.replace("layers.1.", "layers.7."): weight for name, weight in weights.items()}, adapter / WEIGHTS)
    with pytest.raises(UserError, match=r"doesn't fit the base .*layers\.7"):
        load_model(tiny_base, adapter)
