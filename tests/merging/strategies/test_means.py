"""Tests for housebrain.merging.strategies.means."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housebrain.errors import UserError
from housebrain.merging.strategies import Metrics, strategy


def metrics_of(**values: float) -> dict[str, Metrics]:
    return {name: {"eval_loss": value, "samples": 100 * value} for name, value in values.items()}


def test_average_reads_no_metric() -> None:
    assert strategy("average").weights({"a": {}, "b": {}, "c": {}, "d": {}}) == dict.fromkeys("abcd", 0.25)


def test_weighted_is_a_softmax_that_prefers_the_lower_loss() -> None:
    weights = strategy("weighted", temperature=0.5).weights(metrics_of(a=1.0, b=2.0))
    assert weights["a"] == pytest.approx(1 / (1 + math.exp(-2)))
    assert sum(weights.values()) == pytest.approx(1)
    higher = strategy("weighted", mode="max", temperature=0.5).weights(metrics_of(a=1.0, b=2.0))
    assert higher["b"] == pytest.approx(weights["a"])


def test_weighted_can_be_proportional() -> None:
    how = strategy("weighted", metric="samples", formula_name="proportional")
    assert how.weights(metrics_of(a=1.0, b=3.0)) == {"a": 0.25, "b": 0.75}
    assert "samples" in how.formula()
    with pytest.raises(UserError, match="proportional"):
        how.weights(metrics_of(a=-1.0, b=3.0))


@pytest.mark.parametrize("mode", ["min", "max"])
def test_a_shard_that_was_cut_short_counts_for_less(mode: str) -> None:
    steps: dict[str, Metrics] = {str(k): {"steps": 400.0} for k in range(5)} | {"short": {"steps": 120.0}}
    weights = strategy("weighted", "steps", mode, formula_name="proportional").weights(steps)
    assert weights["short"] == pytest.approx(120 / 2120) and weights["0"] == pytest.approx(400 / 2120)


@given(st.dictionaries(st.text(min_size=1), st.floats(-50, 50), min_size=1), st.floats(0.01, 10))
def test_weights_are_a_distribution_that_follows_the_metric(values: dict[str, float], temperature: float) -> None:
    metrics = {name: {"eval_loss": value} for name, value in values.items()}
    weights = strategy("weighted", temperature=temperature).weights(metrics)
    assert sum(weights.values()) == pytest.approx(1)
    by_loss = sorted(values, key=lambda name: values[name])
    assert all(weights[a] >= weights[b] for a, b in pairwise(by_loss))


def test_best_takes_one() -> None:
    values = metrics_of(a=2.0, b=1.0, c=3.0)
    assert strategy("best").weights(values) == {"a": 0.0, "b": 1.0, "c": 0.0}
    assert strategy("best", mode="max").weights(values) == {"a": 0.0, "b": 0.0, "c": 1.0}


@pytest.mark.parametrize("name", ["weighted", "best"])
@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_a_missing_metric_names_the_adapter_and_what_it_has(name: str, value: float | None) -> None:
    metrics: dict[str, Metrics] = {"shard 1": {"eval_loss": 1.0}, "shard 2": {"steps": 5.0}}
    if value is not None:
        metrics["shard 2"]["eval_loss"] = value
    with pytest.raises(UserError, match=r"shard 2 has no finite metric 'eval_loss'.*steps"):
        strategy(name).weights(metrics)
