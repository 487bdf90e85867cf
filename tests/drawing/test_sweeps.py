"""Tests for housebrain.drawing.sweeps: leaves of different doors keep apart."""

from itertools import combinations

import pytest
from shapely import Polygon
from shapely.geometry import Point, box

from drawn import design, level, room
from housebrain.drawing.elements import Leaf, Opening
from housebrain.drawing.scene import scene
from housebrain.house.design import Door
from houses import Solved, solved_houses

HOUSES = [pytest.param(house, id=house.record["id"]) for house in solved_houses()]


def swept(leaf: Leaf) -> Polygon:
    """The quarter circle under a leaf, made another way than the code does."""
    (hx, hy), corners = leaf.hinge, (leaf.hinge, leaf.closed, leaf.opened)
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return Point(hx, hy).buffer(max(xs) - min(xs), 32).intersection(box(min(xs), min(ys), max(xs), max(ys)))


def shared(openings: tuple[Opening, ...]) -> float:
    """The floor that leaves of different doors sweep together."""
    pairs = combinations([one for one in openings if one.leaves], 2)
    return sum(swept(a).intersection(swept(b)).area for one, other in pairs for a in one.leaves for b in other.leaves)


def corner(bath: Door, hall: Door) -> tuple[Opening, ...]:
    """Two doors into a bedroom, near one corner of it."""
    rooms = (
        room("bed1", "bedroom", (2, 10, 12, 10)),
        room("bath1", "bathroom", (2, 0, 12, 10)),
        room("hall", "corridor", (14, 0, 8, 20)),
    )
    return scene(design(level(*rooms, doors=(bath, hall)))).levels[0].openings


def test_a_leaf_is_hung_at_the_other_end_of_its_door_to_keep_off_another() -> None:
    bath = Door(a="bath1", b="bed1", x=11.5, y=10.0, along="x", width_ft=2.5)
    hall = Door(a="hall", b="bed1", x=14.0, y=12.5, along="y", width_ft=3.0)
    found = corner(bath, hall)
    assert [len(one.leaves) for one in found] == [1, 1]
    assert shared(found) < 0.05


def test_a_door_opens_into_its_other_room_where_hinges_do_not_help() -> None:
    bath = Door(a="bath1", b="bed1", x=12.0, y=10.0, along="x", width_ft=3.0)
    hall = Door(a="hall", b="bed1", x=14.0, y=11.75, along="y", width_ft=3.0)
    found = corner(bath, hall)
    assert shared(found) < 0.05
    (leaf,) = next(one for one in found if one.along == "x").leaves
    assert leaf.opened[1] < 10.0  # into the bath: the hall is no place for a leaf


@pytest.mark.parametrize("house", HOUSES)
def test_no_two_doors_of_a_house_hit_each_other(house: Solved) -> None:
    for drawn in scene(house.design, house.brief).levels:
        assert shared(drawn.openings) < 0.1
