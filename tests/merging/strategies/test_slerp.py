"""Tests for housebrain.merging.strategies.slerp."""

import math

import pytest
import torch

from housebrain.merging.strategies import inner_products
from merging.adapters import relative_error
from merging.updates import dense, merged, random_factors


def test_inner_products_are_those_of_whole_updates() -> None:
    factors = random_factors(3)
    updates = dense(factors).flatten(1)
    assert torch.allclose(inner_products(factors), updates @ updates.T, rtol=1e-12)


def test_slerp_keeps_the_norm_and_halves_the_angle() -> None:
    factors = random_factors(2)
    factors = [f._replace(scale=f.scale / float(d.norm())) for f, d in zip(factors, dense(factors), strict=True)]
    a, b = dense(factors)
    middle = merged("slerp", factors, [0.5, 0.5])
    assert float(middle.norm()) == pytest.approx(1)
    assert float((middle * a).sum()) == pytest.approx(float((middle * b).sum()))
    assert float((middle * a).sum()) == pytest.approx(math.cos(math.acos(float((a * b).sum())) / 2))
    assert relative_error(merged("slerp", factors, [1.0, 0.0]), a) < 1e-12
