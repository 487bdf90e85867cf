"""What a plot's `shape` says, as polygons: the plot, what its setbacks leave, and where on that a house may stand.

The street runs along y = 0 from x = 0 to the plot's width; y goes away from it. Lengths are feet.

A dataset gives a shape's name and the sides of a rectangle, and no more. So this is a reading, the same for every plot
of a shape. What an L-shaped or irregular plot lacks, it lacks at the rear, on the side of the narrower side setback
(the left one where both are equal). An L lacks half of its width by 22% of its length: 11% of the rectangle. Of an
irregular plot the corner is drawn in, by 15% of its width and 6% of its length: 10.5% of the rectangle. A corner plot's
second street runs along the other side.
"""

import math
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple

from housebrain.house.units import GRID_FT

Point = tuple[float, float]
Side = Literal["left", "right"]
Form = Literal["rectangle", "l", "irregular"]
NOTCH_X, NOTCH_Y = 0.5, 0.22  # of an L's width and length
DRAWN_IN_X, DRAWN_IN_Y = 0.15, 0.06  # of an irregular plot's width and length
CANDIDATES = 40  # depths among which an irregular plot's rectangles are chosen
# A hundredth of a foot is added before rounding down, so that 52.4 - 4.2 - 5.2 is 43 and not 42.5.
_SLACK_FT = 0.01


class Berth(NamedTuple):
    """A rectangle at the front setback line in which a house may stand: x, width and depth in steps of the grid.

    `x` counts from the left setback line.
    """

    x: int
    w: int
    d: int


class Land(NamedTuple):
    """A plot: width along the street and length in feet, setbacks, and the form that its shape is read as.

    `lacking` is the side at which an L-shaped or irregular plot lacks something.
    """

    width_ft: float
    length_ft: float
    front_ft: float
    rear_ft: float
    left_ft: float
    right_ft: float
    form: Form
    lacking: Side

    def corners(self) -> tuple[Point, ...]:
        """The plot's outline, counter-clockwise from the left end of the street."""
        width, length = self.width_ft, self.length_ft
        points: list[Point] = [(0.0, 0.0), (width, 0.0), (width, length), (0.0, length)]
        if self.form == "l":
            x, y = width * (1 - NOTCH_X), length * (1 - NOTCH_Y)
            points = [*points[:2], (width, y), (x, y), (x, length), points[3]]
        elif self.form == "irregular":
            points[2] = (width * (1 - DRAWN_IN_X), length * (1 - DRAWN_IN_Y))
        return self._turned(points)

    def envelope(self) -> tuple[Point, ...]:
        """What the setbacks leave of the plot, each kept from the wall that it belongs to; empty if that is nothing."""
        near, far = self.sides()
        x0, x1, y0, y1 = near, self.width_ft - far, self.front_ft, self.length_ft - self.rear_ft
        if x1 <= x0 or y1 <= y0:
            return ()
        points: list[Point] = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
        if self.form == "l":
            x, y = x1 - self.width_ft * NOTCH_X, y1 - self.length_ft * NOTCH_Y
            if y <= y0 and x <= x0:
                return ()
            if y <= y0:
                points = [(x0, y0), (x, y0), (x, y1), (x0, y1)]
            elif x <= x0:
                points = [(x0, y0), (x1, y0), (x1, y), (x0, y)]
            else:
                points = [*points[:2], (x1, y), (x, y), (x, y1), points[3]]
        elif self.form == "irregular":
            points = self._drawn_in()
        return self._turned(points) if points else ()

    def berths(self) -> tuple[Berth, ...]:
        """The one or two largest rectangles at the front setback line, the widest first; none if nothing is left."""
        near, far = self.sides()
        width, depth = self.width_ft - near - far, self.length_ft - self.front_ft - self.rear_ft
        if self.form == "rectangle":
            sizes = [(width, depth)]
        elif self.form == "l":
            sizes = [(width, depth - self.length_ft * NOTCH_Y), (width - self.width_ft * NOTCH_X, depth)]
        else:
            sizes = _largest(self)
        found = []
        for w, d in sizes:
            # The left setback line is the origin; what is lacking at the left moves a house to the right.
            x = _steps_up(width - w) if self.lacking == "left" else 0
            found.append(Berth(x, _steps(width if self.lacking == "left" else w) - x, _steps(d)))
        return tuple(berth for berth in found if berth.w > 0 and berth.d > 0)

    def corner(self) -> tuple[int, int]:
        """Width and depth of what the rectangle around both berths lacks at a rear corner, in steps; else zeros."""
        berths = self.berths()
        if len(berths) < 2:
            return 0, 0
        wide, deep = berths
        w, d = wide.w - deep.w, deep.d - wide.d
        return (w, d) if w > 0 and d > 0 else (0, 0)

    def sides(self) -> tuple[float, float]:
        """The side setbacks: where nothing is lacking, and where something is."""
        return (self.left_ft, self.right_ft) if self.lacking == "right" else (self.right_ft, self.left_ft)

    def _turned(self, points: list[Point]) -> tuple[Point, ...]:
        """Points of a plot that lacks something at the right, for the side where it does."""
        if self.lacking == "right":
            return tuple(points)
        return tuple((self.width_ft - x, y) for x, y in [points[1], points[0], *reversed(points[2:])])

    def reach(self, y: float) -> float:
        """How far from the wall where nothing is lacking an irregular plot's envelope reaches at depth y."""
        _, far = self.sides()
        x1, y1 = self.width_ft * (1 - DRAWN_IN_X), self.length_ft * (1 - DRAWN_IN_Y)
        side = (self.width_ft - x1) / y1  # how much the side wall leans, a foot
        rear = (self.length_ft - y1) / x1
        at_side = self.width_ft - y * side - far * math.hypot(1, side)
        at_rear = (self.length_ft - self.rear_ft * math.hypot(1, rear) - y) / rear
        return min(at_side, at_rear)

    def _drawn_in(self) -> list[Point]:
        """An irregular plot's envelope, as if it lacked something at the right; empty if nothing is left."""
        near, far = self.sides()
        x1, y1 = self.width_ft * (1 - DRAWN_IN_X), self.length_ft * (1 - DRAWN_IN_Y)
        side, rear = (self.width_ft - x1) / y1, (self.length_ft - y1) / x1
        at_side = self.width_ft - far * math.hypot(1, side)  # at the street
        at_rear = self.length_ft - self.rear_ft * math.hypot(1, rear)  # at the other wall
        y = (at_rear - rear * at_side) / (1 - rear * side)  # where the two walls meet
        top = min(at_rear - rear * near, (at_side - near) / side)
        points = [(near, self.front_ft), (self.reach(self.front_ft), self.front_ft)]
        if self.front_ft < y and at_side - side * y > near:
            points.append((at_side - side * y, y))
        points.append((near, top))
        return points if points[1][0] > near and top > self.front_ft else []


def area_sqft(corners: tuple[Point, ...]) -> float:
    """The area of a polygon, by the shoelace formula."""
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise([*corners, *corners[:1]]))) / 2


def form_of(shape: str) -> Form:
    """The form that a shape's name stands for; names that are not known are rectangles."""
    letters = "".join(filter(str.isalpha, shape.lower()))
    if letters in ("l", "lshape", "lshaped"):
        return "l"
    return "irregular" if letters == "irregular" else "rectangle"


def _steps(feet: float) -> int:
    return math.floor((feet + _SLACK_FT) / GRID_FT)


def _steps_up(feet: float) -> int:
    return math.ceil((feet - _SLACK_FT) / GRID_FT)


@lru_cache(maxsize=1024)
def _largest(land: Land) -> list[tuple[float, float]]:
    """Width and depth of the two rectangles that together cover most of an irregular plot's envelope."""
    near, _ = land.sides()
    whole = land.length_ft - land.front_ft - land.rear_ft
    depths = [whole * index / CANDIDATES for index in range(1, CANDIDATES + 1)]
    sizes = [(land.reach(land.front_ft + depth) - near, depth) for depth in depths]
    sizes = [size for size in sizes if size[0] > 0]
    pairs = [(one, other) for index, one in enumerate(sizes) for other in sizes[index:]]
    best = max(pairs, key=lambda pair: pair[0][0] * pair[0][1] + pair[1][0] * (pair[1][1] - pair[0][1]), default=())
    return list(dict.fromkeys(best))
