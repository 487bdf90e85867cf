"""Tests for housebrain.merging.strategies.base, and what all strategies of the registry have in common."""

import math
import subprocess
import sys
from dataclasses import is_dataclass
from typing import Any

import pytest

from conftest import REPOSITORY
from housebrain.errors import UserError
from housebrain.merging.strategies import REGISTRY, about, strategy
from merging.adapters import relative_error
from merging.updates import dense, merged, random_factors


def test_an_unknown_strategy_lists_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"unknown strategy 'avarage'.*average, weighted, best"):
        strategy("avarage")


def test_an_unknown_parameter_lists_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"ties has no parameter 'densty'. It has: density"):
        strategy("ties", densty=0.3)
    with pytest.raises(UserError, match=r"merge.parameters.*ties has no parameter 'name'"):
        strategy("ties", name="dare")


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
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
def test_a_value_that_does_not_fit_is_refused(name: str, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=rf"merge.parameters \(or --parameter\): {message}"):
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


@pytest.mark.parametrize("name", ["average", "slerp", "ties", "dare", "della"])
def test_identical_updates_stay_what_they_are(name: str) -> None:
    factors = random_factors(1) * 3
    parameters = {"density": 1.0} if name in ("ties", "dare", "della") else {}
    parameters |= {"spread": 0.0} if name == "della" else {}
    assert relative_error(merged(name, factors, [1 / 3] * 3, **parameters), dense(factors)[0]) < 1e-9


@pytest.mark.parametrize("name", ["ties", "slerp"])
def test_two_adapters_may_come_in_either_order(name: str) -> None:
    factors = random_factors(2)
    assert relative_error(merged(name, factors[::-1], [0.5, 0.5]), merged(name, factors, [0.5, 0.5])) < 1e-9


def test_what_only_some_strategies_need_is_not_imported_with_all() -> None:
    program = "import sys, housebrain.merging.strategies; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "torch" in done.stdout.split()
    assert not {"scipy", "peft", "transformers", "pandas"} & set(done.stdout.split())
