"""Layouts as slicing trees: a level is cut into strips, strips are cut again, and what is left uncut is a room.

A node is a room's name, or a list `[direction, part, cut, part, cut, part, ...]` in which `"v"` stands for vertical
cuts (`cut` is an x) and `"h"` for horizontal ones (`cut` is a y), positions in steps of the grid from the footprint's
lower left corner. Whatever parses tiles the footprint: no overlap and no gap is possible. Leaves that share a name are
boxes of one room. A leaf `open` is ground that is not built on, at the corner that an L-shaped house lacks.

Slicing floorplans: R. H. J. M. Otten, "Automatic floorplan design", DAC 1982.
"""

from typing import Any

Box = tuple[int, int, int, int]  # x, y, w, d
OPEN = "open"
Node = str | list[Any]


class TreeError(ValueError):
    """A node that is no slicing tree of its box."""


def boxes(node: Node, box: Box) -> list[tuple[str, Box]]:
    """Lays a tree out in `box`.

    Returns:
        The leaves' names and boxes, in the tree's order.

    Raises:
        TreeError: a node is mistyped, or a cut lies outside its box or not after the cut before it.
    """
    if isinstance(node, str):
        return [(node, box)]
    if not isinstance(node, list) or len(node) < 4 or len(node) % 2 or node[0] not in ("v", "h"):
        raise TreeError('a node must be a room\'s name or ["v" or "h", part, cut, part, ...]')
    x, y, w, d = box
    start, end = (x, x + w) if node[0] == "v" else (y, y + d)
    cuts = node[2::2]
    result = []
    for part, stop in zip(node[1::2], [*cuts, end], strict=True):
        # `type`, not isinstance: true and false are no positions.
        if type(stop) is not int or not start < stop <= end:
            raise TreeError(f"the cut {stop!r} must be a whole number between {start} and {end}")
        inner = (start, y, stop - start, d) if node[0] == "v" else (x, start, w, stop - start)
        result += boxes(part, inner)
        start = stop
    return result


def cut(rooms: list[tuple[str, Box]]) -> Node:
    """The canonical tree of a layout: all cuts of one direction at once, `"v"` before `"h"`, as long as there are any.

    It is the inverse of `boxes` up to the choice of tree, and `boxes(cut(rooms))` has the same rooms in the same
    places.

    Raises:
        TreeError: the rooms can't be separated by straight cuts (a pinwheel, an overlap, a gap).
    """
    if len(rooms) == 1:
        return rooms[0][0]
    for direction, low, size in (("v", 0, 2), ("h", 1, 3)):
        ordered = sorted(rooms, key=lambda room: room[1][low])
        parts: list[list[tuple[str, Box]]] = [[ordered[0]]]
        node: list[Any] = [direction]
        reach = ordered[0][1][low] + ordered[0][1][size]
        for room in ordered[1:]:
            start = room[1][low]
            if start >= reach:
                node += [cut(parts[-1]), start]
                parts.append([])
            parts[-1].append(room)
            reach = max(reach, start + room[1][size])
        if len(parts) > 1:
            return [*node, cut(parts[-1])]
    raise TreeError("the rooms can't be separated by straight cuts")
