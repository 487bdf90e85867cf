"""Tests for housebrain.house.limits: what is larger than any house, and designs that contradict themselves."""

import json
from collections.abc import Callable
from typing import Any

import pytest

import housebrain as hb
from housebrain.answering.mending.mend import repair
from housebrain.dataset.generate import generate_records
from housebrain.house.brief import Brief, Rejected
from housebrain.house.design import Design
from housebrain.house.limits import MOST_FEET, MOST_ROOMS, check_brief, fault_of
from housebrain.solver.house import Infeasible
from housebrain.solver.solve import dimension


@pytest.fixture(scope="module")
def brief() -> Brief:
    return hb.read_record(json.loads(next(iter(generate_records(1, seed=3))).text))[1]


@pytest.fixture(scope="module")
def house(brief: Brief) -> dict[str, Any]:
    content: dict[str, Any] = hb.solve(brief, seed=0).model_dump(mode="json")
    return content


def test_a_brief_of_a_billion_rooms_is_refused_before_one_is_made(brief: Brief) -> None:
    check_brief(brief)
    rooms = (brief.rooms[0].model_copy(update={"count": 10**9}), *brief.rooms[1:])
    with pytest.raises(Rejected, match=f"too_large: .* {MOST_ROOMS} are the most"):
        hb.solve(brief.model_copy(update={"rooms": rooms}), seed=0)


def test_a_house_of_a_billion_floors_is_refused_before_one_is_made(brief: Brief) -> None:
    with pytest.raises(Rejected, match=f"too_large: .* floors are asked for, {MOST_ROOMS} are the most"):
        hb.solve(brief.model_copy(update={"floors": 10**9}), seed=0)


@pytest.mark.parametrize("side", ["width_ft", "length_ft"])
def test_a_plot_without_end_is_refused(brief: Brief, side: str) -> None:
    plot = brief.plot.model_copy(update={side: 1e300})
    with pytest.raises(Rejected, match="too_large"):
        hb.solve(brief.model_copy(update={"plot": plot}), seed=0)


def test_a_room_without_end_is_refused_and_never_computed_with(brief: Brief, house: dict[str, Any]) -> None:
    rooms = (brief.rooms[0].model_copy(update={"min_area_sqft": 1e308}), *brief.rooms[1:])
    endless = brief.model_copy(update={"rooms": rooms})
    with pytest.raises(Rejected, match="too_large"):
        hb.solve(endless, seed=0)
    for found in (dimension([], endless), repair(house, endless)):
        assert isinstance(found, Infeasible)
        assert found.reason == "too_large"


def test_a_solved_house_has_no_fault(house: dict[str, Any]) -> None:
    assert fault_of(Design.model_validate(house)) is None


def _set(*path: Any) -> Callable[[Any], None]:
    """Sets what lies at a path to the path's last part."""

    def change(holder: Any) -> None:
        *way, key, value = path
        for step in way:
            holder = holder[step]
        holder[key] = value

    return change


def _double(holder: Any) -> None:
    rooms = holder["levels"][0]["rooms"]
    rooms.append(rooms[0])


def _glaze(holder: Any) -> None:
    """More glass than walls: what is left of these would have a price below nothing."""
    level = holder["levels"][0]
    level["windows"][0] |= {"room": level["rooms"][0]["name"], "width_ft": 5000.0}


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        (_set("levels", 0, "doors", 0, "a", "nowhere"), "levels.0.doors.0.a", "'nowhere'"),
        (_set("levels", 0, "doors", 0, "b", "nowhere"), "levels.0.doors.0.b", "'nowhere'"),
        (_set("levels", 0, "doors", 0, "a", "outside"), "levels.0.doors.0.a", "'outside'"),
        (_set("levels", 0, "doors", 0, "width_ft", 0.0), "levels.0.doors.0", "a size"),
        (_set("levels", 0, "windows", 0, "room", "nowhere"), "levels.0.windows.0.room", "'nowhere'"),
        (_set("levels", 0, "windows", 0, "height_ft", -1.0), "levels.0.windows.0", "a size"),
        (_set("levels", 0, "windows", 0, "x", 1e308), "levels.0.windows.0", "a place"),
        (_set("levels", 0, "rooms", 0, "boxes", 0, "w", 2 * MOST_FEET), "levels.0.rooms.0", "reaches beyond"),
        (_double, "levels.0.rooms", "one name"),
        (_glaze, "levels.0.rooms.0", "larger than its walls"),
    ],
)
def test_a_design_that_contradicts_itself_is_told_where(
    house: dict[str, Any], change: Callable[[Any], None], field: str, said: str
) -> None:
    changed = json.loads(json.dumps(house))
    change(changed)
    fault = fault_of(Design.model_validate(changed))
    assert fault is not None
    assert fault.field == field
    assert said in fault.detail
