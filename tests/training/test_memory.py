"""Tests for housebrain.training.memory: what is planned is near what a step keeps."""

from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaConfig

from housebrain.model.loss import row_losses
from housebrain.model.packed import Rows
from housebrain.training.memory import bytes_a_sample, samples_at_once

SMOLLM2 = LlamaConfig(
    vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9
)


def test_a_t4_takes_a_whole_step_of_the_small_base() -> None:
    assert samples_at_once(int(15e9), SMOLLM2, 512, 256, "fp16") >= 16


@pytest.mark.parametrize("free", [0, 10**6])
def test_one_sample_is_always_tried(free: int) -> None:
    assert samples_at_once(free, SMOLLM2, 512, 256, "fp16") == 1


def test_float32_takes_more() -> None:
    assert bytes_a_sample(SMOLLM2, 512, 256, "fp32") > 1.5 * bytes_a_sample(SMOLLM2, 512, 256, "bf16")


def kept_bytes(config: Any, rows: int, length: int, learnt: int) -> int:
    """What autograd keeps for the backward pass of a model in bf16 whose linear layers all have an adapter's need."""
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    weights = {weight.data_ptr() for weight in model.parameters()}
    kept: dict[int, int] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.data_ptr() not in weights:
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        held.append(tensor)
        return tensor

    held: list[torch.Tensor] = []
    places = torch.arange(length - 1 - learnt, length - 1).expand(rows, -1)
    batch = Rows(torch.ones(rows, length, dtype=torch.int64), places, torch.ones_like(places))
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        row_losses(model, batch).sum()
    return sum(kept.values())


def test_the_plan_is_an_upper_bound_of_what_is_kept_and_not_far_off() -> None:
    """Without the gradients of the logits, which come later: half of what the plan counts for them."""
    config = LlamaConfig(
        vocab_size=2000, hidden_size=192, intermediate_size=512, num_hidden_layers=4, num_attention_heads=3
    )
    config._attn_implementation = "sdpa"
    kept, planned = kept_bytes(config, 4, 128, 48), 4 * bytes_a_sample(config, 128, 48, "bf16")
    assert 0.6 * planned < kept < planned
