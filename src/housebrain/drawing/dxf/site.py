"""The plot with the house's roof on it, and the signs that every drawing bears."""

from itertools import pairwise
from math import cos, radians, sin

from housebrain.drawing.dxf.pen import Pen
from housebrain.drawing.dxf.standards import TEXT_IN, UNIT
from housebrain.drawing.elements import Plot, Roof, rectangle
from housebrain.drawing.scene import Scene

STREET_FT = 8.0  # from the plot to the line in the middle of the street that is shown
SCALE_BAR_FT = (0.0, 5.0, 10.0, 20.0)


def draw_site(pen: Pen, scene: Scene) -> None:
    """Draws the roof from above, and the plot around it where one is known."""
    _roof(pen, scene.roof)
    pen.lines("C-BLDG", scene.outline, closed=True, line="DASHED" if scene.roof.overhang else "BYLAYER")
    if scene.plot:
        _plot(pen, scene.plot, scene.footprint)


def _roof(pen: Pen, roof: Roof) -> None:
    for face in roof.faces:
        pen.lines("A-ROOF", [(x, y) for x, y, _ in face.corners], closed=True)
    for region in roof.slab if not roof.faces else ():
        pen.region("A-ROOF", region)
    for parapet in roof.parapets:
        inner = parapet.at - parapet.outward * parapet.thickness / 2
        low, high = parapet.low + parapet.thickness, parapet.high - parapet.thickness
        pen.lines("A-ROOF", [(low, inner), (high, inner)] if parapet.along == "x" else [(inner, low), (inner, high)])


def _plot(pen: Pen, plot: Plot, footprint: tuple[float, float, float, float]) -> None:
    pen.lines("C-PROP", plot.outline, closed=True)
    pen.lines("C-PROP-SBCK", plot.envelope, closed=True)
    beyond = STREET_FT
    pen.lines("C-ROAD", [(-beyond, -beyond), (plot.width + beyond, -beyond)])
    pen.text("A-ANNO-TEXT", (plot.width / 2, -beyond - 1.5 * TEXT_IN * pen.scale / UNIT), ["STREET"], TEXT_IN)
    if plot.side_street:
        away = 1.0 if plot.side_street == "right" else -1.0
        edge = (plot.width if plot.side_street == "right" else 0.0) + away * beyond
        pen.lines("C-ROAD", [(edge, -beyond), (edge, plot.depth + beyond)])
        at = (edge + away * 1.5 * TEXT_IN * pen.scale / UNIT, plot.depth / 2)
        pen.text("A-ANNO-TEXT", at, ["STREET"], TEXT_IN, angle=90.0)
    space = 4 * TEXT_IN * pen.scale / UNIT
    hx, hy, hw, hd = footprint
    pen.dimension("x", 0.0, plot.width, plot.depth + 2 * space, plot.depth)
    pen.dimension("y", 0.0, plot.depth, -2 * space, 0.0)
    for low, high in ((0.0, hx), (hx, hx + hw), (hx + hw, plot.width)):
        if high - low > 0.5:
            pen.dimension("x", low, high, plot.depth + space, plot.depth)
    for low, high in ((0.0, hy), (hy, hy + hd), (hy + hd, plot.depth)):
        if high - low > 0.5:
            pen.dimension("y", low, high, -space, 0.0)


def draw_title(pen: Pen, left: float, top: float, lines: list[str], north: float | None) -> None:
    """Draws a drawing's title with a scale bar, and where north is known an arrow.

    Args:
        pen: on model space.
        left, top: where it begins.
        lines: the title and what stands under it.
        north: in degrees clockwise from y.
    """
    inch = pen.scale / UNIT  # of paper, in feet
    radius = 0.3 * inch
    x = left
    if north is not None:
        centre = (left + radius, top - radius)
        pen.circle("A-ANNO-SYMB", centre, radius)
        to = (sin(radians(north)), cos(radians(north)))
        tip = (centre[0] + to[0] * radius, centre[1] + to[1] * radius)
        wing = radius * 0.45
        pen.lines(
            "A-ANNO-SYMB",
            (
                tip,
                (centre[0] - to[0] * radius * 0.6 - to[1] * wing, centre[1] - to[1] * radius * 0.6 + to[0] * wing),
                (centre[0] - to[0] * radius * 0.3, centre[1] - to[1] * radius * 0.3),
                (centre[0] - to[0] * radius * 0.6 + to[1] * wing, centre[1] - to[1] * radius * 0.6 - to[0] * wing),
            ),
            closed=True,
        )
        pen.text("A-ANNO-SYMB", (tip[0] + to[0] * 0.1 * inch, tip[1] + to[1] * 0.1 * inch), ["N"], TEXT_IN)
        x += 2 * radius + 0.3 * inch
    pen.heading("A-ANNO-TITL", (x, top), lines)
    bar = top - 0.75 * inch
    for start, end in pairwise(SCALE_BAR_FT):
        pen.lines("A-ANNO-SYMB", rectangle(x + start, bar, x + end, bar + 0.06 * inch), closed=True)
    for value in SCALE_BAR_FT:
        pen.text("A-ANNO-SYMB", (x + value, bar - 0.1 * inch), [f"{value:g}"], TEXT_IN * 0.8)
