"""Exact arithmetic on low-rank updates: no dense d_out x d_in matrix, and no base model.

A weighted sum of K updates is one product B A with B = [B1 .. BK] and A = [w1 s1 A1; ..; wK sK AK]. Factoring
B = Qb Rb and A^T = Qa Ra leaves a core Rb Ra^T of at most K r x K r, whose SVD is the SVD of the whole sum: cutting it
is the best approximation at any rank (Eckart and Young 1936, https://doi.org/10.1007/BF02288367), and what a cut drops
is known to the last digit. Where the sum is far from losing rank, as it mostly is, B need not be factored: the
eigenvectors of Ra B^T B Ra^T say the same.

Factors come and go in float32, but everything in between is float64. Householder QR in float32 alone costs 3e-7 to
7e-7 of relative error; here the error is that of rounding the result, 5e-8, and it is no slower: see `_factored`.
The K adapters laid side by side are exact too, but hide the true rank and can't be cut, so `exact` doesn't use that.
"""

import re
from typing import NamedTuple

import torch

from housebrain.errors import UserError

# Squared condition number up to which the Gram matrix replaces QR or the SVD. The smallest direction is then known to
# 1e-16 * 1e10 of itself, which is 1e-11 of the largest.
_GRAM_LIMIT = 1e10
_STRIP = 96  # columns at once of a Gram matrix
# What `exact` may drop, as a share of the Frobenius norm: less than rounding the result to float32 changes.
_ROUND_OFF = torch.finfo(torch.float32).eps / 2


class SizeLimit(NamedTuple):
    """A rank chosen by the size of the adapter's file."""

    bytes: int


Rank = str | int | float | SizeLimit  # "exact", a number, an energy share below 1, or a size


def parse_rank(rank: str | int | float) -> Rank:
    """`exact`, a number (16), an energy share (0.999) or a size (100MB, of 10^6 bytes); as text or as a number.

    Raises:
        UserError: it is none of these.
    """
    text = str(rank).strip()
    if text == "exact":
        return text
    if size := re.fullmatch(r"(\d+(?:\.\d+)?) ?MB", text):
        return SizeLimit(int(float(size[1]) * 1e6))
    if re.fullmatch(r"[1-9]\d*", text):
        return int(text)
    if re.fullmatch(r"0?\.\d+", text) and float(text) > 0:
        return float(text)
    raise UserError(f"rank: '{text}' is no rank. Give exact, a number (16), an energy share (0.999) or a size (100MB).")


class Product(NamedTuple):
    """An update `B @ A`: B [d_out, n], A [n, d_in]."""

    B: torch.Tensor
    A: torch.Tensor


class Svd:
    """The singular value decomposition of a product, without multiplying it out.

    Args:
        product: of any two factors; n may exceed d_out or d_in.

    Attributes:
        singular_values: [n] float64, falling; those below round-off may be noise.
    """

    def __init__(self, product: Product) -> None:
        # B A = (B left U) diag(s) (A^T right V)^T, the brackets with orthonormal columns
        self._B, A = _narrow(product.B.double(), product.A.double())
        columns, self._right, Ra = _factored(A.T, _gram(A.T))
        self._A = columns.T
        gram = _gram(self._B)
        # Of B Ra^T, which has the product's singular values, from its Gram matrix where that is safe.
        squares, vectors = torch.linalg.eigh(Ra @ gram @ Ra.T)
        if squares[0] * _GRAM_LIMIT > squares[-1]:
            self.singular_values, self._V = squares.flip(0).sqrt(), vectors.flip(1)
            self._left, self._U = Ra.T, self._V / self.singular_values
        else:
            self._B, self._left, Rb = _factored(self._B, gram)
            self._U, self.singular_values, Vt = torch.linalg.svd(Rb @ Ra.T)
            self._V = Vt.T

    def truncated(self, rank: int) -> Product:
        """The best approximation of that rank, float32: sqrt(s) goes to either factor, so both are of one size."""
        root = self.singular_values[:rank].sqrt()
        B = self._B @ (self._left @ (self._U[:, :rank] * root))
        A = (self._right @ (self._V[:, :rank] * root)).T @ self._A
        return Product(B.float(), A.float())


def _narrow(B: torch.Tensor, A: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The same product; where a side is no longer than n, multiplied out, which is then smaller than the factors."""
    d_out, n = B.shape
    if d_out < n and d_out <= A.shape[1]:
        return torch.eye(d_out, dtype=B.dtype), B @ A
    if A.shape[1] < n:
        return B @ A, torch.eye(A.shape[1], dtype=B.dtype)
    return B, A


def _gram(M: torch.Tensor) -> torch.Tensor:
    """M^T M. Strip by strip up to the diagonal, then mirrored: little more than half of the products."""
    n = M.shape[1]
    lower = M.new_zeros(n, n)
    for start in range(0, n, _STRIP):
        end = start + _STRIP
        lower[start:end, :end] = M[:, start:end].T @ M[:, :end]
    return lower.tril() + lower.tril(-1).T


def _factored(M: torch.Tensor, gram: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """M [d, n], n <= d, as N @ T @ R with N @ T orthonormal, all float64.

    From the eigenvectors of the small Gram matrix M^T M where that is safe: one matrix product instead of Householder
    reflections, two to three times faster. It squares the condition number, so dependent columns (identical adapters,
    one shared A) take QR.
    """
    squares, V = torch.linalg.eigh(gram)
    if squares[0] * _GRAM_LIMIT > squares[-1]:
        root = squares.sqrt()
        return M, V / root, root[:, None] * V.T
    Q, R = torch.linalg.qr(M)
    return Q, torch.eye(Q.shape[1], dtype=M.dtype), R


def dropped_energy(singular_values: torch.Tensor, rank: int) -> float:
    """The share of the squared Frobenius norm that lies past `rank`, 0 to 1."""
    squares = singular_values**2
    total = float(squares.sum())
    return float(squares[rank:].sum()) / total if total > 0 else 0.0


def chosen_rank(singular_values: torch.Tensor, rank: str | int | float) -> int:
    """How many singular values to keep: at least 1, and never those below round-off.

    `exact` keeps all the others, a number that many of them, a share the fewest that make up that share of the energy.
    """
    # tail[r] is the energy past rank r, summed from the small end so that nothing is lost.
    tail = (singular_values**2).flip(0).cumsum(0).flip(0)
    exact = max(1, int((tail > _ROUND_OFF**2 * tail[0]).sum()))
    if rank == "exact":
        return exact
    if isinstance(rank, int):
        return min(exact, rank)
    return min(exact, max(1, int((tail > (1 - float(rank)) * tail[0]).sum())))


def allocated_ranks(
    spectra: dict[str, torch.Tensor], bytes_a_rank: dict[str, int], fixed_bytes: int, limit_bytes: int
) -> dict[str, int]:
    """Spreads a size over modules so that the energy kept in all of them together is the largest it can be.

    Singular values are taken in the order of energy per byte while they fit, after one for every module.

    Args:
        spectra: by module, falling singular values.
        bytes_a_rank: by module, what a rank more takes in the file.
        fixed_bytes: what the file takes besides.
        limit_bytes: what it may take in all.

    Raises:
        UserError: not even rank 1 fits.
    """
    least = fixed_bytes + sum(bytes_a_rank.values())
    left = limit_bytes - least
    if left < 0:
        raise UserError(f"rank: {limit_bytes / 1e6:g} MB is too small: rank 1 takes {least / 1e6:.2f} MB. Allow more.")
    ranks = dict.fromkeys(spectra, 1)
    candidates = [
        (float(value) ** 2 / bytes_a_rank[module], module)
        for module, s in spectra.items()
        for value in s[1 : chosen_rank(s, "exact")]
    ]
    for _, module in sorted(candidates, key=lambda candidate: -candidate[0]):
        if bytes_a_rank[module] <= left:
            left -= bytes_a_rank[module]
            ranks[module] += 1
    return ranks
