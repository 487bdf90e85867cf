"""Names of rooms, where they cover neither the swing of a door nor furniture."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from housebrain.drawing.dxf.pen import Pen
from housebrain.drawing.dxf.standards import TEXT_IN, UNIT
from housebrain.drawing.dxf.words import feet_inches
from housebrain.drawing.elements import Level, Point, Space
from housebrain.drawing.names import title
from housebrain.house.units import SQFT_PER_SQM

# Of a text's height: what a character takes in width and a line in depth, with room to spare.
CHARACTER, LEADING = 0.85, 1.7
LEGIBLE, SMALL = (1.0, 0.85, 0.72), (0.6, 0.5)  # of the usual height
_STEP_FT, _MOST_STEPS = 0.5, 12  # between the places that are tried, and how many each way from the middle
_INSET_FT = 0.4  # from the walls' axes
Box = tuple[float, float, float, float]  # x1, y1, x2, y2


class _Label(NamedTuple):
    at: Point
    lines: Sequence[str]
    height: float
    turned: bool


def draw_names(pen: Pen, level: Level, omitted: Iterable[str] = ()) -> None:
    """Writes name, size and area of each room, but those of some types."""
    blocked = [_box(piece.outline) for piece in level.furniture]
    for opening in level.openings:
        blocked += [_box((leaf.hinge, leaf.closed, leaf.opened)) for leaf in opening.leaves]
    for space in level.spaces:
        if space.type not in omitted:
            label = _placed(pen, space, blocked)
            pen.text("A-AREA-IDEN", label.at, label.lines, label.height, angle=90.0 if label.turned else 0.0)


def _box(points: Iterable[Point]) -> Box:
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _placed(pen: Pen, space: Space, blocked: Sequence[Box]) -> _Label:
    """The first of the ways to write a name that covers nothing; failing that the smallest, in the room's middle."""
    x, y, w, d = max(space.boxes, key=lambda one: one[2] * one[3])
    near = [box for box in blocked if box[0] < x + w and box[2] > x and box[1] < y + d and box[3] > y]
    last = None
    for lines, height, turned in _wordings(space):
        size = _size(pen, lines, height)
        half = (size[turned] / 2, size[not turned] / 2)
        right, up = w / 2 - half[0] - _INSET_FT, d / 2 - half[1] - _INSET_FT
        if min(right, up) < 0:
            continue
        last = _Label(space.label, lines, height, turned)
        for point in _places(space.label, right, up):
            own = (point[0] - half[0], point[1] - half[1], point[0] + half[0], point[1] + half[1])
            if not any(own[0] < box[2] and own[2] > box[0] and own[1] < box[3] and own[3] > box[1] for box in near):
                return last._replace(at=point)
    if last:
        return last
    lines = [title(space).upper()]
    wide, deep = _size(pen, lines, TEXT_IN)
    turned = d > w
    fitting = min((d if turned else w) / wide, (w if turned else d) / deep)
    return _Label(space.label, lines, TEXT_IN * min(1.0, 0.85 * fitting), turned)


def _wordings(space: Space) -> Iterator[tuple[list[str], float, bool]]:
    """From all that one wants to know of a room to its name alone, with heights, and whether it is turned.

    Rather turned than less, and rather less than hardly legible.
    """
    name = title(space).upper()
    area = [f"{space.area_sqft:.0f} sq ft", f"{space.area_sqft / SQFT_PER_SQM:.1f} m²"]
    size = [" x ".join(map(feet_inches, space.size))] if space.size else []
    wordings = [[name, *size, " / ".join(area)], [name, *size, *area], [name, *area], [name, area[0]], [name]]
    for shares in (LEGIBLE, SMALL):
        for lines in wordings:
            for turned in (False, True):
                for share in shares:
                    yield lines, share * TEXT_IN, turned


def _size(pen: Pen, lines: Sequence[str], height: float) -> tuple[float, float]:
    """Width and depth of lines of text, in feet."""
    foot = height * pen.scale / UNIT
    return max(map(len, lines)) * CHARACTER * foot, len(lines) * LEADING * foot


def _places(middle: Point, right: float, up: float) -> list[Point]:
    """Places up to so far from the middle, the nearest first."""
    step = max(_STEP_FT, right / _MOST_STEPS, up / _MOST_STEPS)
    across, along = (range(-int(far / step), int(far / step) + 1) for far in (right, up))
    steps = sorted(((i, j) for i in across for j in along), key=lambda ij: (ij[0] ** 2 + ij[1] ** 2, ij))
    return [(middle[0] + i * step, middle[1] + j * step) for i, j in steps]
