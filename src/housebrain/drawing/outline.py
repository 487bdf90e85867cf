"""The outline of a room of several boxes."""

from typing import NamedTuple

from housebrain.house.design import Rect


class Edge(NamedTuple):
    """A straight piece of an outline, from `x1`, `y1` to `x2`, `y2` in feet."""

    x1: float
    y1: float
    x2: float
    y2: float


def outline(boxes: tuple[Rect, ...]) -> list[Edge]:
    """The edges of all boxes, without what lies between two of them."""
    edges = []
    for box in boxes:
        others = [other for other in boxes if other is not box]
        for y, touching in (
            (box.y, [other for other in others if other.rear == box.y]),
            (box.rear, [other for other in others if other.y == box.rear]),
        ):
            pieces = _without(box.x, box.right, [(other.x, other.right) for other in touching])
            edges += [Edge(low, y, high, y) for low, high in pieces]
        for x, touching in (
            (box.x, [other for other in others if other.right == box.x]),
            (box.right, [other for other in others if other.x == box.right]),
        ):
            pieces = _without(box.y, box.rear, [(other.y, other.rear) for other in touching])
            edges += [Edge(x, low, x, high) for low, high in pieces]
    return edges


def _without(low: float, high: float, taken: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """What intervals leave of another."""
    pieces = []
    for start, end in sorted(taken):
        if start > low:
            pieces.append((low, min(start, high)))
        low = max(low, end)
        if low >= high:
            return pieces
    return [*pieces, (low, high)]
