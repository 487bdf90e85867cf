"""Doors and windows as blocks, of which those that are alike share one, with what a schedule needs as attributes."""

from math import atan2, degrees

from ezdxf.document import Drawing
from ezdxf.layouts import BlockLayout

from housebrain.drawing.dxf.pen import Pen
from housebrain.drawing.dxf.standards import TEXT_STYLE, UNIT
from housebrain.drawing.dxf.words import feet_inches
from housebrain.drawing.elements import Opening, Wall

LEAF_FT = 0.15
GLASS_FT = 0.16  # between the lines of a pane
TAGS = ("MARK", "TYPE", "WIDTH", "HEIGHT", "SILL")
_NAMES = {"door": "Door", "glazed": "Glazed door", "gate": "Garage door", "window": "Window"}


def draw_opening(doc: Drawing, pen: Pen, wall: Wall, opening: Opening, mark: str | None) -> None:
    """Draws what stands in an opening, or the edges of the wall over a mere way."""
    if mark is None:
        low, high = wall.at - wall.thickness / 2, wall.at + wall.thickness / 2
        for at in (low, high):
            ends = (
                [(opening.start[0], at), (opening.end[0], at)]
                if wall.along == "x"
                else [(at, opening.start[1]), (at, opening.end[1])]
            )
            pen.lines("A-WALL-HEAD", ends)
        return
    values = {
        "MARK": mark,
        "TYPE": _NAMES[opening.kind],
        "WIDTH": feet_inches(opening.width),
        "HEIGHT": feet_inches(opening.head - opening.sill),
        "SILL": feet_inches(opening.sill),
    }
    layer = "A-GLAZ" if opening.kind == "window" else "A-DOOR"
    if not opening.leaves:
        name = _block(doc, f"{opening.kind.upper()}-{_size(opening.width)}-{_size(wall.thickness)}", opening, wall)
        pen.insert(layer, name, opening.start, 0.0 if wall.along == "x" else 90.0, False, values)
        return
    leaf = opening.leaves[0]
    name = _block(doc, f"{opening.kind.upper()}-{len(opening.leaves)}-{_size(opening.width)}", opening, wall)
    (hx, hy), (cx, cy), (ox, oy) = leaf.hinge, leaf.closed, leaf.opened
    mirrored = (cx - hx) * (oy - hy) - (cy - hy) * (ox - hx) < 0
    pen.insert(layer, name, leaf.hinge, degrees(atan2(cy - hy, cx - hx)), mirrored, values)


def _size(feet: float) -> str:
    """Of a block's name: in inches and 64ths of them."""
    return f"{round(feet * UNIT * 64)}"


def _block(doc: Drawing, name: str, opening: Opening, wall: Wall) -> str:
    """The block of a name: from an opening's start, or from the hinge of a door that opens towards its y."""
    if name in doc.blocks:
        return name
    block = doc.blocks.new(name)
    width, thickness = opening.width * UNIT, wall.thickness * UNIT
    if opening.kind == "window":
        for y in (-thickness / 2, -GLASS_FT * UNIT / 2, GLASS_FT * UNIT / 2, thickness / 2):
            block.add_line((0, y), (width, y))
    elif opening.kind == "gate":
        block.add_lwpolyline(_box(0, -LEAF_FT * UNIT / 2, width, LEAF_FT * UNIT / 2), close=True)
        # Where it is overhead.
        block.add_lwpolyline(_box(0, 0, width, 7 * UNIT), close=True, dxfattribs={"linetype": "DASHED"})
    elif len(opening.leaves) == 1:
        _leaf(block, 0.0, width, 1)
    else:
        _leaf(block, 0.0, width / 2, 1)
        _leaf(block, width, width / 2, -1)
    for number, tag in enumerate(TAGS):
        attribute = block.add_attdef(tag, (width / 2, -(number + 2) * 4), height=3, dxfattribs={"style": TEXT_STYLE})
        attribute.is_invisible = True
    return name


def _leaf(block: BlockLayout, hinge: float, width: float, way: int) -> None:
    """A leaf that stands open upwards, and its swing; `way` 1 where it closes to the right."""
    block.add_lwpolyline(_box(hinge, 0, hinge + way * LEAF_FT * UNIT, width), close=True)
    start, end = (0, 90) if way == 1 else (90, 180)
    block.add_arc((hinge, 0), width, start, end)


def _box(x1: float, y1: float, x2: float, y2: float) -> list[tuple[float, float]]:
    return [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]
