"""Units, layers, line types and styles of our DXF drawings: the names are those of the US National CAD Standard."""

from typing import NamedTuple

import ezdxf
from ezdxf.document import Drawing

UNIT = 12.0  # drawing units in a foot: inches, which architectural units are counted in
TEXT_STYLE, DIM_STYLE = "HOUSE", "HOUSE"
LINES_SCALE = 24.0  # makes dashes of some inches in model space, and of as many millimetres on sheets
TEXT_IN = 3 / 32  # of room names and dimensions, on paper


class Layer(NamedTuple):
    """A layer: its colour by AutoCAD's number, its line's width in hundredths of a millimetre, and its line type.

    What isn't `shown` is there for programs to measure, and is not printed either.
    """

    colour: int
    width: int
    line: str = "Continuous"
    shown: bool = True


LAYERS = {
    "A-WALL": Layer(7, 35),
    "A-WALL-PATT": Layer(251, 13),
    "A-WALL-PRHT": Layer(7, 25),
    "A-WALL-HEAD": Layer(8, 18, "DASHED"),
    "A-COLS": Layer(7, 35),
    "A-DOOR": Layer(30, 25),
    "A-GLAZ": Layer(4, 18),
    "A-FLOR-STRS": Layer(8, 18),
    "A-FLOR-OTLN": Layer(8, 18),
    "A-FLOR-FIXT": Layer(9, 18),
    "A-FURN": Layer(9, 13),
    "A-AREA": Layer(6, 13, "Continuous", False),
    "A-AREA-IDEN": Layer(7, 25),
    "A-ROOF": Layer(7, 25),
    "A-ANNO-DIMS": Layer(1, 13),
    "A-ANNO-TEXT": Layer(7, 25),
    "A-ANNO-SYMB": Layer(7, 25),
    "A-ANNO-TITL": Layer(7, 35),
    "A-ANNO-TTLB": Layer(7, 35),
    "A-ANNO-NPLT": Layer(8, 13, "Continuous", False),
    "C-PROP": Layer(3, 50, "PHANTOM"),
    "C-PROP-SBCK": Layer(3, 18, "DASHED"),
    "C-BLDG": Layer(7, 35),
    "C-ROAD": Layer(8, 25, "CENTER"),
}
# Lengths of dashes and gaps (below 0), after the sum.
_LINES = {
    "DASHED": ("Dashed __ __ __", [0.375, 0.25, -0.125]),
    "CENTER": ("Center ____ _ ____", [1.0, 0.625, -0.125, 0.125, -0.125]),
    "PHANTOM": ("Phantom _____ _ _ _____", [1.25, 0.625, -0.125, 0.125, -0.125, 0.125, -0.125]),
}


def new_drawing(scale: float) -> Drawing:
    """An empty drawing with all layers and styles.

    Args:
        scale: how many times larger a thing is than its drawing on paper.
    """
    doc = ezdxf.new("R2010", units=ezdxf.units.IN)
    doc.header["$MEASUREMENT"] = 0
    doc.header["$LUNITS"] = 4  # feet and inches
    doc.header["$LUPREC"] = 4
    doc.header["$LTSCALE"] = LINES_SCALE
    doc.header["$LWDISPLAY"] = 1
    doc.header["$DIMSCALE"] = scale
    for name, (described, pattern) in _LINES.items():
        doc.linetypes.add(name, pattern, description=described)
    for name, layer in LAYERS.items():
        made = doc.layers.add(name, color=layer.colour, linetype=layer.line, lineweight=layer.width)
        made.dxf.plot = int(layer.shown)
        if not layer.shown:
            made.off()
    doc.styles.add(TEXT_STYLE, font="arial.ttf")
    style = doc.dimstyles.add(DIM_STYLE)
    for key, value in {
        "dimscale": scale,
        "dimtxsty": TEXT_STYLE,
        "dimtxt": TEXT_IN,
        "dimgap": TEXT_IN / 2,
        "dimasz": TEXT_IN,
        "dimexe": TEXT_IN,
        "dimexo": TEXT_IN,
        "dimdle": TEXT_IN / 2,
        "dimtad": 1,  # text above the line
        "dimtih": 0,
        "dimtoh": 0,
        "dimtix": 1,  # and between the extension lines
        "dimtofl": 1,
        "dimlunit": 4,
        "dimdec": 4,
        "dimlwd": -1,  # lines are as wide as the layer's
        "dimlwe": -1,
        "dimzin": 1,  # feet and inches even where they are 0
    }.items():
        style.set_dxf_attrib(key, value)
    style.set_arrows(blk="ARCHTICK")
    doc.set_modelspace_vport(height=100 * UNIT, center=(0, 0))
    return doc
