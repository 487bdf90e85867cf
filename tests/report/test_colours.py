"""Tests for housebrain.report.colours."""

import numpy as np
import pytest

from housebrain.report.colours import DARKEST, GREEN, GREY, LIGHTEST, coloured, distances, luminance


def colours(count: int) -> list[str]:
    return list(coloured([f"shard {number}" for number in range(count)]).values())


def test_black_and_white_are_farthest_apart_and_a_colour_is_none_from_itself() -> None:
    assert distances(["#000000", "#808080"], ["#ffffff", "#808080"]) == pytest.approx(
        np.array([[1, 0.6], [0.4, 0]]), abs=0.01
    )
    red_and_green = distances(["#d00000"], ["#607000"])[0, 0]
    assert red_and_green < distances(["#d00000"], ["#0000d0"])[0, 0] / 2  # what red-green blindness doesn't see


@pytest.mark.parametrize(("count", "apart"), [(1, 1.0), (6, 0.07), (9, 0.07), (24, 0.04), (60, 0.02)])
def test_there_are_as_many_colours_as_names(count: int, apart: float) -> None:
    taken = colours(count)
    assert len({*taken, GREY, GREEN}) == count + 2
    between = distances(taken, taken) + np.eye(count)
    assert between.min() >= apart
    assert np.all((luminance(taken) >= DARKEST) & (luminance(taken) <= LIGHTEST))


def test_a_further_name_leaves_the_colours_of_the_others() -> None:
    assert colours(9)[:7] == colours(7)
    assert coloured([]) == {}
