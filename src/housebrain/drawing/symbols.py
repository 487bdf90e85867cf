"""How furniture looks from above: lines and areas in a frame of its own, the back towards larger y."""

from collections.abc import Callable
from typing import NamedTuple

from housebrain.drawing.elements import Piece

# Straight lines as points; a rectangle as its lower left corner, width and depth; an ellipse as middle and radii.
Points = tuple[tuple[float, float], ...]


class Mark(NamedTuple):
    """One part of a symbol, in feet from the piece's middle: a closed or open line, or an ellipse."""

    points: Points = ()
    ellipse: tuple[float, float, float, float] | None = None
    filled: bool = False
    open: bool = False


def _rect(x1: float, y1: float, x2: float, y2: float, filled: bool = False) -> Mark:
    return Mark(((x1, y1), (x2, y1), (x2, y2), (x1, y2)), None, filled)


def _line(*points: tuple[float, float]) -> Mark:
    return Mark(points, open=True)


def _round(x: float, y: float, rx: float, ry: float, filled: bool = False) -> Mark:
    return Mark((), (x, y, rx, ry), filled)


def _box(w: float, d: float) -> list[Mark]:
    return [_rect(-w / 2, -d / 2, w / 2, d / 2, True)]


def _bed(w: float, d: float) -> list[Mark]:
    pillows = 1 if w < 4.5 else 2
    each = w / pillows
    marks = [*_box(w, d), _line((-w / 2, d / 2 - 0.25), (w / 2, d / 2 - 0.25))]
    for k in range(pillows):
        left = -w / 2 + k * each
        marks.append(_rect(left + 0.3, d / 2 - 1.8, left + each - 0.3, d / 2 - 0.5))
    fold = d / 2 - 2.2
    return [*marks, _line((-w / 2, fold), (w / 2, fold)), _line((-w / 2, fold - 1.2), (w / 2, fold))]


def _wardrobe(w: float, d: float) -> list[Mark]:
    marks = [*_box(w, d), _line((-w / 2 + 0.15, 0), (w / 2 - 0.15, 0))]
    count = int((w - 0.6) / 0.6)
    for k in range(count):
        x = -w / 2 + (k + 0.8) * w / (count + 0.6)
        marks.append(_line((x - 0.1, -0.6), (x + 0.1, 0.6)))
    return marks


def _sofa(w: float, d: float) -> list[Mark]:
    arm, back = 0.55, 0.75
    seats = max(1, round((w - 2 * arm) / 2.3))
    each = (w - 2 * arm) / seats
    marks = _box(w, d)
    marks += [_rect(-w / 2, -d / 2, -w / 2 + arm, d / 2), _rect(w / 2 - arm, -d / 2, w / 2, d / 2)]
    for k in range(seats):
        left = -w / 2 + arm + k * each
        marks.append(_rect(left, -d / 2, left + each, d / 2 - back))
    return marks


def _chair(w: float, d: float) -> list[Mark]:
    return [_rect(-w / 2, -d / 2, w / 2, d / 2, True), _line((-w / 2, d / 2 - 0.25), (w / 2, d / 2 - 0.25))]


def _sink(w: float, d: float) -> list[Mark]:
    return [
        *_box(w, d),
        _rect(-w / 2 + 0.25, -d / 2 + 0.3, w / 2 - 0.25, d / 2 - 0.45),
        _round(0, d / 2 - 0.22, 0.1, 0.1),
        _round(0, -0.05, 0.12, 0.12),
    ]


def _stove(w: float, d: float) -> list[Mark]:
    return [*_box(w, d), *(_round(x * w / 4, y * d / 4, 0.36, 0.36) for x in (-1, 1) for y in (-1, 1))]


def _fridge(w: float, d: float) -> list[Mark]:
    return [*_box(w, d), _line((-w / 2, -d / 2), (w / 2, d / 2)), _line((-w / 2, d / 2), (w / 2, -d / 2))]


def _toilet(w: float, d: float) -> list[Mark]:
    tank = 0.65
    middle = -tank / 2
    return [
        _rect(-w / 2, d / 2 - tank, w / 2, d / 2, True),
        _round(0, middle, w / 2 - 0.1, (d - tank) / 2, True),
        _round(0, middle, w / 2 - 0.3, (d - tank) / 2 - 0.2),
    ]


def _basin(w: float, d: float) -> list[Mark]:
    return [
        *_box(w, d),
        _round(0, -0.08, min(w / 2 - 0.2, 0.75), d / 2 - 0.35),
        _round(0, d / 2 - 0.2, 0.08, 0.08),
    ]


def _shower(w: float, d: float) -> list[Mark]:
    return [
        *_box(w, d),
        _line((-w / 2, -d / 2), (w / 2, d / 2)),
        _line((-w / 2, d / 2), (w / 2, -d / 2)),
        _round(0, 0, 0.22, 0.22, True),
    ]


def _tub(w: float, d: float) -> list[Mark]:
    return [*_box(w, d), _round(0, 0, w / 2 - 0.25, d / 2 - 0.25), _round(-w / 2 + 0.7, 0, 0.1, 0.1)]


def _washer(w: float, d: float) -> list[Mark]:
    return [*_box(w, d), _round(0, -0.1, w / 2 - 0.35, d / 2 - 0.4), _line((-w / 2, d / 2 - 0.3), (w / 2, d / 2 - 0.3))]


def _car(w: float, d: float) -> list[Mark]:
    """Its nose towards larger y: body, windscreens, side windows, mirrors and lamps."""
    mirror = 0.3
    x, y = w / 2 - mirror, d / 2

    def both(*points: tuple[float, float]) -> Points:
        """An outline of the right half from front to rear, and its mirror image."""
        return (*points, *((-px, py) for px, py in points[::-1]))

    body = both((0.6 * x, y), (0.82 * x, y - 0.25), (0.94 * x, y - 0.9), (x, y - 2.4), (x, -y + 1.4),
                (0.93 * x, -y + 0.5), (0.78 * x, -y + 0.1), (0.5 * x, -y))  # fmt: skip
    front, rear = 0.3 * y, -0.62 * y
    screen = both((0.3 * x, front + 0.35), (0.8 * x, front - 0.1), (0.68 * x, front - 1.5), (0.3 * x, front - 1.3))
    back = both((0.3 * x, rear + 1.1), (0.66 * x, rear + 1.2), (0.76 * x, rear + 0.2), (0.3 * x, rear - 0.05))
    marks = [Mark(body, None, True), Mark(screen), Mark(back)]
    for sign in (-1, 1):
        glass = ((0.86, front - 0.5), (0.75, front - 1.6), (0.75, rear + 1.3), (0.86, rear + 0.5))
        marks.append(Mark(tuple((sign * px * x, py) for px, py in glass)))
        marks.append(_rect(sign * x, front - 0.7, sign * (x + mirror), front - 0.35, True))
        marks.append(_line((sign * 0.3 * x, front + 0.35), (sign * 0.36 * x, y - 0.3)))
    return marks


def _plant(w: float, d: float) -> list[Mark]:
    r = min(w, d) / 2
    spokes = ((1, 0), (0.7, 0.7), (0, 1), (-0.7, 0.7))
    return [_round(0, 0, r, r, True), *(_line((-a * r, -b * r), (a * r, b * r)) for a, b in spokes)]


def _shelf(w: float, d: float) -> list[Mark]:
    return [*_box(w, d), _line((-w / 2, -d / 2 + 0.2), (w / 2, -d / 2 + 0.2))]


def _altar(w: float, d: float) -> list[Mark]:
    return [*_box(w, d), Mark(((-w / 2 + 0.3, -d / 4), (w / 2 - 0.3, -d / 4), (0, d / 2 - 0.2)))]


def _nightstand(w: float, d: float) -> list[Mark]:
    return [*_box(w, d), _round(0, 0, w / 4, w / 4)]


SYMBOLS: dict[str, Callable[[float, float], list[Mark]]] = {
    "altar": _altar,
    "armchair": _sofa,
    "basin": _basin,
    "bed": _bed,
    "car": _car,
    "chair": _chair,
    "fridge": _fridge,
    "nightstand": _nightstand,
    "plant": _plant,
    "shelf": _shelf,
    "shower": _shower,
    "sink": _sink,
    "sofa": _sofa,
    "stove": _stove,
    "toilet": _toilet,
    "tub": _tub,
    "wardrobe": _wardrobe,
    "washer": _washer,
}


def symbol(piece: Piece) -> list[Mark]:
    """What is drawn for a piece, where it stands on the plot."""
    c, s = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[piece.angle]

    def at(x: float, y: float) -> tuple[float, float]:
        return piece.x + x * c - y * s, piece.y + x * s + y * c

    found = []
    for mark in SYMBOLS.get(piece.kind, _box)(piece.width, piece.depth):
        if mark.ellipse:
            x, y, rx, ry = mark.ellipse
            radii = (rx, ry) if c else (ry, rx)
            found.append(mark._replace(ellipse=(*at(x, y), *radii)))
        else:
            found.append(mark._replace(points=tuple(at(*point) for point in mark.points)))
    return found
