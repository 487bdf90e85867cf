"""Houses that are built against a neighbour's: no window there, and all daylight from elsewhere."""

import json

import pytest

from design_checker import faults
from housebrain.answering.mending.mend import Mended, repair
from housebrain.dataset.v5 import parse_record
from housebrain.house.brief import Brief, Rejected
from housebrain.house.design import OUTSIDE, Design, Door, Rect
from housebrain.house.land import Side
from housebrain.house.rooms import DAYLIT
from housebrain.language.answer import Codec
from housebrain.language.designs import decode, encode
from housebrain.rules.checks import violations
from housebrain.solver.house import Infeasible
from housebrain.solver.solve import Sized, dimension, several, solve
from housebrain.words.read import read_words
from rules.plans import RECORD

ONE_FLOOR = "2 bhk, 25x50 ft plot, Pune, on one floor"
TWO_FLOORS = "3 bhk, 38x60 ft plot, Pune, on 2 floors, setbacks left 0 ft, right 0 ft, front 5 ft, rear 5 ft"
DEEP = "3 bhk, 20x60 ft plot, Pune, on one floor"
CORNER = "3 bhk, 25x50 ft corner plot, Indore, on 2 floors"
CODECS: tuple[Codec, ...] = ("tree", "coordinates")
BOTH: tuple[Side, ...] = ("left", "right")
# The living room at the street; behind it a hall with a bedroom at its left that looks to the left alone.
TOPOLOGY = ["h", "living", ["v", ["h", "master", "bed"], "hall", ["h", "bath", "kitchen"]]]


def walled(words: str, *sides: Side) -> Brief:
    brief = read_words(words).brief
    return brief.model_copy(update={"plot": brief.plot.model_copy(update={"party_walls": sides or None})})


def looks(design: Design) -> set[str]:
    """The sides to which windows look that are in a side wall."""
    at = {design.footprint.x: "left", design.footprint.right: "right"}
    return {
        at[window.x] for level in design.levels for window in level.windows if window.along == "y" and window.x in at
    }


@pytest.mark.parametrize("words", [ONE_FLOOR, TWO_FLOORS])
@pytest.mark.parametrize("sides", [(), ("left",), ("right",), BOTH])
def test_no_window_looks_at_a_neighbours_wall(words: str, sides: tuple[Side, ...]) -> None:
    brief, seen = walled(words, *sides), set()
    for seed in range(2):
        design = solve(brief, seed)
        assert violations(design, brief) == []
        seen |= looks(design)
    assert seen == set(BOTH) - set(sides)


@pytest.mark.parametrize("sides", [("left",), ("right",), BOTH])
def test_none_does_on_a_plot_that_lacks_a_corner(sides: tuple[Side, ...]) -> None:
    brief = walled(TWO_FLOORS.replace("plot", "L-shaped plot"), *sides)
    assert brief.plot.shape == "L_Shape"
    design = solve(brief, 0)
    assert violations(design, brief) == []
    assert not looks(design) & set(sides)


@pytest.mark.parametrize("side", BOTH)
def test_a_house_stands_at_its_one_party_wall(side: Side) -> None:
    brief = walled(TWO_FLOORS, side)
    print_ = solve(brief, 0).footprint
    assert print_.w < 38
    assert (print_.x == 0) if side == "left" else (print_.right == 38)


def test_between_two_neighbours_a_house_fills_the_gap() -> None:
    for words, width in ((ONE_FLOOR, 25), (TWO_FLOORS, 38), ("3 bhk, 20x30 ft plot, Pune, 2 floors", 20)):
        print_ = solve(walled(words, *BOTH), 0).footprint
        assert (print_.x, print_.w) == (0, width)


def test_a_design_away_from_its_party_wall_is_none_and_is_mended() -> None:
    alone = solve(walled(TWO_FLOORS, "left"), 0)
    brief = walled(TWO_FLOORS, *BOTH)
    assert {fault.kind for fault in violations(alone, brief)} == {"party_wall"}
    answer = json.loads(encode(alone))
    found = dimension(answer["levels"], brief, tuple(answer["size"]), replace=False)
    for made in (found, repair(alone, brief)):
        assert isinstance(made, Sized | Mended)
        assert (made.design.footprint.x, made.design.footprint.w) == (0, 38)
        assert violations(made.design, brief) == []


def test_a_street_door_in_a_party_wall_is_a_violation() -> None:
    design = solve(walled(ONE_FLOOR), 0)
    level = design.levels[0]
    wall = next(room for room in level.rooms if room.main.x == design.footprint.x)
    door = Door(a=wall.name, b=OUTSIDE, x=design.footprint.x, y=wall.main.y + 2, along="y", width_ft=3, open=False)
    brief = walled(ONE_FLOOR, "left")
    kinds = [fault.detail for fault in violations(solve(brief, 0), brief)]
    assert kinds == []
    added = design.model_copy(update={"levels": (level.model_copy(update={"doors": (*level.doors, door)}),)})
    assert any("its street door" in fault.detail for fault in violations(added, brief))


def test_the_side_street_of_a_corner_plot_has_windows() -> None:
    brief = read_words(CORNER).brief
    assert brief.plot.party_walls == ("left",) and brief.plot.side_street == "right"
    design = solve(brief, 0)
    assert violations(design, brief) == []
    assert looks(design) == {"right"}


def test_a_window_in_a_party_wall_is_a_violation_and_is_mended() -> None:
    design = solve(walled(ONE_FLOOR), 0)
    brief = walled(ONE_FLOOR, *BOTH)
    wrong = violations(design, brief)
    assert {fault.kind for fault in wrong} == {"party_wall"}
    assert any("its window at" in fault.detail for fault in wrong)
    mended = repair(design, brief)
    assert isinstance(mended, Mended)
    assert violations(mended.design, brief) == [] and not looks(mended.design)


def test_a_topology_whose_daylight_comes_from_the_sides_has_none_there() -> None:
    def fits(*sides: Side) -> bool:
        return not isinstance(dimension([TOPOLOGY], walled(rooms, *sides), replace=False), Infeasible)

    rooms = "2 bhk with 1 bath, 26x60 ft plot, Pune, on one floor"
    assert fits() and fits("right")
    assert not fits("left") and not fits(*BOTH)


def test_houses_of_many_kinds_keep_to_it() -> None:
    brief = walled(TWO_FLOORS, *BOTH)
    designs = list(several(brief, 0, 3))
    assert len({design.model_dump_json() for design in designs}) > 2
    assert all(not looks(design) for design in designs)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_deep_house_of_one_floor_has_a_court(seed: int) -> None:
    brief = walled(DEEP, *BOTH)
    design = solve(brief, seed)
    assert violations(design, brief) == []
    (level,) = design.levels
    (court,) = [room for room in level.rooms if room.type == "court"]
    assert min(court.main.w, court.main.d) >= 10
    into = {window.room for window in level.windows if _on_edge(court.main, window.x, window.y)}
    into |= {door.a if door.b == court.name else door.b for door in level.doors if court.name in (door.a, door.b)}
    assert into & {room.name for room in level.rooms if room.type in DAYLIT}
    for codec in CODECS:
        assert decode(encode(design, codec), brief, codec) == design
    answer = json.loads(encode(design))
    again = dimension(answer["levels"], brief, tuple(answer["size"]), replace=False)
    assert isinstance(again, Sized)
    assert "court" in {room.type for room in again.design.levels[0].rooms}


def _on_edge(box: Rect, x: float, y: float) -> bool:
    across, along = box.x <= x <= box.right, box.y <= y <= box.rear
    return (x in (box.x, box.right) and along) or (y in (box.y, box.rear) and across)


@pytest.mark.parametrize("sides", [(), ("left",)])
def test_a_house_that_looks_to_a_side_has_none(sides: tuple[Side, ...]) -> None:
    design = solve(walled(DEEP, *sides), 0)
    assert all(room.type != "court" for room in design.levels[0].rooms)


def test_the_door_leaves_room_for_a_window() -> None:
    """A living room with no more than its door's wall at the street, and none else, was taken for one with daylight."""
    brief = walled("3 bhk, 20x50 ft plot, Pune, on one floor", *BOTH)
    for seed in range(3):
        assert violations(solve(brief, seed), brief) == []


@pytest.mark.parametrize("sides", [["left"], ["right"], ["left", "right"]])
def test_a_checker_that_shares_no_code_finds_nothing(sides: list[str]) -> None:
    record = json.loads(json.dumps(RECORD))
    plot = record["input"]["plot"]
    plot |= {"width": 30.3, "is_corner_plot": 0, "party_walls": sides}
    plot["setbacks_ft"] |= dict.fromkeys(sides, 0)
    brief = parse_record(record)[1]
    design = solve(brief, 0).model_dump(mode="json")
    assert faults(design, record) == []
    alone = brief.model_copy(update={"plot": brief.plot.model_copy(update={"party_walls": None})})
    seen = [one for seed in range(3) for one in faults(solve(alone, seed).model_dump(mode="json"), record)]
    assert any("neighbour's" in one for one in seen)


def test_what_has_no_daylight_between_party_walls_is_refused() -> None:
    brief = walled("3 bhk, 20x40 ft plot, Pune, on one floor")
    assert looks(solve(brief, 0)) == set(BOTH)
    with pytest.raises(Rejected, match="its way and daylight between party walls: "):
        solve(walled("3 bhk, 20x40 ft plot, Pune, on one floor", *BOTH), 0)
