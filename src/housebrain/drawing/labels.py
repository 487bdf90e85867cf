"""What is written into rooms: name, size and area, where it covers neither furniture nor the swing of a door."""

from collections.abc import Sequence
from typing import NamedTuple

from housebrain.drawing.elements import Level, Space
from housebrain.drawing.names import title
from housebrain.drawing.picture import Text, fitted, width_of
from housebrain.drawing.view import View, area, feet, metres

NAME_MM, SIZE_MM = (2.5, 2.1, 1.7, 1.4), 0.78
LEADING = 1.32
SPOTS = 13  # places tried along each side of a room
Rect = tuple[float, float, float, float]


class Line(NamedTuple):
    text: str
    size: float
    bold: bool


def room_labels(level: Level, view: View) -> list[Text]:
    """The texts of all rooms, in millimetres."""
    blocked = [_box(view.points(piece.outline)) for piece in level.furniture]
    for opening in level.openings:
        blocked += [_box(view.points((leaf.hinge, leaf.closed, leaf.opened))) for leaf in opening.leaves]
    stairs = [stair for stair in (level.stair, level.stair_below) if stair]
    blocked += [_box(view.points(step.outline)) for stair in stairs for step in stair.steps]
    return [text for space in level.spaces for text in _label(space, view, blocked)]


def lines_of(space: Space) -> tuple[str, list[str]]:
    """A room's name, and the lines below it."""
    lines = []
    if space.size:
        w, d = space.size
        lines += [f"{feet(w)} x {feet(d)}", f"{metres(w)} x {metres(d)} m"]
    return title(space), [*lines, area(space.area_sqft)]


def _label(space: Space, view: View, blocked: Sequence[Rect]) -> list[Text]:
    name, lines = lines_of(space)
    boxes = []
    for x, y, w, d in sorted(space.boxes, key=lambda box: -box[2] * box[3]):
        (x1, y2), (x2, y1) = view.at(x, y), view.at(x + w, y + d)
        boxes.append((x1 + 1.0, y1 + 1.0, x2 - 1.0, y2 - 1.0))
    short = [lines[0], lines[-1].split(" / ")[0]] if len(lines) > 1 else [lines[0].split(" / ")[0]]
    best: tuple[float, list[Text]] | None = None
    for rank, size in enumerate(NAME_MM):
        for fewer, below in enumerate((lines, short, short[:1], [])):
            set_ = [Line(name, size, True), *(Line(line, size * SIZE_MM, False) for line in below)]
            for turned in (False, True):
                placed = _place(set_, boxes, blocked, turned)
                if placed:
                    overlap, texts = placed
                    cost = overlap + rank * 3.0 + fewer * 6.0 + turned * 4.0
                    if best is None or cost < best[0]:
                        best = (cost, texts)
        if best and best[0] < (rank + 1) * 3.0:
            break
    if best:
        return best[1]
    # Too small for any: the start of the name, as small as can be read.
    x1, y1, x2, y2 = boxes[0]
    along = x2 - x1 >= y2 - y1
    size = max(0.6, min(1.4, 0.8 * (y2 - y1 if along else x2 - x1)))
    text = fitted(name, size, max(x2 - x1, y2 - y1), True)
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    return [Text(text, x, y + size * 0.36, size, "middle", True, halo="#ffffff") if along else
            Text(text, x + size * 0.36, y, size, "middle", True, 90.0, halo="#ffffff")]  # fmt: skip


def _place(
    lines: list[Line], boxes: Sequence[Rect], blocked: Sequence[Rect], turned: bool
) -> tuple[float, list[Text]] | None:
    """The least covering place of some lines, and how many square millimetres it covers; None where they don't fit."""
    width = max(width_of(line.text, line.size, line.bold) for line in lines)
    height = sum(line.size * LEADING for line in lines)
    w, h = (height, width) if turned else (width, height)
    best: tuple[float, float, float] | None = None
    for x1, y1, x2, y2 in boxes:
        if w > x2 - x1 or h > y2 - y1:
            continue
        near = [other for other in blocked if other[0] < x2 and other[2] > x1 and other[1] < y2 and other[3] > y1]
        for i in range(SPOTS):
            for j in range(SPOTS):
                x, y = x1 + (x2 - x1 - w) * i / (SPOTS - 1), y1 + (y2 - y1 - h) * j / (SPOTS - 1)
                covered = sum(_shared((x - 0.5, y - 0.5, x + w + 0.5, y + h + 0.5), other) for other in near)
                off = abs(x + w / 2 - (x1 + x2) / 2) + abs(y + h / 2 - (y1 + y2) / 2)
                if best is None or covered + 0.02 * off < best[0]:
                    best = (covered + 0.02 * off, x, y)
        if best:
            break
    if best is None:
        return None
    cost, x, y = best
    texts = []
    along = 0.0
    for line in lines:
        base = along + line.size
        along += line.size * LEADING
        if turned:
            texts.append(Text(line.text, x + base, y + h / 2, line.size, "middle", line.bold, 90.0, halo="#ffffff"))
        else:
            texts.append(Text(line.text, x + w / 2, y + base, line.size, "middle", line.bold, halo="#ffffff"))
    return cost, texts


def _box(points: Sequence[tuple[float, float]]) -> Rect:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def _shared(one: Rect, other: Rect) -> float:
    w, h = min(one[2], other[2]) - max(one[0], other[0]), min(one[3], other[3]) - max(one[1], other[1])
    return w * h if w > 0 and h > 0 else 0.0
