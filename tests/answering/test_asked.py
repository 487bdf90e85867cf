"""Tests for housebrain.answering.asked."""

import json
import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from housebrain.answering.asked import on_enough_floors, read_asked, read_given, solve_asked
from housebrain.dataset.generate import generate_records
from housebrain.dataset.v5 import parse_record
from housebrain.errors import UserError
from housebrain.house.brief import Brief, Rejected
from housebrain.rules.checks import violations

WORDS = "2 bedroom house, 30x40 ft plot facing east, Pune, 30 lakh"
RECORD = next(iter(generate_records(1, seed=3))).text.decode()


def test_words_a_brief_and_a_record_are_told_apart(tmp_path: Path) -> None:
    asked = read_asked(WORDS, {})
    assert asked.words == WORDS and asked.assumed
    brief = parse_record(orjson.loads(RECORD))[1]
    assert read_asked(RECORD, {}).brief == brief
    assert read_asked(brief.model_dump_json(), {}).brief == brief
    assert read_asked(json.dumps({"words": WORDS, "brief": asked.brief.model_dump()}), {}).brief == asked.brief
    for name, content in (("record.json", RECORD), ("words.txt", WORDS)):
        (tmp_path / name).write_text(content)
        assert read_given(str(tmp_path / name), {}).brief == (brief if content == RECORD else asked.brief)


def test_words_of_many_bytes_are_no_name_of_a_file() -> None:
    """A letter of Devanagari takes three bytes: as letters these words are short enough for a name."""
    words = f"3 bedroom house, 40x60 ft plot facing east, Bengaluru, 60 lakh {'घर ' * 50}"
    assert len(words) < 255 < len(words.encode())
    assert read_given(words, {}).brief == read_asked(words, {}).brief


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("no-such-brief.json", "no-such-brief.json: no such file"),
        ("{", "not valid JSON"),
        ('{"plot": {}, "rooms": []}', "field style: Field required"),
        ("{}", "it is neither a brief, which has `plot` and `rooms`, nor a record"),
        ('{"id": "A"}', "field input: Field required"),
        ('{"levels": [], "footprint": {}}', "it is a design. Give the brief"),
        ("[1]", "the brief: record without id, field record"),
        ("hello there", "does not say what house"),
    ],
)
def test_what_is_none_of_them_is_refused_in_one_sentence(given: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as refused:
        read_given(given, {})
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "reason", "words"),
    [
        ({"region": "asia_india"}, "unknown_choice", "region: 'asia_india' is not known. Known: US_West"),
        ({"bedrooms": 9}, "bedrooms_contradict", "asks for 9 bedrooms, its room list has 2"),
        ({"choices": {"roof": "Thatch"}}, "unknown_choice", "'Thatch' is not known"),
    ],
)
def test_a_brief_that_the_tables_do_not_know_is_refused(change: dict[str, Any], reason: str, words: str) -> None:
    brief = read_asked(WORDS, {}).brief.model_dump(mode="json") | change
    with pytest.raises(Rejected, match=re.escape(words)) as refused:
        read_asked(json.dumps(brief), {})
    assert refused.value.reason == reason


def test_flags_go_with_words_only() -> None:
    assert read_asked(WORDS, {"floors": "2", "city": None}).brief.floors == 2
    with pytest.raises(UserError, match="--floors set what words leave open"):
        read_asked(RECORD, {"floors": "2", "city": None})


def test_a_brief_whose_setbacks_take_the_plot_is_rejected() -> None:
    content = read_asked(WORDS, {}).brief.model_dump(mode="json")
    content["plot"]["setbacks"]["front_ft"] = 90
    with pytest.raises(Rejected, match="setbacks_over_plot"):
        read_asked(json.dumps(content), {})


def test_alternatives_are_different_valid_houses() -> None:
    asked, houses = solve_asked(read_asked("3 bhk, 40x60, Pune", {}), 0, 3)
    assert len({house.model_dump_json() for house in houses}) == len(houses) == 3
    assert all(violations(house, asked.brief) == [] for house in houses)


@pytest.mark.long
def test_floors_that_words_leave_open_are_as_many_as_the_solver_needs() -> None:
    narrow = "3 bedrooms, plot 6 m x 25 m, setbacks 0.3 m on all sides, Frankfurt"
    asked = read_asked(narrow, {})
    assert asked.brief.floors == 1
    with pytest.raises(Rejected):
        solve_asked(read_asked(narrow, {"floors": 1}), 0, 1)
    found, houses = solve_asked(asked, 0, 1)
    assert found.brief.floors == len(houses[0].levels) > 1
    assert ("floors", str(found.brief.floors), "on fewer no arrangement was found") in found.assumed


def test_windows_in_party_walls_are_taken_where_nothing_else_gives_daylight() -> None:
    asked = read_asked("3 bhk, 20x40 ft plot, Pune, ground floor only", {})
    assert asked.brief.plot.party_walls == ("left", "right")
    found, (house,) = solve_asked(asked, 0, 1)
    assert found.brief.plot.party_walls is None and found.brief.floors == 1
    assert violations(house, found.brief) == []
    walls = [(one.value, one.why) for one in found.assumed if one.field == "walls"]
    assert walls == [
        ("with windows", "without them no arrangement has daylight everywhere; the town may not allow them")
    ]
    with pytest.raises(Rejected, match="between party walls"):
        solve_asked(read_asked(asked.brief.model_dump_json(), {}), 0, 1)


def test_windows_there_are_tried_on_more_floors_too() -> None:
    asked = read_asked("3 bhk, 15x30 ft plot, Pune", {})
    tried: list[tuple[int, bool]] = []

    def none(brief: Brief) -> None:
        tried.append((brief.floors, brief.plot.party_walls is None))
        raise Rejected("no_fit", "none")

    with pytest.raises(Rejected):
        on_enough_floors(asked, none)
    floors = [number for number, lit in tried if not lit]
    assert len(floors) > 1
    assert tried == [(number, lit) for lit in (False, True) for number in floors]


def test_a_neighbours_house_gets_no_windows_whatever_is_refused() -> None:
    asked = read_asked("3 bhk row house, 20x40 ft plot, Pune, ground floor only", {})
    with pytest.raises(Rejected, match="between party walls"):
        solve_asked(asked, 0, 1)


def test_floors_on_which_the_area_is_too_small_are_not_tried() -> None:
    """A stair more, and 400 sq ft hold no house: what stands is why there is none on one floor."""
    asked = read_asked("1 bedroom house of 400 sqft, Denver", {})

    def none(brief: Brief) -> None:
        raise Rejected("no_fit", f"none on {brief.floors}")

    with pytest.raises(UserError, match="400 sqft are too few"):
        read_asked("1 bedroom house of 400 sqft, Denver", {"floors": 2})
    with pytest.raises(Rejected, match="none on 1"):
        on_enough_floors(asked, none)
