from typing import Any

import pytest

from housebrain.house.brief import Brief
from housebrain.house.design import Design
from housebrain.rules.checks import requirements, violations
from housebrain.rules.codes import check_codes
from rules.plans import BRIEF, GOOD, TWO_FLOORS, design_of


def kinds(levels: list[Any], brief: Brief = BRIEF, size: tuple[float, float] = (24, 28)) -> set[str]:
    return {violation.kind for violation in violations(design_of(levels, brief, size), brief)}


def test_a_good_design_has_no_violation() -> None:
    assert kinds([GOOD]) == set()


@pytest.mark.parametrize(
    ("rooms", "kind"),
    [
        ([*GOOD[:2], ["master", 0, 16, 18, 12], GOOD[3]], "overlap"),
        ([*GOOD[:3], ["bath", 16, 16, 7, 12]], "gap"),
        ([*GOOD[:3], ["bath", 16, 16, 9, 12]], "outside"),
        (GOOD[:3], "missing_room"),
        ([*GOOD[:2], ["master", 0, 16, 8, 12], ["bath", 8, 16, 8, 12], ["master", 16, 16, 8, 12]], "apart"),
        ([*GOOD[:3], ["bath", 16, 16, 8, 12], ["bath", 16, 20, 8, 4]], "overlap"),
        ([*GOOD[:3], ["bath", 16, 16, 8, 6], ["office", 16, 22, 8, 6]], "extra_room"),
        ([*GOOD[:2], ["master", 0, 16, 12, 12], ["bath", 12, 16, 12, 12]], "undersized"),
        ([["living", 0, 0, 24, 12], ["bath", 0, 12, 24, 4], ["master", 0, 16, 24, 12]], "unreachable"),
        (
            [
                *GOOD[:2],
                ["hall", 0, 16, 4, 12],
                ["master", 4, 16, 12, 8],
                ["bath", 4, 24, 20, 4],
                ["hall", 16, 16, 8, 8],
            ],
            "dark",
        ),
    ],
)
def test_each_kind_of_violation_is_found(rooms: list[Any], kind: str) -> None:
    assert kind in kinds([rooms])


def test_boxes_of_one_name_are_one_room() -> None:
    """The hall has a bend, and the living room an arm beside it."""
    rooms = [
        ["living", 0, 0, 24, 12], ["living", 14, 12, 10, 4], ["hall", 0, 12, 14, 4], ["hall", 0, 16, 4, 12],
        ["master", 4, 16, 12, 12.5], ["bath", 16, 16, 8, 12.5], ["hall", 0, 28, 4, 0.5],
    ]  # fmt: skip
    assert kinds([rooms], size=(24, 28.5)) == set()
    design = design_of([rooms], size=(24, 28.5))
    assert {room.name: len(room.boxes) for room in design.levels[0].rooms} == {
        "living": 2, "hall": 3, "master": 1, "bath": 1,
    }  # fmt: skip
    assert design.wanted_rooms["living"].area_sqft == 24 * 12 + 10 * 4


def test_a_room_on_two_floors_is_one_too_many() -> None:
    ground = [["living", 0, 0, 24, 12], ["hall", 0, 12, 24, 4], ["stairs", 0, 16, 8, 12], ["bath", 8, 16, 16, 12]]
    above = [["master", 0, 0, 24, 12], ["hall", 0, 12, 24, 4], ["stairs", 0, 16, 8, 12], ["bath", 8, 16, 16, 12]]
    assert kinds([ground, above], TWO_FLOORS) == {"extra_room"}


def test_stairs_are_as_large_as_two_flights_and_a_landing() -> None:
    def floors(width: float, depth: float) -> list[Any]:
        ground = [["living", 0, 0, 24, 12], ["hall", 0, 12, 24, 4], ["bath", width, 16, 24 - width, depth]]
        above = [["master", 0, 0, 24, 12], ["hall", 0, 12, 24, 4], ["terrace", width, 16, 24 - width, depth]]
        return [[*rooms, ["stairs", 0, 16, width, depth]] for rooms in (ground, above)]

    assert kinds(floors(6.5, 10), TWO_FLOORS, (24, 26)) == set()
    assert kinds(floors(10, 6.5), TWO_FLOORS, (24, 22.5)) == set()
    assert kinds(floors(6, 10), TWO_FLOORS, (24, 26)) == {"stairs"}
    assert kinds(floors(6.5, 9.5), TWO_FLOORS, (24, 25.5)) == {"stairs"}


def test_a_house_over_the_envelope_is_outside() -> None:
    wide = [["living", 0, 0, 60, 12], ["hall", 0, 12, 60, 4], ["master", 0, 16, 30, 12], ["bath", 30, 16, 30, 12]]
    assert "outside" in kinds([wide], size=(60, 28))


def test_a_house_on_an_l_stands_beside_what_the_plot_lacks_or_in_front_of_it() -> None:
    """Of 60 x 60 ft an L lacks 30 x 13.2 ft at the left of the rear: 50 x 36.5 ft, or 20 x 50 ft at the right."""
    plot = BRIEF.plot.model_copy(update={"shape": "L_Shape"})
    brief = BRIEF.model_copy(update={"plot": plot})
    assert [(berth.x, berth.w, berth.d) for berth in brief.berths] == [(0, 100, 73), (60, 40, 100)]

    def rooms(depth: float) -> list[Any]:
        return [["living", 0, 0, 20, 12], ["hall", 0, 12, 20, 4], ["master", 0, 16, 12, depth - 16],
                ["bath", 12, 16, 8, depth - 16]]  # fmt: skip

    shallow, deep = (design_of([rooms(depth)], brief, (20, depth)) for depth in (30, 40))
    assert (shallow.footprint.x, deep.footprint.x) == (15, 30)
    assert violations(shallow, brief) == violations(deep, brief) == []
    wide = [["living", 0, 0, 24, 12], ["hall", 0, 12, 24, 4], ["master", 0, 16, 16, 24], ["bath", 16, 16, 8, 24]]
    assert kinds([wide], brief, (24, 40)) == {"outside"}
    assert kinds([wide], BRIEF, (24, 40)) == set()


def test_a_house_turns_round_the_corner_that_its_plot_lacks() -> None:
    """Of 50 x 50 ft an L lacks 30 x 13.5 ft at the left of the rear."""
    brief = BRIEF.model_copy(update={"plot": BRIEF.plot.model_copy(update={"shape": "L_Shape"})})

    def house(master: float, front: float = 16) -> list[Any]:
        """A master bedroom of some width at the right of the rear, and what is in front of it."""
        return [["living", 0, 0, 50, front - 4], ["hall", 0, front - 4, 50, 4], ["hall", 30, front, 4, 20.5],
                ["bath", 34, front, 16, 20.5], ["master", 50 - master, front + 20.5, master, 29.5 - front]]  # fmt: skip

    fine = [*house(20), ["utility", 0, 16, 30, 20.5]]
    extra = {"extra_room"}  # the utility room, which nobody asked for
    assert kinds([fine], brief, (50, 50)) == extra
    assert kinds([fine], BRIEF, (50, 50)) == extra | {"gap"}  # a plot that lacks nothing
    assert "outside" in kinds([[*house(20.5), ["utility", 0, 16, 30, 20.5]]], brief, (50, 50))  # over the corner
    assert "outside" in kinds([[*house(20, 16.5), ["utility", 0, 16.5, 30, 20.5]]], brief, (50, 50))
    assert kinds([house(20)], brief, (50, 50)) == set()  # a larger corner
    stepped = [*house(20), ["utility", 0, 16, 20, 20.5]]
    assert kinds([stepped], brief, (50, 50)) == extra | {"outside", "gap"}  # what is free is no rectangle
    mirrored = [[name, 50 - x - w, y, w, d] for name, x, y, w, d in fine]
    assert "outside" in kinds([mirrored], brief, (50, 50))


def test_two_floors_need_stairs_in_one_place() -> None:
    assert "floors" in kinds([GOOD], TWO_FLOORS)
    ground = [["living", 0, 0, 24, 12], ["hall", 0, 12, 24, 4], ["stairs", 0, 16, 8, 12], ["bath", 8, 16, 16, 12]]
    above = [["master", 0, 0, 24, 12], ["hall", 0, 12, 24, 4], ["stairs", 0, 16, 8, 12], ["terrace", 8, 16, 16, 12]]
    assert kinds([ground, above], TWO_FLOORS) == set()
    moved = [["master", 0, 0, 24, 12], ["hall", 0, 12, 24, 4], ["terrace", 0, 16, 16, 12], ["stairs", 16, 16, 8, 12]]
    assert "stairs" in kinds([ground, moved], TWO_FLOORS)
    assert {"stairs", "unreachable"} <= kinds([ground, [["master", 0, 0, 24, 28]]], TWO_FLOORS)


def test_requirements_name_what_is_not_met() -> None:
    met = requirements(design_of([[*GOOD[:2], ["master", 0, 16, 12, 12], ["bath", 12, 16, 12, 12]]]), BRIEF)
    assert [name for name, is_met in met.items() if not is_met] == ["area:master"]
    met = requirements(design_of([GOOD[:3]]), BRIEF)
    assert [name for name, is_met in met.items() if not is_met] == ["room:bath", "area:bath"]


def test_code_rules_are_measured_room_by_room() -> None:
    low = {result.where for result in check_codes(design_of([GOOD]), BRIEF, "nbc2016") if result.outcome == "failed"}
    assert low == set()
    narrow = [["living", 0, 0, 24, 19], ["hall", 0, 19, 24, 3], ["master", 0, 22, 18, 6], ["bath", 18, 22, 6, 6]]
    failed = {(r.rule, r.where) for r in check_codes(design_of([narrow]), BRIEF, "irc2021") if r.outcome == "failed"}
    assert ("habitable least dimension", "master") in failed
    assert ("hall width", "hall") not in failed


def test_a_room_of_another_kind_is_not_the_room_that_is_asked_for() -> None:
    content = design_of([GOOD]).model_dump(mode="json")
    for room in content["levels"][0]["rooms"]:
        if room["name"] == "master":
            room["type"] = "kitchen"
    design = Design.model_validate(content)
    assert [one[:2] for one in violations(design, BRIEF)] == [("wrong_type", "master")]
    assert requirements(design, BRIEF)["room:master"] is False
