"""Tests for housebrain.words.read: flags, what is assumed, and that nothing but a clear refusal comes of any text."""

import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from housebrain.errors import UserError
from housebrain.words.read import FLAGS, read_words
from housebrain.words.text import LONGEST
from words.meanings import phrasings

WORDS = "3 bedroom house, 40x60 ft plot facing east, Bengaluru, 60 lakh"
TABLE = phrasings(Path(__file__).with_name("phrasings.tsv"))
FRAGMENTS = sorted({part for phrasing in TABLE for part in phrasing.words.split()})


@pytest.mark.parametrize(
    ("flags", "field", "value"),
    [
        ({"floors": 2}, "floors", 2),
        ({"floors": "G+1"}, "floors", 2),
        ({"bathrooms": 3}, "bathrooms", 3),
        ({"bedrooms": "4"}, "bedrooms", 4),
        ({"city": "Leeds"}, "region", "EU_UK"),
        ({"climate": "hot and dry"}, "climate_zone", "Hot_Dry"),
        ({"style": "victorian"}, "style", "Victorian"),
        ({"budget": "$90k"}, "budget_usd", 90_000),
    ],
)
def test_a_flag_stands_whatever_the_words_say(flags: dict[str, object], field: str, value: object) -> None:
    assert getattr(read_words(WORDS, **flags).brief, field) == value


def test_flags_set_the_plot() -> None:
    plot = read_words(WORDS, plot="12m x 20m", facing="north west", setbacks="front 10 ft, sides 3 ft").brief.plot
    assert (plot.width_ft, plot.length_ft, plot.orientation) == (39.37, 65.62, "NW")
    assert (plot.setbacks.front_ft, plot.setbacks.left_ft, plot.setbacks.right_ft) == (10, 3, 3)


def test_what_a_flag_sets_is_no_longer_assumed() -> None:
    assumed = {one.field for one in read_words(WORDS).assumed}
    assert {"floors", "bathrooms", "style", "setbacks"} <= assumed
    flags = {"floors": 1, "bathrooms": 2, "style": "modern", "setbacks": "3 ft all around"}
    assert not set(flags) & {one.field for one in read_words(WORDS, **flags).assumed}


@pytest.mark.parametrize(
    ("walls", "party_walls", "sides"),
    [
        ("left", ("left",), (0, 3)),
        ("right", ("right",), (3, 0)),
        ("both", ("left", "right"), (0, 0)),
        ("none", None, (3, 3)),
    ],
)
def test_a_flag_says_where_neighbours_stand(walls: str, party_walls: object, sides: tuple[int, int]) -> None:
    words = "3 bhk, 20x40 ft plot, Pune"
    assumed = {one.field: one.value for one in read_words(words).assumed}
    assert assumed["walls"] == "no windows at the left and the right"
    reading = read_words(words, walls=walls)
    plot = reading.brief.plot
    assert plot.party_walls == party_walls
    assert (plot.setbacks.left_ft, plot.setbacks.right_ft) == sides
    assert "walls" not in {one.field for one in reading.assumed}
    open_sides = read_words(words, walls="none", setbacks="left 0 ft, right 0 ft").brief.plot
    assert open_sides.party_walls is None


def test_a_flag_that_says_nothing_is_refused_with_an_example() -> None:
    for name in FLAGS:
        with pytest.raises(UserError, match=rf"--{name} 'blah' was not understood. Write it as in"):
            read_words(WORDS, **{name: "blah"})
    with pytest.raises(UserError, match="no flag 'colour'"):
        read_words(WORDS, colour="red")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("99999999999999999999 x 40 ft plot", "99999999999999999999 x 40 ft"),
        ("40x60 ft, setbacks 99999999999999999999 ft", "setbacks 99999999999999999999 ft"),
        ("40x60 ft, front setback 1000000 ft", "front setback 1000000 ft"),
        ("40x60 ft on a 99999999999999999999 ft wide road", "99999999999999999999 ft wide"),
        ("40x60 ft, budget 999999999999999999999999 crore", "999999999999999999999999 crore"),
        ("40x60 ft, master 99999999999999999999 sqft", "99999999999999999999 sqft"),
    ],
)
def test_what_no_house_has_is_refused_by_its_words(words: str, said: str) -> None:
    with pytest.raises(UserError) as refused:
        read_words(f"3 bedroom house, {words}")
    assert said in str(refused.value)
    assert "pydantic" not in str(refused.value)


def test_a_misspelt_word_is_shown_as_it_was_read() -> None:
    assumed = read_words("3 bedrom house with kichen, 40x60").assumed
    assert [one.value for one in assumed if one.field == "spelling"] == ["bedroom", "kitchen"]


def test_what_has_no_place_in_a_brief_is_said() -> None:
    reading = read_words(f"{WORDS}, swimming pool, zorblax")
    assert ("swimming pool", "left out", "a brief has no place for it") in reading.assumed
    assert reading.not_understood == ["zorblax"]


def test_sizes_that_words_give_are_kept() -> None:
    rooms = read_words("3bhk 50x80, living room 15x20, kitchen of 150 sqft, Pune").brief.rooms
    assert {room.type: room.min_area_sqft for room in rooms if room.type in ("living_room", "kitchen")} == {
        "living_room": 300,
        "kitchen": 150,
    }


def test_the_same_words_are_read_the_same() -> None:
    assert read_words(WORDS) == read_words(WORDS)


def _read(text: str) -> None:
    """Reads a text, which ends in a brief or in one clear sentence."""
    try:
        reading = read_words(text)
    except UserError as error:
        assert 10 < len(str(error)) < 600
        return
    brief = reading.brief
    assert min(brief.envelope_ft) > 0
    assert brief.bathrooms == sum(room.count for room in brief.rooms if room.type == "bathroom")
    assert all("\x01" not in word for word in reading.not_understood)


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=300))
def test_any_text_ends_in_a_brief_or_a_refusal(text: str) -> None:
    _read(text)


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=40))
def test_any_words_that_people_use_end_in_a_brief_or_a_refusal(words: list[str]) -> None:
    _read(" ".join(words))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(TABLE), st.randoms(use_true_random=False))
def test_a_phrasing_with_letters_struck_out_or_turned_is_no_fault(phrasing: object, rng: random.Random) -> None:
    letters = list(phrasing.words)  # type: ignore[attr-defined]
    for _ in range(min(4, len(letters))):
        place = rng.randrange(len(letters))
        letters[place] = rng.choice(["", letters[place] * 2, rng.choice("0123456789xX'\"-+,.₹$ ")])
    _read("".join(letters))


@pytest.mark.parametrize(
    "again", ["up to ", "road to the ", "north and ", "big large ", "40 x ", "1,", "(", "' ", "g+1 "]
)
def test_a_word_said_again_and_again_takes_no_longer(again: str) -> None:
    """A pattern that can match one text in many ways takes seconds for it, or for ever."""
    begun = time.process_time()
    for start in ("", "budget ", "3 bhk 30x40 facing "):
        _read((start + again * LONGEST)[:LONGEST])
    assert time.process_time() - begun < 3


def test_too_long_a_text_is_refused() -> None:
    with pytest.raises(UserError, match="characters long"):
        read_words("house " * LONGEST)


def setbacks(words: str, **flags: str) -> tuple[float, float, float, float, str]:
    read = read_words(words, **flags)
    own = read.brief.plot.setbacks
    why = next((one.why for one in read.assumed if one.field == "setbacks"), "")
    return own.front_ft, own.rear_ft, own.left_ft, own.right_ft, why


def test_setbacks_that_nobody_said_are_the_citys_own() -> None:
    *sides, why = setbacks(WORDS)
    assert sides == [7.5, 5, 3.5, 3.5]
    assert why.startswith("as Bengaluru RMP 2015 has them")


def test_those_that_were_said_stay() -> None:
    assert setbacks(WORDS, setbacks="front 3 ft, left 2 ft")[:4] == (3, 5, 2, 3.5)
    assert setbacks(WORDS, setbacks="2 ft all around") == (2, 2, 2, 2, "")


@pytest.mark.parametrize(
    "words",
    [
        "3 bhk, 20x30 ft plot, Bengaluru",  # built from side to side, as such plots are
        "6 bhk on 1 floor, 40x60 ft plot, Bengaluru",  # too many rooms for what would be left
        "3 bhk, L-shaped 40x60 ft plot, Bengaluru",
        "3 bhk, 40x60 ft plot, Pune",
    ],
)
def test_elsewhere_they_are_the_usual_ones(words: str) -> None:
    assert setbacks(words)[4].startswith("as is usual there")
