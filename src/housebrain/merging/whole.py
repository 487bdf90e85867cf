"""Tensors of adapters that are no factors: trained as a whole, or copies of the base's."""

from functools import reduce
from typing import NamedTuple

import torch

from housebrain.errors import UserError
from housebrain.model.adapter import Adapter

_COARSE = (torch.bfloat16, torch.float16)


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
        if theirs.dtype.is_floating_point and _precision(theirs) < _precision(finest):
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
    x, y = a.double(), b.double()
    # One unit in the last place of the coarser, or the smallest step of the one whose range ends first.
    of_both = (_precision(a), _precision(b))
    room = max(of_one.eps for of_one in of_both) * torch.maximum(x.abs(), y.abs())
    return bool(((x - y).abs() <= room + max(of_one.step for of_one in of_both)).all())


class _Precision(NamedTuple):
    """How far rounding may have moved a value: `eps` of itself, and at least `step`."""

    eps: float
    step: float


def _precision(tensor: torch.Tensor) -> _Precision:
    """The coarsest that a tensor's values allow: float32 may hold what once was bfloat16."""
    dtypes = [tensor.dtype, *(dtype for dtype in _COARSE if torch.equal(tensor.to(dtype).double(), tensor.double()))]
    infos = [torch.finfo(dtype) for dtype in dtypes]
    return _Precision(max(info.eps for info in infos), max(info.smallest_normal * info.eps for info in infos))
