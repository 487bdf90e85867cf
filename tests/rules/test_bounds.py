"""Tests for housebrain.rules.bounds: what a rule asks for where the brief decides it."""

from typing import Any

import pytest

from housebrain.house.brief import Setbacks
from housebrain.rules.bounds import bound_of, open_spaces
from housebrain.rules.measures import Missing
from housebrain.words.read import read_words

BRIEF = read_words("3 bedroom house, 40x60 ft plot, Bengaluru").brief


def test_a_citys_own_rules_say_what_is_left_open() -> None:
    # 0.12 of 60 ft, 0.08 of 60 ft, and 1.0 m at the sides, in steps of half a foot.
    assert open_spaces(BRIEF) == Setbacks(front_ft=7.5, rear_ft=5, left_ft=3.5, right_ft=3.5)


def test_of_two_sides_the_right_one_has_the_larger() -> None:
    delhi = read_words("3 bedroom house, 50x80 ft plot, Delhi").brief
    assert open_spaces(delhi) == Setbacks(front_ft=10, rear_ft=10, left_ft=0, right_ft=10)


@pytest.mark.parametrize("place", ["Pune", "Austin, Texas", "Munich", "Tokyo"])
def test_elsewhere_there_are_none(place: str) -> None:
    assert open_spaces(read_words(f"3 bedroom house, 40x60 ft plot, {place}").brief) is None


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"min": 2}, 2),
        ({"max_of": {"by": "plot area", "bands": [[200, 0.7], [300, 0.6]]}}, 0.6),  # 223 m2
        ({"max_of": {"by": "plot area", "bands": [[200, 0.7]]}}, None),
        ({"min_of_climate": {BRIEF.climate_zone: 0.1}}, 0.1),
    ],
)
def test_bounds_by_plot_and_climate(rule: dict[str, Any], expected: float | None) -> None:
    assert bound_of(rule, BRIEF)[0] == expected


@pytest.mark.parametrize("by", ["street width", "plot area"])
def test_a_fact_that_is_not_known_is_named(by: str) -> None:
    brief = BRIEF if by == "street width" else None
    with pytest.raises(Missing, match="street" if brief else "plot"):
        bound_of({"min_of": {"by": by, "bands": [[7.5, 1.5]]}}, brief)
