"""Pictures as the pages of one PDF, with the fonts that they need."""

from io import BytesIO

from reportlab.lib.colors import HexColor
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas
from reportlab.pdfgen.pathobject import PDFPathObject

from housebrain.drawing.picture import BOLD, FONT, NARROW, Group, Picture, Shape, Text, register_fonts, width_of


def pdf(pictures: list[Picture], title: str) -> bytes:
    """The pictures, one a page, to scale. The same pictures give the same bytes."""
    register_fonts()
    out = BytesIO()
    canvas = Canvas(out, invariant=True, pageCompression=1)
    canvas.setTitle(_shown(title))
    canvas.setCreator("HouseBrain")
    for picture in pictures:
        canvas.setPageSize((picture.width * mm, picture.height * mm))
        canvas.bookmarkPage(picture.title)
        canvas.addOutlineEntry(_shown(picture.title), picture.title)
        # Millimetres, y downwards as in the picture.
        canvas.translate(0, picture.height * mm)
        canvas.scale(mm, mm)
        canvas.setLineJoin(0)
        for item in picture.items:
            if isinstance(item, Group) and item.kind == NARROW:
                continue
            for single in item.items if isinstance(item, Group) else (item,):
                _text(canvas, single) if isinstance(single, Text) else _shape(canvas, single)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _shape(canvas: Canvas, item: Shape) -> None:
    path: PDFPathObject = canvas.beginPath()
    for code, numbers in item.commands:
        flipped = [-number if index % 2 else number for index, number in enumerate(numbers)]
        if code == "M":
            path.moveTo(*flipped)
        elif code == "L":
            path.lineTo(*flipped)
        elif code == "C":
            path.curveTo(*flipped)
        else:
            path.close()
    canvas.saveState()
    if item.fill:
        canvas.setFillColor(HexColor(item.fill))
        canvas.setFillAlpha(item.opacity)
    if item.stroke:
        canvas.setStrokeColor(HexColor(item.stroke.colour))
        canvas.setStrokeAlpha(item.opacity)
        canvas.setLineWidth(item.stroke.width)
        canvas.setDash(list(item.stroke.dash))
    canvas.drawPath(path, stroke=bool(item.stroke), fill=bool(item.fill), fillMode=0)
    canvas.restoreState()


def _text(canvas: Canvas, item: Text) -> None:
    text = _shown(item.text)
    length = width_of(text, item.size, item.bold)
    start = {"start": 0.0, "middle": -length / 2, "end": -length}[item.anchor]
    for halo in (True, False) if item.halo else (False,):
        canvas.saveState()
        canvas.translate(item.x, -item.y)
        canvas.rotate(item.angle)
        canvas.setFillColor(HexColor(item.colour))
        line = canvas.beginText(start, 0)
        line.setFont(BOLD if item.bold else FONT, item.size)
        if halo:
            canvas.setStrokeColor(HexColor(item.halo))
            canvas.setLineWidth(item.size * 0.3)
            canvas.setLineJoin(1)
            line.setTextRenderMode(2)
        line.textOut(text)
        canvas.drawText(line)
        canvas.restoreState()


def _shown(text: str) -> str:
    """The text with a question mark for what the fonts have no letter for."""
    glyphs = pdfmetrics.getFont(FONT).face.charToGlyph
    return "".join(letter if ord(letter) in glyphs else "?" for letter in text)
