"""Dimension chains around a plan. Their texts take turns above and below the line where they would collide."""

import itertools
from collections.abc import Sequence
from typing import Literal, NamedTuple

from housebrain.drawing.elements import Level, Wall
from housebrain.drawing.picture import GREY, INK, Picture, Stroke, Text, width_of
from housebrain.drawing.view import View, feet, metres

TEXT_MM = 1.9
APART_MM = 6.5  # from chain to chain
FIRST_MM = 7.0  # from the wall to the first chain
TICK_MM = 1.0
SideName = Literal["front", "rear", "left", "right"]
LINE, EXTENSION = Stroke(0.13, GREY), Stroke(0.09, GREY)


class Chain(NamedTuple):
    """Places along one side, in feet; `both` writes metres beside feet."""

    places: tuple[float, ...]
    both: bool = False


def chains(level: Level, footprint: tuple[float, float, float, float], side: SideName) -> list[Chain]:
    """What is measured on a side, from the wall outwards: openings, rooms, then the whole on the front and left."""
    x, y, w, d = footprint
    along, at, outward = {
        "front": ("x", y, -1),
        "rear": ("x", y + d, 1),
        "left": ("y", x, -1),
        "right": ("y", x + w, 1),
    }[side]
    low, high = (x, x + w) if along == "x" else (y, y + d)
    walls = [wall for wall in level.walls if (wall.along, wall.at, wall.outward) == (along, at, outward)]
    found = []
    edges = {
        end for wall in walls for opening in wall.openings for end in _ends(wall, opening.x, opening.y, opening.width)
    }
    if edges:
        found.append(Chain(_places({low, high, *edges})))
    corners = {low, high}
    for space in level.spaces:
        for bx, by, bw, bd in space.boxes:
            start, end, first, last = (by, by + bd, bx, bx + bw) if along == "x" else (bx, bx + bw, by, by + bd)
            if at in (start, end):
                corners |= {first, last}
    if len(corners) > 2:
        found.append(Chain(_places(corners)))
    if side in ("front", "left"):
        found.append(Chain((low, high), True))
    return found


def _ends(wall: Wall, x: float, y: float, width: float) -> tuple[float, float]:
    middle = x if wall.along == "x" else y
    return middle - width / 2, middle + width / 2


def _places(edges: set[float]) -> tuple[float, ...]:
    """In order, without those that are as good as equal."""
    kept: list[float] = []
    for edge in sorted(edges):
        if not kept or edge - kept[-1] > 0.05:
            kept.append(edge)
    return tuple(kept)


def depth_mm(level: Level, footprint: tuple[float, float, float, float], side: SideName) -> float:
    """How much paper the chains of a side need."""
    count = len(chains(level, footprint, side))
    return FIRST_MM + (count - 1) * APART_MM + 4.0 if count else 4.0


def draw_chains(
    picture: Picture, level: Level, footprint: tuple[float, float, float, float], side: SideName, view: View
) -> None:
    """Draws all chains of a side."""
    x, y, w, d = footprint
    edge = {"front": y, "rear": y + d, "left": x, "right": x + w}[side]
    for number, chain in enumerate(chains(level, footprint, side)):
        _draw(picture, chain, side, view, edge, FIRST_MM + number * APART_MM)


def _draw(picture: Picture, chain: Chain, side: SideName, view: View, edge: float, off: float) -> None:
    level_line = side in ("front", "rear")
    sign = 1 if side in ("front", "left") else -1
    if level_line:
        base = view.at(0, edge)[1]
        places = [view.at(place, 0)[0] for place in chain.places]
        line = base + sign * off
    else:
        base = view.at(edge, 0)[0]
        places = [view.at(0, place)[1] for place in chain.places]
        line = base - sign * off

    def point(along: float, across: float) -> tuple[float, float]:
        return (along, across) if level_line else (across, along)

    outward = sign if level_line else -sign
    picture.line([point(places[0], line), point(places[-1], line)], LINE)
    for place in places:
        picture.line([point(place, line - outward * APART_MM * 0.45), point(place, line + outward * 1.0)], EXTENSION)
        t = TICK_MM
        picture.line(
            [(place - t, line + t), (place + t, line - t)]
            if level_line
            else [(line - t, place + t), (line + t, place - t)],
            Stroke(0.3, INK),
        )
    lengths = [high - low for low, high in zip(chain.places, chain.places[1:], strict=False)]
    middles = [(low + high) / 2 for low, high in itertools.pairwise(places)]
    texts = [f"{feet(length)} ({metres(length)} m)" if chain.both else feet(length) for length in lengths]
    for text, middle, row in zip(texts, middles, rows(texts, middles), strict=True):
        if row is None:
            continue
        if level_line:
            picture.items.append(Text(text, middle, line + (-0.7 if row == 0 else TEXT_MM + 0.5), TEXT_MM, "middle"))
        else:
            across = line + (-0.7 if row == 0 else TEXT_MM + 0.5)
            picture.items.append(Text(text, across, middle, TEXT_MM, "middle", angle=90.0))


def rows(texts: Sequence[str], middles: Sequence[float]) -> list[int | None]:
    """For each text 0 (above the line), 1 (below it) or None (left out), so that none meets another."""
    taken: dict[int, list[tuple[float, float]]] = {0: [], 1: []}
    found: list[int | None] = [None] * len(texts)
    for number in sorted(range(len(texts)), key=lambda k: (width_of(texts[k], TEXT_MM), k)):
        half = width_of(texts[number], TEXT_MM) / 2 + 0.4
        low, high = middles[number] - half, middles[number] + half
        for row, spans in taken.items():
            if all(high <= start or low >= end for start, end in spans):
                spans.append((low, high))
                found[number] = row
                break
    return found
