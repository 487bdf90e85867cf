"""Exact arithmetic on low-rank updates, without a dense matrix and without the base model.

A weighted sum of updates is B A with B = [B1 .. BK] and A = [w1 s1 A1; ..; wK sK AK]. QR of B and of A^T leaves a
small core Rb Ra^T of K r x K r, whose SVD is the SVD of the whole sum: truncating it is the best approximation at any
rank (Eckart and Young 1936), and what it drops is known to the last digit.
"""

from typing import NamedTuple

import torch

from housebrain.merging.adapter import Factors

Rank = str | int | float  # "exact", an energy share below 1, or a number


class Merged(NamedTuple):
    """A merged update `B @ A`: A [r, d_in], B [d_out, r], float32; `dropped_energy` is the share of the squared
    Frobenius norm that truncation left out, 0 to 1."""

    A: torch.Tensor
    B: torch.Tensor
    dropped_energy: float


def chosen_rank(singular_values: torch.Tensor, rank: Rank) -> int:
    """How many singular values to keep, at least one.

    `exact` keeps all above round-off; a share below 1 keeps the fewest whose squares make that share of the sum of
    squares; a number is an upper bound.
    """
    s = singular_values.double()
    # Below this a float32 singular value is noise: eps times the matrix's size times the largest.
    real = max(1, int((s > torch.finfo(torch.float32).eps * len(s) * s[0]).sum()))
    if rank == "exact":
        return real
    if isinstance(rank, float):
        energy = (s**2).cumsum(0) / (s**2).sum().clamp_min(torch.finfo(torch.float64).tiny)
        return min(real, int((energy < rank).sum()) + 1)
    return min(real, int(rank))


def combine(factors: list[Factors], weights: list[float], rank: Rank) -> Merged:
    """The weighted sum of updates, at `rank`.

    Args:
        factors: K updates of one module.
        weights: K numbers; they need not sum to 1.
        rank: see `chosen_rank`.

    The small core is taken in float64, which costs nothing and keeps the error at float32's own round-off.
    """
    B = torch.cat([f.B for f in factors], dim=1)
    A = torch.cat([weight * f.scale * f.A for f, weight in zip(factors, weights, strict=True)], dim=0)
    Qb, Rb = torch.linalg.qr(B)
    Qa, Ra = torch.linalg.qr(A.T)
    U, s, Vt = torch.linalg.svd(Rb.double() @ Ra.double().T)
    r = chosen_rank(s, rank)
    root = s[:r].sqrt()
    energy = (s**2).sum()
    dropped = float((s[r:] ** 2).sum() / energy) if energy > 0 else 0.0
    return Merged(A=(root[:, None] * Vt[:r]).float() @ Qa.T, B=Qb @ (U[:, :r] * root).float(), dropped_energy=dropped)
