"""A cache of keys and values with room to grow.

That of transformers makes every tensor anew for each token: with 24 rows of 250 tokens this takes a third of the time
of a pass on a CPU.
"""

from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

ROOM = 256  # tokens that are made room for at once


class _GrowingLayer(DynamicLayer):
    """A layer whose `keys` and `values`, [rows, heads, tokens, d], are what is used of larger tensors."""

    keys: Any
    values: Any
    _roomy_keys: torch.Tensor | None = None
    _roomy_values: torch.Tensor | None = None

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Adds tokens.

        Args:
            key_states: [rows, heads, new tokens, d].
            value_states: as many.

        Returns:
            All keys and all values.
        """
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        length = self.get_seq_length()
        end = length + key_states.shape[-2]
        self._roomy_keys = _added(self._roomy_keys, self.keys, key_states, length)
        self._roomy_values = _added(self._roomy_values, self.values, value_states, length)
        self.keys, self.values = self._roomy_keys[..., :end, :], self._roomy_values[..., :end, :]
        return self.keys, self.values


def _added(roomy: torch.Tensor | None, held: torch.Tensor, states: torch.Tensor, length: int) -> torch.Tensor:
    """The tensor that holds `length` tokens of `held` and, behind them, `states`: `roomy`, or a new one."""
    *shape, added, depth = states.shape
    end = length + added
    # Where rows were chosen or put in another order, `held` is no longer a part of `roomy`.
    is_part = roomy is not None and held.data_ptr() == roomy.data_ptr() and list(roomy.shape[:-2]) == shape
    if roomy is None or not is_part or roomy.shape[-2] < end:
        roomy = states.new_empty(*shape, end + ROOM, depth)
        if length:
            roomy[..., :length, :] = held
    roomy[..., length:end, :] = states
    return roomy


def growing_cache(config: Any) -> DynamicCache:
    """An empty cache for a model of this configuration; layers with a window or no attention are transformers'."""
    cache = DynamicCache(config=config)
    cache.layers = [_GrowingLayer() if type(layer) is DynamicLayer else layer for layer in cache.layers]
    return cache
