"""Furniture and fittings as blocks: the boxes that a piece is made of, as they are seen from above."""

from ezdxf.document import Drawing

from housebrain.drawing.dxf.pen import Pen
from housebrain.drawing.dxf.standards import UNIT
from housebrain.drawing.elements import Piece, rectangle
from housebrain.drawing.furnishing import blocks

LEAST_FT = 0.2  # a smaller part is left out
_FIXTURES = frozenset({"basin", "shower", "sink", "stove", "toilet", "tub", "counter"})


def draw_piece(doc: Drawing, pen: Pen, piece: Piece) -> None:
    """Draws a piece; what is fixed to the house is on a layer of its own."""
    size = (piece.width, piece.depth, piece.height)
    name = "-".join(["PIECE", piece.kind.upper(), *(f"{round(feet * UNIT)}" for feet in size)])
    if name not in doc.blocks:
        block = doc.blocks.new(name)
        seen = {
            rectangle(x1, y1, x2, y2) for _, x1, x2, y1, y2, _, _ in blocks(piece) if min(x2 - x1, y2 - y1) >= LEAST_FT
        }
        for outline in sorted(seen):
            corners = [((x - piece.width / 2) * UNIT, (y - piece.depth / 2) * UNIT) for x, y in outline]
            block.add_lwpolyline(corners, close=True)
    pen.insert("A-FLOR-FIXT" if piece.kind in _FIXTURES else "A-FURN", name, (piece.x, piece.y), piece.angle, False, {})
