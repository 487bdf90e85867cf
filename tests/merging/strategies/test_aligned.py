"""Tests for housebrain.merging.strategies.aligned."""

import math

import pytest
import torch

from housebrain.merging.strategies import strategy
from housebrain.merging.strategies.aligned import elected_mean
from merging.adapters import relative_error
from merging.updates import merged, random_factors


@pytest.mark.parametrize("r", [3, 8])  # 3 adapters of rank 8 have more columns than the update has rows
def test_with_everything_kept_dare_is_the_average(r: int) -> None:
    factors = random_factors(3, r=r)
    found = merged("dare", factors, [0.2, 0.3, 0.5], density=1.0)
    assert relative_error(found, merged("average", factors, [0.2, 0.3, 0.5])) < 1e-12


def test_dare_keeps_the_expected_update() -> None:
    factors = random_factors(2)
    draws = [merged("dare", factors, [0.5, 0.5], density=0.5, seed=seed) for seed in range(600)]
    expected = merged("average", factors, [0.5, 0.5])
    # The mean of n draws is off by 1 / sqrt(n) of a draw's own spread, which is about the update's size.
    assert relative_error(torch.stack(draws).mean(0), expected) < 4 / math.sqrt(600)
    assert relative_error(draws[0], expected) > 0.3


def test_random_methods_repeat_themselves_and_differ_between_modules() -> None:
    factors = random_factors(2)
    for name in ("dare", "della"):
        how = strategy(name)
        products = [how.update(factors, [0.5, 0.5], module) for module in ("layer.0", "layer.0", "layer.1")]
        first, again, other = (B @ A for B, A in products)
        assert torch.equal(first, again) and not torch.allclose(first, other)


def test_ties_elects_signs_and_trims() -> None:
    values = torch.tensor([[2.0, -1.0, 0.0, 3.0], [1.0, 3.0, 0.0, 0.0], [-6.0, 1.0, 5.0, -1.0]], dtype=torch.float64)
    third = torch.full((3,), 1 / 3, dtype=torch.float64)
    # -6 outweighs 2 + 1; 3 and 1 outweigh -1; zeros were dropped and don't count in the mean.
    assert elected_mean(values, third).tolist() == pytest.approx([-6.0, 2.0, 5.0, 3.0])
    unequal = torch.tensor([0.45, 0.45, 0.1], dtype=torch.float64)
    assert elected_mean(values, unequal)[0] == pytest.approx(1.5)


def test_ties_drops_the_small_entries_of_each_adapter() -> None:
    how = strategy("ties", density=0.25)
    aligned = torch.tensor([[[4.0, -3.0, 2.0, 1.0]], [[0.1, 0.2, 0.3, -0.4]]], dtype=torch.float64)
    halves = torch.tensor([0.5, 0.5], dtype=torch.float64)
    assert how.combine(aligned, halves, "m").tolist() == [[4.0, 0.0, 0.0, -0.4]]  # type: ignore[attr-defined]


def test_della_keeps_large_entries_likelier() -> None:
    how = strategy("della", density=0.5, spread=0.2)
    probabilities = how.probabilities(torch.tensor([[[0.1, -3.0, 2.0]]]))  # type: ignore[attr-defined]
    assert probabilities.flatten().tolist() == pytest.approx([0.3, 0.7, 0.5])
