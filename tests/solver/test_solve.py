import io
import itertools
from pathlib import Path

import orjson
import pytest
import zstandard
from hypothesis import assume, given

from housebrain.dataset.v5 import parse_record
from housebrain.house.brief import Brief, Rejected
from housebrain.house.design import OUTSIDE, Design
from housebrain.rules.checks import requirements, violations
from housebrain.rules.codes import check_codes
from housebrain.solver.solve import needs_of, share_out, solve
from strategies import briefs


def solved(brief: Brief) -> Design:
    try:
        return solve(brief, seed=1)
    except Rejected:
        assume(False)
        raise


@given(briefs())
def test_every_design_is_valid_and_meets_its_brief(brief: Brief) -> None:
    design = solved(brief)
    assert violations(design, brief) == []
    assert all(requirements(design, brief).values())


def test_a_house_has_an_entrance_where_its_largest_room_is_a_dead_end() -> None:
    """A utility room as large as a living room would be all that there is on the street."""
    rooms = [("master_bedroom", 160), ("bedroom", 160), ("bedroom", 199), ("bedroom", 182), ("bedroom", 187)]
    rooms += [("bedroom", 156), ("bathroom", 65), ("bathroom", 65), ("kitchen", 176), ("dining_room", 179)]
    rooms += [("utility", 300), ("home_office", 133)]
    record = {
        "id": "1",
        "input": {
            "basicDetails": {"bedrooms": 6, "bathrooms": 1, "floors": 3, "budget": 1459187, "style": "Gothic"},
            "plot": {
                "length": 58.2,
                "width": 48.8,
                "shape": "Irregular",
                "orientation": "E",
                "setbacks_ft": {"front": 9, "rear": 4, "left": 5, "right": 4},
            },
            "roomBreakdown": [{"type": name, "count": 1, "minArea": area} for name, area in rooms],
        },
        "metadata": {"region": "Asia_India", "climate_zone": "Hot_Dry"},
    }
    _, brief = parse_record(record)
    assert violations(solve(brief, seed=0), brief) == []


@given(briefs())
def test_every_room_has_a_door_and_every_habitable_room_a_window(brief: Brief) -> None:
    design = solved(brief)
    for index, level in enumerate(design.levels):
        entered = {door.b for door in level.doors} | {door.a for door in level.doors if door.b == OUTSIDE}
        if index:
            entered.add("stairs")
        assert entered - {OUTSIDE} == {room.name for room in level.rooms}
        lit = {window.room for window in level.windows}
        assert lit >= {room.name for room in level.rooms if room.type.endswith(("bedroom", "living_room", "kitchen"))}


@given(briefs())
def test_almost_every_code_rule_is_kept(brief: Brief) -> None:
    results = check_codes(solved(brief), brief)
    assert sum(result.passed for result in results) >= 0.9 * len(results)


@given(briefs())
def test_solving_twice_gives_the_same(brief: Brief) -> None:
    assert solved(brief) == solved(Brief.model_validate_json(brief.model_dump_json()))


@given(briefs())
def test_no_level_is_left_empty_and_no_room_out(brief: Brief) -> None:
    needs = needs_of(brief)
    assume(len(needs) >= brief.floors)
    parts = share_out(needs, brief.floors)
    assert len(parts) == brief.floors
    assert all(parts)
    assert list(itertools.chain(*parts)) == needs
    assert {need.name for need in needs} == {room.name for room in brief.wanted_rooms}


@given(briefs())
def test_more_area_than_the_envelope_is_rejected(brief: Brief) -> None:
    width_ft, depth_ft = brief.envelope_ft
    too_much = width_ft * depth_ft * brief.floors
    rooms = (brief.rooms[0].model_copy(update={"min_area_sqft": float(too_much)}), *brief.rooms[1:])
    with pytest.raises(Rejected) as error:
        solve(brief.model_copy(update={"rooms": rooms}), seed=1)
    assert error.value.reason in ("area_over_envelope", "too_few_rooms")


def test_real_briefs_are_solved(v5: Path) -> None:
    with (v5 / "split_03.jsonl.zst").open("rb") as file:
        lines = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file))
        records = [orjson.loads(line) for line in itertools.islice(lines, 1000)]
    valid = 0
    for record in records:
        try:
            brief = parse_record(record)[1]
            design = solve(brief, seed=1)
        except Rejected:
            continue
        assert violations(design, brief) == []
        valid += 1
    assert valid >= 850
