"""Walls of a level: where rooms, outdoor spaces and the outside meet."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, NamedTuple

from housebrain.drawing.elements import SOLID, Axis, Wall
from housebrain.house.design import CEILING_FT, WALL_FT, Rect
from housebrain.house.rooms import OPEN_AIR

INNER_FT = 0.375  # a partition; outer walls have the house's WALL_FT
RAILING_FT = 0.2
PARAPET_HEIGHT_FT = 3.5

Kind = Literal["outer", "inner", "parapet", "railing"]
THICKNESS: dict[Kind, float] = {"outer": WALL_FT, "inner": INNER_FT, "parapet": WALL_FT, "railing": RAILING_FT}


class Placed(NamedTuple):
    """A room where it stands on the plot."""

    name: str
    type: str
    boxes: tuple[Rect, ...]


@dataclass(frozen=True)
class Run:
    """A wall with the corners of rooms on its line, between which openings lie."""

    wall: Wall
    corners: tuple[float, ...]


def runs(rooms: Sequence[Placed], ground: bool) -> list[Run]:
    """The walls of one level, without openings, those along x first.

    A line between two sets of rooms is a wall. Rooms that overlap have walls inside each other. Towards the outside
    an outdoor space has a parapet or a railing, and on the ground nothing.
    """
    found: list[Run] = []
    for along in ("x", "y"):
        spans = [
            (number, *((b.x, b.right, b.y, b.rear) if along == "x" else (b.y, b.rear, b.x, b.right)))
            for number, room in enumerate(rooms)
            for b in room.boxes
        ]
        for at in sorted({edge for *_, start, end in spans for edge in (start, end)}):
            found += _line(rooms, spans, along, at, ground)
    return [_jointed(run, found) for run in found]


def _line(
    rooms: Sequence[Placed], spans: list[tuple[int, float, float, float, float]], along: Axis, at: float, ground: bool
) -> list[Run]:
    """The walls on one line."""
    near = [span for span in spans if span[3] <= at <= span[4]]
    corners = sorted({end for _, low, high, start, stop in near if at in (start, stop) for end in (low, high)})
    found: list[Run] = []
    for low, high in pairwise(corners):
        across = [span for span in near if span[1] < high and span[2] > low]
        before = frozenset(number for number, *_, start, stop in across if start < at)
        after = frozenset(number for number, *_, start, stop in across if stop > at)
        kind, outward = _kind([{rooms[number].type for number in side} for side in (before, after)], ground)
        if before == after or kind is None:
            continue
        last = found[-1] if found else None
        if last and last.wall.high == low and (last.wall.kind, last.wall.outward) == (kind, outward):
            found[-1] = Run(replace(last.wall, high=high), (*last.corners, high))
            continue
        height = CEILING_FT if kind in SOLID else PARAPET_HEIGHT_FT
        found.append(Run(Wall(kind, along, at, low, high, THICKNESS[kind], height, outward), (low, high)))
    return found


def _kind(sides: list[set[str]], ground: bool) -> tuple[Kind | None, int]:
    """What stands between two sides with rooms of some types, and where it has its outside."""
    before, after = (bool(types - OPEN_AIR) for types in sides)
    if before and after:
        return "inner", 0
    if before or after:
        return "outer", 1 if before else -1
    if ground:
        return None, 0
    # Now nothing or outdoor spaces on both sides. A court above the ground is a void: one stands before its rim.
    outward = 1 if not sides[1] or "court" in sides[1] else -1
    types = sides[0] if outward == 1 else sides[1]
    return "railing" if "balcony" in types or (sides[0] and sides[1]) else "parapet", outward


def _jointed(run: Run, others: list[Run]) -> Run:
    """The wall reaches to the far faces of those that it meets at its ends."""
    wall = run.wall
    meeting = [other.wall for other in others if other.wall.along != wall.along]
    low, high = (
        max((m.thickness / 2 for m in meeting if m.at == end and m.low <= wall.at <= m.high), default=0.0)
        for end in (wall.low, wall.high)
    )
    return replace(run, wall=replace(wall, low=wall.low - low, high=wall.high + high))
