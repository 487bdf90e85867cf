"""Trees from outside, a model's or a person's: read without ever failing, whatever they are.

A cut may be written with positions, `["v", part, cut, part, ...]`, or without, `("v", part, part, ...)`.
"""

from typing import Any, NamedTuple

from housebrain.solver.compiled import NOOK
from housebrain.solver.kinds import KINDS, type_of
from housebrain.solver.tree import MAX_DEPTH, MAX_LEAVES, Node, leaves

Box = tuple[float, float, float, float]


class Read(NamedTuple):
    """A tree and where each cut should come, in feet: in post-order, cuts of many parts as chains; None unknown."""

    node: Node
    cuts: list[float | None]


class Unreadable(NamedTuple):
    """Why something is no tree."""

    detail: str


def read_tree(value: Any) -> Read | Unreadable:
    """Reads a tree; `hall2` and more become boxes of `hall`: which of them hang together is geometry."""
    cuts: list[float | None] = []

    def walk(part: Any, depth: int) -> Node | Unreadable:
        if len(cuts) > 4 * MAX_LEAVES or depth > MAX_DEPTH:
            return Unreadable("the tree is too large")
        if isinstance(part, str):
            name = part.rstrip(NOOK)
            kind = type_of(name)
            if kind not in KINDS:
                return Unreadable(f"no room is called '{name[:40]}'")
            cuts.append(None)
            return kind if kind in ("hall", "stairs") else name
        if not isinstance(part, list | tuple) or len(part) < 3 or part[0] not in ("v", "h"):
            return Unreadable('a node must be a room\'s name or a cut "v" or "h" with its parts')
        rest = list(part[1:])
        positions: list[float | None]
        if len(rest) % 2 and all(_number(cut) for cut in rest[1::2]):
            parts, positions = rest[0::2], [float(cut) for cut in rest[1::2]]
        else:
            parts, positions = rest, [None] * (len(rest) - 1)
        if len(parts) < 2:
            return Unreadable("a cut must have two parts or more")
        first = walk(parts[0], depth + 1)
        if isinstance(first, Unreadable):
            return first
        made: list[Node] = [first]
        for other, position in zip(parts[1:], positions, strict=True):
            node = walk(other, depth + 1)
            if isinstance(node, Unreadable):
                return node
            made.append(node)
            cuts.append(position)
        return (part[0], *made)

    node = walk(value, 0)
    if isinstance(node, Unreadable):
        return node
    if sum(1 for _ in leaves(node)) > MAX_LEAVES:
        return Unreadable("the tree is too large")
    return Read(node, cuts)


def _number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < 1e6  # not NaN, not infinite, no true and false


def lay(read: Read, width: float, depth: float) -> list[Box]:
    """The leaves' boxes with the cuts as wished, in the tree's order; unknown cuts halve, cuts outside move in."""
    found: list[Box] = []

    def walk(node: Node, start: int, box: Box) -> None:
        if isinstance(node, str):
            found.append(box)
            return
        axis = 0 if node[0] == "v" else 1
        end = box[axis] + box[axis + 2]
        # Nodes come as: first part, second part, their cut, third part, its cut, ...
        at = start + _size(node[1])
        starts, stops = [start], []
        for part in node[2:]:
            starts.append(at)
            at += _size(part)
            stops.append(read.cuts[at])
            at += 1
        low = box[axis]
        for index, part in enumerate(node[1:]):
            stop = stops[index] if index < len(stops) else end
            left = len(node) - 1 - index
            high = low + (end - low) / left if stop is None else min(max(stop, low), end)
            inner = list(box)
            inner[axis], inner[axis + 2] = low, high - low
            walk(part, starts[index], (inner[0], inner[1], inner[2], inner[3]))
            low = high

    walk(read.node, 0, (0.0, 0.0, width, depth))
    return found


def _size(node: Node) -> int:
    """Nodes of a tree whose cuts of many parts are chains of cuts in two."""
    return 1 if isinstance(node, str) else sum(_size(part) for part in node[1:]) + len(node) - 2
