"""An answer as text: one compact JSON object that holds what the prompt doesn't hold and nothing can derive.

    {"size":[76,62],"levels":[["h","living",...],...]}

All lengths are whole steps of half a foot. `levels` is written in one of two codecs: `tree` (see `house/tree.py`), in
which any answer that parses tiles the footprint, or `coordinates`, a list of `["living",x,y,w,d]` a level. Boxes that
share a name are one room, such as a hall with a bend.
"""

import json
from typing import Any, Literal, NamedTuple

from housebrain.house.tree import Box, TreeError, boxes, cut

Codec = Literal["tree", "coordinates"]
Layout = list[tuple[str, Box]]  # of a level: the rooms' names and their boxes in the footprint
MAX_SIDE = 2000  # and how far from the footprint's corner a box can start


class DecodeError(ValueError):
    """An answer that is no design. `kind` says how far it came: not `json`, not the `schema`, or no valid `layout`."""

    def __init__(self, kind: Literal["json", "schema", "layout"], message: str) -> None:
        # JSON may hold halves of characters, which can't be printed or stored.
        super().__init__(f"{kind}: {message.encode(errors='backslashreplace').decode()}")
        self.kind = kind


class Answer(NamedTuple):
    """What an answer says, before anything is derived from it.

    Attributes:
        size: width and depth of the footprint, in steps of the grid.
        layouts: for each level, from the ground up.
    """

    size: tuple[int, int]
    layouts: list[Layout]


def write(answer: Answer, codec: Codec) -> str:
    """The text of an answer: compact JSON.

    Raises:
        TreeError: in the `tree` codec, a layout can't be made by straight cuts.
    """
    levels: list[Any]
    if codec == "tree":
        levels = [cut(layout) for layout in answer.layouts]
    else:
        levels = [[[name, *box] for name, box in layout] for layout in answer.layouts]
    return json.dumps({"size": list(answer.size), "levels": levels}, separators=(",", ":"), ensure_ascii=False)


def read(text: str, codec: Codec) -> Answer:
    """Reads the text of an answer; `read(write(answer, codec), codec)` has the same rooms in the same places.

    Raises:
        DecodeError: the text is not JSON, lacks or mistypes a part, or has cuts that cut nothing.
    """
    try:
        content = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise DecodeError("json", str(error)) from error
    if not isinstance(content, dict) or set(content) != {"size", "levels"}:
        raise DecodeError("schema", "an answer must have exactly the keys size and levels")
    size, levels = content["size"], content["levels"]
    if not (isinstance(size, list) and len(size) == 2 and all(_is_length(side) for side in size)):
        raise DecodeError("schema", "size must be [width, depth] in whole steps of half a foot")
    if not isinstance(levels, list) or not levels:
        raise DecodeError("schema", "levels must be a list of at least one level")
    return Answer((size[0], size[1]), [_layout(level, (size[0], size[1]), codec) for level in levels])


def _no_constant(name: str) -> None:
    """Python reads NaN and Infinity; JSON has neither."""
    raise ValueError(f"{name} is not JSON")


def _is_length(value: Any) -> bool:
    return type(value) is int and 0 < value <= MAX_SIDE


def _is_place(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MAX_SIDE


def _layout(level: Any, size: tuple[int, int], codec: Codec) -> Layout:
    if codec == "tree":
        try:
            return boxes(level, (0, 0, *size))
        except TreeError as error:
            raise DecodeError("layout", str(error)) from error
        except RecursionError as error:  # from Python 3.12 on JSON may be read that is nested deeper than calls may be
            raise DecodeError("layout", "too many cuts within cuts") from error
    if not isinstance(level, list) or not level:
        raise DecodeError("schema", "a level must be a list of [name, x, y, width, depth]")
    placed = []
    for room in level:
        if not isinstance(room, list) or len(room) != 5 or not isinstance(room[0], str):
            raise DecodeError("schema", "a room must be [name, x, y, width, depth]")
        name, x, y, w, d = room
        if not (_is_place(x) and _is_place(y) and _is_length(w) and _is_length(d)):
            raise DecodeError(
                "layout",
                f"{name}: x, y, width and depth must be whole numbers up to {MAX_SIDE}, the last two above 0",
            )
        placed.append((name, (x, y, w, d)))
    return placed
