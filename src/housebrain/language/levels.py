"""The levels of an answer that is not complete yet."""

import json
from typing import Any, NamedTuple

_MARK = '"levels":['
_DECODER = json.JSONDecoder()


class Begun(NamedTuple):
    """An answer's beginning.

    Attributes:
        size: width and depth in steps of the grid.
        levels: the trees that are complete, from the ground up.
        start: how many characters the text has before the first of them.
        ends: how many characters the text has up to the end of each of them.
    """

    size: tuple[int, int]
    levels: list[Any]
    start: int
    ends: list[int]


def read_levels(text: str) -> Begun:
    """Reads as many levels as are complete. The text keeps to the grammar."""
    before, mark, _ = text.partition(_MARK)
    if not mark:
        return Begun((0, 0), [], 0, [])
    wide, deep = json.loads(before.removeprefix('{"size":').removesuffix(","))
    levels: list[Any] = []
    ends: list[int] = []
    at = start = len(before) + len(mark)
    while True:
        try:
            level, at = _DECODER.raw_decode(text, at)
        except ValueError:
            return Begun((wide, deep), levels, start, ends)
        levels.append(level)
        ends.append(at)
        at += 1  # the comma
