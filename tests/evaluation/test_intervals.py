"""Tests for housebrain.evaluation.intervals, against what is known in closed form or by counting."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from housebrain.evaluation.intervals import difference, interval
from housebrain.evaluation.metrics import Measure, loss_measure


def share(*values: float) -> Measure:
    return Measure(np.array(values, float), np.ones(len(values)), (0.0, 1.0))


def test_of_many_normal_values_it_is_the_normal_interval() -> None:
    values = np.random.default_rng(5).normal(2, 0.5, 2000)
    found = interval(Measure(values, np.ones(2000), None))
    assert found is not None
    half = 1.96 * values.std(ddof=1) / math.sqrt(2000)
    assert found.low == pytest.approx(values.mean() - half, abs=half / 20)
    assert found.high == pytest.approx(values.mean() + half, abs=half / 20)


def test_a_brief_is_drawn_together_with_what_it_counts_for() -> None:
    """Against the linearised variance of a ratio (Cochran 1977, Sampling techniques, 2.11)."""
    rng = np.random.default_rng(6)
    tokens = rng.integers(100, 300, 1500)
    losses = 2 - tokens / 300 + rng.normal(0, 0.1, 1500)
    measure = loss_measure(list(losses), list(tokens))
    found = interval(measure)
    assert found is not None
    half = 1.96 * np.std((losses - measure.mean) * tokens, ddof=1) / tokens.mean() / math.sqrt(1500)
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.05)
    assert (found.low + found.high) / 2 == pytest.approx(measure.mean, abs=half / 10)


@pytest.mark.parametrize("n", [2, 20])
def test_equal_verdicts_have_the_exact_interval(n: int) -> None:
    """Where the share is 1 - x, n passes in a row are seen in (1 - x)^n of all tests."""
    low = 0.025 ** (1 / n)
    passed, failed = interval(share(*[1] * n)), interval(share(*[0] * n))
    assert passed is not None
    assert failed is not None
    assert passed == (pytest.approx(low), 1)
    assert failed == (0, pytest.approx(1 - low))


@pytest.mark.parametrize(
    "measure",
    [share(1), share(0.5, 0.5), loss_measure([1.0], [10]), loss_measure([1.0, 1.0], [10, 20])],
    ids=["one brief", "equal within the bounds", "one loss", "equal losses"],
)
def test_what_has_no_interval_gets_none(measure: Measure) -> None:
    assert interval(measure) is None


def test_a_value_that_is_not_finite_has_neither_interval_nor_difference() -> None:
    broken = loss_measure([math.nan, 1.0, 2.0], [1, 1, 1])
    assert interval(broken) is None
    assert difference(broken, loss_measure([1.0, 1.0, 2.0], [1, 1, 1])) is None


@given(st.lists(st.integers(0, 8), min_size=2, max_size=30))
def test_an_interval_lies_among_the_values_and_is_the_same_each_time(eighths: list[int]) -> None:
    values = [number / 8 for number in eighths]
    found = interval(share(*values))
    assert found == interval(share(*values))
    if len(set(values)) > 1:
        assert found is not None
        assert min(values) - 1e-12 <= found.low < found.high <= max(values) + 1e-12


def test_a_difference_is_paired() -> None:
    """Briefs differ by far more than the models do: only in pairs is the difference sure."""
    b = np.random.default_rng(7).uniform(0, 10, 12)
    found = difference(loss_measure(list(b - 0.1 - b / 1000), [7] * 12), loss_measure(list(b), [7] * 12))
    assert found is not None
    assert found.interval is not None
    assert -0.12 < found.interval.low < found.value < found.interval.high < -0.09
    assert found.p == pytest.approx(2 / 2**12)  # of all patterns of signs this one and its opposite are as extreme


def test_a_difference_is_that_of_the_metrics() -> None:
    a, b = loss_measure([1.0, 2.0, 4.0], [300, 100, 50]), loss_measure([1.5, 1.0, 4.5], [300, 100, 50])
    found, opposite = difference(a, b), difference(b, a)
    assert found is not None
    assert opposite is not None
    assert found.value == pytest.approx(a.mean - b.mean)
    assert opposite.value == pytest.approx(-found.value)
    assert opposite.p == found.p


@pytest.mark.filterwarnings("error")
def test_a_difference_that_is_the_same_for_all_briefs_has_no_interval() -> None:
    losses = [0.1, 0.2, 0.3, 0.7]
    found = difference(loss_measure([loss + 0.05 for loss in losses], [9] * 4), loss_measure(losses, [9] * 4))
    assert found == (pytest.approx(0.05), None, pytest.approx(2 / 16))


def test_models_that_never_differ() -> None:
    found = difference(share(1, 0, 1), share(1, 0, 1))
    assert found == (0, None, 1)


def test_a_model_that_is_always_right_where_the_other_never_is() -> None:
    found = difference(share(*[1] * 10), share(*[0] * 10))
    assert found is not None
    assert found.interval == (pytest.approx(2 * 0.025**0.1 - 1), 1)
    assert found.p == pytest.approx(2 / 2**10)


def test_one_brief_has_a_difference_and_no_more() -> None:
    assert difference(share(1), share(0)) == (1, None, None)
