"""Which rank each module of a merged adapter gets."""

from collections.abc import Callable

import torch
from tqdm import tqdm

from housebrain.merging.lowrank import Product, Rank, SizeLimit, Svd, allocated_ranks, chosen_rank
from housebrain.model.adapter import Adapter

_FUSED = "modules of one rank"


def rank_rule(
    rank: Rank,
    like: Adapter,
    update: Callable[[str], Product],
    dtype: torch.dtype,
    fixed_bytes: int,
    progress: bool = True,
) -> Callable[[str, torch.Tensor], int]:
    """What gives a module's rank from its name and singular values.

    The fused modules of `like` get one rank, the highest that any of them needs. To know it, and for a size limit, the
    updates are looked at once before they are written.

    Args:
        rank: what was asked for.
        like: an adapter of the same modules.
        update: gives a module's merged update.
        dtype: of the stored factors.
        fixed_bytes: what the file takes besides them.
        progress: shown on stderr.

    Raises:
        UserError: a size is too small for rank 1.
    """

    def look(modules: list[str]) -> dict[str, torch.Tensor]:
        shown = tqdm(modules, "look", unit=" modules", mininterval=1, disable=not (progress and modules))
        return {module: Svd(update(module)).singular_values for module in shown}

    fused = [module for module in like.modules if module in like.fused]
    if not isinstance(rank, SizeLimit):
        common = max((chosen_rank(values, rank) for values in look(fused).values()), default=1)
        return lambda module, values: common if module in like.fused else chosen_rank(values, rank)
    spectra = look(list(like.modules))
    bytes_a_rank = {module: dtype.itemsize * sum(like.shapes[module]) for module in spectra}
    if fused:
        spectra[_FUSED] = _joint([spectra.pop(module) for module in fused])
        bytes_a_rank[_FUSED] = sum(bytes_a_rank.pop(module) for module in fused)
    ranks = allocated_ranks(spectra, bytes_a_rank, fixed_bytes, rank.bytes)
    return lambda module, _: ranks[_FUSED if module in like.fused else module]


def _joint(spectra: list[torch.Tensor]) -> torch.Tensor:
    """Singular values whose squares are the energy that one rank more brings to all modules together."""
    squares = torch.zeros(max(len(values) for values in spectra), dtype=torch.float64)
    for values in spectra:
        squares[: len(values)] += values**2
    return squares.sqrt()
