"""Tests for housebrain.answering.mending: whatever is written, the nearest valid design or a refusal comes back."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from design_checker import faults
from housebrain.answering.mending import nearby
from housebrain.answering.mending.arrange import Leaf, arrange
from housebrain.answering.mending.draft import Draft, read_draft
from housebrain.answering.mending.edits import edits, placed
from housebrain.answering.mending.fitness import NEVER
from housebrain.answering.mending.fitness import faults as level_faults
from housebrain.answering.mending.mend import Mended, repair
from housebrain.answering.mending.nearby import BARREN
from housebrain.answering.mending.openings import misplaced, openings_fit
from housebrain.answering.mending.usable import usable
from housebrain.house.brief import Brief
from housebrain.house.design import OUTSIDE
from housebrain.house.tree import boxes
from housebrain.language.answer import Codec
from housebrain.language.designs import encode
from housebrain.rules.checks import violations
from housebrain.solver.house import Infeasible
from housebrain.solver.solve import several
from houses import Solved, solved_houses
from perturbed import WAYS, spoilt
from rules.test_checks import BRIEF, GOOD, design_of
from strategies import trees


def plain(rooms: list[Any], size: tuple[float, float] = (24, 28)) -> dict[str, Any]:
    """The JSON of a design of one level."""
    content: dict[str, Any] = design_of([rooms], size=size).model_dump(mode="json")
    return content


def mended(draft: Any, brief: Brief = BRIEF) -> Mended:
    found = repair(draft, brief)
    assert isinstance(found, Mended), found
    assert violations(found.design, brief) == []
    return found


def small_house() -> Solved:
    return min(solved_houses(), key=lambda house: len(house.brief.wanted_rooms))


def test_a_valid_design_comes_back_unchanged_in_every_form() -> None:
    for _, brief, design in solved_houses():
        content = design.model_dump(mode="json")
        for draft in (design, content, json.dumps(content), json.dumps(content).encode()):
            found = repair(draft, brief)
            assert isinstance(found, Mended)
            assert found.design == design
            assert not found.changed
            assert len(found.rooms) == sum(len(level.rooms) for level in design.levels)


def test_a_few_floors_that_no_change_helps_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = _looked_at(monkeypatch, works=False)
    bedrooms = next(room for room in BRIEF.rooms if room.type == "master_bedroom").model_copy(update={"count": 3})
    repair(design_of([GOOD]), BRIEF.model_copy(update={"rooms": (*BRIEF.rooms, bedrooms)}))
    assert 1 <= sum(number > 1 for number in looked) <= 2 * BARREN


def test_mending_ends_when_it_is_told_to() -> None:
    class GoneError(Exception):
        pass

    def check() -> None:
        raise GoneError

    with pytest.raises(GoneError):
        repair(plain([*GOOD[:2], ["master", 0, 16, 18, 12], GOOD[3]]), BRIEF, check)


def _looked_at(monkeypatch: pytest.MonkeyPatch, works: bool = True) -> list[int]:
    """How many arrangements are looked at, each time; with `works` false none of them is said to work."""
    looked: list[int] = []

    def counted(trees: list[Any], *rest: Any) -> list[bool]:
        looked.append(len(trees))
        return [works and fine for fine in usable(trees, *rest)]

    monkeypatch.setattr(nearby, "usable", counted)
    return looked


@pytest.mark.parametrize("codec", ["tree", "coordinates"])
def test_an_answers_text_is_read(codec: Codec) -> None:
    text = encode(design_of([GOOD]), codec)
    for draft in (text, f"Here is the house:\n{text}\nEnjoy!"):
        found = mended(draft)
        assert found.design == design_of([GOOD])
        assert max(room.moved_ft or 0 for room in found.rooms) == 0


def test_an_overlap_is_mended_and_the_moves_are_told() -> None:
    draft = plain([*GOOD[:2], ["master", 0, 16, 18, 12], GOOD[3]])
    found = mended(draft)
    assert not found.replaced
    assert found.changes == ()
    moves = {room.room: room for room in found.rooms}
    assert set(moves) == {"living", "hall", "master", "bath"}
    assert moves["master"].before_sqft == 18 * 12
    assert moves["living"].moved_ft == 0
    assert all((room.moved_ft or 0) <= 2 for room in found.rooms)


def test_a_room_too_small_is_made_larger_with_little_moved() -> None:
    draft = plain([*GOOD[:2], ["master", 0, 16, 10, 12], ["bath", 10, 16, 14, 12]])
    found = mended(draft)
    assert found.design.wanted_rooms["master"].area_sqft >= 150
    assert not found.replaced
    assert max(room.moved_ft or 0 for room in found.rooms) < 4


def test_a_missing_room_is_added_and_named() -> None:
    found = mended(plain([*GOOD[:2], ["master", 0, 16, 24, 12]]))
    assert [(change.kind, change.where) for change in found.changes] == [("added", "bath")]
    assert not found.replaced
    new = next(room for room in found.rooms if room.room == "bath")
    assert new.moved_ft is None
    assert new.before_sqft is None


def test_a_room_too_many_and_an_unknown_one_are_left_out() -> None:
    draft = plain([*GOOD[:3], ["bath", 16, 16, 8, 6], ["office", 16, 22, 8, 6]])
    found = mended(draft)
    assert [(change.kind, change.where) for change in found.changes] == [("left_out", "office")]
    draft["levels"][0]["rooms"][-1] |= {"name": "ballroom", "type": "ballroom"}
    assert mended(draft).changes[0] == ("left_out", "ballroom", "nobody knows such a room")


def test_a_room_by_another_name_is_taken_for_the_missing_one() -> None:
    draft = plain(GOOD)
    for room in draft["levels"][0]["rooms"]:
        if room["name"] == "master":
            room |= {"name": "bed1", "type": "bedroom"}
        if room["name"] == "bath":
            room |= {"name": "Spa", "type": "spa"}
    found = mended(draft)
    assert {change.where: change.kind for change in found.changes} == {"master": "renamed", "bath": "renamed"}
    assert found.design == design_of([GOOD])


def test_sides_below_zero_are_turned_over() -> None:
    draft = plain(GOOD)
    room = draft["levels"][0]["rooms"][0]
    (box,) = room["boxes"]
    box["x"], box["w"] = box["x"] + box["w"], -box["w"]
    found = mended(draft)
    assert found.design == design_of([GOOD])
    assert [(change.kind, change.where) for change in found.changes] == [("negative", room["name"])]


def test_doors_that_lie_in_no_wall_are_hung_anew() -> None:
    draft = plain(GOOD)
    draft["levels"][0]["doors"][1]["x"] += 1.5
    draft["levels"][0]["doors"][1]["y"] += 1.5
    assert mended(draft).design == design_of([GOOD])


def test_levels_too_many_or_too_few() -> None:
    double = plain(GOOD)
    double["levels"] *= 2
    found = mended(double)
    assert "levels" in {change.kind for change in found.changes}
    assert not found.replaced
    two = next(house for house in solved_houses() if house.brief.floors == 2)
    content = two.design.model_dump(mode="json")
    del content["levels"][1]
    found = mended(content, two.brief)
    assert found.replaced
    assert faults(found.design.model_dump(mode="json"), two.record) == []


def test_a_house_larger_than_the_envelope_is_made_to_fit() -> None:
    parts: list[Any] = GOOD
    draft = plain([[name, *(3 * side for side in box)] for name, *box in parts], (72, 84))
    found = mended(draft)
    assert not found.replaced
    assert found.design.footprint.w <= 50


@pytest.mark.parametrize(
    ("draft", "reason"),
    [
        (None, "no_design"),
        ("a house", "no_json"),
        (b"\xff\xfe", "no_json"),
        ([], "no_design"),
        ({}, "no_levels"),
        ({"levels": []}, "no_levels"),
        ({"levels": [{}] * 99}, "too_large"),
        ({"levels": [{"rooms": [{"name": "bath", "x": 0, "y": 0, "w": 5, "d": 5}] * 999}]}, "too_large"),
        ({"levels": [{"rooms": [{"name": "bath", "x": 0, "y": 0, "w": float("nan"), "d": 5}]}]}, "no_rooms"),
    ],
)
def test_a_refusal_says_what_is_wrong(draft: Any, reason: str) -> None:
    found = repair(draft, BRIEF)
    assert isinstance(found, Infeasible)
    assert found.reason == reason
    assert found.detail


def test_a_plot_without_room_is_refused() -> None:
    shallow = BRIEF.model_dump() | {"floors": 2}
    shallow["plot"]["setbacks"] |= {
        "rear_ft": shallow["plot"]["length_ft"] - shallow["plot"]["setbacks"]["front_ft"] - 5
    }
    none = BRIEF.model_dump()
    none["plot"]["setbacks"] |= {"left_ft": none["plot"]["width_ft"]}
    for content, reason in ((shallow, "no_layout_found"), (none, "setbacks_over_plot")):
        for draft in (plain(GOOD), {"levels": [*plain(GOOD)["levels"]] * 2}):
            found = repair(draft, Brief.model_validate(content))
            assert isinstance(found, Infeasible)
            assert found.reason == reason
    tree = ["v", "living", 12.0, "stairs"]
    assert level_faults([tree], Brief.model_validate(shallow), (24.0, 5.0), None).tolist() == [NEVER]


def test_a_house_that_is_entered_from_its_side_street_comes_back_unchanged() -> None:
    """Whoever placed its doors and windows, they stay."""
    for _, brief, _ in solved_houses():
        if brief.plot.side_street is None:
            continue
        for design in several(brief, 0, 6):
            if any(door.b == OUTSIDE and door.along == "y" for door in design.levels[0].doors):
                found = repair(design, brief)
                assert isinstance(found, Mended)
                assert found.design == design
                assert not openings_fit(design)
                return
    raise AssertionError("no house is entered from a side street")


def test_no_opening_of_a_solved_house_is_misplaced_and_a_moved_one_is_named() -> None:
    for _, brief, design in solved_houses():
        assert list(misplaced(design, brief.plot.side_street)) == []
    level = design.levels[0]
    moved = level.windows[0].model_copy(update={"x": level.windows[0].x + 0.75, "y": level.windows[0].y + 0.75})
    other = level.model_copy(update={"windows": (moved, *level.windows[1:])})
    found = misplaced(design.model_copy(update={"levels": (other, *design.levels[1:])}), brief.plot.side_street)
    assert [(one.kind, one.where) for one in found] == [("opening", moved.room)]


def test_pieces_of_rooms_that_share_a_name_are_all_read() -> None:
    pieces = [("a", "bedroom", 0), ("a", "bathroom", 12), ("a", "bathroom", 16)]
    rooms = [{"name": name, "type": kind, "x": x, "y": 0, "w": 4, "d": 8} for name, kind, x in pieces]
    read = read_draft({"levels": [{"rooms": rooms}]})
    assert isinstance(read, Draft)
    assert sorted(len(room.boxes) for room in read.rooms) == [1, 2]


def test_a_brief_that_no_house_fits_is_refused() -> None:
    content = BRIEF.model_dump()
    content["rooms"][0]["min_area_sqft"] = 1e5
    found = repair(plain(GOOD), Brief.model_validate(content))
    assert isinstance(found, Infeasible)
    assert found.reason == "area_over_envelope"


@pytest.mark.parametrize(
    ("field", "number", "reason"),
    [
        ("rooms", 40, "area_over_envelope"),
        ("rooms", 190, "area_over_envelope"),
        ("rooms", 10**9, "too_large"),
        ("floors", 90, "too_few_rooms"),
        ("floors", 10**9, "too_large"),
    ],
)
def test_a_brief_of_far_more_than_the_draft_has_is_refused_before_any_arrangement_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, field: str, number: int, reason: str
) -> None:
    looked = _looked_at(monkeypatch)
    content = BRIEF.model_dump()
    if field == "rooms":
        content["rooms"][0]["count"] = number
    else:
        content[field] = number
    found = repair(plain(GOOD), Brief.model_validate(content))
    assert isinstance(found, Infeasible)
    assert found.reason == reason
    assert looked == []


@pytest.mark.parametrize("way", WAYS)
def test_a_spoilt_design_comes_back_valid(way: str) -> None:
    for seed in range(2):
        record, brief, design = solved_houses()[seed * 7]
        found = repair(spoilt(design.model_dump(mode="json"), Random(seed), way), brief)
        assert isinstance(found, Mended)
        assert faults(found.design.model_dump(mode="json"), record) == []


@pytest.mark.long
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 29), st.integers(0, 10**6))
def test_designs_spoilt_at_random_come_back_valid(number: int, seed: int) -> None:
    record, brief, design = solved_houses()[number]
    found = repair(spoilt(design.model_dump(mode="json"), Random(seed)), brief)
    assert isinstance(found, Mended)
    assert faults(found.design.model_dump(mode="json"), record) == []


_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
    st.sampled_from(["living", "bed1", "v", "h", "hall", "stairs", "bathroom"]),
)  # fmt: skip
_KEYS = st.sampled_from(["levels", "rooms", "boxes", "name", "type", "x", "y", "w", "d", "size", "footprint", "doors"])
_JSON = st.recursive(
    _SCALARS,
    lambda part: st.one_of(st.lists(part, max_size=5), st.dictionaries(_KEYS, part, max_size=5)),
    max_leaves=40,
)
_ROOMS = st.fixed_dictionaries(
    {
        "name": st.one_of(st.sampled_from(["living", "master", "bath", "hall", "hall2", "bed3", "x"]), _SCALARS),
        "type": _SCALARS,
        "boxes": st.lists(st.fixed_dictionaries({key: st.one_of(st.floats(-50, 50), _SCALARS) for key in "xywd"})),
    }
)
_DRAFTS = st.one_of(
    _JSON,
    _JSON.map(lambda content: {"levels": content}),
    st.lists(st.lists(_ROOMS, max_size=6).map(lambda rooms: {"rooms": rooms}), max_size=3).map(
        lambda levels: {"levels": levels}
    ),
    st.tuples(_JSON, _JSON).map(lambda parts: {"size": parts[0], "levels": parts[1]}),
    st.tuples(st.tuples(st.floats(), st.floats()), st.lists(_JSON)).map(
        lambda parts: {"size": list(parts[0]), "levels": parts[1]}
    ),
    st.text(),
    st.binary(),
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(_DRAFTS)
def test_nothing_raises(draft: Any) -> None:
    found = repair(draft, BRIEF)
    assert isinstance(found, Infeasible) or violations(found.design, BRIEF) == []


def test_depth_and_length_are_no_error() -> None:
    deep: Any = "living"
    for _ in range(5000):
        deep = ["v", deep, 1, "hall"]
    for draft in (
        {"size": [9, 9], "levels": [deep]},
        {"levels": [deep]},
        "[" * 100_000,
        {"levels": [["bath"] * 10**5]},
    ):
        repair(draft, BRIEF)


@settings(max_examples=60, deadline=None)
@given(trees((0, 0, 60, 50), ["living", "master", "bath", "bed1", "bed2", "kitchen", "office"]))
def test_boxes_that_straight_cuts_part_are_kept(tree: Any) -> None:
    drawn = [(name, tuple(map(float, box))) for name, box in boxes(tree, (0, 0, 60, 50))]
    read = arrange([Leaf(name, box) for name, box in drawn])  # type: ignore[arg-type]
    assert sorted((leaf.name, leaf.box) for leaf in placed(read, (0.0, 0.0, 60.0, 50.0))) == sorted(drawn)


def test_a_pinwheel_becomes_a_tree_of_the_same_rooms() -> None:
    wheel = [
        Leaf("living", (0, 0, 20, 10)), Leaf("kitchen", (20, 0, 10, 20)), Leaf("master", (10, 20, 20, 10)),
        Leaf("bed", (0, 10, 10, 20)), Leaf("bath", (10, 10, 10, 10)),
    ]  # fmt: skip
    leaves = placed(arrange(wheel), (0.0, 0.0, 30.0, 30.0))
    assert sorted(leaf.name for leaf in leaves) == ["bath", "bed", "kitchen", "living", "master"]
    assert sum(leaf.area for leaf in leaves) == 900


def test_edits_keep_the_rooms_and_come_by_how_much_they_move() -> None:
    tree = ["h", ["v", "living", 12.0, "kitchen"], 12.0, "hall", 16.0, ["v", "master", 14.0, "stairs"]]
    found = edits(tree, (24.0, 30.0), frozenset({"stairs"}))
    assert [edit.cost for edit in found] == sorted(edit.cost for edit in found)
    for edit in found:
        leaves = placed(edit.tree, (0.0, 0.0, 24.0, 30.0))
        assert sorted({leaf.name for leaf in leaves} - {"hall"}) == ["kitchen", "living", "master", "stairs"]
        assert sum(leaf.area for leaf in leaves) == pytest.approx(24 * 30)
