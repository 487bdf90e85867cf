"""Several adapters on one base at once: each has rows of a batch of its own.

A base that fits a laptop is read from memory for every token that it writes, and that takes most of the time: rows more
or less hardly matter. So the base and the shards of a round, answering the same briefs, are asked together.
"""

from pathlib import Path
from typing import Any

import torch

from housebrain.errors import UserError
from housebrain.model.adapter import PREFIX, Adapter, Factors
from housebrain.model.loading import load_base


class _Stacked(torch.nn.Module):
    """A linear layer to which each group of rows adds the update of its own adapter.

    Args:
        linear: the base's, W [d_out, d_in].
        factors: by group of rows; one of them at least is an adapter's. None is the base alone.
    """

    def __init__(self, linear: torch.nn.Linear, factors: list[Factors | None]) -> None:
        super().__init__()
        self.linear = linear
        rank = max(len(one.A) for one in factors if one)  # lower ones are filled up with zeros
        self.A = torch.zeros(len(factors), linear.in_features, rank).to(linear.weight)
        self.B = torch.zeros(len(factors), rank, linear.out_features).to(linear.weight)
        for group, one in enumerate(factors):
            if one:
                self.A[group, :, : len(one.A)] = one.A.T
                self.B[group, : len(one.A)] = one.scale * one.B.T

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x [rows, tokens, d_in], the first group's rows first; as many rows for each."""
        grouped = x.reshape(len(self.A), -1, x.shape[-1])
        out: torch.Tensor = self.linear(x)
        return out + (grouped @ self.A @ self.B).view(out.shape)


def can_be_stacked(folders: list[Path]) -> bool:
    """Whether the adapters have the same linear layers, and nothing besides; GPT-2's Conv1D are no such."""
    first, *others = (Adapter(folder) for folder in folders)
    linear = all(A.endswith(".lora_A.weight") for A, _ in first.modules.values())
    linear = linear and not first.config.get("fan_in_fan_out")
    return (
        linear
        and not first.whole
        and not first.experts
        and all((one.modules, one.whole) == (first.modules, {}) for one in others)
    )


def load_stacked(base: Path, folders: list[Path | None]) -> Any:
    """The base with adapters side by side, in evaluation mode: a batch has as many rows for each, in their order.

    Args:
        base: the base model's folder.
        folders: the adapters', of which `can_be_stacked` is true. None among them is the base with none.

    Raises:
        UserError: an adapter was made for another base, or can't be read.
    """
    model = load_base(base).eval()
    groups = [folder and Adapter(folder) for folder in folders]
    adapters = [adapter for adapter in groups if adapter]
    layers = dict(model.named_modules())
    for name in adapters[0].modules:
        parent, _, attribute = name.removeprefix(PREFIX).rpartition(".")
        layer: Any = layers.get(name.removeprefix(PREFIX))
        for adapter in adapters:
            if not isinstance(layer, torch.nn.Linear) or tuple(adapter.shapes[name]) != tuple(layer.weight.shape):
                raise UserError(f"{adapter.folder}: it doesn't fit the base in {base} ({name}). Train it on this base.")
        stacked = _Stacked(layer, [adapter.factors(name) if adapter else None for adapter in groups])
        setattr(model.get_submodule(parent), attribute, stacked)
    return model
