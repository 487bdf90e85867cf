"""What a brief or a design from outside may be: not larger than any house, and speaking of rooms that it has.

The schemas take any number of rooms, and any length that can be added up. A few bytes of JSON could so ask for more
than a machine holds.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

from housebrain.house.brief import Brief, Rejected
from housebrain.house.design import CEILING_FT, OUTSIDE, Design, Level, Room

MOST_ROOMS = 200
MOST_FEET = 10_000.0  # of a side of a plot, or of a house
MOST_SQFT = 1_000_000.0  # of one room


class Fault(NamedTuple):
    """Where a design contradicts itself, as a path into its JSON, and how."""

    field: str
    detail: str


def check_brief(brief: Brief) -> None:
    """Refuses a brief that is larger than any house, or leaves no ground for one.

    Raises:
        Rejected: `too_large` or `setbacks_over_plot`.
    """
    rooms = sum(request.count for request in brief.rooms)
    if brief.floors > MOST_ROOMS:
        raise Rejected("too_large", f"{brief.floors} floors are asked for, {MOST_ROOMS} are the most")
    longest = max(brief.plot.width_ft, brief.plot.length_ft)
    if rooms > MOST_ROOMS:
        raise Rejected("too_large", f"{rooms} rooms are asked for, {MOST_ROOMS} are the most")
    if longest > MOST_FEET:
        raise Rejected("too_large", f"the plot is {longest:g} ft long, {MOST_FEET:,.0f} ft are the most")
    largest = max((request.min_area_sqft for request in brief.rooms), default=0.0)
    if largest > MOST_SQFT:
        raise Rejected("too_large", f"a room of {largest:g} sq ft is asked for, {MOST_SQFT:,.0f} are the most")
    if min(brief.envelope_ft) <= 0:
        raise Rejected("setbacks_over_plot", "the setbacks take all of the plot")


def fault_of(design: Design) -> Fault | None:
    """The first thing that makes a design none, for any brief: drawings, bills and scores can't be made of it."""
    if sum(len(room.boxes) for level in design.levels for room in level.rooms) > MOST_ROOMS:
        return Fault("levels", f"more than {MOST_ROOMS} boxes of rooms")
    return next(
        (fault for index, level in enumerate(design.levels) for fault in _faults(level, f"levels.{index}")), None
    )


def _faults(level: Level, at: str) -> Iterator[Fault]:
    names = {room.name for room in level.rooms}
    if len(names) < len(level.rooms):
        yield Fault(f"{at}.rooms", "two rooms have one name")
    for number, room in enumerate(level.rooms):
        if max(room.bounds.right, room.bounds.rear) > MOST_FEET:
            yield Fault(f"{at}.rooms.{number}", f"the room reaches beyond {MOST_FEET:,.0f} ft")
    for number, door in enumerate(level.doors):
        for end, name in (("a", door.a), ("b", door.b)):
            if name not in names and (end == "a" or name != OUTSIDE):
                yield Fault(f"{at}.doors.{number}.{end}", f"there is no room {name!r} on this level")
        yield from _sizes(f"{at}.doors.{number}", (door.width_ft,), (door.x, door.y))
    for number, window in enumerate(level.windows):
        if window.room not in names:
            yield Fault(f"{at}.windows.{number}.room", f"there is no room {window.room!r} on this level")
        yield from _sizes(
            f"{at}.windows.{number}", (window.width_ft, window.height_ft), (window.x, window.y, window.sill_ft)
        )
    yield from _overfull(level, at)


def _overfull(level: Level, at: str) -> Iterator[Fault]:
    """No room has more glass and doors than walls: what is left of them would cost less than nothing."""
    for number, room in enumerate(level.rooms):
        doors_ft = sum(door.width_ft for door in level.doors if room.name in (door.a, door.b))
        glass_sqft = sum(window.area_sqft for window in level.windows if window.room == room.name)
        if doors_ft * CEILING_FT + glass_sqft > _walls_ft(room) * CEILING_FT:
            yield Fault(f"{at}.rooms.{number}", "its windows and doors are larger than its walls")


def _walls_ft(room: Room) -> float:
    return sum(2 * (box.w + box.d) for box in room.boxes)


def _sizes(at: str, sizes: tuple[float, ...], places: tuple[float, ...]) -> Iterator[Fault]:
    """Sizes are more than a hair and places are near the house."""
    if not all(0.01 <= size <= MOST_FEET for size in sizes):
        yield Fault(at, f"a size is not between 0.01 and {MOST_FEET:,.0f} ft")
    if not all(math.fabs(place) <= MOST_FEET for place in places):
        yield Fault(at, f"a place is beyond {MOST_FEET:,.0f} ft")
