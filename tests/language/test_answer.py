import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housebrain.house.brief import Brief
from housebrain.house.design import Design
from housebrain.house.tree import boxes
from housebrain.language.answer import Codec, DecodeError, _layout
from housebrain.language.designs import decode, encode
from housebrain.language.prompt import messages
from housebrain.rules.assemble import assemble
from houses import solved_houses
from strategies import briefs, trees

CODECS: list[Codec] = ["tree", "coordinates"]


@st.composite
def any_designs(draw: st.DrawFn) -> tuple[Brief, Design]:
    """Designs of any layout that straight cuts can make, sensible or not, rooms in several places among them."""
    brief = draw(briefs())
    size = draw(st.integers(48, 160)), draw(st.integers(48, 160))
    names = [room.name for room in brief.wanted_rooms]
    layouts = []
    for _ in range(draw(st.integers(1, 3))):
        leaves = draw(st.lists(st.sampled_from([*names, "hall", "stairs"]), min_size=1, max_size=8))
        layouts.append(boxes(draw(trees((0, 0, *size), leaves)), (0, 0, *size)))
    return brief, assemble(size, layouts, brief)


@pytest.mark.parametrize("codec", CODECS)
@given(any_designs())
def test_decoding_an_encoded_design_gives_it_back(codec: Codec, case: tuple[Brief, Design]) -> None:
    brief, design = case
    assert decode(encode(design, codec), brief, codec) == design


def test_the_codecs_tell_the_same_design() -> None:
    for _, brief, design in solved_houses():
        assert decode(encode(design, "tree"), brief, "tree") == decode(
            encode(design, "coordinates"), brief, "coordinates"
        )


def test_the_answer_is_one_compact_json_object() -> None:
    for _, _, design in solved_houses():
        answer = encode(design)
        assert answer == json.dumps(json.loads(answer), separators=(",", ":"))
        assert set(json.loads(answer)) == {"size", "levels"}


@given(any_designs(), st.sampled_from(["luxury", "basic"]))
def test_what_a_brief_chooses_is_built_and_not_written(case: tuple[Brief, Design], quality: str) -> None:
    brief, design = case
    choosing = brief.model_copy(update={"choices": {"exterior": "Stone", "heating": "Hydronic", "quality": quality}})
    chosen = decode(encode(design), choosing)
    assert (chosen.materials.exterior, chosen.site.heating, chosen.quality) == ("Stone", "Hydronic", quality)
    assert chosen.materials.roof == design.materials.roof
    assert encode(chosen) == encode(design)


@given(briefs())
def test_the_prompt_names_every_room_with_its_area(brief: Brief) -> None:
    system, user = messages(brief)
    assert (system["role"], user["role"]) == ("system", "user")
    assert json.loads(user["content"])["rooms"] == {room.name: room.min_area_sqft for room in brief.wanted_rooms}


def answer_with(**changes: Any) -> str:
    answer = {"size": [30, 20], "levels": [["v", "living", 10, "hall", 14, "kitchen"]]}
    return json.dumps(answer | changes)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "json"),
        ("Sure! Here is", "json"),
        (answer_with()[:-5], "json"),
        ("[" * 100_000, "json"),
        (answer_with(size=[30, float("nan")]), "json"),
        ("[]", "schema"),
        ("{}", "schema"),
        (answer_with(extra=1), "schema"),
        (answer_with(size=[30]), "schema"),
        (answer_with(size=[30, "20"]), "schema"),
        (answer_with(size=[30, 10**9]), "schema"),
        (answer_with(levels=[]), "schema"),
        (answer_with(levels={"a": 1}), "schema"),
        (answer_with(quality="good"), "schema"),
        (answer_with(size=[30.5, 20]), "schema"),
        (answer_with(levels=[["v", "living", 40, "hall"]]), "layout"),
        (answer_with(levels=[["v", "living", 10, "dungeon"]]), "layout"),
        (answer_with(levels=[{"living": 1}]), "layout"),
    ],
)
@given(briefs())
def test_what_is_no_answer_is_refused_with_its_kind(text: str, kind: str, brief: Brief) -> None:
    with pytest.raises(DecodeError) as error:
        decode(text, brief)
    assert error.value.kind == kind


@given(st.text(max_size=200), briefs())
def test_any_text_decodes_or_is_refused(text: str, brief: Brief) -> None:
    with pytest.raises(DecodeError):
        decode(text, brief)


@pytest.mark.parametrize("place", ["-1", "2001", "1" + "0" * 300, "1" + "0" * 400, "1.0", "true"])
def test_a_place_that_is_far_off_is_refused(place: str) -> None:
    """Such as a model writes that repeats a digit; a number of 400 digits has no floating-point number."""
    _, brief, _ = solved_houses()[0]
    with pytest.raises(DecodeError, match="kitchen: x, y, width and depth") as raised:
        decode(f'{{"size":[20,20],"levels":[[["kitchen",0,{place},10,10]]]}}', brief, "coordinates")
    assert raised.value.kind == "layout"


def test_a_name_of_half_a_character_is_refused_in_words_that_can_be_stored() -> None:
    _, brief, _ = solved_houses()[0]
    levels: list[tuple[Codec, str]] = [("tree", '"\\ud800"'), ("coordinates", '[["\\ud800",0,0,1,1]]')]
    for codec, level in levels:
        with pytest.raises(DecodeError) as raised:
            decode(f'{{"size":[20,20],"levels":[{level}]}}', brief, codec)
        assert "ud800" in str(raised.value)
        str(raised.value).encode()


def test_a_tree_deeper_than_calls_may_be_is_refused() -> None:
    node: Any = "bed"
    for cut in range(1999, 0, -1):
        node = ["v", "bed", cut, node]
    with pytest.raises(DecodeError, match="layout: too many cuts within cuts"):
        _layout(node, (2000, 2000), "tree")
