from typing import Any

import pytest
from hypothesis import given
from pydantic import ValidationError

from housebrain.dataset.v5 import BadRecord, parse_record
from housebrain.house.brief import Brief, Plot, Rejected
from housebrain.language.prompt import messages
from strategies import briefs, records, with_field

RECORD: dict[str, Any] = {
    "id": "HB-1",
    "input": {
        "basicDetails": {
            "totalArea": 3000, "unit": "sqft", "bedrooms": 2, "bathrooms": 3, "floors": 2, "budget": 500_000,
            "style": "Modern",
        },
        "plot": {
            "length": 60.5, "width": 52.4, "unit": "ft", "shape": "Rectangle", "orientation": "NE",
            "slope_degrees": 3.0, "is_corner_plot": 1,
            "setbacks_ft": {"front": 5, "rear": 6, "left": 4.2, "right": 5.2},
        },
        "roomBreakdown": [
            {"type": "master_bedroom", "count": 1, "minArea": 150},
            {"type": "bedroom", "count": 1, "minArea": 120},
            {"type": "bathroom", "count": 2, "minArea": 45},
            {"type": "kitchen", "count": 1, "minArea": 130},
            {"type": "livingRoom", "count": 1, "minArea": 240},
        ],
    },
    "metadata": {"region": "US_West", "climate_zone": "Temperate"},
}  # fmt: skip


def changed(path: str, value: Any) -> dict[str, Any]:
    """The record above with one field set, or taken out where `value` is `...`."""
    return with_field(RECORD, path, value)


def test_a_record_is_read_as_it_is() -> None:
    record_id, brief = parse_record(RECORD)
    assert record_id == "HB-1"
    assert brief.envelope_ft == (43, 49.5)
    assert brief.envelope == (86, 99)
    assert brief.plot.is_corner is True
    assert [room.name for room in brief.wanted_rooms] == ["master", "bed", "bath1", "bath2", "kitchen", "living"]


def test_the_room_list_wins_over_the_bathroom_count() -> None:
    assert parse_record(RECORD)[1].bathrooms == 2


def test_bathrooms_that_the_list_leaves_out_are_added() -> None:
    brief = parse_record(changed("input.roomBreakdown.2", {"type": "utility", "count": 1, "minArea": 50}))[1]
    assert brief.bathrooms == 3
    assert sum(room.type == "bathroom" for room in brief.wanted_rooms) == 3


def test_a_record_may_choose_what_else_follows_by_rule() -> None:
    assert parse_record(RECORD)[1].choices == {}
    brief = parse_record(changed("input.choices", {"roof": "Slate", "exterior": "Brick", "quality": "luxury"}))[1]
    assert brief.choices == {"exterior": "Brick", "quality": "luxury", "roof": "Slate"}
    for field, choices in (("input.choices.roof", {"roof": "Cheese"}), ("input.choices.cellar", {"cellar": "Deep"})):
        with pytest.raises(BadRecord) as error:
            parse_record(changed("input.choices", choices))
        assert error.value.field.startswith(field)


@pytest.mark.parametrize("spelling", ["livingRoom", "living_room", "Living Room", "LIVINGROOM", "living"])
def test_spellings_of_a_room_type(spelling: str) -> None:
    brief = parse_record(changed("input.roomBreakdown.4.type", spelling))[1]
    assert brief.rooms[4].type == "living_room"


@pytest.mark.parametrize("spelling", ["stairs", "Stairs", "corridor"])
def test_what_every_house_has_where_it_needs_it_is_passed_over(spelling: str) -> None:
    asked = {"type": spelling, "count": 1, "minArea": 60}
    record = changed("input.roomBreakdown", [*RECORD["input"]["roomBreakdown"], asked])
    assert parse_record(record)[1] == parse_record(RECORD)[1]


@pytest.mark.parametrize(
    "rooms", [[{"type": "kitchen", "count": 0, "minArea": 90}], [{"type": "stairs", "count": 1, "minArea": 60}]]
)
def test_a_record_that_asks_for_no_room_is_named(rooms: list[dict[str, Any]]) -> None:
    record = with_field(changed("input.roomBreakdown", rooms), "input.basicDetails.bedrooms", 0)
    with pytest.raises(BadRecord, match=r"input\.roomBreakdown: no room is asked for"):
        parse_record(with_field(record, "input.basicDetails.bathrooms", 0))


def test_metres_become_feet() -> None:
    record = changed("input.plot.unit", "m")
    record["input"]["plot"] |= {"length": 20.0, "width": 15.0}
    assert parse_record(record)[1].plot.length_ft == pytest.approx(65.62, abs=0.01)


def test_square_metres_become_square_feet_of_few_digits() -> None:
    """Each digit is a token of the prompt."""
    record = changed("input.basicDetails.unit", "sqm")
    record["input"]["roomBreakdown"][0]["minArea"] = 14
    assert parse_record(record)[1].rooms[0].min_area_sqft == 150.69
    assert "150.69," in messages(parse_record(record)[1])[-1]["content"]


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("input.plot.length", ..., "input.plot.length"),
        ("input.plot.length", "60", "input.plot.length"),
        ("input.plot.length", float("nan"), "input.plot.length"),
        ("input.plot.length", float("inf"), "input.plot.length"),
        ("input.plot.length", -3, "input.plot.length"),
        ("input.plot.orientation", "up", "input.plot.orientation"),
        ("input.basicDetails.floors", 0, "input.basicDetails.floors"),
        ("input.basicDetails.bedrooms", 2.5, "input.basicDetails.bedrooms"),
        ("input.roomBreakdown", [], "input.roomBreakdown"),
        ("input.roomBreakdown.1.type", "dungeon", "input.roomBreakdown.1.type"),
        ("input.roomBreakdown.1.minArea", None, "input.roomBreakdown.1.minArea"),
        ("metadata", ..., "metadata"),
        ("metadata.climate_zone", "Lunar", "metadata.climate_zone"),
        ("id", 7, "id"),
        ("id", "\ud800", "id"),
        ("input.plot.shape", "half \ud800", "input.plot.shape"),
        ("metadata.region", "\udfff", "metadata.region"),
        ("input.plot.length", 1e-300, "input.plot.length"),
        ("input.plot.width", 1e300, "input.plot.width"),
        ("input.roomBreakdown.3.count", 10**7, "input.roomBreakdown.3.count"),
        ("input.roomBreakdown.3.minArea", 1.7e308, "input.roomBreakdown.3.minArea"),
        ("input.basicDetails.floors", 10**9, "input.basicDetails.floors"),
        ("input.basicDetails.budget", 1e300, "input.basicDetails.budget"),
    ],
)
def test_a_bad_field_is_named(path: str, value: Any, field: str) -> None:
    with pytest.raises(BadRecord) as error:
        parse_record(changed(path, value))
    assert error.value.field == field


@pytest.mark.parametrize("record", [None, [], "text", {}])
def test_what_is_no_record_is_refused(record: Any) -> None:
    with pytest.raises(BadRecord):
        parse_record(record)


def test_setbacks_over_the_plot_are_rejected() -> None:
    with pytest.raises(Rejected) as error:
        parse_record(changed("input.plot.setbacks_ft.rear", 56))
    assert error.value.reason == "setbacks_over_plot"


def test_another_number_of_bedrooms_is_rejected() -> None:
    with pytest.raises(Rejected) as error:
        parse_record(changed("input.basicDetails.bedrooms", 4))
    assert error.value.reason == "bedrooms_contradict"


@given(briefs())
def test_a_stored_brief_is_the_same_brief(brief: Brief) -> None:
    again = Brief.model_validate_json(brief.model_dump_json())
    assert again == brief
    assert again.key() == brief.key()


@given(records(), records())
def test_the_key_tells_briefs_apart(a: dict[str, Any], b: dict[str, Any]) -> None:
    brief_a, brief_b = parse_record(a)[1], parse_record(b)[1]
    assert (brief_a.key() == brief_b.key()) == (brief_a == brief_b)


@pytest.mark.parametrize("side", ["front_ft", "rear_ft", "left_ft", "right_ft"])
def test_a_length_that_no_sum_holds_is_refused(side: str) -> None:
    _, brief = parse_record(RECORD)
    content = brief.model_dump(mode="json")
    content["plot"]["setbacks"][side] = 1e308
    with pytest.raises(ValidationError, match=rf"plot.setbacks.{side}"):
        Brief.model_validate(content)


def test_a_party_wall_is_on_the_boundary_and_at_no_street() -> None:
    plot = parse_record(RECORD)[1].plot.model_dump()
    setbacks = {"front_ft": 5, "rear_ft": 5, "left_ft": 0, "right_ft": 4}
    walled = {**plot, "is_corner": False, "setbacks": setbacks, "party_walls": ["left"]}
    assert Plot.model_validate(walled).party_walls == ("left",)
    assert Plot.model_validate({**walled, "party_walls": ["left", "left"]}).party_walls == ("left",)
    assert Plot.model_validate({**walled, "party_walls": []}).party_walls is None
    with pytest.raises(ValidationError, match="party_walls has right, where the setback is not 0"):
        Plot.model_validate({**walled, "party_walls": ["right"]})
    both = {**walled, "is_corner": True, "setbacks": {**setbacks, "right_ft": 0}}
    for side, street in (("left", "right"), ("right", "left")):
        assert Plot.model_validate({**both, "party_walls": [side]}).side_street == street
    with pytest.raises(ValidationError, match="party_walls has right, where the corner plot's second street is"):
        Plot.model_validate(
            {**walled, "is_corner": True, "setbacks": {**setbacks, "right_ft": 0}, "party_walls": ["left", "right"]}
        )


def test_a_record_may_name_party_walls() -> None:
    record = changed("input.plot.setbacks_ft", {"front": 5, "rear": 6, "left": 0, "right": 5.2})
    record = with_field(record, "input.plot.is_corner_plot", 0)
    assert parse_record(record)[1].plot.party_walls is None
    assert parse_record(with_field(record, "input.plot.party_walls", ["left"]))[1].plot.party_walls == ("left",)
    with pytest.raises(BadRecord, match="party_walls has right, where the setback is not 0") as caught:
        parse_record(with_field(record, "input.plot.party_walls", ["right"]))
    assert caught.value.field == "input.plot"
    with pytest.raises(BadRecord) as caught:
        parse_record(with_field(record, "input.plot.party_walls", ["front"]))
    assert caught.value.field == "input.plot.party_walls.0"


def test_a_brief_that_names_no_party_walls_has_the_key_that_it_had() -> None:
    brief = parse_record(RECORD)[1]
    assert "party_walls" not in brief.model_dump_json(exclude_none=True)
    one = {**brief.plot.model_dump(), "setbacks": {"front_ft": 5, "rear_ft": 5, "left_ft": 0, "right_ft": 4}}
    keys = {
        brief.model_copy(update={"plot": Plot.model_validate({**one, "party_walls": walls})}).key()
        for walls in (None, ("left",))
    }
    assert len(keys) == 2


def test_a_changed_copy_wants_its_own_rooms() -> None:
    _, brief = parse_record(RECORD)
    assert "bed2" not in {room.name for room in brief.wanted_rooms}
    rooms = tuple(room.model_copy(update={"count": 2}) if room.type == "bedroom" else room for room in brief.rooms)
    assert "bed2" in {room.name for room in brief.model_copy(update={"rooms": rooms}).wanted_rooms}
