"""Dimension chains around a plan. Their texts take turns above and below the line where they would collide."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from housebrain.drawing.elements import Level, Wall
from housebrain.drawing.picture import GREY, INK, Picture, Stroke, width_of
from housebrain.drawing.scene import Scene
from housebrain.drawing.view import View, feet, metres

TEXT_MM = 1.9
APART_MM = 6.5  # from chain to chain
FIRST_MM = 7.0  # from the wall to the first chain, or from the steps before it half of that
TICK_MM = 1.0
SideName = Literal["front", "rear", "left", "right"]
SIDES: tuple[SideName, ...] = ("front", "rear", "left", "right")
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


def first_mm(scene: Scene, side: SideName, mm: float) -> float:
    """How far from the wall the first chain lies: beyond the steps on that side, at `mm` of paper for a foot."""
    x, y, w, d = scene.footprint
    points = [point for step in scene.steps for point in step.outline]
    reach = {
        "front": max((y - py for _, py in points), default=0.0),
        "rear": max((py - y - d for _, py in points), default=0.0),
        "left": max((x - px for px, _ in points), default=0.0),
        "right": max((px - x - w for px, _ in points), default=0.0),
    }[side]
    return max(FIRST_MM, reach * mm + FIRST_MM / 2) if reach > 0 else FIRST_MM


def depth_mm(scene: Scene, side: SideName, mm: float) -> float:
    """How much paper the chains of a side need, on whatever level they are most."""
    count = max(len(chains(level, scene.footprint, side)) for level in scene.levels)
    return first_mm(scene, side, mm) + (count - 1) * APART_MM + 4.0 if count else 4.0


def draw_chains(picture: Picture, scene: Scene, number: int, side: SideName, view: View) -> None:
    """Draws all chains of a level's side."""
    x, y, w, d = scene.footprint
    first = first_mm(scene, side, view.mm)
    edge = {"front": y, "rear": y + d, "left": x, "right": x + w}[side]
    for rank, chain in enumerate(chains(scene.levels[number], scene.footprint, side)):
        _draw(picture, chain, side, view, edge, first + rank * APART_MM)


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
    lengths = [high - low for low, high in pairwise(chain.places)]
    middles = [(low + high) / 2 for low, high in pairwise(places)]
    rooms = [abs(high - low) for low, high in pairwise(places)]
    texts = [f"{feet(length)} ({metres(length)} m)" if chain.both else feet(length) for length in lengths]
    for text, middle, row in zip(texts, middles, rows(texts, middles, rooms), strict=True):
        if row is None:
            continue
        across = line + (-0.7 if row == 0 else TEXT_MM + 1.2)
        if level_line:
            picture.text(text, middle, across, TEXT_MM, "middle")
        else:
            picture.text(text, across, middle, TEXT_MM, "middle", angle=90.0)


def rows(texts: Sequence[str], middles: Sequence[float], rooms: Sequence[float]) -> list[int | None]:
    """Where the texts of a chain go, so that none meets another.

    Args:
        texts: what is written.
        middles, rooms: where the middle of each measured piece is, and how long the piece is, in millimetres.

    Returns:
        For each text 0 (above the line), 1 (below it, as those do that are longer than their piece) or None (left
        out).
    """
    taken: dict[int, list[tuple[float, float]]] = {0: [], 1: []}
    found: list[int | None] = [None] * len(texts)
    for number in sorted(range(len(texts)), key=lambda k: (width_of(texts[k], TEXT_MM), k)):
        half = width_of(texts[number], TEXT_MM) / 2 + 0.4
        low, high = middles[number] - half, middles[number] + half
        for row in (0, 1) if rooms[number] >= 2 * (half + TICK_MM / 2) else (1, 0):
            if all(high <= start or low >= end for start, end in taken[row]):
                taken[row].append((low, high))
                found[number] = row
                break
    return found
