"""Tests for housebrain.merging.strategies.searched."""

import math

import pytest

from housebrain.errors import UserError
from housebrain.merging.strategies import Searched, strategy

NAMES = ["a", "b", "c"]


def searched(name: str, **parameters: float) -> Searched:
    found = strategy(name, **parameters)
    assert isinstance(found, Searched)
    return found


class Distance:
    """A loss that is the squared distance of the weights to some others; it counts how often it is asked for."""

    def __init__(self, **wanted: float) -> None:
        self.wanted = wanted
        self.asked = 0

    def __call__(self, weights: dict[str, float]) -> float:
        self.asked += 1
        return sum((weights[name] - value) ** 2 for name, value in self.wanted.items())


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"trials": 0}, "trials is 0"),
        ({"bound": -1.0}, "bound is -1"),
        ({"bound": 0.5}, "bound is 0.5"),  # an adapter alone has a weight of 1
        ({"bound": math.inf}, "bound is inf"),
    ],
)
def test_a_search_without_a_trial_or_a_range_is_refused(parameters: dict[str, float], message: str) -> None:
    with pytest.raises(UserError, match=rf"merge\.parameters.*{message}\. Give a number from 1 up"):
        searched("search", **parameters)


def test_greedy_takes_in_what_lowers_the_loss() -> None:
    loss = Distance(a=0.5, b=0.5, c=-1.0)
    assert searched("greedy").search(NAMES, loss) == {"a": 0.5, "b": 0.5, "c": 0.0}
    assert loss.asked == 5  # each alone, then the two others


def test_search_finds_weights_within_its_bound() -> None:
    found = searched("search", trials=300, bound=1.2).search(NAMES, Distance(a=0.7, b=-0.4, c=5.0))
    assert list(found.values()) == pytest.approx([0.7, -0.4, 1.2], abs=0.02)


def test_search_keeps_to_its_trials() -> None:
    loss = Distance(a=0.7, b=-0.4, c=0.1)
    searched("search", trials=7).search(NAMES, loss)
    assert loss.asked == 7


@pytest.mark.parametrize("name", ["greedy", "search"])
def test_without_samples_no_weights_are_found(name: str) -> None:
    with pytest.raises(UserError, match=f"{name} tries weights on validation samples"):
        searched(name).weights({"a": {}, "b": {}})
