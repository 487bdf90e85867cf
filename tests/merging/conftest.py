"""Adapters made by PEFT itself, on a random two-layer Llama."""

from pathlib import Path
from typing import Any, Protocol

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM


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
                weight.data = noise if "lora_" in name else weight.data + 0.1 * noise
        model.save_pretrained(str(folder))
        return model.eval()

    return make


def loaded(folder: Path, tied: bool = False) -> Any:
    """The tiny Llama with an adapter, by plain PEFT."""
    return PeftModel.from_pretrained(tiny_llama(tied), str(folder)).eval()


def full_weights(model: Any) -> dict[str, torch.Tensor]:
    """A PEFT model's weights in float64, adapter merged in by PEFT."""
    merged = model.double().merge_and_unload()
    return {name: weight.detach().double() for name, weight in merged.state_dict().items()}
