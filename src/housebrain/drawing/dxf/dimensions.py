"""Dimension chains around a level: its openings, its walls and its whole size, one outside the other."""

from collections.abc import Iterable
from itertools import pairwise

from housebrain.drawing.dxf.pen import Pen
from housebrain.drawing.dxf.standards import TEXT_IN, UNIT
from housebrain.drawing.dxf.words import feet_inches
from housebrain.drawing.elements import Axis, Level

STEPS_FT = 2.0  # in front of the house: steps before its doors
CHAIN_IN = 0.32  # between chains, on paper
CHARACTER = 0.85  # of a text's height that one takes in width


def reach_ft(scale: float) -> float:
    """How far the chains of a side reach from the house."""
    return _first_ft(scale) + 3 * CHAIN_IN * scale / UNIT


def _first_ft(scale: float) -> float:
    """From the house to the nearest chain: its text stands beyond the steps."""
    return STEPS_FT + 2 * TEXT_IN * scale / UNIT


def draw_dimensions(pen: Pen, level: Level) -> None:
    """Draws the chains on the four sides of a level.

    On each side there are the middles of the openings that face it, then the axes of the walls that end at it, then the
    whole from face to face. A chain without points of its own is left out, and so is a point whose dimension would have
    no room for its text.
    """
    corners = [corner for wall in level.walls for corner in wall.outline]
    if not corners:
        return
    sides: tuple[tuple[Axis, int], ...] = (("x", 0), ("y", 1))
    for axis, along in sides:
        across = 1 - along
        low, high = min(corner[along] for corner in corners), max(corner[along] for corner in corners)
        for outward in (-1, 1):
            edge = max(corner[across] * outward for corner in corners) * outward
            faced = [
                (opening.start[along] + opening.end[along]) / 2
                for wall in level.walls
                if wall.along == axis and wall.outward == outward
                for opening in wall.openings
            ]
            ending = [
                wall.at
                for wall in level.walls
                if wall.along != axis and min(abs(edge - wall.low), abs(edge - wall.high)) <= wall.thickness
            ]
            chains = [
                chain for chain in (_chain(pen, low, high, faced), _chain(pen, low, high, ending)) if len(chain) > 2
            ]
            foot = edge
            for number, chain in enumerate([*chains, [low, high]]):
                line = edge + outward * (_first_ft(pen.scale) + number * CHAIN_IN * pen.scale / UNIT)
                for start, end in pairwise(chain):
                    pen.dimension(axis, start, end, line, foot)
                # Beyond the texts of this chain, so that no line of the next one runs through them.
                foot = line + outward * 2 * TEXT_IN * pen.scale / UNIT


def _chain(pen: Pen, low: float, high: float, between: Iterable[float]) -> list[float]:
    """The ends and what lies between them, as far as each step has room for its text."""
    chain = [low]
    for point in sorted(set(between)):
        if _has_room(pen, chain[-1], point) and _has_room(pen, point, high):
            chain.append(point)
    return [*chain, high]


def _has_room(pen: Pen, start: float, end: float) -> bool:
    width = len(feet_inches(end - start)) * CHARACTER * TEXT_IN * pen.scale / UNIT
    return end - start >= width
