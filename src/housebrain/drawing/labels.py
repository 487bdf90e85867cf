"""What is written into rooms: name, size and area, where it covers neither furniture nor the swing of a door."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from housebrain.drawing.elements import Level, Space
from housebrain.drawing.names import short_title, title
from housebrain.drawing.picture import Text, fitted, width_of
from housebrain.drawing.tints import tint
from housebrain.drawing.view import View, area, feet, metres
from housebrain.house.design import WALL_FT

NAME_MM, SIZE_MM = (3.0, 2.5, 2.1, 1.7, 1.4), 0.76
# Of the width of a plan that is shown small: its names from large to small. Upwards they are smaller.
SHORT_SHARES, UPWARDS = (0.037, 0.033, 0.029, 0.025, 0.021, 0.017), 0.8
LEADING = 1.32
AROUND_MM = 0.5  # kept free around words
CLEAR_MM = 0.7  # between words and a wall's face
COVERED = 2.0  # what it costs to cover a square millimetre
SMALLER = (0.0, 2.0, 4.0, 10.0, 18.0)  # to write a name of that size
FEWER, TURNED = 7.0, 5.0  # to leave out a line, and to write upwards
STAIRS_COVERED = 6.0  # the worst place of a label on stairs that is taken
SPOTS = 13  # places tried along each side of a room
Rect = tuple[float, float, float, float]


class Line(NamedTuple):
    text: str
    size: float
    bold: bool


def room_labels(level: Level, view: View) -> list[Text]:
    """The texts of all rooms, in millimetres."""
    rects = _blocked(level, view)
    return [text for space in level.spaces for text in _label(space, view, rects)]


def short_labels(level: Level, view: View, width: float) -> list[Text]:
    """The rooms' names, short and as large as fits, in millimetres: for a plan of that width that is shown small."""
    rects = _blocked(level, view)
    sizes = [share * width for share in SHORT_SHARES]
    return [text for space in level.spaces for text in _short_label(space, view, rects, sizes)]


def _short_label(space: Space, view: View, blocked: NDArray[np.float64], sizes: Sequence[float]) -> list[Text]:
    """With the area where there is room, and rather across than upwards; nothing on stairs and in too small a room."""
    if space.type == "stairs":
        return []
    boxes, halo = _inner(space, view), tint(space.type)
    name, sqft = short_title(space), area(space.area_sqft).split(" / ")[0]
    for size in sizes:
        lines = [Line(name, size, True)]
        if size >= sizes[1]:
            lines.append(Line(sqft, sizes[-2], False))
        for turned in (False, True):
            shrunk = [line._replace(size=line.size * UPWARDS) for line in lines] if turned else lines
            placed = _place(shrunk, boxes, blocked, turned, halo)
            if placed:
                return placed[1]
    return []


def _blocked(level: Level, view: View) -> NDArray[np.float64]:
    """What words should not cover: furniture, the sweep of leaves and stairs, as rectangles on paper."""
    blocked = [_box(view.points(piece.outline)) for piece in level.furniture]
    for opening in level.openings:
        blocked += [_box(view.points((leaf.hinge, leaf.closed, leaf.opened))) for leaf in opening.leaves]
    stairs = [stair for stair in (level.stair, level.stair_below) if stair]
    blocked += [_box(view.points(step.outline)) for stair in stairs for step in stair.steps]
    return np.array(blocked, dtype=np.float64).reshape(-1, 4)


def _inner(space: Space, view: View) -> list[Rect]:
    """A room's boxes between the walls, the largest first, in millimetres."""
    inset = WALL_FT / 2 * view.mm + CLEAR_MM
    boxes = []
    for x, y, w, d in sorted(space.boxes, key=lambda box: -box[2] * box[3]):
        (x1, y2), (x2, y1) = view.at(x, y), view.at(x + w, y + d)
        boxes.append((x1 + inset, y1 + inset, x2 - inset, y2 - inset))
    return boxes


def lines_of(space: Space) -> tuple[str, list[str]]:
    """A room's name, and the lines below it."""
    lines = []
    if space.size:
        w, d = space.size
        lines += [f"{feet(w)} x {feet(d)}", f"{metres(w)} x {metres(d)} m"]
    return title(space), [*lines, area(space.area_sqft)]


def _label(space: Space, view: View, blocked: NDArray[np.float64]) -> list[Text]:
    name, lines = lines_of(space)
    halo = tint(space.type)
    boxes = _inner(space, view)
    best = _least(name, lines, boxes, blocked, halo)
    if space.type == "stairs" and (best is None or best[0] > STAIRS_COVERED):
        return []  # the flights and the word at their start say what it is
    if best:
        return best[1]
    # Too small for any: the start of the name, as small as can be read.
    x1, y1, x2, y2 = boxes[0]
    along = x2 - x1 >= y2 - y1
    size = max(0.6, min(1.4, 0.8 * (y2 - y1 if along else x2 - x1)))
    text = fitted(name, size, max(x2 - x1, y2 - y1), True)
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    return [Text(text, x, y + size * 0.36, size, "middle", True, halo=halo) if along else
            Text(text, x + size * 0.36, y, size, "middle", True, 90.0, halo=halo)]  # fmt: skip


def _least(
    name: str, lines: list[str], boxes: Sequence[Rect], blocked: NDArray[np.float64], halo: str
) -> tuple[float, list[Text]] | None:
    """The way to write a name, and some of the lines below it, that costs least, and its cost; None where none fits.

    It costs to cover something, to leave lines out, to write small, and to write upwards.
    """
    short = [lines[0], lines[-1].split(" / ")[0]] if len(lines) > 1 else [lines[0].split(" / ")[0]]
    best: tuple[float, list[Text]] | None = None
    for size, smaller in zip(NAME_MM, SMALLER, strict=True):
        for fewer, below in enumerate((lines, short, short[:1], [])):
            least = smaller + fewer * FEWER
            if best and best[0] <= least:
                break
            set_ = [Line(name, size, True), *(Line(line, size * SIZE_MM, False) for line in below)]
            for turned in (False, True):
                placed = _place(set_, boxes, blocked, turned, halo)
                if placed:
                    overlap, texts = placed
                    cost = COVERED * overlap + least + turned * TURNED
                    if best is None or cost < best[0]:
                        best = (cost, texts)
    return best


def _place(
    lines: list[Line], boxes: Sequence[Rect], blocked: NDArray[np.float64], turned: bool, halo: str
) -> tuple[float, list[Text]] | None:
    """The least covering place of some lines, and how many square millimetres it covers; None where they don't fit."""
    width = max(width_of(line.text, line.size, line.bold) for line in lines)
    height = sum(line.size * LEADING for line in lines)
    w, h = (height, width) if turned else (width, height)
    spots = [_freest(one, w, h, blocked) for one in boxes if w <= one[2] - one[0] and h <= one[3] - one[1]]
    if not spots:
        return None
    cost, x, y = min(spots)
    texts = []
    along = 0.0
    for line in lines:
        base = along + line.size
        along += line.size * LEADING
        if turned:
            texts.append(Text(line.text, x + base, y + h / 2, line.size, "middle", line.bold, 90.0, halo=halo))
        else:
            texts.append(Text(line.text, x + w / 2, y + base, line.size, "middle", line.bold, halo=halo))
    return cost, texts


def _box(points: Sequence[tuple[float, float]]) -> Rect:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def _freest(room: Rect, w: float, h: float, blocked: NDArray[np.float64]) -> tuple[float, float, float]:
    """Where in a room a rectangle covers least and is nearest to the middle: the cost, its left and its top."""
    x1, y1, x2, y2 = room
    xs, ys = np.linspace(x1, x2 - w, SPOTS), np.linspace(y1, y2 - h, SPOTS)
    cost = 0.02 * (abs(xs + w / 2 - (x1 + x2) / 2)[:, None] + abs(ys + h / 2 - (y1 + y2) / 2)[None, :])
    wide = np.minimum(xs + w + AROUND_MM, blocked[:, 2:3]) - np.maximum(xs - AROUND_MM, blocked[:, 0:1])
    tall = np.minimum(ys + h + AROUND_MM, blocked[:, 3:4]) - np.maximum(ys - AROUND_MM, blocked[:, 1:2])
    cost = cost + wide.clip(0).T @ tall.clip(0)
    i, j = np.unravel_index(int(cost.argmin()), cost.shape)
    return float(cost[i, j]), float(xs[i]), float(ys[j])
