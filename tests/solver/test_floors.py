"""Which room stands on which floor: what belongs together stays together, and no floor is left half empty."""

from collections.abc import Sequence
from random import Random

import pytest

from housebrain.solver.floors import share_out
from housebrain.solver.needs import Programme, Room


def _shared(rooms: Sequence[tuple[str, float]], floors: int, seed: int) -> list[list[str]]:
    asked = tuple(Room(name, name.rstrip("0123456789"), area) for name, area in rooms)
    shared = share_out(Programme(asked, floors, 60, 60, "N", "floors"), Random(seed))
    assert shared is not None
    return [[room.name for room in level] for level in shared]


@pytest.mark.parametrize("seed", range(8))
def test_the_kitchen_is_on_the_floor_of_the_dining_room(seed: int) -> None:
    rooms = [("living", 212), ("dining", 163), ("kitchen", 250), ("office", 112), ("bed", 142), ("master", 157)]
    levels = _shared([*rooms, *((f"bath{number}", 40.0) for number in range(1, 5))], 4, seed)
    assert any({"dining", "kitchen"} <= set(level) for level in levels)


@pytest.mark.parametrize("seed", range(8))
def test_the_kitchen_is_on_the_floor_of_the_living_room_where_one_eats_there(seed: int) -> None:
    rooms = [("living", 385), ("kitchen", 176), ("bed1", 106), ("bed2", 141), ("master", 279)]
    levels = _shared([*rooms, *((f"bath{number}", 63.0) for number in range(1, 5))], 4, seed)
    assert any({"living", "kitchen"} <= set(level) for level in levels)


@pytest.mark.parametrize("seed", range(8))
def test_no_floor_has_an_office_alone_where_a_bedroom_can_join_it(seed: int) -> None:
    rooms = [("living", 226), ("dining", 182), ("kitchen", 208), ("utility", 86), ("office", 91), ("bed", 177)]
    levels = _shared([*rooms, ("master", 180), ("bath1", 48), ("bath2", 48), ("bath3", 48)], 3, seed)
    with_office = next(level for level in levels if "office" in level)
    assert {"bed", "living"} & set(with_office)


def test_visitors_have_a_bath_before_three_bedrooms_have_a_second_one() -> None:
    rooms = [("living", 273), ("kitchen", 187), ("bed1", 154), ("bed2", 159), ("master", 161), ("bath1", 52)]
    levels = _shared([*rooms, ("bath2", 52)], 2, 0)
    assert [sum(name.startswith("bath") for name in level) for level in levels] == [1, 1]


def test_every_floor_with_bedrooms_has_a_bath_before_another_has_two() -> None:
    rooms = [("living", 344), ("kitchen", 162), ("bed1", 114), ("bed2", 131), ("bed3", 149), ("bed4", 173)]
    levels = _shared([*rooms, ("master", 223), ("bath1", 58), ("bath2", 58)], 2, 1)
    assert any(name.startswith("bed") for name in levels[0])
    assert [sum(name.startswith("bath") for name in level) for level in levels] == [1, 1]
