"""Tensors of adapters that are no factors: trained as a whole, or copies of the base's."""

from functools import reduce

import torch

from housebrain.errors import UserError
from housebrain.model.adapter import Adapter

_COARSE = (torch.bfloat16, torch.float16)  # coarsest first


def mean_of(name: str, adapters: list[Adapter], weights: list[float]) -> torch.Tensor:
    """The mean of tensors trained as a whole: as weights sum to 1, it is the base plus the mean of the updates."""
    mean = torch.zeros(())
    for adapter, weight in zip(adapters, weights, strict=True):
        mean = mean + weight * adapter.tensor(name).float()
    return mean


def common_of(name: str, adapters: list[Adapter]) -> torch.Tensor:
    """A tensor that no adapter trained, or that has no mean, and that must be the same in all of them.

    Copies of one base in several precisions differ by rounding: the finest is returned.

    Raises:
        UserError: two adapters differ by more.
    """
    first, *others = adapters
    tensor = finest = first.tensor(name)
    for other in others:
        theirs = other.tensor(name)
        if not _is_copy(tensor, theirs):
            trained, _, dtype = first.whole[name]
            why = (
                f"differs, and {dtype} has no mean. Train both without its module in modules_to_save."
                if trained
                else "was not trained and yet differs. Train both on the same base with the same vocabulary."
            )
            raise UserError(f"{first.folder} and {other.folder} can't be merged: {name} {why}")
        if theirs.dtype.is_floating_point and _eps(theirs) < _eps(finest):
            finest = theirs
    return finest


def dtypes_of(adapters: list[Adapter]) -> dict[str, torch.dtype]:
    """By name, a dtype that holds every adapter's tensor: none loses precision, whichever comes first."""
    return {
        name: reduce(torch.promote_types, (adapter.whole[name].dtype for adapter in adapters))
        for name in adapters[0].whole
    }


def _is_copy(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Whether two tensors may be one, rounded to the precision that each of them has."""
    common = torch.promote_types(a.dtype, b.dtype)
    if not common.is_floating_point:
        return torch.equal(a.to(common), b.to(common))
    coarse = [torch.finfo(_precision(tensor)) for tensor in (a, b)]
    x, y = a.double(), b.double()
    # One unit in the last place of the coarser, or the smallest step of the one whose range ends first.
    room = max(info.eps for info in coarse) * torch.maximum(x.abs(), y.abs())
    return bool(((x - y).abs() <= room + max(info.smallest_normal * info.eps for info in coarse)).all())


def _precision(tensor: torch.Tensor) -> torch.dtype:
    """The coarsest dtype that has all of a tensor's values: float32 may hold what once was bfloat16."""
    for dtype in _COARSE:
        if tensor.dtype == dtype or torch.equal(tensor.to(dtype).double(), tensor.double()):
            return dtype
    return tensor.dtype


def _eps(tensor: torch.Tensor) -> float:
    return torch.finfo(_precision(tensor)).eps
