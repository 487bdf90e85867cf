"""Furniture and fittings as solids in feet: few boxes each, enough to know a bed from a bath."""

from collections.abc import Callable, Iterator
from math import ceil

from housebrain.drawing.elements import Piece
from housebrain.drawing.joinery import Solid
from housebrain.drawing.solid import turned_box
from housebrain.drawing.surfaces import Kind

# Kind, then from and to in width, depth and height. The left front lower corner is at zero, the back at the far depth.
Block = tuple[Kind, float, float, float, float, float, float]
PROUD_FT = 0.04  # what one material stands out of another, so that no two faces lie in one plane


def furniture(piece: Piece, floor: float) -> Iterator[Solid]:
    """The solids of a piece as it stands on a floor."""
    left, front = -piece.width / 2, -piece.depth / 2
    for kind, x1, x2, y1, y2, z1, z2 in BLOCKS.get(piece.kind, _cabinet)(piece.width, piece.depth, piece.height):
        low, high = (left + x1, front + y1, z1), (left + x2, front + y2, z2)
        yield kind, turned_box(low, high, piece.angle, (piece.x, piece.y, floor))


def _legs(kind: Kind, w: float, d: float, top: float, thick: float) -> list[Block]:
    return [(kind, x, x + thick, y, y + thick, 0, top) for x in (0.0, w - thick) for y in (0.0, d - thick)]


def _bed(w: float, d: float, h: float) -> list[Block]:
    pillows = max(1, round(w / 2.6))
    each = w / pillows
    return [
        ("timber", 0, w, 0, d, 0.3, 0.6 * h),
        ("timber", 0, w, d - 0.2, d, 0, h + 1.3),
        *_legs("timber", w, d, 0.35, 0.25),
        ("fabric", PROUD_FT, w - PROUD_FT, PROUD_FT, d - 0.2, 0.6 * h, h),
        *(("porcelain", k * each + 0.3, (k + 1) * each - 0.3, d - 1.6, d - 0.3, h, h + 0.35) for k in range(pillows)),
    ]


def _sofa(w: float, d: float, h: float) -> list[Block]:
    seats = max(1, round(w / 2.5))
    arm, back, seat = 0.5, 0.7, 0.45 * h
    each = (w - 2 * arm) / seats
    return [
        ("fabric", 0, w, 0, d, 0.25, seat),
        ("fabric", 0, arm, 0, d, 0.25, 0.7 * h),
        ("fabric", w - arm, w, 0, d, 0.25, 0.7 * h),
        ("fabric", 0, w, d - back, d, 0.25, h),
        *(("fabric", arm + k * each + 0.05, arm + (k + 1) * each - 0.05, -PROUD_FT, d - back, seat, seat + 0.35)
          for k in range(seats)),
        *_legs("timber", w, d, 0.25, 0.2),
    ]  # fmt: skip


def _table(w: float, d: float, h: float) -> list[Block]:
    return [("timber", 0, w, 0, d, h - 0.15, h), *_legs("timber", w, d, h - 0.1, min(0.25, w / 8, d / 8))]


def _chair(w: float, d: float, h: float) -> list[Block]:
    seat = min(1.5, h / 2)
    return [
        ("timber", 0, w, 0, d, seat - 0.15, seat),
        ("timber", 0, w, d - 0.15, d, seat, h),
        *_legs("timber", w, d, seat - 0.1, 0.15),
    ]


def _wardrobe(w: float, d: float, h: float) -> list[Block]:
    doors = max(1, ceil(w / 2))
    each = w / doors
    # The handles of two doors are side by side.
    handles = [(k + (0.85, 0.12)[k % 2]) * each for k in range(doors)]
    return [
        ("timber", 0, w, PROUD_FT, d, 0, h),
        *(("timber", k * each + 0.03, (k + 1) * each - 0.03, 0, 0.2, 0.2, h - 0.1) for k in range(doors)),
        *(("railing", x, x + 0.06, -0.08, 0.1, h / 2, h / 2 + 0.5) for x in handles),
    ]


def _shelf(w: float, d: float, h: float) -> list[Block]:
    boards = max(2, round(h / 1.2))
    return [
        ("timber", 0, w, d - 0.05, d, 0, h),
        ("timber", 0, 0.08, 0, d, 0, h),
        ("timber", w - 0.08, w, 0, d, 0, h),
        *(
            ("timber", 0, w, 0.02, d, k * (h - 0.08) / boards, k * (h - 0.08) / boards + 0.08)
            for k in range(boards + 1)
        ),
    ]


def _counter(w: float, d: float, h: float) -> list[Block]:
    doors = max(1, ceil(w / 2))
    each = w / doors
    return [
        ("timber", 0, w, 0.15, d, 0, h - 0.12),
        *(("timber", k * each + 0.04, (k + 1) * each - 0.04, 0.1, 0.2, 0.35, h - 0.2) for k in range(doors)),
        ("plinth", 0, w, 0, d, h - 0.12, h),
    ]


def _sink(w: float, d: float, h: float) -> list[Block]:
    return [
        *_counter(w, d, h),
        ("railing", 0.15 * w, 0.85 * w, 0.2 * d, 0.75 * d, h - 0.1, h + 0.03),
        ("porcelain", 0.2 * w, 0.8 * w, 0.25 * d, 0.7 * d, h - 0.08, h + 0.05),
        ("railing", 0.48 * w, 0.52 * w, 0.82 * d, 0.88 * d, h, h + 0.8),
        ("railing", 0.48 * w, 0.52 * w, 0.55 * d, 0.88 * d, h + 0.72, h + 0.8),
    ]


def _stove(w: float, d: float, h: float) -> list[Block]:
    return [
        ("porcelain", 0, w, 0.1, d, 0, h - 0.03),
        ("glass", 0.12 * w, 0.88 * w, 0.05, 0.15, 0.25 * h, 0.75 * h),
        ("railing", 0.03, w - 0.03, 0.12, d - 0.05, h - 0.05, h),
        *(("porcelain", x * w, (x + 0.3) * w, y * d, (y + 0.3) * d, h - 0.02, h + 0.03)
          for x in (0.13, 0.57) for y in (0.15, 0.58)),
    ]  # fmt: skip


def _fridge(w: float, d: float, h: float) -> list[Block]:
    return [
        ("porcelain", 0, w, 0.1, d, 0, h),
        ("porcelain", 0.02, w - 0.02, 0, 0.2, 0.1, 0.6 * h),
        ("porcelain", 0.02, w - 0.02, 0, 0.2, 0.62 * h, h - 0.03),
        ("railing", 0.85 * w, 0.9 * w, -0.1, 0.1, 0.35 * h, 0.55 * h),
        ("railing", 0.85 * w, 0.9 * w, -0.1, 0.1, 0.67 * h, 0.85 * h),
    ]


def _washer(w: float, d: float, h: float) -> list[Block]:
    return [
        ("porcelain", 0, w, 0.05, d, 0, h),
        ("railing", 0.2 * w, 0.8 * w, 0, 0.1, 0.2 * h, 0.7 * h),
        ("glass", 0.27 * w, 0.73 * w, -0.03, 0.08, 0.27 * h, 0.63 * h),
    ]


def _toilet(w: float, d: float, h: float) -> list[Block]:
    return [
        ("porcelain", 0.05 * w, 0.95 * w, 0.7 * d, d, 0.45 * h, h),
        ("porcelain", 0.25 * w, 0.75 * w, 0.15 * d, 0.8 * d, 0, 0.4 * h),
        ("porcelain", 0.12 * w, 0.88 * w, 0, 0.72 * d, 0.38 * h, 0.55 * h),
    ]


def _basin(w: float, d: float, h: float) -> list[Block]:
    return [
        ("porcelain", 0.38 * w, 0.62 * w, 0.45 * d, d, 0, h - 0.3),
        ("porcelain", 0, w, 0, d, h - 0.45, h),
        ("railing", 0.46 * w, 0.54 * w, 0.8 * d, 0.88 * d, h, h + 0.4),
        ("railing", 0.46 * w, 0.54 * w, 0.5 * d, 0.88 * d, h + 0.33, h + 0.4),
        ("plinth", 0.15 * w, 0.85 * w, 0.15 * d, 0.7 * d, h - 0.1, h + 0.01),
    ]


def _shower(w: float, d: float, h: float) -> list[Block]:
    return [
        ("porcelain", 0, w, 0, d, 0, 0.2),
        ("glass", 0.02, w - 0.02, 0.02, 0.06, 0.2, min(h, 6.5)),
        ("railing", 0.47 * w, 0.53 * w, d - 0.12, d - 0.04, 3.0, 6.8),
        ("railing", 0.4 * w, 0.6 * w, d - 0.8, d - 0.04, 6.7, 6.8),
    ]


def _tub(w: float, d: float, h: float) -> list[Block]:
    rim = 0.25
    return [
        ("porcelain", 0, w, 0, d, 0, 0.35 * h),
        ("porcelain", 0, w, 0, rim, 0, h),
        ("porcelain", 0, w, d - rim, d, 0, h),
        ("porcelain", 0, rim, 0, d, 0, h),
        ("porcelain", w - rim, w, 0, d, 0, h),
    ]


def _car(w: float, d: float, h: float) -> list[Block]:
    wheel = 2.1
    return [
        ("fabric", 0, w, 0, d, 0.7, 0.58 * h),
        ("fabric", 0.1 * w, 0.9 * w, 0.2 * d, 0.72 * d, 0.58 * h, h),
        ("glass", 0.08 * w, 0.92 * w, 0.22 * d, 0.7 * d, 0.62 * h, 0.94 * h),
        ("glass", 0.14 * w, 0.86 * w, 0.19 * d, 0.73 * d, 0.62 * h, 0.94 * h),
        *(
            ("railing", x, x + 0.7, y, y + wheel, 0, wheel)
            for x in (-0.03, w - 0.67)
            for y in (0.12 * d, 0.88 * d - wheel)
        ),
    ]


def _cabinet(w: float, d: float, h: float) -> list[Block]:
    return [("timber", 0, w, 0, d, 0, h)]


def _nightstand(w: float, d: float, h: float) -> list[Block]:
    return [
        ("timber", 0, w, PROUD_FT, d, 0, h),
        ("timber", 0.05 * w, 0.95 * w, 0, 0.1, 0.1 * h, 0.48 * h),
        ("timber", 0.05 * w, 0.95 * w, 0, 0.1, 0.52 * h, 0.94 * h),
        ("porcelain", 0.4 * w, 0.6 * w, 0.4 * d, 0.6 * d, h, h + 0.5),
        ("fabric", 0.3 * w, 0.7 * w, 0.3 * d, 0.7 * d, h + 0.45, h + 1.0),
    ]


def _plant(w: float, d: float, h: float) -> list[Block]:
    return [
        ("door", 0.25 * w, 0.75 * w, 0.25 * d, 0.75 * d, 0, 0.3 * h),
        ("ground", 0.1 * w, 0.9 * w, 0.1 * d, 0.9 * d, 0.35 * h, 0.8 * h),
        ("ground", 0.22 * w, 0.78 * w, 0.22 * d, 0.78 * d, 0.28 * h, h),
    ]


def _altar(w: float, d: float, h: float) -> list[Block]:
    return [
        ("timber", 0, w, 0, d, 0, 0.4 * h),
        ("timber", 0.1 * w, 0.2 * w, 0.1 * d, 0.2 * d, 0.4 * h, 0.85 * h),
        ("timber", 0.8 * w, 0.9 * w, 0.1 * d, 0.2 * d, 0.4 * h, 0.85 * h),
        ("timber", 0.1 * w, 0.9 * w, 0.85 * d, d, 0.4 * h, 0.85 * h),
        ("timber", 0, w, 0, d, 0.85 * h, 0.92 * h),
        ("timber", 0.25 * w, 0.75 * w, 0.25 * d, 0.75 * d, 0.9 * h, h),
    ]


BLOCKS: dict[str, Callable[[float, float, float], list[Block]]] = {
    "altar": _altar,
    "armchair": _sofa,
    "basin": _basin,
    "bed": _bed,
    "car": _car,
    "chair": _chair,
    "counter": _counter,
    "desk": _table,
    "fridge": _fridge,
    "nightstand": _nightstand,
    "plant": _plant,
    "shelf": _shelf,
    "shower": _shower,
    "sink": _sink,
    "sofa": _sofa,
    "stove": _stove,
    "table": _table,
    "toilet": _toilet,
    "tub": _tub,
    "wardrobe": _wardrobe,
    "washer": _washer,
}
