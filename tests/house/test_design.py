"""Tests for the schema of a house design."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from housebrain.house.design import FARTHEST_FT, Rect, hull
from housebrain.house.units import GRID_FT


@given(st.integers(1, int(FARTHEST_FT / GRID_FT) - 1), st.floats(-1e-9, 1e-9))
@example(0, 1e-9)
@example(22, 1e-13)
def test_what_is_taken_for_a_step_of_the_grid_is_one(step: int, off: float) -> None:
    try:
        box = Rect(x=step * GRID_FT + off, y=0, w=1, d=2)
    except ValidationError:
        return
    assert box.x == step * GRID_FT


@pytest.mark.parametrize("feet", [0.25, 11.1, -0.5, 1e308, 2 * FARTHEST_FT])
@pytest.mark.parametrize("side", ["x", "y", "w", "d"])
def test_what_is_not_on_the_grid_is_refused(side: str, feet: float) -> None:
    with pytest.raises(ValidationError):
        Rect(**{"x": 0, "y": 0, "w": 1, "d": 2} | {side: feet})


@pytest.mark.parametrize("feet", [0, 5e-324])
@pytest.mark.parametrize("side", ["w", "d"])
def test_no_box_is_without_area(side: str, feet: float) -> None:
    with pytest.raises(ValidationError):
        Rect(**{"x": 0, "y": 0, "w": 1, "d": 2} | {side: feet})


def test_boxes_that_may_be_have_a_hull() -> None:
    nearly = Rect(x=0, y=1e-9, w=1, d=4)
    assert hull((nearly, Rect(x=0, y=4, w=1, d=7))) == Rect(x=0, y=0, w=1, d=11)
    far = Rect(x=FARTHEST_FT, y=FARTHEST_FT, w=FARTHEST_FT, d=FARTHEST_FT)
    assert hull((far, Rect(x=0, y=0, w=1, d=1))).area_sqft == 4 * FARTHEST_FT**2
