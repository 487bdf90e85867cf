"""Tests for housebrain.evaluation.metrics."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housebrain.evaluation.metrics import Answered, Verdict, judge, loss_measure, measures
from housebrain.house.brief import Brief, Plot, RoomRequest, Setbacks
from housebrain.language.answer import Codec
from housebrain.language.designs import decode, encode
from housebrain.language.samples import Sample
from housebrain.rules.checks import requirements
from houses import solved_houses
from strategies import trees

# An envelope of 30 x 35 ft.
BRIEF = Brief(
    style="Modern",
    bedrooms=1,
    bathrooms=1,
    floors=1,
    budget_usd=500_000,
    plot=Plot(
        length_ft=50,
        width_ft=40,
        shape="Rectangle",
        orientation="S",
        slope_degrees=0,
        is_corner=False,
        setbacks=Setbacks(front_ft=10, rear_ft=5, left_ft=5, right_ft=5),
    ),
    rooms=(
        RoomRequest(type="living_room", count=1, min_area_sqft=200),
        RoomRequest(type="kitchen", count=1, min_area_sqft=100),
        RoomRequest(type="master_bedroom", count=1, min_area_sqft=150),
        RoomRequest(type="bathroom", count=1, min_area_sqft=40),
    ),
    region="EU_UK",
    climate_zone="Temperate",
)
# 26 x 24 ft, in half feet.
REFERENCE = {
    "size": [52, 48],
    "levels": [["h", ["v", "living", 32, "kitchen"], 28, ["v", "master", 32, "bath"]]],
}
# The same rooms by place.
ROOMS: list[list[Any]] = [
    ["living", 0, 0, 32, 28],
    ["kitchen", 32, 0, 20, 28],
    ["master", 0, 28, 32, 20],
    ["bath", 32, 28, 20, 20],
]
NOTHING = Verdict(False, False, False, False, False, 0.0, 0.0, False, "")


def answer(**changes: Any) -> str:
    return json.dumps(REFERENCE | changes)


def judged(text: str, codec: Codec = "tree") -> Verdict:
    reference = answer() if codec == "tree" else answer(levels=[ROOMS])
    return judge(text, Sample("T-1", BRIEF, reference), codec, "auto")


@pytest.mark.parametrize(
    ("codec", "text"), [("tree", answer()), ("coordinates", answer(levels=[ROOMS]))], ids=["tree", "coordinates"]
)
def test_the_reference_meets_everything(codec: Codec, text: str) -> None:
    assert judged(text, codec) == Verdict(True, True, True, True, True, 1.0, 1.0, True, "")


def test_the_solvers_designs_meet_everything() -> None:
    """The oracle: whoever answers as the solver does gets full marks, but for codes that the solver doesn't know."""
    for _, brief, design in solved_houses():
        text = encode(design)
        verdict = judge(text, Sample("T-1", brief, text), "tree", "auto")
        assert verdict._replace(codes=1.0) == Verdict(True, True, True, True, True, 1.0, 1.0, True, "")


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("", "json"),
        ("Sure! Here is your house.", "json"),
        (answer()[:-1], "json"),
        ("{}", "schema"),
        (answer(size="large"), "schema"),
        (answer(quality="good"), "schema"),
        (answer(levels=[["v", "living", 99, "kitchen"]]), "layout"),
        (answer(levels=[["v", "living", 10, "dungeon"]]), "layout"),
    ],
)
def test_an_answer_that_is_no_design_is_worth_what_it_got_to_and_no_more(text: str, stage: str) -> None:
    verdict = judged(text)
    expected = NOTHING._replace(json_valid=stage != "json", schema_valid=stage == "layout", message=verdict.message)
    expected = expected._replace(faults=(f"no valid {stage}",))
    assert verdict == expected
    assert verdict.message.startswith(stage)


def test_coordinates_that_overlap_are_seen() -> None:
    """The kitchen moved two feet over the living room: both are lost, and nothing else is."""
    moved = [["kitchen", 28, 0, 20, 28] if room[0] == "kitchen" else room for room in ROOMS]
    verdict = judged(answer(levels=[moved]), "coordinates")
    assert (verdict.decoded, verdict.zero_overlap, verdict.valid) == (True, False, False)
    assert "overlap living, kitchen" in verdict.message
    met = requirements(decode(answer(levels=[moved]), BRIEF, "coordinates"), BRIEF)
    assert {name for name, is_met in met.items() if not is_met} >= {"room:living", "room:kitchen"}
    assert verdict.requirements == sum(met.values()) / len(met)


def test_a_missing_room_costs_its_requirements() -> None:
    """Eleven requirements: floors, envelope, budget, and two for each of four rooms."""
    verdict = judged(answer(levels=[["h", ["v", "living", 32, "kitchen"], 28, "master"]]))
    assert (verdict.decoded, verdict.zero_overlap, verdict.valid) == (True, True, False)
    assert verdict.requirements == pytest.approx(9 / 11)
    assert "missing_room bath" in verdict.message


def test_a_room_against_the_code_is_counted() -> None:
    """A bedroom of 7.43 m2, where the UK's space standard asks for 7.5."""
    narrow = judged(answer(levels=[["h", ["v", "living", 32, "kitchen"], 28, ["v", "master", 16, "bath"]]]))
    assert 0 < narrow.codes < 1


def test_a_house_without_a_room_that_the_code_speaks_of_passes_no_rule() -> None:
    """A lone living room in the UK, whose rules are about bedrooms, stairs and the areas of larger homes."""
    verdict = judged(answer(levels=["living"]))
    assert verdict.decoded
    assert verdict.codes == 0


@pytest.mark.parametrize(("size", "close"), [([52, 48], True), ([54, 48], True), ([52, 36], False), ([60, 60], False)])
def test_cost_is_close_within_a_tenth(size: list[int], close: bool) -> None:
    """In one quality and of the same materials 4% more area is close, and a quarter less is not: baths stay."""
    assert judged(answer(size=size)).cost_close == close


def test_unparsed_answers_stay_in_every_mean() -> None:
    sample = Sample("T-1", BRIEF, answer())
    answers = [Answered(sample, 0.5, 100, text, judged(text)) for text in (answer(), "{", "[]", "no")]
    means = {name: measure.mean for name, measure in measures(answers).items()}
    assert means == {
        "eval_loss": 0.5,
        "json_validity": 0.5,
        "schema_validity": 0.25,
        "decoded": 0.25,
        "zero_overlap": 0.25,
        "design_validity": 0.25,
        "design_accuracy": 0.25,
        "compliance": 0.25,
        "cost_within_10pct": 0.25,
    }


def test_in_a_loss_each_token_counts_the_same() -> None:
    assert loss_measure([1.0, 2.0], [300, 100]).mean == 1.25


LEAVES = st.lists(st.sampled_from(["living", "kitchen", "master", "bath", "bath2", "hall", "stairs"]), min_size=1)


@given(levels=st.lists(LEAVES.flatmap(lambda names: trees((0, 0, 40, 40), names[:6])), min_size=1, max_size=3))
def test_any_layout_gets_a_verdict(levels: list[Any]) -> None:
    verdict = judged(answer(size=[40, 40], levels=levels))
    assert verdict.zero_overlap
    assert 0 <= verdict.requirements <= 1
    assert 0 <= verdict.codes <= 1
    assert verdict.valid == (not verdict.message)
