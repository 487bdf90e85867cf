"""Tests for housebrain.house.land: what a plot's shape says, looked at with shapely."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon, box

from housebrain.house.land import Land, area_sqft, form_of
from housebrain.house.units import GRID_FT

LANDS = st.builds(
    Land,
    *[st.integers(100, 1500).map(lambda tenths: tenths / 10)] * 2,
    *[st.integers(0, 120).map(lambda tenths: tenths / 10)] * 4,
    st.sampled_from(["rectangle", "l", "irregular"]),
    st.sampled_from(["left", "right"]),
)


def test_names_of_shapes() -> None:
    names = {"L_Shape": "l", "L-shaped": "l", "L": "l", "Irregular": "irregular"}
    names |= dict.fromkeys(("Rectangle", "Square", "Corner_Plot", "", "Triangle"), "rectangle")
    assert {name: form_of(name) for name in names} == names


@settings(deadline=None)
@given(LANDS)
def test_a_plot_lacks_a_tenth_of_its_rectangle_unless_it_is_one(land: Land) -> None:
    plot = Polygon(land.corners())
    assert plot.is_valid
    assert plot.exterior.is_ccw
    assert land.corners()[:2] == ((0, 0), (land.width_ft, 0))
    assert area_sqft(land.corners()) == pytest.approx(plot.area)
    share = plot.area / (land.width_ft * land.length_ft)
    assert share == pytest.approx(1) if land.form == "rectangle" else share <= 0.9
    lacking = box(0, 0, land.width_ft, land.length_ft).difference(plot)
    if not lacking.is_empty:
        assert (lacking.centroid.x < land.width_ft / 2) == (land.lacking == "left")


@settings(deadline=None, max_examples=300)
@given(LANDS)
def test_setbacks_are_kept_from_every_wall(land: Land) -> None:
    corners = land.corners()
    left = Polygon(land.envelope())
    walls = ["front", "right", "rear", "left"]
    if land.form == "l":
        walls = ["front", "right", "rear", land.lacking, "rear", "left"]
    for wall, (x0, y0), (x1, y1) in zip(walls, corners, (*corners[1:], corners[0]), strict=True):
        setback = getattr(land, f"{wall}_ft")
        length = math.dist((x0, y0), (x1, y1))
        outwards = ((y1 - y0) / length, (x0 - x1) / length)
        dx, dy = -outwards[0] * setback, -outwards[1] * setback
        strip = Polygon([(x0, y0), (x1, y1), (x1 + dx, y1 + dy), (x0 + dx, y0 + dy)])
        assert left.intersection(strip.buffer(0)).area < 1e-6
    if not left.is_empty:
        assert left.is_valid
        assert Polygon(corners).buffer(1e-6).contains(left)


@settings(deadline=None, max_examples=300)
@given(LANDS)
def test_a_house_may_stand_in_the_envelope_alone(land: Land) -> None:
    left = Polygon(land.envelope())
    for berth in land.berths():
        x, y = land.left_ft + berth.x * GRID_FT, land.front_ft
        house = box(x, y, x + berth.w * GRID_FT, y + berth.d * GRID_FT)
        # A hundredth of a foot is forgiven in rounding.
        assert left.buffer(0.011, join_style=2).contains(house)
    widths = [berth.w for berth in land.berths()]
    assert widths == sorted(widths, reverse=True)
    depths = [berth.d for berth in land.berths()]
    assert depths == sorted(depths)


@settings(deadline=None, max_examples=300)
@given(LANDS)
def test_a_house_may_turn_round_what_the_plot_lacks(land: Land) -> None:
    w, d = land.corner()
    assert land.form != "rectangle" or not w
    if not w:
        return
    wide, deep = land.berths()
    assert 0 < w < wide.w
    assert 0 < d < deep.d
    x, y = land.left_ft + wide.x * GRID_FT, land.front_ft
    right, rear = x + wide.w * GRID_FT, y + deep.d * GRID_FT
    w_ft, d_ft = w * GRID_FT, d * GRID_FT
    lacking = box(x if land.lacking == "left" else right - w_ft, rear - d_ft,
                  x + w_ft if land.lacking == "left" else right, rear)  # fmt: skip
    house = box(x, y, right, rear).difference(lacking)
    assert Polygon(land.envelope()).buffer(0.011, join_style=2).contains(house)


def test_an_l_has_two_places_for_a_house_and_an_irregular_plot_too() -> None:
    for form, share in (("l", 0.99), ("irregular", 0.8)):
        land = Land(60, 90, 6, 3, 2, 4, form, "right")  # type: ignore[arg-type]
        one, other = land.berths()
        covered = (one.w * one.d + other.w * (other.d - one.d)) * GRID_FT**2
        assert covered >= share * Polygon(land.envelope()).area
