"""Tests for housebrain.drawing.joinery: openings are filled, edges are guarded."""

from dataclasses import replace
from itertools import pairwise
from typing import Literal

import pytest
from manifold3d import Manifold

from housebrain.drawing.elements import Leaf, Opening, Stair, Wall
from housebrain.drawing.joinery import filling, guard, handrails, railing
from housebrain.drawing.scene import scene
from housebrain.drawing.solid import box, union
from houses import solved_houses

FLOOR = 12.0
OUTER = Wall("outer", "x", 3.0, 0.0, 20.0, 0.5, 9.5, -1)
ALONG_Y = replace(OUTER, along="y")


def opening(kind: Literal["door", "glazed", "gate", "way", "window"], wall: Wall, width: float, sill: float) -> Opening:
    x, y = (10.0, wall.at) if wall.along == "x" else (wall.at, 10.0)
    leaf = Leaf((x, y), (x, y), (x, y))
    leaves = (leaf,) * {"door": 1, "glazed": 2}.get(kind, 0)
    return Opening(kind, x, y, wall.along, width, sill, 7.0, ("outside", "living"), leaves)


def slab(wall: Wall, width: float, low: float, high: float, depth: float) -> Manifold:
    """A box in the wall's middle."""
    near, far, half = wall.at - depth / 2, wall.at + depth / 2, width / 2
    if wall.along == "x":
        return box((10 - half, near, FLOOR + low), (10 + half, far, FLOOR + high))
    return box((near, 10 - half, FLOOR + low), (far, 10 + half, FLOOR + high))


@pytest.mark.parametrize("wall", [OUTER, ALONG_Y], ids=["along-x", "along-y"])
@pytest.mark.parametrize("width", [0.4, 2.5, 6.0, 16.0])
@pytest.mark.parametrize(("kind", "sill"), [("window", 3.0), ("glazed", 0.0), ("door", 0.0), ("gate", 0.0)])
def test_an_opening_is_closed_and_nothing_stands_beside_it(
    wall: Wall, width: float, kind: Literal["window", "glazed", "door", "gate"], sill: float
) -> None:
    solids = [solid for _, solid in filling(opening(kind, wall, width, sill), wall, FLOOR)]
    closed = slab(wall, width, sill, 7.0, 0.04)
    assert (closed - union(solids)).volume() < 0.001 * closed.volume()
    assert (union(solids) - slab(wall, width, sill, 7.0, 2.0)).volume() < 1e-6


@pytest.mark.parametrize("outward", [1, -1])
def test_a_window_has_its_sill_outside(outward: int) -> None:
    wall = replace(OUTER, outward=outward)
    frame = union(solid for kind, solid in filling(opening("window", wall, 4, 3), wall, FLOOR) if kind == "frame")
    outside = frame.bounding_box()[4] - wall.at if outward > 0 else wall.at - frame.bounding_box()[1]
    assert outside == pytest.approx(wall.thickness / 2 + 0.25, abs=1e-3)


def test_a_way_stays_open() -> None:
    assert filling(opening("way", OUTER, 4, 0), OUTER, FLOOR) == []


def test_a_railing_has_gaps_for_ways_and_for_nothing_larger_than_a_fist() -> None:
    way = opening("way", OUTER, 3, 0)
    wall = replace(OUTER, kind="railing", thickness=0.2, height=3.5, openings=(way,))
    built = union(railing(wall, FLOOR))
    assert (built ^ slab(wall, 2.99, 0, 9, 1)).volume() == 0
    assert len(built.decompose()) == 2
    # A ball of four inches doesn't pass between the balusters.
    level = built.slice(FLOOR + 1.5).to_polygons()
    spans = sorted((ring[:, 0].min(), ring[:, 0].max()) for ring in level)
    gaps = [right[0] - left[1] for left, right in pairwise(spans)]
    assert sorted(gaps)[-2] < 4 / 12
    assert max(gaps) == pytest.approx(3, abs=0.01)


def stairs() -> list[Stair]:
    drawn = (scene(house.design, house.brief) for house in solved_houses())
    return [level.stair for one in drawn for level in one.levels if level.stair]


def test_handrails_run_beside_all_straight_treads() -> None:
    for stair in stairs():
        rails = union(handrails(stair))
        assert 1 <= len(rails.decompose()) <= 2
        low, high = rails.bounding_box()[2], rails.bounding_box()[5]
        assert low < stair.base + stair.rise / stair.risers
        assert high > stair.base + stair.rise + 2


def test_a_guard_stands_on_the_floor_and_not_in_the_hole() -> None:
    for stair in stairs():
        top = stair.base + stair.rise
        built = union(guard(stair, top))
        treads = union(
            box((*step.outline[0], 0), (*step.outline[2], 99)) for step in stair.steps if len(step.outline) == 4
        )
        assert built.bounding_box()[2] == pytest.approx(top, abs=1e-3)
        assert (built ^ treads).volume() < 1e-3
