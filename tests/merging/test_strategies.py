"""Weights from metrics, and what each method does to updates, on dense oracles."""

import math
from dataclasses import is_dataclass
from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from conftest import REPOSITORY
from housebrain.errors import UserError
from housebrain.merging.strategies import REGISTRY, Metrics, about, elected_mean, inner_products, strategy
from housebrain.model.adapter import Factors
from merging.adapters import relative_error


def metrics_of(**values: float) -> dict[str, Metrics]:
    return {name: {"eval_loss": value, "samples": 100 * value} for name, value in values.items()}


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


def test_an_unknown_strategy_lists_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"unknown strategy 'avarage'.*average, weighted, best"):
        strategy("avarage")


def test_an_unknown_parameter_lists_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"ties has no parameter 'densty'. It has: density"):
        strategy("ties", densty=0.3)
    with pytest.raises(UserError, match=r"merge.parameters.*ties has no parameter 'name'"):
        strategy("ties", name="dare")


@pytest.mark.parametrize(
    ("name", "parameters", "said"),
    [
        ("weighted", {"formula_name": "propotional"}, "formula_name of weighted is 'propotional'.*'proportional'"),
        ("best", {"mode": "lowest"}, "mode of best is 'lowest'.*'min' or 'max'"),
        ("weighted", {"temperature": 0}, "temperature is 0.*above 0"),
        ("ties", {"density": "much"}, "density of ties is 'much'.*number"),
        ("ties", {"density": 2}, "density is 2.*above 0 and at most 1"),
        ("ties", {"density": math.nan}, "density is nan"),
        ("dare", {"density": 0}, "density is 0"),
        ("dare", {"seed": 0.5}, "seed of dare is 0.5.*integer"),
        ("dare", {"elect": "perhaps"}, "elect of dare is 'perhaps'"),
        ("della", {"density": 0}, "density is 0"),
        ("della", {"spread": -0.1}, "spread is -0.1"),
        ("della", {"spread": 0.5}, "spread is 0.5 around a density of 0.5"),
        ("della", {"density": 0.9}, "spread is 0.2 around a density of 0.9"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(name: str, parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=rf"merge.parameters \(or --parameter\): {said}"):
        strategy(name, **parameters)


def test_text_is_read_as_the_parameter_s_type() -> None:
    assert strategy("dare", density="0.25", seed="3", elect="true") == strategy(
        "dare", density=0.25, seed=3, elect=True
    )


def test_a_strategy_s_own_parameters_come_before_the_settings_all_share() -> None:
    assert (
        strategy("best", "eval_loss", "min", 0.1, metric="steps", mode="max")
        .formula()
        .endswith("highest steps, else 0")
    )


@pytest.mark.parametrize("name", list(REGISTRY))
def test_every_strategy_says_what_it_is(name: str) -> None:
    known = REGISTRY[name]
    assert is_dataclass(known) and known.name == name
    assert known.__doc__ and known.paper.startswith("https://")
    assert strategy(name).formula().startswith("w_i = ")


def test_the_page_on_merging_lists_every_strategy_as_the_registry_has_it() -> None:
    page = (REPOSITORY / "docs/merging.md").read_text()
    for one in about():
        assert f"\n| `{one.name}` | {one.what} | {one.parameters} | [paper]({one.paper}) |" in page


def test_what_there_is_to_choose_from_is_named() -> None:
    known = {one.name: one.parameters for one in about()}
    assert "mode=min (or max)" in known["best"]
    assert "formula_name=softmax (or proportional)" in known["weighted"]
    assert "elect=False (or True)" in known["dare"] and "whether signs are elected" in known["dare"]
    assert known["average"] == ""


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


@pytest.mark.parametrize("name", ["average", "slerp", "ties", "dare", "della"])
def test_identical_updates_stay_what_they_are(name: str) -> None:
    factors = random_factors(1) * 3
    parameters = {"density": 1.0} if name in ("ties", "dare", "della") else {}
    parameters |= {"spread": 0.0} if name == "della" else {}
    assert relative_error(merged(name, factors, [1 / 3] * 3, **parameters), dense(factors)[0]) < 1e-9


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


@pytest.mark.parametrize("name", ["ties", "slerp"])
def test_two_adapters_may_come_in_either_order(name: str) -> None:
    factors = random_factors(2)
    assert relative_error(merged(name, factors[::-1], [0.5, 0.5]), merged(name, factors, [0.5, 0.5])) < 1e-9


def test_della_keeps_large_entries_likelier() -> None:
    how = strategy("della", density=0.5, spread=0.2)
    probabilities = how.probabilities(torch.tensor([[[0.1, -3.0, 2.0]]]))  # type: ignore[attr-defined]
    assert probabilities.flatten().tolist() == pytest.approx([0.3, 0.7, 0.5])
