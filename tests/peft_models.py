"""Adapters made by PEFT itself, on a random two-layer Llama."""

from pathlib import Path
from typing import Any, Protocol

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.utils.other import ModulesToSaveWrapper
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast


def tiny_llama(tied: bool = False) -> Any:
    """Always the same weights."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=60,
        hidden_size=16,
        intermediate_size=28,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        tie_word_embeddings=tied,
    )
    return LlamaForCausalLM(config).eval()


def save_tiny_llama(folder: Path) -> Path:
    """The tiny Llama on disk, with a tokenizer of 60 words."""
    words = {"<s>": 0, "</s>": 1, "what": 2, "makes": 3, "a": 4, "house": 5} | {f"w{i}": i for i in range(6, 60)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<s>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    marks = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<s>"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **marks).save_pretrained(folder)
    tiny_llama().save_pretrained(folder)
    return folder


class MakePeft(Protocol):
    """`make_peft(folder, seed, tied=False, **LoraConfig's arguments)`."""

    def __call__(self, folder: Path, seed: int, tied: bool = False, **config: Any) -> Any: ...


@pytest.fixture
def make_peft() -> MakePeft:
    """Saves an adapter with random factors in PEFT's own way and returns PEFT's model of it."""

    def make(folder: Path, seed: int, tied: bool = False, **config: Any) -> Any:
        settings = {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "down_proj"], "task_type": "CAUSAL_LM"}
        model = get_peft_model(tiny_llama(tied), LoraConfig(**(settings | config)))
        generator = torch.Generator().manual_seed(seed)
        for name, weight in model.named_parameters():
            if weight.requires_grad:
                noise = torch.randn(weight.shape, generator=generator)
                weight.data.copy_(noise if "lora_" in name else weight.data + 0.1 * noise)  # in place: ties hold
        model.save_pretrained(str(folder))
        return model.eval()

    return make


def loaded(folder: Path, tied: bool = False) -> Any:
    """The tiny Llama with an adapter, by plain PEFT."""
    return PeftModel.from_pretrained(tiny_llama(tied), str(folder)).eval()


def full_weights(model: Any, tied: bool = False) -> dict[str, torch.Tensor]:
    """The weights a PEFT model computes with, float64, each module's update added by PEFT's own arithmetic.

    Weights that are tied in the base come apart: an adapter of the embedding alone leaves the head as it is.
    (`merge_and_unload` is no oracle here: it adds such an update to both.)
    """
    weights = {name: weight.double().clone() for name, weight in tiny_llama(tied).state_dict().items()}
    for name, module in model.named_modules():
        name = name.removeprefix("base_model.model.")
        if hasattr(module, "get_delta_weight"):
            weights[f"{name}.weight"] += module.get_delta_weight("default").detach().double()
        elif isinstance(module, ModulesToSaveWrapper):
            weights[f"{name}.weight"] = module.modules_to_save["default"].weight.detach().double()
    return weights
