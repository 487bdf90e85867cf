"""Tests for housebrain.language.grammar: random walks through it end, and end well."""

import json
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from housebrain.house.brief import Brief, Plot, Rejected, RoomRequest, Setbacks
from housebrain.house.rooms import type_of
from housebrain.house.tree import Box, boxes
from housebrain.house.units import GRID_FT
from housebrain.language.designs import encode
from housebrain.language.fitting import LONG, SHORT, WALL
from housebrain.language.grammar import HALL, HALL_BOXES, STAIRS, Choice, Grammar, State
from housebrain.language.written import Written
from houses import solved_houses


def brief(
    floors: int, rooms: dict[str, tuple[int, float]], width_ft: float = 40, length_ft: float = 50,
    shape: str = "Rectangle",
) -> Brief:  # fmt: skip
    """Rooms by type: how many, and the least area of each."""
    setbacks = Setbacks(front_ft=5, rear_ft=3, left_ft=3, right_ft=3)
    plot = Plot(
        length_ft=length_ft, width_ft=width_ft, shape=shape, orientation="E", slope_degrees=0,
        is_corner=False, setbacks=setbacks,
    )  # fmt: skip
    wanted = tuple(
        RoomRequest.model_validate({"type": kind, "count": count, "min_area_sqft": area})
        for kind, (count, area) in rooms.items()
    )
    return Brief(
        style="Modern", bedrooms=2, bathrooms=2, floors=floors, budget_usd=1e5, plot=plot, rooms=wanted,
        region="Asia_India", climate_zone="Temperate",
    )  # fmt: skip


BRIEFS = st.builds(
    brief,
    floors=st.integers(1, 4),
    rooms=st.dictionaries(
        st.sampled_from(["living_room", "kitchen", "master_bedroom", "bedroom", "bathroom", "store", "balcony"]),
        st.tuples(st.integers(1, 4), st.floats(20, 300)),
        min_size=1,
    ),
    width_ft=st.floats(10, 60),
    length_ft=st.floats(18, 80),
    shape=st.sampled_from(["Rectangle", "L_Shape", "Irregular"]),
)


def walk(state: State, rng: random.Random) -> str:
    """A text of the grammar, each choice made at random: with equal chances for each character."""
    text = ""
    while not state.finished:
        character = rng.choice(sorted({choice[0] for choice, _ in state.choices}))
        following = state.step(character)
        assert following, f"{character} after {text}"
        text, state = text + character, following
    return text


@pytest.mark.long
@settings(deadline=None, max_examples=120)
@given(BRIEFS, st.integers(0, 2**32))
def test_whatever_is_written_can_be_completed_and_has_the_briefs_rooms(wanted: Brief, seed: int) -> None:
    try:
        grammar = Grammar(wanted)
    except Rejected:
        leaves = len(wanted.wanted_rooms) + 2
        assert all(max(berth.w, berth.d) < leaves or min(berth.w, berth.d) < 2 for berth in wanted.berths)
        return
    answer = json.loads(walk(grammar.start, random.Random(seed)))
    assert set(answer) == {"size", "levels"}
    assert min(answer["size"]) >= 2
    assert wanted.berth_of(*answer["size"])
    assert len(answer["levels"]) == wanted.floors
    levels = [[name for name, _ in boxes(level, (0, 0, *answer["size"]))] for level in answer["levels"]]
    names = {room.name for room in wanted.wanted_rooms}
    for name in names:
        assert sum(name in level for level in levels) == 1
    for level in levels:
        assert level.count(STAIRS) == (wanted.floors > 1)
        assert level.count(HALL) <= HALL_BOXES
        assert {name for name in level if name not in names} <= {"hall", "stairs", "terrace", "porch", "court"}
        assert all(type_of(name) for name in level)
    if len(names) >= wanted.floors:
        assert all(names & set(level) for level in levels)


def levels_of(text: str) -> list[list[tuple[str, Box]]]:
    answer = json.loads(text)
    return [boxes(level, (0, 0, *answer["size"])) for level in answer["levels"]]


def shared_wall(one: Box, other: Box) -> int:
    """The length of wall that two boxes have in common, in steps."""
    apart = [max(one[a], other[a]) - min(one[a] + one[a + 2], other[a] + other[a + 2]) for a in (0, 1)]
    return -min(apart) if max(apart) == 0 else 0


def keeps_to_the_wishes(text: str, wanted: Brief) -> bool:
    """Whether stairs stand in one box, no box is a sliver, and boxes of a room hang together."""
    least = {room.name: room.min_area_sqft / GRID_FT**2 for room in wanted.wanted_rooms}
    stairs = set()
    for level in levels_of(text):
        seen: dict[str, list[Box]] = {}
        for name, box in level:
            if name == STAIRS:
                stairs.add(box)
            if min(box[2], box[3]) < min(WALL, 0.6 * least.get(name, math.inf) ** 0.5):
                return False
            if name in least and name in seen and max(shared_wall(box, one) for one in seen[name]) < WALL:
                return False
            seen.setdefault(name, []).append(box)
    return len(stairs) <= 1 and all(sorted(box[2:]) == [SHORT, LONG] for box in stairs)


class Watched(Grammar):
    """Counts the places where nothing that may follow keeps to the wishes."""

    forsaken = 0

    def _among(self, at: Written, choices: list[Choice]) -> State:
        self.forsaken += not any(self.fitting.keeps(at, choice.after) for choice in choices)
        return super()._among(at, choices)


@pytest.mark.long
def test_walks_keep_to_the_wishes_wherever_something_does() -> None:
    kept = 0
    for seed in range(60):
        rng = random.Random(seed)
        rooms = {"living_room": (1, 200.0), "kitchen": (1, 90.0), "bedroom": (2, 120.0), "bathroom": (1, 45.0)}
        wanted = brief(
            1 + seed % 3,
            rooms,
            rng.uniform(45, 60),
            rng.uniform(55, 80),
        )
        grammar = Watched(wanted)
        text = walk(grammar.start, rng)
        kept += not grammar.forsaken
        assert grammar.forsaken or keeps_to_the_wishes(text, wanted), text
    assert kept >= 2  # the others ran out of space: they go on without wishes


@pytest.mark.long
def test_answers_of_the_solver_are_in_the_grammar() -> None:
    """But for what it has no words for, or would not write: a third box of a room, a fuller ground floor."""
    inside = 0
    for _, wanted, design in solved_houses():
        inside += Grammar(wanted).start.steps(encode(design)) is not None
    assert inside >= 0.75 * len(solved_houses())


def test_the_stairs_of_upper_levels_stand_where_those_below_do() -> None:
    start = Grammar(brief(2, {"living_room": (1, 200), "kitchen": (1, 80)})).start
    below = '{"size":[40,40],"levels":[["v",["h","stairs",20,"hall"],13,"living"],'
    assert start.steps(below + '["v",["h","stairs",20,"hall"],13,"kitchen"]]}')
    assert start.steps(below + '["h",["v","stairs",13,"kitchen"],20,"hall"]]}')
    refused = {
        '["v",': '"k',  # the corner is the stairs'
        '["v",["h","stairs",': "19",  # not as deep
        '["v",["h","stairs",20,"hall"],': "14",  # wider
        '["h",["v","stairs",13,"kitchen"],': "21",  # deeper
    }
    for before, after in refused.items():
        assert start.steps(below + before), before
        assert start.steps(below + before + after) is None, before + after


def test_text_without_a_choice_is_forced() -> None:
    start = Grammar(brief(2, {"living_room": (1, 200), "kitchen": (1, 80)})).start
    text, behind = start.forced
    assert text == '{"size":['
    (text, behind) = behind.steps("40,40").forced  # type: ignore[union-attr]
    assert text == '],"levels":[["'  # a level of one room has no place for the stairs
    (text, behind) = behind.steps('v",["h","stairs",20,"hall"],13,"living').forced  # type: ignore[union-attr]
    assert text == '"'
    ended = behind.steps('],["v",["h","stairs",20,"hall"],13,"kitchen"')
    assert ended and ended.forced[0] == ""


def test_the_rules_by_example() -> None:
    start = Grammar(brief(1, {"living_room": (1, 200), "kitchen": (1, 80)})).start
    assert start.steps('{"size":[40,40],"levels":[["v","living",20,"kitchen"]]}').finished  # type: ignore[union-attr]
    refused = {  # what may stand, and what may not follow it
        '{"size":[6': "9",  # wider than the envelope
        '{"size":[1': "0",  # too narrow for the rooms
        '{"size":[40,40],"levels":[': '"',  # a level of one room has no place for the other
        '{"size":[40,40],"levels":[["v","': "s",  # stairs on a single floor
        '{"size":[40,40],"levels":[["v","living",': "40",  # a cut at the edge
        '{"size":[40,40],"levels":[["v","living",2': "9",  # too narrow a part behind the cut
        '{"size":[40,40],"levels":[["v","living",20,"': "b",  # a bath that nobody asked for
        '{"size":[40,40],"levels":[["v",': '["v"',  # one list has all cuts of its direction
        '{"size":[40,40],"levels":[["v",["h","living",20,["v","hall",13,"kitchen"]],': "12",  # before a cut within
        '{"size":[40,40],"levels":[["v","living",20,"kitchen"]': ",",  # a second floor
    }
    for before, after in refused.items():
        assert start.steps(before), before
        assert start.steps(before + after) is None, before + after


def test_a_brief_with_more_rooms_than_strips_is_refused() -> None:
    with pytest.raises(Rejected, match="no space"):
        Grammar(brief(1, {"bedroom": (12, 60)}, width_ft=12, length_ft=14))
