"""The tables of `rules/passages.py` as arrays over the kinds, for the compiled search."""

import numpy as np

from housebrain.rules import passages as tables
from housebrain.rules.passages import NO
from housebrain.solver.curves import Ints
from housebrain.solver.kinds import INDEX, LIVED_IN, TYPES


def _matrices() -> tuple[Ints, Ints, Ints]:
    size = len(TYPES)
    enter = np.full((size, size), NO, np.int32)
    second = np.zeros((size, size), np.int32)
    opened = np.zeros((size, size), np.int32)
    for source, targets in tables.ENTER.items():
        for target, cost in targets.items():
            enter[INDEX[source], INDEX[target]] = cost
    for matrix, pairs in ((second, tables.SECOND), (opened, tables.OPEN)):
        for one, other in pairs:
            matrix[INDEX[one], INDEX[other]] = matrix[INDEX[other], INDEX[one]] = 1
    return enter, second, opened


ENTER, SECOND, OPENED = _matrices()


def _flags(names: tuple[str, ...]) -> Ints:
    return np.array([int(name in names) for name in TYPES], np.int32)


DAYLIT = _flags(LIVED_IN)
OUTDOOR = _flags(("balcony", "porch", "court", "terrace", "open"))
AT_EDGE = _flags(("balcony", "terrace"))  # open to the outside, or they would be courts
WET = _flags(("bath", "kitchen", "utility", "laundry"))
SLEEPING = _flags(("master", "bed", "guest"))
# Where one comes in from the street, best first; 0 is not at all.
ENTRANCE = np.array([tables.ENTRANCE.get(name, 0) for name in TYPES], np.int32)
