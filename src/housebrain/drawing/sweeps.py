"""Doors' leaves that would hit each other are hung otherwise: at the other side of the door, or into the other room."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from math import cos, pi, sin

from shapely import Polygon, box

from housebrain.drawing.elements import Leaf, Opening, Point, Wall
from housebrain.house.design import Rect

PASSAGES = frozenset({"corridor", "stairs"})  # no leaf is hung into these to get out of the way
ARC_STEPS = 6
TOUCH_SQFT = 0.02  # two leaves may meet by so much


def inside(door: Opening, room: Sequence[Rect]) -> tuple[int, float, float]:
    """On which side of a door a room lies, and from where to where it reaches along the wall there."""
    for one in room:
        across, middle, low, high, start, end = (
            (door.y, door.x, one.x, one.right, one.y, one.rear)
            if door.along == "x"
            else (door.x, door.y, one.y, one.rear, one.x, one.right)
        )
        if low < middle < high and across in (start, end):
            return (1 if across == start else -1), low, high
    return 1, -float("inf"), float("inf")


def moved(point: Point, along: str, by: float) -> Point:
    """A point moved across a wall."""
    return (point[0], point[1] + by) if along == "x" else (point[0] + by, point[1])


def apart(walls: Sequence[Wall], types: Mapping[str, str], boxes: Mapping[str, Sequence[Rect]]) -> tuple[Wall, ...]:
    """The walls with leaves that don't sweep over each other, as far as other hinges and sides can bring that about.

    Args:
        walls: of one level, with their openings.
        types, boxes: of the level's rooms, by name.
    """
    leaves = {opening: opening.leaves for wall in walls for opening in wall.openings if opening.leaves}
    for one, other in combinations(leaves, 2):
        if _shared(leaves[one], leaves[other]) <= TOUCH_SQFT:
            continue
        rest = [hung for door, hung in leaves.items() if door not in (one, other)]
        ways = [
            (first, second)
            for first in _ways(one, leaves[one], types, boxes)
            for second in _ways(other, leaves[other], types, boxes)
        ]

        def hit(pair: tuple[tuple[Leaf, ...], tuple[Leaf, ...]], rest: Sequence[tuple[Leaf, ...]] = rest) -> float:
            found = _shared(*pair) + sum(_shared(hung, leaf) for hung in rest for leaf in pair)
            return found if found > TOUCH_SQFT else 0.0

        # Among those that are as good the first, which leaves most as it is.
        leaves[one], leaves[other] = min(ways, key=hit)
    return tuple(
        replace(wall, openings=tuple(replace(one, leaves=leaves.get(one, ())) for one in wall.openings))
        for wall in walls
    )


def _ways(
    door: Opening, hung: tuple[Leaf, ...], types: Mapping[str, str], boxes: Mapping[str, Sequence[Rect]]
) -> Iterator[tuple[Leaf, ...]]:
    """How a door can be hung: as it is, at its other end, then into its other room; pairs of leaves stay."""
    yield hung
    if len(hung) > 1:
        return
    (leaf,) = hung
    index = 1 if door.along == "x" else 0
    side = 1 if leaf.opened[index] > leaf.hinge[index] else -1
    yield (_leaf(door, leaf.closed, leaf.hinge, side),)
    for name in door.rooms:
        if types.get(name) in PASSAGES or not any(_holds(one, leaf, door, -side) for one in boxes.get(name, ())):
            continue
        yield (_leaf(door, leaf.hinge, leaf.closed, -side),)
        yield (_leaf(door, leaf.closed, leaf.hinge, -side),)


def _holds(room: Rect, leaf: Leaf, door: Opening, side: int) -> bool:
    """Whether a room has the floor that a leaf would sweep on the other side of its wall."""
    x1, y1, x2, y2 = _bounds(_leaf(door, leaf.hinge, leaf.closed, side))
    return room.x <= x1 and room.y <= y1 and x2 <= room.right and y2 <= room.rear


def _leaf(door: Opening, hinge: Point, free: Point, side: int) -> Leaf:
    return Leaf(hinge, free, moved(hinge, door.along, door.width * side))


def _shared(one: Sequence[Leaf], other: Sequence[Leaf]) -> float:
    """The floor that leaves of two doors both sweep, in square feet."""
    return sum(
        float(_sweep(a).intersection(_sweep(b)).area)
        for a in one
        for b in other
        if box(*_bounds(a)).intersects(box(*_bounds(b)))
    )


def _bounds(leaf: Leaf) -> tuple[float, float, float, float]:
    xs, ys = zip(leaf.hinge, leaf.closed, leaf.opened, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _sweep(leaf: Leaf) -> Polygon:
    """The quarter circle under a leaf."""
    (hx, hy), (cx, cy), (ox, oy) = leaf.hinge, leaf.closed, leaf.opened
    turns = (k * pi / 2 / ARC_STEPS for k in range(ARC_STEPS + 1))
    rim = [
        (hx + (cx - hx) * cos(turn) + (ox - hx) * sin(turn), hy + (cy - hy) * cos(turn) + (oy - hy) * sin(turn))
        for turn in turns
    ]
    return Polygon([leaf.hinge, *rim])
