"""Free places in a room: where furniture can stand without being in the way of doors, and without a gap to the wall."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import dist
from typing import Literal, NamedTuple

from housebrain.drawing.elements import Opening, Piece, Space, Wall
from housebrain.house.design import WALL_FT

GAP_FT = WALL_FT / 2 + 0.02  # from a wall's axis to the back of what stands against it
STEP_FT = 0.5  # between the places that are tried
WALK_FT, BATH_WALK_FT = 2.5, 2.0  # in front of a way or a door that opens elsewhere
WINDOW_FT = 1.0  # in front of a window that nothing tall may enter
Rect = tuple[float, float, float, float]  # x1, y1, x2, y2


class Side(NamedTuple):
    """A stretch of wall inside a room, and how a piece is turned that has its back there."""

    angle: Literal[0, 90, 180, 270]
    at: float
    low: float
    high: float

    def rect(self, middle: float, width: float, depth: float, off: float = 0.0) -> Rect:
        """What stands against it, or `off` feet before it."""
        low, high = middle - width / 2, middle + width / 2
        near, far = (self.at - off, self.at - off - depth) if self.angle in (0, 270) else (
            self.at + off, self.at + off + depth
        )  # fmt: skip
        first, last = min(near, far), max(near, far)
        return (low, first, high, last) if self.angle in (0, 180) else (first, low, last, high)


@dataclass
class Place:
    """A room that is being furnished.

    Attributes:
        free: the rectangles inside its walls, the largest first.
        sides: its walls, the longest first.
        passages: what doors need that one walks through: the floor before them and the sweep of their leaves.
        ways: those, and the floor before gates.
        kept: what has to stay free: the ways, and the floor in front of what stands already.
        windows: what nothing tall may enter.
        doors: the middles of its doors and ways.
        pieces, taken: what stands already, and where.
    """

    space: Space
    free: list[Rect]
    sides: list[Side]
    passages: list[Rect]
    ways: list[Rect]
    kept: list[Rect]
    windows: list[Rect]
    doors: list[tuple[float, float]]
    pieces: list[Piece] = field(default_factory=list)
    taken: list[Rect] = field(default_factory=list)

    def fits(self, rect: Rect, tall: bool = False) -> bool:
        """Whether something may stand there."""
        if not any(one[0] <= rect[0] and one[1] <= rect[1] and one[2] >= rect[2] and one[3] >= rect[3]
                   for one in self.free):  # fmt: skip
            return False
        return not any(meet(rect, other) for other in (*self.kept, *self.taken, *(self.windows if tall else ())))

    def against(
        self,
        kind: str,
        width: float,
        depth: float,
        height: float,
        *,
        before: float = 2.0,
        corner: bool = False,
        tall: bool = False,
        near: tuple[float, float] | None = None,
    ) -> Piece | None:
        """Puts a piece against a wall, where it fits best; None where it fits nowhere.

        Args:
            kind, width, depth, height: the piece's.
            before: the depth that stays free in front of it.
            corner: whether it belongs into a corner rather than the middle of a wall.
            tall: whether it must not stand before a window.
            near: where it should be close to.
        """
        best: tuple[float, Side, float] | None = None
        for side in self.sides:
            reach = (side.high - side.low - width) / 2
            if reach < 0:
                continue
            centre = (side.low + side.high) / 2
            steps = int(reach / STEP_FT)
            offsets = [k * STEP_FT for k in range(-steps, steps + 1)] + [-reach, reach]
            for offset in offsets:
                rect = side.rect(centre + offset, width, depth)
                front = side.rect(centre + offset, width, before, depth)
                if not self.fits(rect, tall) or any(meet(front, other) for other in self.taken):
                    continue
                spot = middle(rect)
                away = min((dist(spot, door) for door in self.doors), default=0.0)
                score = (reach - abs(offset)) if corner else abs(offset)
                score += 1.5 * dist(spot, near) if near else -0.4 * away - 0.1 * (side.high - side.low)
                if best is None or score < best[0] - 1e-9:
                    best = (score, side, centre + offset)
        if best is None:
            return None
        _, side, at = best
        self.kept.append(side.rect(at, width, before, depth))
        return self.put(kind, side.rect(at, width, depth), height, side.angle)

    def put(self, kind: str, rect: Rect, height: float, angle: int) -> Piece:
        """Puts a piece where it is said to be."""
        w, d = rect[2] - rect[0], rect[3] - rect[1]
        width, depth = (w, d) if angle % 180 == 0 else (d, w)
        piece = Piece(kind, *middle(rect), width, depth, height, angle, self.space.name)
        self.pieces.append(piece)
        self.taken.append(rect)
        return piece


def place(space: Space, walls: Sequence[Wall]) -> Place:
    """A room without furniture."""
    own = [opening for wall in walls for opening in wall.openings if space.name in opening.rooms]
    frees, sides = [], []
    for number, (x, y, w, d) in enumerate(space.boxes):
        others = [box for index, box in enumerate(space.boxes) if index != number]
        edges: list[tuple[Literal[0, 90, 180, 270], float, float, float]] = [
            (0, y + d, x, x + w), (90, x, y, y + d), (180, y, x, x + w), (270, x + w, y, y + d)
        ]  # fmt: skip
        inset = []
        for angle, at, low, high in edges:
            touching = [_touch(angle, at, low, high, other) for other in others]
            gaps = [gap for gap in touching if gap]
            inset.append(0.0 if gaps else GAP_FT)
            back = at - GAP_FT if angle in (0, 270) else at + GAP_FT
            pieces = _without(low + GAP_FT, high - GAP_FT, gaps)
            sides += [Side(angle, back, start, end) for start, end in pieces]
        top, left, bottom, right = inset
        frees.append((x + left, y + bottom, x + w - right, y + d - top))
    walk = BATH_WALK_FT if space.type == "bathroom" else WALK_FT
    passages = [zone for one in own if one.kind not in ("window", "gate") for zone in _zones(one, walk)]
    ways = passages + [_before(one, walk, 0.1) for one in own if one.kind == "gate"]
    windows = [_before(opening, WINDOW_FT, 0.0) for opening in own if opening.kind == "window"]
    doors = [(opening.x, opening.y) for opening in own if opening.kind != "window"]
    frees.sort(key=lambda one: -(one[2] - one[0]) * (one[3] - one[1]))
    sides.sort(key=lambda side: side.low - side.high)
    return Place(space, frees, sides, passages, ways, list(ways), windows, doors)


def _touch(angle: int, at: float, low: float, high: float, other: tuple[float, float, float, float]) -> Rect | None:
    """Where another box of the room lies behind an edge, as (low, high, 0, 0)."""
    x, y, w, d = other
    start, end, first, last = (y, y + d, x, x + w) if angle in (0, 180) else (x, x + w, y, y + d)
    behind = start if angle in (0, 270) else end
    if behind != at or min(high, last) <= max(low, first):
        return None
    return max(low, first), min(high, last), 0.0, 0.0


def _without(low: float, high: float, gaps: Iterable[Rect]) -> list[tuple[float, float]]:
    pieces = []
    for start, end, *_ in sorted(gaps):
        if start > low:
            pieces.append((low, start - GAP_FT))
        low = max(low, end + GAP_FT)
    return [*pieces, (low, high)] if high > low else pieces


def _zones(opening: Opening, walk: float) -> list[Rect]:
    """What a door needs: its way through, and the squares that its leaves sweep."""
    zones = [_before(opening, walk, 0.1)]
    for leaf in opening.leaves:
        xs, ys = zip(leaf.hinge, leaf.closed, leaf.opened, strict=True)
        zones.append((min(xs), min(ys), max(xs), max(ys)))
    return zones


def _before(opening: Opening, depth: float, more: float) -> Rect:
    """A zone on both sides of an opening."""
    (x1, y1), (x2, y2) = opening.start, opening.end
    if opening.along == "x":
        return x1 - more, y1 - depth - GAP_FT, x2 + more, y2 + depth + GAP_FT
    return x1 - depth - GAP_FT, y1 - more, x2 + depth + GAP_FT, y2 + more


def bounds(piece: Piece) -> Rect:
    """A piece's corners."""
    (x1, y1), _, (x2, y2), _ = piece.outline
    return x1, y1, x2, y2


def meet(one: Rect, other: Rect) -> bool:
    """Whether two rectangles share more than an edge."""
    return min(one[2], other[2]) - max(one[0], other[0]) > 1e-6 and min(one[3], other[3]) - max(one[1], other[1]) > 1e-6


def middle(rect: Rect) -> tuple[float, float]:
    return (rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2
