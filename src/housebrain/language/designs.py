"""The one place where a design becomes an answer's text, and an answer's text a design."""

from housebrain.house.brief import Brief
from housebrain.house.design import Design, Rect
from housebrain.house.tree import OPEN, Box
from housebrain.house.units import GRID_FT
from housebrain.language.answer import Answer, Codec, DecodeError, Layout, read, write
from housebrain.rules.assemble import assemble


def encode(design: Design, codec: Codec = "tree") -> str:
    """The answer that describes a design: compact JSON.

    Raises:
        TreeError: in the `tree` codec, the layout can't be made by straight cuts.
    """
    _, _, *size = _steps(design.footprint, design.footprint)
    return write(Answer((size[0], size[1]), layouts(design)), codec)


def layouts(design: Design) -> list[Layout]:
    """Each level's rooms as an answer has them: names and boxes in the footprint, in steps of the grid.

    What an L-shaped house lacks of its footprint is `open`.
    """
    corner = design.corner
    lacks = [] if corner is None else [(OPEN, _steps(corner, design.footprint))]
    return [
        [(room.name, _steps(box, design.footprint)) for room in level.rooms for box in room.boxes] + lacks
        for level in design.levels
    ]


def _steps(box: Rect, footprint: Rect) -> Box:
    """A box in the footprint, in steps of the grid."""
    return (
        round((box.x - footprint.x) / GRID_FT),
        round((box.y - footprint.y) / GRID_FT),
        round(box.w / GRID_FT),
        round(box.d / GRID_FT),
    )


def decode(text: str, brief: Brief, codec: Codec = "tree") -> Design:
    """Reads an answer back into a design for its brief; `decode(encode(design), brief) == design`.

    A design is returned wherever the answer parses; whether it is a good one is for `checks.violations` to say.

    Raises:
        DecodeError: the text is not JSON, lacks or mistypes a part, has cuts that cut nothing, or names a room that
            there is not.
    """
    answer = read(text, codec)
    try:
        return assemble(answer.size, answer.layouts, brief)
    except ValueError as error:
        raise DecodeError("layout", str(error)) from error
