"""What `bench.review` counts: the kinds of objections to plans that were drawn for it."""

from bench.review import objections

from housebrain.rules.score.plan import read_plan
from housebrain.rules.score.use import facts_of
from rules.test_checks import BRIEF, design_of


def _kinds(rooms: list[list[object]]) -> set[str]:
    return set(objections(facts_of(read_plan(design_of([rooms], BRIEF)), BRIEF)))


def test_a_street_door_in_a_large_living_room_is_counted_and_one_in_a_hall_is_not() -> None:
    kind = "entrance straight into a large living room"
    rear: list[list[object]] = [["hall", 0, 12, 24, 4], ["master", 0, 16, 16, 12], ["bath", 16, 16, 8, 12]]
    assert kind in _kinds([["living", 0, 0, 24, 12], *rear])
    beside: list[list[object]] = [["living", 0, 0, 20, 12], ["hall", 20, 0, 4, 12], ["master", 0, 12, 24, 12]]
    assert kind not in _kinds([*beside, ["bath", 0, 24, 24, 4]])


def test_a_bedroom_at_a_hall_has_no_way_past_day_rooms_and_one_at_the_living_room_has() -> None:
    at_hall = _kinds(
        [["living", 0, 0, 24, 12], ["hall", 0, 12, 24, 4], ["master", 0, 16, 16, 12], ["bath", 16, 16, 8, 12]]
    )
    assert not {"bedroom opens to a day room", "way to the bath past day rooms"} & at_hall
    middle: list[list[object]] = [["office", 12, 12, 8, 12], ["hall", 20, 12, 4, 12], ["bath", 24, 12, 4, 12]]
    apart = _kinds([["living", 0, 0, 28, 12], ["master", 0, 12, 12, 12], *middle])
    assert {"bedroom opens to a day room", "way to the bath past day rooms"} <= apart
