"""Tests for housebrain.language.grammar: random walks through it end, and end well."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from housebrain.house.brief import Brief, Plot, Rejected, RoomRequest, Setbacks
from housebrain.house.rooms import type_of
from housebrain.house.tree import boxes
from housebrain.language.grammar import HALL, HALL_BOXES, STAIRS, Grammar, State


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


def test_text_without_a_choice_is_forced() -> None:
    start = Grammar(brief(2, {"living_room": (1, 200), "kitchen": (1, 80)})).start
    text, behind = start.forced
    assert text == '{"size":['
    (text, behind) = behind.steps("40,40").forced  # type: ignore[union-attr]
    assert text == '],"levels":[["'  # a level of one room has no place for the stairs
    (text, behind) = behind.steps('v","stairs",20,"living').forced  # type: ignore[union-attr]
    assert text == '"'
    ended = behind.steps('],["v","kitchen",20,"stairs"')
    assert ended and ended.forced[0] == ""


def test_the_rules_by_example() -> None:
    start = Grammar(brief(1, {"living_room": (1, 200), "kitchen": (1, 80)})).start
    assert start.steps('{"size":[40,40],"levels":[["v","living",20,"kitchen"]]}').finished  # type: ignore[union-attr]
    refused = {  # what may stand, and what may not follow it
        '{"size":[6': "9",  # wider than the envelope
        '{"size":[1': "0",  # too narrow for the rooms
        '{"size":[40,40],"levels":[': '"',  # a level of one room has no place for the other
        '{"size":[40,40],"levels":[["v","': "s",  # stairs on a single floor
        '{"size":[40,40],"levels":[["v","living",4': "0",  # a cut at the edge
        '{"size":[40,40],"levels":[["v","living",20,"': "b",  # a bath that nobody asked for
        '{"size":[40,40],"levels":[["v",': '["v"',  # one list has all cuts of its direction
        '{"size":[40,40],"levels":[["v",["h","living",20,["v","hall",30,"kitchen"]],3': "0",  # before a cut within
        '{"size":[40,40],"levels":[["v","living",20,"kitchen"]': ",",  # a second floor
    }
    for before, after in refused.items():
        assert start.steps(before), before
        assert start.steps(before + after) is None, before + after


def test_a_brief_with_more_rooms_than_strips_is_refused() -> None:
    with pytest.raises(Rejected, match="no space"):
        Grammar(brief(1, {"bedroom": (12, 60)}, width_ft=12, length_ft=14))
