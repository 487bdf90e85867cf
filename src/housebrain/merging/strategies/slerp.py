"""Interpolation along the arc between updates."""

import math
from dataclasses import dataclass

import torch

from housebrain.merging.lowrank import Product
from housebrain.merging.strategies.base import Strategy, register, weighted_sum
from housebrain.model.adapter import Factors


@register
@dataclass(frozen=True)
class Slerp(Strategy):
    """Turns from one update's direction to the other's along the arc, so that norms don't shrink where they disagree.

    For two adapters. More are folded in one after the other, in the order given, each by its share of the weight so
    far; that result depends on the order. Angles are taken between whole updates B A, module by module.
    """

    name = "slerp"
    paper = "https://doi.org/10.1145/325165.325242"  # Shoemake 1985
    linear = False

    def formula(self) -> str:
        return "w_i = 1 / K; spherical interpolation of the updates, in the order of the adapters"

    def update(self, factors: list[Factors], weights: list[float], module: str) -> Product:
        # Everything stays a combination of the K updates, so coefficients and inner products are all it takes.
        products = inner_products(factors)
        unit = torch.eye(len(factors), dtype=torch.float64)
        merged, so_far = unit[0], weights[0]
        for other, weight in zip(unit[1:], weights[1:], strict=True):
            so_far += weight
            merged = _slerp(merged, other, weight / so_far, products)
        return weighted_sum(factors, merged.tolist())


def inner_products(factors: list[Factors]) -> torch.Tensor:
    """[K, K] float64, Frobenius inner products of the updates: <B1 A1, B2 A2> = <B1^T B2, A1 A2^T>."""
    K = len(factors)
    products = torch.zeros(K, K, dtype=torch.float64)
    for i in range(K):
        for j in range(i, K):
            a, b = factors[i], factors[j]
            inner = ((a.B.double().T @ b.B.double()) * (a.A.double() @ b.A.double().T)).sum()
            products[i, j] = products[j, i] = a.scale * b.scale * inner
    return products


def _slerp(a: torch.Tensor, b: torch.Tensor, t: float, products: torch.Tensor) -> torch.Tensor:
    """Between the combinations with coefficients a and b; straight where they are (anti)parallel or one is zero."""
    norms = (a @ products @ a).clamp_min(0).sqrt() * (b @ products @ b).clamp_min(0).sqrt()
    cosine = float((a @ products @ b) / norms) if norms > 0 else 1.0
    if abs(cosine) > 1 - 1e-9:
        return (1 - t) * a + t * b
    angle = math.acos(cosine)
    return (math.sin((1 - t) * angle) * a + math.sin(t * angle) * b) / math.sin(angle)
