"""Random updates of one module, and the dense arithmetic that merged ones are checked against."""

from typing import Any

import torch

from housebrain.merging.strategies import strategy
from housebrain.model.adapter import Factors


def random_factors(count: int, seed: int = 0, r: int = 3) -> list[Factors]:
    generator = torch.Generator().manual_seed(seed)
    return [
        Factors(torch.randn(r, 17, generator=generator), torch.randn(12, r, generator=generator), 0.5 + i)
        for i in range(count)
    ]


def dense(factors: list[Factors]) -> torch.Tensor:
    """[K, d_out, d_in] float64."""
    return torch.stack([f.scale * f.B.double() @ f.A.double() for f in factors])


def merged(name: str, factors: list[Factors], weights: list[float], **parameters: Any) -> torch.Tensor:
    B, A = strategy(name, **parameters).update(factors, weights, "a.module")
    return B.double() @ A.double()
