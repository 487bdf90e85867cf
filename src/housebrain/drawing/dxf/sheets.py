"""Sheets in paper space: one drawing each, at scale, with a border and a title block."""

from typing import NamedTuple

from ezdxf.document import Drawing
from ezdxf.enums import MTextEntityAlignment

from housebrain.drawing.dxf.standards import TEXT_STYLE, UNIT
from housebrain.drawing.dxf.words import paragraphs

MM_PER_INCH = 25.4
PAPER_MM = (420.0, 297.0)  # A3, lying
MARGIN_MM, TITLE_MM = 10.0, 25.0
# How many times larger a thing is than its drawing, and what of an inch on paper is a foot.
SCALES = {
    24: '1/2" = 1\'-0"',
    48: '1/4" = 1\'-0"',
    64: '3/16" = 1\'-0"',
    96: '1/8" = 1\'-0"',
    128: '3/32" = 1\'-0"',
    192: '1/16" = 1\'-0"',
    240: "1\" = 20'",
    360: "1\" = 30'",
    480: "1\" = 40'",
    720: "1\" = 60'",
    1200: "1\" = 100'",
}


class View(NamedTuple):
    """A drawing in model space that gets a sheet: its middle and its size with all that is around it, in feet."""

    name: str
    x: float
    y: float
    width: float
    height: float
    scale: int


def room_ft(scale: float) -> tuple[float, float]:
    """What fits on a sheet at a scale, in feet."""
    width, height = PAPER_MM[0] - 2 * MARGIN_MM, PAPER_MM[1] - 2 * MARGIN_MM - TITLE_MM
    return width / MM_PER_INCH * scale / UNIT, height / MM_PER_INCH * scale / UNIT


def add_sheet(doc: Drawing, view: View, title: str, number: str, notes: str) -> None:
    """Adds a layout with one drawing."""
    sheet = doc.layouts.new(view.name)
    sheet.page_setup(size=PAPER_MM, margins=(0, 0, 0, 0), units="mm", scale=(1, 1))
    width, height = PAPER_MM[0] - 2 * MARGIN_MM, PAPER_MM[1] - 2 * MARGIN_MM - TITLE_MM
    bottom = MARGIN_MM + TITLE_MM
    sheet.add_viewport(
        center=(PAPER_MM[0] / 2, bottom + height / 2),
        size=(width, height),
        view_center_point=(view.x * UNIT, view.y * UNIT),
        view_height=height / MM_PER_INCH * view.scale,
        dxfattribs={"layer": "A-ANNO-NPLT"},
    )
    frame = {"layer": "A-ANNO-TTLB"}
    right, top = PAPER_MM[0] - MARGIN_MM, PAPER_MM[1] - MARGIN_MM
    sheet.add_lwpolyline(
        [(MARGIN_MM, MARGIN_MM), (right, MARGIN_MM), (right, top), (MARGIN_MM, top)], close=True, dxfattribs=frame
    )
    sheet.add_line((MARGIN_MM, bottom), (right, bottom), dxfattribs=frame)
    for share in (0.55, 0.8, 0.92):
        x = MARGIN_MM + share * width
        sheet.add_line((x, MARGIN_MM), (x, bottom), dxfattribs=frame)
    for share, lines, size in (
        (0.0, (title, notes), 3.5),
        (0.55, (view.name, f"{SCALES[view.scale]}   1:{view.scale}"), 3.5),
        (0.8, ("Paper A3",), 3.0),
        (0.92, (number,), 7.0),
    ):
        text = sheet.add_mtext(
            paragraphs(*lines), dxfattribs={"layer": "A-ANNO-TTLB", "style": TEXT_STYLE, "char_height": size}
        )
        text.set_location((MARGIN_MM + share * width + 3, bottom - 4), attachment_point=MTextEntityAlignment.TOP_LEFT)
