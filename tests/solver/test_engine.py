"""Houses from programmes, looked at by a checker that shares nothing with the solver."""

import signal
import threading
import time
from typing import Any

import pytest

from housebrain.solver.engine import Solver, solve
from housebrain.solver.fullness import is_small
from housebrain.solver.house import House, Infeasible, mirrored
from housebrain.solver.judge import MEANING, NAMES, WEIGHTS
from housebrain.solver.needs import Programme, Room
from solver_checker import wrong
from solver_houses import plain, random_programme


def _check(house: House, programme: Programme) -> None:
    rooms = {room.name: room.area_sqft for room in programme.rooms}
    assert wrong(plain(house), rooms, programme.floors, (programme.width_ft, programme.depth_ft)) == []


@pytest.mark.long
def test_solved_houses_hold_together() -> None:
    solved = 0
    for seed in range(30):
        programme = random_programme(seed)
        house = solve(programme)
        if isinstance(house, House):
            solved += 1
            _check(house, programme)
    assert solved >= 15


def test_the_same_brief_and_seed_give_the_same_house_and_another_seed_another() -> None:
    programme = random_programme(3)
    assert solve(programme, seed=1) == solve(programme, seed=1)
    assert len({repr(solve(programme, seed=seed)) for seed in range(4)}) > 1


def test_a_mirrored_house_is_as_good() -> None:
    programme = random_programme(3)
    house = solve(programme)
    assert isinstance(house, House)
    _check(mirrored(house), programme)
    assert mirrored(mirrored(house)) == house


@pytest.mark.parametrize(("floors", "area", "reason"), [(1, 5000.0, "area_over_envelope"), (4, 100.0, "too_few_rooms")])
def test_a_refusal_names_what_binds(floors: int, area: float, reason: str) -> None:
    programme = Programme((Room("living", "living", area),), floors, 40, 40, "N", "x")
    found = solve(programme)
    assert isinstance(found, Infeasible)
    assert found.reason == reason
    assert found.detail


def test_an_interrupt_ends_the_searches_of_a_small_plot(monkeypatch: pytest.MonkeyPatch) -> None:
    """They run in threads, which no interrupt reaches."""
    tried: list[int] = []
    main = threading.main_thread().ident
    assert main is not None

    def attempt(*_: Any) -> None:
        tried.append(1)
        if len(tried) == 10:
            signal.pthread_kill(main, signal.SIGINT)
        time.sleep(0.02)

    monkeypatch.setattr(Solver, "attempt", attempt)
    rooms = (("living", 110.0), ("kitchen", 50.0), ("bath", 20.0), ("bed", 80.0), ("bed2", 80.0), ("bath2", 20.0))
    asked = tuple(Room(name, name.rstrip("2"), area) for name, area in rooms)
    small = Programme(asked, 2, 15, 28, "N", "x")
    assert is_small(small)
    heeded = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background heeds none
    try:
        with pytest.raises(KeyboardInterrupt):
            solve(small)
    finally:
        signal.signal(signal.SIGINT, heeded)
    assert len(tried) < 80  # of 160, which all find nothing


def test_every_part_of_the_score_is_explained() -> None:
    assert set(MEANING) == set(NAMES)
    assert len(WEIGHTS) == len(NAMES)


def test_balconies_are_no_floor_area() -> None:
    """The rooms with their balconies are more than all floors may have; what is enclosed is less."""
    asked = (("living", 200.0), ("kitchen", 90.0), ("bed1", 110.0), ("bed2", 100.0), ("bath", 40.0))
    rooms = [Room(name, name.rstrip("12"), area) for name, area in asked]
    balconies = [Room("balcony1", "balcony", 70.0), Room("balcony2", "balcony", 70.0)]
    programme = Programme((*rooms, *balconies), 1, 40, 40, "N", "x", floor_sqft=640.0)
    house = solve(programme)
    assert isinstance(house, House)
    assert house.built_sqft <= 640
    _check(house, programme)
    more = Programme((*rooms, Room("guest", "guest", 110.0)), 1, 40, 40, "N", "x", floor_sqft=640.0)
    assert isinstance(found := solve(more), Infeasible) and found.reason == "area_over_envelope"
    covered = programme._replace(covered_sqft=670.0)  # of the ground: a balcony's floor is that of its rooms' rectangle
    assert isinstance(found := solve(covered), Infeasible) and found.reason == "area_over_envelope"
