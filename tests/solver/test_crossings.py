"""What one passes through on the way from room to room."""

import numpy as np

from housebrain.solver.crossings import CUT_OFF, crossings
from housebrain.solver.kinds import INDEX

ROOMS = ("hall", "living", "dining", "bed", "bath", "stairs", "bed")


def _costs(start: str, pairs: list[tuple[int, int]], leaving: bool) -> list[float]:
    kind = np.array([INDEX[name] for name in ROOMS], np.int32)
    doors = np.zeros((len(pairs), 6), np.int32)
    doors[:, :2] = pairs
    costs = np.empty(len(ROOMS))
    crossings(np.array([name == start for name in ROOMS]), kind, doors, len(pairs), leaving, costs)
    return costs.tolist()


def test_halls_cost_nothing_and_rooms_what_they_are() -> None:
    # hall - living - dining - bed, hall - stairs; nothing leads to the second bedroom.
    found = _costs("hall", [(0, 1), (1, 2), (2, 3), (0, 5)], True)
    assert found == [0.0, 0.0, 1.0, 2.5, CUT_OFF, 0.0, CUT_OFF]


def test_the_least_way_counts_whatever_the_order_of_doors() -> None:
    pairs = [(3, 2), (2, 1), (3, 0), (1, 0)]
    assert _costs("hall", pairs, True) == _costs("hall", pairs[::-1], True)
    assert _costs("hall", pairs, True)[3] == 0.0


def test_where_one_sets_out_counts_only_if_it_is_left() -> None:
    pairs = [(4, 3), (3, 0)]
    assert _costs("bath", pairs, False)[3] == 0.0
    assert _costs("bath", pairs, True)[3] == 4.0
    assert _costs("bath", pairs, False)[0] == 4.0  # through the bedroom
