"""Tests for housebrain.drawing.furnishing: pieces stand where the scene puts them, turned as it says."""

import pytest

from housebrain.drawing.elements import Piece
from housebrain.drawing.furnishing import BLOCKS, furniture
from housebrain.drawing.solid import box, union

FLOOR = 12.0
SLACK_FT = 2 / 12  # handles, worktops and wheels stand out by less
SIZES = {
    "bed": (5, 6.7, 1.8),
    "car": (6, 15, 4.8),
    "sofa": (7, 3, 2.7),
    "armchair": (2.8, 2.8, 2.7),
    "tub": (5, 2.5, 1.8),
}


@pytest.mark.parametrize("kind", [*BLOCKS, "what no table has"])
@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_a_piece_fills_its_place_and_stands_on_the_floor(kind: str, angle: int) -> None:
    piece = Piece(kind, 20.0, 30.0, *SIZES.get(kind, (3.0, 2.0, 2.9)), angle, "living")
    solids = [solid for _, solid in furniture(piece, FLOOR)]
    assert all(solid.volume() > 0 for solid in solids)
    x1, y1, low, x2, y2, _ = union(solids).bounding_box()
    left, front, right, rear = (*piece.outline[0], *piece.outline[2])
    assert low == pytest.approx(FLOOR, abs=1e-3)
    assert left - SLACK_FT < x1 and front - SLACK_FT < y1 and x2 < right + SLACK_FT and y2 < rear + SLACK_FT
    assert x2 - x1 > 0.75 * (right - left) and y2 - y1 > 0.75 * (rear - front)


@pytest.mark.parametrize(("angle", "to"), [(0, (0, 1)), (90, (-1, 0)), (180, (0, -1)), (270, (1, 0))])
def test_a_bed_turns_its_pillows_with_its_back(angle: int, to: tuple[int, int]) -> None:
    solids = furniture(Piece("bed", 0.0, 0.0, 6.0, 7.0, 2.0, angle, "bed1"), 0.0)
    pillows = union(solid for kind, solid in solids if kind == "porcelain")
    head = box((-9, -9, 0), (9, 9, 9)).translate((to[0] * 10, to[1] * 10, 0))
    assert (pillows - head).volume() == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("kind", BLOCKS)
def test_a_piece_of_no_usual_size_is_drawn_too(kind: str) -> None:
    for size in ((0.3, 0.3, 0.3), (40.0, 40.0, 40.0)):
        assert union(solid for _, solid in furniture(Piece(kind, 0.0, 0.0, *size, 0, "living"), 0.0)).volume() > 0
