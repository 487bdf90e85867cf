"""The kinds of rooms the solver works with, and what each needs to be furnished and used.

Lengths are feet and areas square feet, to the walls' centre lines: 3.5 ft between centre lines are 3 ft clear.
"""

from typing import NamedTuple

from housebrain.house.tree import OPEN
from housebrain.rules.limits import LANDING_FT, STAIRS_LONG_FT, STAIRS_SHORT_FT


class Kind(NamedTuple):
    """What a type of room asks for.

    `side_ft` is the least side of a room of usual area; a room that a brief wants smaller may be as narrow as
    `side_share` times the root of its area. `aspect` is the greatest ratio of its sides at its least area, `growth`
    how readily it takes length that is left over.
    """

    side_ft: float
    side_share: float
    aspect: float
    growth: float


# Sides: NBC 2016 12.2.2 to 12.4.2 (bedroom 2.1 to 2.4 m, kitchen 1.8 m, bath 1.2 m), IRC 2021 R304.2 (7 ft), rounded
# up to what takes the furniture; aspects and growth are ours, checked on drawn plans. A court: 3 m, as NBC asks of what
# rooms to live in look into (8.2.5, from memory).
KINDS: dict[str, Kind] = {
    "living": Kind(10, 0.76, 2.0, 1.6),
    "dining": Kind(8, 0.72, 1.9, 1.1),
    "kitchen": Kind(7, 0.68, 2.1, 0.7),
    "master": Kind(10, 0.78, 1.6, 1.3),
    "bed": Kind(9, 0.78, 1.6, 1.1),
    "guest": Kind(9, 0.78, 1.6, 1.1),
    "family": Kind(9, 0.74, 1.8, 1.3),
    "office": Kind(7.5, 0.74, 1.7, 0.8),
    "bath": Kind(4.5, 0.64, 2.4, 0.15),
    "utility": Kind(4.5, 0.6, 2.6, 0.2),
    "laundry": Kind(4.5, 0.6, 2.6, 0.2),
    "store": Kind(4, 0.6, 2.4, 0.2),
    "pooja": Kind(4, 0.66, 2.0, 0.15),
    "garage": Kind(9, 0.66, 2.3, 0.5),
    "balcony": Kind(4, 0.4, 5.5, 0.4),
    "stairs": Kind(6.5, 1, 9, 0.0),
    "hall": Kind(3.5, 1, 99, 0.3),
    "porch": Kind(4, 1, 99, 2.5),
    "court": Kind(10, 1, 99, 2.0),
    "terrace": Kind(4, 1, 99, 60.0),
    "open": Kind(0.5, 1, 99, 0.0),
}
TYPES: tuple[str, ...] = tuple(KINDS)
INDEX: dict[str, int] = {name: index for index, name in enumerate(TYPES)}

BEDROOMS = frozenset({"master", "bed", "guest"})
OUTDOOR = frozenset({"balcony", "porch", "court", "terrace", OPEN})
WET = frozenset({"bath", "kitchen", "utility", "laundry"})
# Spaces that the solver adds; a brief never asks for them.
ADDED = frozenset({"hall", "stairs", "porch", "court", "terrace", OPEN})

COURT = "court"
STAIRS_FT = (STAIRS_SHORT_FT, STAIRS_LONG_FT)
# A nook, by which an L-shaped room reaches past a bath or to the hall, is a way in: as wide as a hall.
NOOK_FT = LANDING_FT


def type_of(name: str) -> str:
    """The type behind a space's name: `bed2` is a `bed`, `hall` a `hall`; unknown names give themselves."""
    return name.rstrip("0123456789")


LIVED_IN = ("living", "dining", "kitchen", "master", "bed", "guest", "family", "office")  # these want daylight


def least_side_ft(kind: str, area_sqft: float) -> float:
    """The least side of a room of that kind and least area."""
    need = KINDS[kind]
    if kind in ADDED:
        return need.side_ft
    # However little is asked for, a door and a window find their wall.
    return max(min(need.side_ft, need.side_share * area_sqft**0.5), NOOK_FT if kind in LIVED_IN else 0.0)
