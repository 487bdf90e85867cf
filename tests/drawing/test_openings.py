"""Tests for housebrain.drawing.openings and walls: doors, ways, gates and windows in the walls that have them."""

import pytest
from shapely import LineString, Point, unary_union

from drawn import FRONT, REAR, design, level, room
from housebrain.drawing.elements import Opening
from housebrain.drawing.regions import polygon
from housebrain.drawing.scene import scene
from housebrain.house.design import Door, Window


def openings(*rooms_: object, doors: tuple[Door, ...] = (), windows: tuple[Window, ...] = ()) -> tuple[Opening, ...]:
    return scene(design(level(*rooms_, doors=doors, windows=windows))).levels[0].openings  # type: ignore[arg-type]


def test_a_door_swings_into_the_room_that_is_entered() -> None:
    doors = (
        Door(a="living", b="outside", x=12.0, y=0.0, along="x", width_ft=3.0),
        Door(a="living", b="bath", x=12.0, y=18.0, along="x", width_ft=2.5),
    )
    entrance, inner = openings(FRONT, REAR, doors=doors)
    assert (entrance.kind, entrance.entrance, inner.entrance) == ("door", True, False)
    for opening, high in ((entrance, 3.0), (inner, 20.5)):
        (leaf,) = opening.leaves
        assert leaf.opened[1] == high
        assert {leaf.hinge, leaf.closed} == {opening.start, opening.end}


@pytest.mark.parametrize(("a", "b", "side"), [("west", "east", 1), ("east", "west", -1)])
def test_a_door_in_a_wall_towards_the_rear_swings_sideways(a: str, b: str, side: int) -> None:
    west, east = room("west", "bedroom", (2, 0, 10, 30)), room("east", "bedroom", (12, 0, 10, 30))
    (opening,) = openings(west, east, doors=(Door(a=a, b=b, x=12.0, y=15.0, along="y", width_ft=3.0),))
    (leaf,) = opening.leaves
    assert leaf.opened == (12.0 + side * 3.0, leaf.hinge[1])


def test_a_door_stands_open_towards_the_nearer_corner() -> None:
    near = Door(a="living", b="bath", x=18.0, y=18.0, along="x", width_ft=2.5)
    (opening,) = openings(FRONT, REAR, doors=(near,))
    assert opening.leaves[0].hinge == opening.end


def test_a_wide_glazed_door_has_two_leaves() -> None:
    terrace = room("terrace", "terrace", (2, 18, 20, 12))
    doors = (Door(a="living", b="terrace", x=12.0, y=18.0, along="x", width_ft=5.0),)
    (opening,) = openings(FRONT, terrace, doors=doors)
    assert (opening.kind, len(opening.leaves)) == ("glazed", 2)


def test_windows_lie_in_their_wall() -> None:
    window = Window(room="bath", x=12.0, y=30.0, along="x", width_ft=4.0, height_ft=4.0, sill_ft=3.0)
    (opening,) = openings(FRONT, REAR, windows=(window,))
    assert (opening.kind, opening.y, opening.start[0], opening.end[0]) == ("window", 30.0, 10.0, 14.0)
    assert (opening.sill, opening.head) == (3.0, 7.0)


def test_an_open_way_has_no_leaf_and_no_nibs() -> None:
    way = Door(a="living", b="bath", x=12.0, y=18.0, along="x", width_ft=19.5, open=True)
    (opening,) = openings(FRONT, REAR, doors=(way,))
    assert (opening.kind, opening.leaves, opening.width) == ("way", (), 20.0)


def test_where_all_is_open_no_post_is_left() -> None:
    rooms = (
        room("living", "living_room", (2, 0, 10, 30)),
        room("dining", "dining_room", (12, 0, 10, 15)),
        room("kitchen", "kitchen", (12, 15, 10, 15)),
    )
    ways = (
        Door(a="living", b="dining", x=12.0, y=7.5, along="y", width_ft=14.5, open=True),
        Door(a="living", b="kitchen", x=12.0, y=22.5, along="y", width_ft=14.5, open=True),
        Door(a="dining", b="kitchen", x=17.0, y=15.0, along="x", width_ft=9.5, open=True),
    )
    joint = Point(12, 15).buffer(0.5)
    for count, is_left in ((3, False), (2, True), (1, True)):
        drawn = scene(design(level(*rooms, doors=ways[:count]))).levels[0]
        assert unary_union([polygon(region) for region in drawn.cut]).intersects(joint) == is_left


def test_a_garage_has_a_gate() -> None:
    gate = Door(a="garage", b="outside", x=12.0, y=0.0, along="x", width_ft=9.0)
    (opening,) = openings(room("garage", "garage", (2, 0, 20, 30)), doors=(gate,))
    assert (opening.kind, opening.leaves) == ("gate", ())


def test_what_lies_in_no_wall_is_left_out() -> None:
    adrift = Door(a="living", b="bath", x=12.0, y=9.0, along="x", width_ft=3.0)
    assert openings(FRONT, REAR, doors=(adrift,)) == ()


def test_a_room_of_several_boxes_has_no_wall_inside() -> None:
    ell = room("living", "living_room", (2, 0, 20, 10), (2, 10, 8, 8))
    drawn = scene(design(level(ell))).levels[0]
    walls = unary_union([polygon(region) for region in drawn.cut])
    assert not walls.intersects(LineString([(2.5, 10), (9.5, 10)]))
    around = LineString([(2, 0), (22, 0), (22, 10), (10, 10), (10, 18), (2, 18), (2, 0)])
    assert walls.covers(around)
    assert all(walls.covers(Point(corner)) for corner in around.coords)


def test_balconies_have_railings_and_terraces_parapets_above_the_ground_only() -> None:
    def kinds(number: int, kind: str) -> set[str]:
        outdoor = room(kind, kind, (2, 18, 20, 12))
        stacked = scene(design(level(FRONT, outdoor), level(FRONT, outdoor)))
        return {wall.kind for wall in stacked.levels[number].walls}

    assert kinds(0, "balcony") == kinds(0, "terrace") == {"outer"}
    assert kinds(1, "balcony") == {"outer", "railing"}
    assert kinds(1, "terrace") == {"outer", "parapet"}
