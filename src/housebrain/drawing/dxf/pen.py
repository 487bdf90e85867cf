"""Draws in feet, somewhere in a drawing that counts in inches."""

from collections.abc import Iterable, Sequence

from ezdxf.enums import MTextEntityAlignment
from ezdxf.layouts import BaseLayout

from housebrain.drawing.dxf.standards import DIM_STYLE, TEXT_IN, TEXT_STYLE, UNIT
from housebrain.drawing.dxf.words import feet_inches, paragraphs
from housebrain.drawing.elements import Axis, Point, Region

MIDDLE = MTextEntityAlignment.MIDDLE_CENTER


class Pen:
    """Draws on a layout.

    Args:
        layout: that it draws on.
        left, bottom: where the drawing's own origin lies, in feet.
        scale: how many times larger a thing is than its drawing on paper.
    """

    def __init__(self, layout: BaseLayout, left: float, bottom: float, scale: float) -> None:
        self.layout = layout
        self.left = left
        self.bottom = bottom
        self.scale = scale

    def at(self, point: Point) -> Point:
        """A point as the file counts."""
        return (point[0] + self.left) * UNIT, (point[1] + self.bottom) * UNIT

    def lines(self, layer: str, points: Iterable[Point], closed: bool = False, line: str = "BYLAYER") -> None:
        self.layout.add_lwpolyline(
            [self.at(point) for point in points], close=closed, dxfattribs={"layer": layer, "linetype": line}
        )

    def region(self, layer: str, region: Region) -> None:
        """The outline and the holes of a region."""
        for ring in (region.outline, *region.holes):
            self.lines(layer, ring, closed=True)

    def fill(self, layer: str, region: Region) -> None:
        hatch = self.layout.add_hatch(dxfattribs={"layer": layer})
        hatch.dxf.color = 256
        hatch.paths.add_polyline_path([self.at(point) for point in region.outline], flags=1)
        for hole in region.holes:
            hatch.paths.add_polyline_path([self.at(point) for point in hole], flags=16)

    def text(
        self,
        layer: str,
        point: Point,
        lines: Sequence[str],
        height: float,
        anchor: MTextEntityAlignment = MIDDLE,
        angle: float = 0.0,
    ) -> None:
        """Lines of text; `height` in inches on paper."""
        text = self.layout.add_mtext(
            paragraphs(*lines), dxfattribs={"layer": layer, "style": TEXT_STYLE, "char_height": height * self.scale}
        )
        text.set_location(self.at(point), rotation=angle, attachment_point=anchor)

    def heading(self, layer: str, point: Point, lines: Sequence[str]) -> None:
        """Lines of text under and right of a point, the first one larger."""
        height = 1.6 * TEXT_IN * self.scale
        text = self.layout.add_mtext(
            f"{paragraphs(lines[0])}\\P{{\\H0.65x;{paragraphs(*lines[1:])}}}",
            dxfattribs={"layer": layer, "style": TEXT_STYLE, "char_height": height},
        )
        text.set_location(self.at(point), attachment_point=MTextEntityAlignment.TOP_LEFT)

    def circle(self, layer: str, centre: Point, radius: float) -> None:
        self.layout.add_circle(self.at(centre), radius * UNIT, dxfattribs={"layer": layer})

    def insert(
        self, layer: str, block: str, point: Point, angle: float, mirrored: bool, values: dict[str, str]
    ) -> None:
        """A block with its attributes; `mirrored` over its own x before it is turned."""
        placed = self.layout.add_blockref(
            block, self.at(point), dxfattribs={"layer": layer, "rotation": angle, "yscale": -1 if mirrored else 1}
        )
        placed.add_auto_attribs(values)

    def dimension(self, along: Axis, low: float, high: float, line: float, foot: float) -> None:
        """A dimension between two coordinates along an axis.

        Args:
            along: the axis.
            low, high: what is measured.
            line: where its line lies, across the axis.
            foot: where the thing measured begins, across the axis.
        """
        ends = [(value, foot) if along == "x" else (foot, value) for value in (low, high)]
        base = (low, line) if along == "x" else (line, low)
        made = self.layout.add_linear_dim(
            self.at(base),
            self.at(ends[0]),
            self.at(ends[1]),
            angle=0 if along == "x" else 90,
            dimstyle=DIM_STYLE,
            text=feet_inches(high - low),
            override={"dimscale": self.scale},
            dxfattribs={"layer": "A-ANNO-DIMS"},
        )
        made.render()
        for part in made.dimension.get_geometry_block() or ():
            if part.dxf.layer == "0":
                # Not all programs take the dimension's own layer for it.
                part.dxf.layer = "A-ANNO-DIMS"
        # The text was only for the picture: programs are to write what they measure.
        made.dimension.dxf.text = "<>"
        made.dimension.dxf.actual_measurement = (high - low) * UNIT
