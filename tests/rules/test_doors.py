"""Tests for housebrain.rules.doors and windows: what follows from where the rooms are."""

import json
from typing import Any

from housebrain.house.design import OUTSIDE, Design, Door, Level, Rect
from housebrain.language.designs import decode
from housebrain.rules.checks import violations
from housebrain.rules.limits import DOOR_WALL_FT
from housebrain.rules.walls import Wall, beside_doors, hangs_together, shared
from housebrain.rules.windows import glazed_doors
from houses import solved_houses
from rules.test_checks import BRIEF, TWO_FLOORS, design_of


def ways(level: Level) -> set[frozenset[str]]:
    return {frozenset((door.a, door.b)) for door in level.doors}


def level_of(*rooms: list[Any], size: tuple[float, float]) -> Level:
    return design_of([list(rooms)], size=size).levels[0]


def box(x: float, y: float, w: float, d: float) -> Rect:
    return Rect(x=x, y=y, w=w, d=d)


def test_boxes_share_a_wall_or_none() -> None:
    assert shared(box(0, 0, 4, 4), box(4, 1, 4, 4)) == Wall("y", 4, 1, 4)
    assert shared(box(4, 1, 4, 4), box(0, 0, 4, 4)) == Wall("y", 4, 1, 4)
    assert shared(box(0, 0, 4, 4), box(1, 4, 9, 4)) == Wall("x", 4, 1, 4)
    assert shared(box(0, 0, 4, 4), box(4, 4, 4, 4)) is None  # a corner is no wall
    assert shared(box(0, 0, 4, 4), box(4.5, 0, 4, 4)) is None


def test_a_room_hangs_together_by_openings_that_one_can_walk_through() -> None:
    assert hangs_together((box(0, 0, 9, 4), box(0, 4, DOOR_WALL_FT, 9)))
    assert not hangs_together((box(0, 0, 9, 4), box(0, 4, DOOR_WALL_FT - 0.5, 9)))


def test_doors_take_their_part_of_a_wall() -> None:
    wall = Wall("x", 0, 0, 20)
    door = Door(a="living", b=OUTSIDE, x=10, y=0, along="x", width_ft=3)
    elsewhere = Door(a="living", b="hall", x=10, y=12, along="x", width_ft=3)
    assert beside_doors(wall, [door, elsewhere]) == [Wall("x", 0, 0, 8.5), Wall("x", 0, 11.5, 20)]


def test_bedrooms_open_to_the_hall_and_a_lone_bath_too() -> None:
    level = level_of(
        ["living", 0, 0, 24, 12], ["hall", 0, 12, 24, 4], ["master", 0, 16, 16, 12], ["bath", 16, 16, 8, 12],
        size=(24, 28),
    )  # fmt: skip
    assert {frozenset(("hall", "master")), frozenset(("hall", "bath")), frozenset(("living", "hall"))} <= ways(level)
    assert frozenset(("living", "master")) not in ways(level)


def test_of_two_baths_one_is_the_bedrooms_and_one_for_all() -> None:
    level = level_of(
        ["living", 0, 0, 24, 12], ["hall", 0, 12, 24, 4], ["bath1", 0, 16, 6, 8], ["living2", 6, 16, 1, 8],
        ["master", 7, 16, 11, 8], ["bath2", 18, 16, 6, 8], size=(24, 24),
    )  # fmt: skip
    assert {door.b for door in level.doors if door.a == "master"} == {"bath2"}
    assert frozenset(("hall", "bath2")) not in ways(level)
    assert frozenset(("hall", "bath1")) in ways(level)


def test_living_and_dining_are_open_to_each_other() -> None:
    level = level_of(["living", 0, 0, 12, 12], ["dining", 12, 0, 12, 12], size=(24, 12))
    way = next(door for door in level.doors if OUTSIDE not in (door.a, door.b))
    assert way.open
    assert way.width_ft == 11.5


def test_a_garage_has_a_way_in_of_its_own_and_is_not_the_entrance() -> None:
    level = level_of(["garage", 0, 0, 10, 20], ["living", 10, 0, 14, 20], size=(24, 20))
    outside = {door.a: door for door in level.doors if door.b == OUTSIDE}
    assert set(outside) == {"garage", "living"}
    assert outside["garage"].width_ft == 9
    assert outside["living"].width_ft == 3


def stair_house(mirrored: bool) -> Design:
    """Stairs along the street, entered at the end that has the halls."""

    def turned(rooms: list[list[Any]]) -> list[list[Any]]:
        return [[name, 24 - x - w if mirrored else x, y, w, d] for name, x, y, w, d in rooms]

    ground = [["living", 0, 0, 24, 12], ["bath", 0, 12, 14, 6.5], ["stairs", 14, 12, 10, 6.5]]
    above = [["hall", 20, 0, 4, 12], ["master", 0, 0, 20, 12], ["terrace", 0, 12, 14, 6.5], ["stairs", 14, 12, 10, 6.5]]
    return design_of([turned(ground), turned(above)], TWO_FLOORS, size=(24, 18.5))


def test_stairs_are_entered_at_one_end_of_all_levels() -> None:
    for mirrored in (False, True):
        design = stair_house(mirrored)
        for level in design.levels:
            (door,) = [door for door in level.doors if "stairs" in (door.a, door.b)]
            stairs = next(room.main for room in level.rooms if room.name == "stairs")
            near = stairs.x + 3.5 >= door.x if mirrored else stairs.right - 3.5 <= door.x
            assert near


def test_daylight_comes_through_a_terrace_or_a_court() -> None:
    """The master bedroom lies between the hall and a court, at no outer wall."""
    level = level_of(
        ["living", 0, 0, 24, 10], ["hall", 0, 10, 24, 4], ["bath", 0, 14, 6, 16], ["master", 6, 14, 12, 10],
        ["court", 6, 24, 12, 6], ["bath", 18, 14, 6, 16], size=(24, 30),
    )  # fmt: skip
    assert [window.along for window in level.windows if window.room == "master"] == ["x"]
    assert all(window.y == 24 for window in level.windows if window.room == "master")
    open_to_court = [door for door in level.doors if "court" in (door.a, door.b)]
    assert set(glazed_doors(level.rooms, level.doors)) == {
        name for door in open_to_court for name in (door.a, door.b) if name != "court"
    }


def test_doors_and_windows_do_not_lie_on_each_other() -> None:
    for _, _, design in solved_houses():
        for level in design.levels:
            openings = [(door.along, door.x, door.y, door.width_ft) for door in level.doors]
            openings += [(window.along, window.x, window.y, window.width_ft) for window in level.windows]
            for number, (along, x, y, width) in enumerate(openings):
                for other_along, other_x, other_y, other_width in openings[number + 1 :]:
                    if along != other_along or (y != other_y if along == "x" else x != other_x):
                        continue
                    apart = abs(x - other_x) if along == "x" else abs(y - other_y)
                    assert apart >= (width + other_width) / 2 - 1e-9


def test_doors_do_not_depend_on_the_order_of_the_answer() -> None:
    rooms = [["living", 0, 0, 48, 24], ["hall", 0, 24, 48, 8], ["master", 0, 32, 32, 24], ["bath", 32, 32, 16, 24]]
    texts = [json.dumps({"size": [48, 56], "levels": [order]}) for order in (rooms, rooms[::-1])]
    first, second = (decode(text, BRIEF, "coordinates") for text in texts)
    assert first == second


def test_a_corner_plot_is_entered_from_its_side_street_where_a_hall_is_there_and_none_at_the_front() -> None:
    """The side street is at the right, where the side setback is the wider one; here a hall reaches that wall."""
    rooms = [["living", 0, 0, 24, 12], ["hall", 0, 12, 24, 4], ["master", 0, 16, 16, 12], ["bath", 16, 16, 8, 12]]

    def entrances(left_ft: float, right_ft: float, is_corner: bool) -> list[tuple[str, str, float]]:
        setbacks = BRIEF.plot.setbacks.model_copy(update={"left_ft": left_ft, "right_ft": right_ft})
        plot = BRIEF.plot.model_copy(update={"is_corner": is_corner, "setbacks": setbacks})
        design = design_of([rooms], BRIEF.model_copy(update={"plot": plot}))
        wall = design.footprint
        assert violations(design, BRIEF.model_copy(update={"plot": plot})) == []
        return [(d.a, d.along, d.x - wall.x) for d in design.levels[0].doors if d.b == OUTSIDE]

    assert entrances(5, 6, False) == [("living", "x", 12)]
    assert entrances(5, 6, True) == [("hall", "y", 24)]
    assert entrances(6, 5, True) == [("hall", "y", 0)]


def test_a_corner_plot_is_not_entered_at_the_bedrooms() -> None:
    rooms = [["living", 0, 0, 24, 16], ["hall", 0, 16, 24, 4], ["master", 0, 20, 16, 12], ["bath", 16, 20, 8, 12]]
    plot = BRIEF.plot.model_copy(update={"is_corner": True})
    design = design_of([rooms], BRIEF.model_copy(update={"plot": plot}))
    assert [(door.a, door.along) for door in design.levels[0].doors if door.b == OUTSIDE] == [("living", "x")]
