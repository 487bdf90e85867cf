"""Whether what a refusal names would mend it: on briefs of the dataset that are refused."""

from pathlib import Path

import pytest

from housebrain.dataset.v5 import parse_record
from housebrain.house.brief import Rejected
from housebrain.solver.engine import solve
from housebrain.solver.house import House
from housebrain.solver.needs import Programme, Room, programme_of
from housebrain.solver.refusals import Mend, mends, what_binds
from solver.test_solve import real_records


def helped(v5: Path, count: int, step: int) -> float:
    """The share of the changes named by refusals of real briefs after which a house is found."""
    outcomes = []
    for record in real_records(v5, count, step):
        try:
            brief = parse_record(record)[1]
        except Rejected:
            continue
        programme = programme_of(brief, max(brief.berths, key=lambda berth: berth.w * berth.d))
        if isinstance(solve(programme), House):
            continue
        outcomes += [isinstance(solve(mend.applied(programme)), House) for mend in mends(programme)]
    assert len(outcomes) >= count / 10
    return sum(outcomes) / len(outcomes)


@pytest.mark.long
def test_what_a_refusal_names_helps(v5: Path) -> None:
    assert helped(v5, 120, 300) >= 0.9


@pytest.mark.long
def test_what_many_refusals_name_helps(v5: Path) -> None:
    assert helped(v5, 2000, 40) >= 0.95


def test_a_change_is_the_least_of_its_sort_and_is_said_in_words() -> None:
    """Three floors of 1,250 sqft for 2,100 sqft of rooms."""
    rooms = tuple(Room(f"bed{number}", "bed", 210.0) for number in range(10))
    programme = Programme(rooms, 3, 25, 50, "N", "x")
    floors, smaller, larger = mends(programme)
    assert floors == Mend(floors=1)
    assert str(smaller) == f"{smaller.smaller}% smaller rooms"
    assert smaller.applied(programme).rooms[0].area_sqft == pytest.approx(210 * (1 - smaller.smaller / 100))
    assert larger.wider_ft > 0
    assert what_binds(programme).endswith(f"one more floor, or {smaller}, or {larger}")


def test_no_floor_is_named_where_the_floor_area_is_what_is_limited() -> None:
    rooms = tuple(Room(f"bed{number}", "bed", 210.0) for number in range(10))
    programme = Programme(rooms, 2, 60, 60, "N", "x", floor_sqft=2000.0)
    assert all(mend.smaller for mend in mends(programme))
    assert "only 2,000 of the plot may be built over on 2 floors" in what_binds(programme)


def test_rooms_too_large_by_far_name_a_larger_envelope_alone() -> None:
    rooms = (Room("living", "living", 2000.0), Room("kitchen", "kitchen", 80.0))
    (larger,) = mends(Programme(rooms, 1, 30, 30, "N", "x"))
    assert str(larger) == "an envelope with 28 ft more width and 28 ft more depth"
