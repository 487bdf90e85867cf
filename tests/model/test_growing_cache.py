"""Tests for housebrain.model.growing_cache: whatever is done to it, it holds what transformers' holds."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import DynamicCache, LlamaConfig, MistralConfig

from housebrain.model import growing_cache as module
from housebrain.model.growing_cache import growing_cache

HEADS, DEPTH = 2, 4

# What happens to a cache: tokens are added, the last ones are dropped, rows are chosen or repeated.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(1, 9)),
        st.tuples(st.just("crop"), st.integers(0, 5)),
        st.tuples(st.just("select"), st.lists(st.integers(0, 2), min_size=1, max_size=4)),
        st.tuples(st.just("reorder"), st.permutations([0, 1, 2])),
        st.tuples(st.just("repeat"), st.integers(1, 2)),
        st.tuples(st.just("reset"), st.none()),
    ),
    max_size=14,
)


def config(**settings: Any) -> LlamaConfig:
    sizes = {"num_hidden_layers": 2, "num_attention_heads": HEADS, "hidden_size": HEADS * DEPTH, "vocab_size": 9}
    return LlamaConfig(**sizes, **settings)


def apply(cache: DynamicCache, step: str, value: Any, states: torch.Tensor) -> list[torch.Tensor]:
    """One step; for `add` what the cache gives back."""
    rows = states.shape[0]
    if step == "add":
        return [one for layer in (0, 1) for one in cache.update(states + layer, states - layer, layer)]
    if step == "crop":
        if cache.get_seq_length() > value:
            cache.crop(-value)
    elif step == "select":
        cache.batch_select_indices(torch.tensor([one % rows for one in value]))
    elif step == "reorder":
        cache.reorder_cache(torch.tensor([one % rows for one in value]))
    elif step == "repeat":
        cache.batch_repeat_interleave(value)
    else:
        cache.reset()
    return []


@settings(deadline=None)
@given(steps=STEPS)
def test_it_holds_what_transformers_own_holds(steps: list[tuple[str, Any]]) -> None:
    ours, theirs = growing_cache(config()), DynamicCache(config=config())
    generator = torch.Generator().manual_seed(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "ROOM", 3)  # so that it is used up
        for step, value in [("add", 4), *steps, ("add", 2)]:
            held = theirs.layers[0].keys
            rows = 3 if held is None or not theirs.get_seq_length() else held.shape[0]
            states = torch.randn(rows, HEADS, value if step == "add" else 1, DEPTH, generator=generator)
            got = apply(ours, step, value, states)
            for one, other in zip(got, apply(theirs, step, value, states), strict=True):
                assert torch.equal(one, other)
            assert ours.get_seq_length() == theirs.get_seq_length()


def test_a_token_copies_nothing_of_what_is_there() -> None:
    cache = growing_cache(config())
    states = torch.zeros(1, HEADS, 5, DEPTH)
    first, _ = cache.update(states, states, 0)
    second, _ = cache.update(states[:, :, :1], states[:, :, :1], 0)
    assert second.data_ptr() == first.data_ptr()


def test_layers_with_a_window_are_transformers_own() -> None:
    cache = growing_cache(MistralConfig(num_hidden_layers=2, sliding_window=8))
    assert [layer.is_sliding for layer in cache.layers] == [True, True]
