"""How sure a measurement is, and whether two models differ: bootstrap intervals and paired permutation tests.

Briefs are what is drawn: another test split would have had others. So briefs are drawn again with replacement, and each
brings its value along with what it counts for (Efron and Tibshirani 1993, An introduction to the bootstrap). Everything
is seeded: the same answers give the same intervals.
"""

from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest, bootstrap

from housebrain.evaluation.metrics import Measure
from housebrain.significance import paired_p

LEVEL = 0.95
RESAMPLES = 9999
SEED = 0


class Interval(NamedTuple):
    """Where the mean over all such briefs lies, with a confidence of 95%."""

    low: float
    high: float


class Difference(NamedTuple):
    """How much more one model has of a metric than another, on the same briefs.

    Attributes:
        value: of the means.
        interval: of that; None where it is not defined.
        p: how likely a difference this large is between equals, two-sided; None where there is but one brief. It is
            not adjusted for how many comparisons are made.
    """

    value: float
    interval: Interval | None
    p: float | None


def interval(measure: Measure) -> Interval | None:
    """The 95% interval of a measure's mean: BCa bootstrap over briefs (Efron 1987).

    Where all values are the same the bootstrap knows no width. If that value is a bound, such as 20 of 20 valid, the
    exact binomial interval takes its place (Clopper and Pearson 1934), which holds for any bounded value.

    Returns:
        None for fewer than two briefs that count, a value that is not finite, or equal values within the bounds.
    """
    counted = measure.weights > 0
    values, weights, bounds = measure.values[counted], measure.weights[counted], measure.bounds
    n = len(values)
    if n < 2 or not np.isfinite(values).all():
        return None
    if np.allclose(values, values[0], rtol=1e-9, atol=1e-12):  # equal but for rounding, in a difference
        return _at_a_bound(float(values[0]), n, bounds)
    found = bootstrap(
        (values * weights, weights),
        lambda sums, counts, axis: sums.sum(axis) / counts.sum(axis),
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=1000,
        confidence_level=LEVEL,
        method="BCa",
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    return Interval(float(found.low), float(found.high)) if np.isfinite(found).all() else None


def _at_a_bound(value: float, n: int, bounds: tuple[float, float] | None) -> Interval | None:
    if bounds is None or value not in bounds:
        return None
    low, high = bounds
    exact = binomtest(n if value == high else 0, n).proportion_ci(LEVEL, "exact")
    return Interval(low + (high - low) * float(exact.low), low + (high - low) * float(exact.high))


def difference(a: Measure, b: Measure) -> Difference | None:
    """By how much the mean of `a` is above that of `b`, both measured on the same briefs in the same order.

    Returns:
        None where a value is not finite, or no brief counts for both.
    """
    if not (np.isfinite(a.values).all() and np.isfinite(b.values).all()):
        return None
    bounds = None if a.bounds is None or b.bounds is None else (a.bounds[0] - b.bounds[1], a.bounds[1] - b.bounds[0])
    weights = np.minimum(a.weights, b.weights)  # the same, but where there is nothing to measure in one of them
    if not weights.any():
        return None
    between = Measure(a.values - b.values, weights, bounds)
    # Weighted, as the mean is: signs are flipped of what a brief adds to it.
    p = paired_p(list(a.values * weights), list(b.values * weights)) if len(a.values) > 1 else None
    return Difference(between.mean, interval(between), p)
