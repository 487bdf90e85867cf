"""Tests for housebrain.drawing.outline."""

from housebrain.drawing.outline import outline
from housebrain.house.design import Rect


def length(*boxes: tuple[float, float, float, float]) -> float:
    edges = outline(tuple(Rect(x=x, y=y, w=w, d=d) for x, y, w, d in boxes))
    return sum(abs(edge.x2 - edge.x1) + abs(edge.y2 - edge.y1) for edge in edges)


def test_an_outline_has_no_walls_inside() -> None:
    assert length((0, 0, 9, 4)) == 26
    assert length((0, 0, 9, 4), (2, 4, 4, 5)) == 36
    assert length((0, 0, 9, 4), (0, 4, 2, 5), (7, 4, 2, 5), (0, 9, 9, 1)) == 2 * (9 + 10) + 2 * (5 + 5)
