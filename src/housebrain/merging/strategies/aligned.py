"""Methods that drop and compare single numbers of the updates, once these are written on one basis."""

import math
import zlib
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch

from housebrain.errors import UserError
from housebrain.merging.lowrank import Product
from housebrain.merging.strategies.base import GIVEN, Strategy, register
from housebrain.model.adapter import Factors


@dataclass(frozen=True)
class _Aligned(Strategy, ABC):
    """What methods that drop and compare single numbers have in common: numbers that can be compared.

    Entries of A and B mean nothing by themselves (B R and R^-1 A are the same update), and entries of the update are
    too many. As in KnOTS, all updates are written on one orthonormal basis of outputs, U: the left singular vectors of
    [dW_1 .. dW_K]. dW_i = U N_i exactly, N_i is at most K r x d_in, and merging works on the entries of the N_i: entry
    (j, k) says how strongly input k drives the shared output direction j. So it is those that are trimmed, and whose
    signs are elected, not single weights. U is the same for any order of the adapters.
    """

    linear = False
    density: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.density <= 1:
            raise UserError(f"{GIVEN}: density is {self.density:g}. Give a number above 0 and at most 1.")

    def update(self, factors: list[Factors], weights: list[float], module: str) -> Product:
        Q, R = torch.linalg.qr(torch.cat([f.B.double() for f in factors], dim=1))
        updates, first = [], 0
        for f in factors:
            rank = f.B.shape[1]
            updates.append(R[:, first : first + rank] @ (f.scale * f.A.double()))
            first += rank
        _, U = torch.linalg.eigh(sum(update @ update.T for update in updates))
        aligned = torch.stack([U.T @ update for update in updates])
        return Product(B=Q @ U, A=self.combine(aligned, torch.tensor(weights, dtype=torch.float64), module))

    @abstractmethod
    def combine(self, aligned: torch.Tensor, weights: torch.Tensor, module: str) -> torch.Tensor:
        """[K, n, d_in] and [K] to [n, d_in]."""


def elected_mean(values: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """TIES' last two steps: the sign with more weighted mass wins; the mean is over those that have it.

    Args:
        values: [K, ...], where 0 means dropped.
        weights: [K].
    """
    weights = weights.reshape(-1, *[1] * (values.dim() - 1))
    sign = (weights * values).sum(0).sign()
    agreeing = (values.sign() == sign) & (values != 0)
    total = (weights * agreeing).sum(0)
    return (weights * values * agreeing).sum(0) / total.clamp_min(torch.finfo(torch.float64).tiny)


@register
@dataclass(frozen=True)
class Ties(_Aligned):
    """Drops each adapter's small entries, then averages only those whose sign agrees with the majority's.

    For adapters of different tasks, which would cancel each other out. Parameters: `density`, the share of each
    adapter's entries that is kept.
    """

    name = "ties"
    paper = (
        "https://arxiv.org/abs/2306.01708"  # Yadav et al. 2023; on aligned updates: https://arxiv.org/abs/2410.19735
    )

    def formula(self) -> str:
        return f"w_i = 1 / K; largest {self.density:.0%} of entries, mean of those with the elected sign"

    def combine(self, aligned: torch.Tensor, weights: torch.Tensor, module: str) -> torch.Tensor:
        sizes = aligned.abs().flatten(1)
        dropped = sizes.shape[1] - math.ceil(self.density * sizes.shape[1])
        if dropped:
            cut = sizes.kthvalue(dropped, dim=1).values
            aligned = torch.where(aligned.abs() > cut[:, None, None], aligned, 0)
        return elected_mean(aligned, weights)


@register
@dataclass(frozen=True)
class Dare(_Aligned):
    """Drops entries at random and scales the rest up, so that the expected update stays the same.

    For adapters of different tasks with much redundancy. Parameters: `density`, the probability that an entry is kept;
    `seed`; `elect`, whether signs are elected afterwards as in `ties`.
    """

    name = "dare"
    paper = "https://arxiv.org/abs/2311.03099"  # Yu et al. 2023
    seed: int = 0
    elect: bool = False

    def formula(self) -> str:
        return f"w_i = 1 / K; entries kept with probability {self.density:g} (seed {self.seed}), then " + (
            "mean of those with the elected sign" if self.elect else "mean"
        )

    def probabilities(self, aligned: torch.Tensor) -> torch.Tensor:
        """How likely each entry is kept; broadcast to `aligned`."""
        return torch.full((1, 1, 1), self.density, dtype=torch.float64)

    def combine(self, aligned: torch.Tensor, weights: torch.Tensor, module: str) -> torch.Tensor:
        keep = self.probabilities(aligned)
        # Each module has numbers of its own, the same in every run. (torch's CPU generator takes 32 bits of a seed.)
        generator = torch.Generator().manual_seed(zlib.crc32(f"{self.seed} {module}".encode()))
        kept = torch.rand(aligned.shape, generator=generator, dtype=torch.float64) < keep
        values = torch.where(kept, aligned / keep, 0)
        return elected_mean(values, weights) if self.elect else torch.einsum("k,kij->ij", weights, values)


@register
@dataclass(frozen=True)
class Della(Dare):
    """As `dare`, but the larger an entry within its row, the likelier it is kept; signs are elected afterwards.

    Parameters: those of `dare`; `spread`, how far the probabilities reach to either side of `density`, within 0 to 1.
    """

    name = "della"
    paper = "https://arxiv.org/abs/2406.11617"  # Deep et al. 2024
    spread: float = 0.2
    elect: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (0 <= self.spread < self.density and self.density + self.spread <= 1):
            raise UserError(
                f"{GIVEN}: spread is {self.spread:g} around a density of {self.density:g}. Give a smaller one, from 0 "
                "up: all of density - spread to density + spread must be above 0 and at most 1."
            )

    def probabilities(self, aligned: torch.Tensor) -> torch.Tensor:
        ranks = aligned.abs().argsort(stable=True, dim=-1).argsort(-1).double()
        low = self.density - self.spread
        return (low + 2 * self.spread * ranks / max(1, aligned.shape[-1] - 1)).clamp(1e-3, 1)
