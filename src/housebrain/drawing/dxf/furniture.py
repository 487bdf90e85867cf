"""Furniture and fittings as blocks, of which those that are alike share one."""

from dataclasses import replace

from ezdxf.document import Drawing

from housebrain.drawing.dxf.pen import Pen
from housebrain.drawing.dxf.standards import UNIT
from housebrain.drawing.elements import Piece
from housebrain.drawing.symbols import symbol

_FIXTURES = frozenset({"basin", "counter", "shower", "sink", "stove", "toilet", "tub"})


def draw_piece(doc: Drawing, pen: Pen, piece: Piece) -> None:
    """Draws a piece; what is fixed to the house is on a layer of its own."""
    size = (piece.width, piece.depth, piece.height)
    name = "-".join(["PIECE", piece.kind.upper(), *(f"{round(feet * UNIT)}" for feet in size)])
    if name not in doc.blocks:
        block = doc.blocks.new(name)
        for mark in symbol(replace(piece, x=0.0, y=0.0, angle=0)):
            if mark.ellipse:
                x, y, rx, ry = (value * UNIT for value in mark.ellipse)
                # The longer axis comes first, the other as its share.
                axis = (rx, 0) if rx >= ry else (0, ry)
                block.add_ellipse((x, y), axis, min(rx, ry) / max(rx, ry))
            else:
                block.add_lwpolyline([(x * UNIT, y * UNIT) for x, y in mark.points], close=not mark.open)
    layer = "A-FLOR-FIXT" if piece.kind in _FIXTURES else "A-FURN"
    pen.insert(layer, name, (piece.x, piece.y), piece.angle, False, {})
