"""From feet to paper: where a drawing lies on a sheet, and at which scale."""

from typing import NamedTuple

from housebrain.drawing.elements import Point, Region
from housebrain.drawing.picture import Command, closed

MM_PER_FT = 304.8
# The scales that drawings are made at: 1:N.
SCALES = (20, 25, 50, 75, 100, 125, 150, 200, 250, 300, 400, 500, 750, 1000, 1250, 1500, 2000, 2500, 5000, 10000)


class View(NamedTuple):
    """Puts the point x = y = 0 at `left`, `bottom` on the paper, in millimetres, and draws at 1:`scale`."""

    left: float
    bottom: float
    scale: float

    @property
    def mm(self) -> float:
        """Of paper, for a foot."""
        return MM_PER_FT / self.scale

    def at(self, x: float, y: float) -> Point:
        return self.left + x * self.mm, self.bottom - y * self.mm

    def points(self, points: tuple[Point, ...]) -> list[Point]:
        return [self.at(x, y) for x, y in points]

    def region(self, regions: tuple[Region, ...]) -> list[Command]:
        """All outlines and holes."""
        return [
            command
            for region in regions
            for ring in (region.outline, *region.holes)
            for command in closed(self.points(ring))
        ]


def scale_for(width: float, depth: float, room_w: float, room_h: float) -> int:
    """The largest scale at which so many feet fit into so many millimetres."""
    return next((n for n in SCALES if width * MM_PER_FT / n <= room_w and depth * MM_PER_FT / n <= room_h), SCALES[-1])


def feet(length: float) -> str:
    """Feet and inches, to the inch: `12'-6"`."""
    inches = round(length * 12)
    return f"{inches // 12}'-{inches % 12}\""


def metres(length: float) -> str:
    return f"{length / 3.28084:.2f}"


def area(sqft: float) -> str:
    return f"{sqft:,.0f} sq ft / {sqft / 10.7639:,.1f} m²"
