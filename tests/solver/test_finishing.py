"""What is done to the house that was chosen: better topologies, wet rooms over one another, walls moved."""

from collections.abc import Iterator
from functools import lru_cache
from random import Random

import pytest

from housebrain.solver.better import bettered
from housebrain.solver.engine import AREA_WEIGHT, UNIT_FT, Solver
from housebrain.solver.finish import Candidate, finish
from housebrain.solver.house import House, Storey
from housebrain.solver.kinds import ADDED, OUTDOOR, WET
from housebrain.solver.library import has_roof
from housebrain.solver.needs import Programme
from housebrain.solver.polish import polished
from housebrain.solver.stacking import stacked
from solver_checker import wrong
from solver_houses import plain, random_programme

SEEDS = 16


@lru_cache(maxsize=1)
def _found() -> list[tuple[Programme, Candidate]]:
    found = []
    for seed in range(SEEDS):
        programme = random_programme(seed)
        solver = Solver(programme, 0)
        solver.run(rounds=2, enough=4)
        if solver.found:
            found.append((programme, min(solver.found, key=lambda pair: pair[0])[1]))
    return found


def _house(candidate: Candidate) -> House:
    return finish(candidate, UNIT_FT)


def _shares(house: House) -> Iterator[float]:
    """Of each wet room of an upper floor, the share of its area over wet rooms."""
    for below, above in zip(house.storeys, house.storeys[1:], strict=False):
        wet = [box for space in below.spaces if space.type in WET for box in space.boxes]
        for space in above.spaces:
            if space.type in WET:
                over = 0.0
                for x, y, w, d in space.boxes:
                    for x2, y2, w2, d2 in wet:
                        wide, deep = min(x + w, x2 + w2) - max(x, x2), min(y + d, y2 + d2) - max(y, y2)
                        over += max(0.0, wide) * max(0.0, deep)
                yield over / space.area_sqft


def _holds(house: House, programme: Programme) -> bool:
    rooms = {room.name: room.area_sqft for room in programme.rooms}
    return wrong(plain(house), rooms, programme.floors, (programme.width_ft, programme.depth_ft)) == []


@pytest.mark.long
def test_changed_topologies_leave_less_to_object_in_the_same_box_and_take_no_more_area() -> None:
    gained = 0
    for programme, candidate in _found():
        changed = bettered(candidate, AREA_WEIGHT, Random(0))
        first, house = _house(candidate), _house(changed)
        assert _holds(house, programme)
        assert (house.width_ft, house.depth_ft) == (first.width_ft, first.depth_ft)
        assert house.built_sqft <= first.built_sqft
        assert house.built_sqft == changed.built * UNIT_FT**2
        assert _names(house) == _names(first)
        for floor, was, now in zip(candidate.floors, first.storeys, house.storeys, strict=True):
            assert has_roof(floor.level) or _terraces(now) <= _terraces(was)
        assert all(one <= other + 1e-6 for one, other in zip(_rates(changed), _rates(candidate), strict=True))
        gained += house.penalty < first.penalty - 0.05
    assert gained >= len(_found()) / 2


def _rates(candidate: Candidate) -> list[float]:
    """How bad each floor is, its area included."""
    asked = [1 + int(level.wants.need[1].sum()) for level in candidate.levels]
    return [
        sum(storey.score.values()) + AREA_WEIGHT * _built_sqft(storey) / UNIT_FT**2 / area
        for storey, area in zip(_house(candidate).storeys, asked, strict=True)
    ]


def _built_sqft(storey: Storey) -> float:
    return sum(space.area_sqft for space in storey.spaces if space.type not in OUTDOOR)


def _terraces(storey: Storey) -> set[str]:
    return {space.name for space in storey.spaces if space.type == "terrace"}


def _names(house: House) -> list[set[str]]:
    """The rooms that were asked for, floor by floor."""
    return [{space.name for space in storey.spaces if space.type not in ADDED} for storey in house.storeys]


@pytest.mark.long
def test_more_of_the_wet_rooms_stand_over_others() -> None:
    before, after = [], []
    for programme, candidate in _found():
        house = _house(stacked(candidate, AREA_WEIGHT))
        assert _holds(house, programme)
        assert house.built_sqft <= _house(candidate).built_sqft
        before += list(_shares(_house(candidate)))
        after += list(_shares(house))
    assert before
    assert sum(after) / len(after) > sum(before) / len(before) + 0.05


def test_one_floor_stays_as_it_is() -> None:
    one = next(candidate for _, candidate in _found() if len(candidate.levels) == 1)
    assert stacked(one, AREA_WEIGHT) is one


def test_moved_walls_leave_less_to_object_and_rooms_what_they_need() -> None:
    gained = 0
    for programme, candidate in _found():
        first, house = _house(candidate), _house(polished(candidate, AREA_WEIGHT))
        assert _holds(house, programme)
        assert (house.width_ft, house.depth_ft) == (first.width_ft, first.depth_ft)
        asked = sum(room.area_sqft for room in programme.rooms)
        paid = AREA_WEIGHT * (house.built_sqft - first.built_sqft) / asked
        if len(house.storeys) == 1:
            assert house.penalty + paid <= first.penalty + 1e-6
        gained += house.penalty < first.penalty - 0.05
    assert gained >= len(_found()) / 2
