"""Slicing trees of one level: which room lies beside which, without sizes.

A node is a leaf, the name of a space (`"bed2"`), or a cut `(direction, part, part, ...)`. `"v"` cuts by vertical
lines, so its parts stand side by side from left to right along the street; `"h"` cuts by horizontal lines, its parts
follow each other from the street to the rear. Leaves that share a name are boxes of one space: a hall with a bend,
an L-shaped living room.

Slicing floorplans: R. H. J. M. Otten, "Automatic floorplan design", DAC 1982.
"""

from collections.abc import Iterator
from typing import Any

Node = str | tuple[Any, ...]

MAX_DEPTH = 60  # of a tree from outside; a house of 30 rooms has about 10
MAX_LEAVES = 60


def v(*parts: Node | None) -> Node:
    """The parts side by side; `None` is left out, and a single part stands for itself."""
    return _cut("v", parts)


def h(*parts: Node | None) -> Node:
    """The parts behind each other, from the street; `None` is left out, and a single part stands for itself."""
    return _cut("h", parts)


def _cut(direction: str, parts: tuple[Node | None, ...]) -> Node:
    flat: list[Node] = []
    for part in parts:
        if part is None:
            continue
        if not isinstance(part, str) and part[0] == direction:
            flat.extend(part[1:])
        else:
            flat.append(part)
    return flat[0] if len(flat) == 1 else (direction, *flat)


def mirror(node: Node) -> Node:
    """The tree with left and right changed over."""
    if isinstance(node, str):
        return node
    parts = [mirror(part) for part in node[1:]]
    return (node[0], *(reversed(parts) if node[0] == "v" else parts))


def flip(node: Node) -> Node:
    """The tree with front and rear changed over."""
    if isinstance(node, str):
        return node
    parts = [flip(part) for part in node[1:]]
    return (node[0], *(reversed(parts) if node[0] == "h" else parts))


def transpose(node: Node) -> Node:
    """The tree mirrored at the diagonal: what was in front is left, what was left is in front."""
    if isinstance(node, str):
        return node
    return ("h" if node[0] == "v" else "v", *(transpose(part) for part in node[1:]))


def leaves(node: Node) -> Iterator[str]:
    """The leaves' names in the tree's order, with repetitions."""
    if isinstance(node, str):
        yield node
    else:
        for part in node[1:]:
            yield from leaves(part)


def rename(node: Node, names: dict[str, str]) -> Node:
    """The tree with leaves renamed; names that `names` lacks stay."""
    if isinstance(node, str):
        return names.get(node, node)
    return (node[0], *(rename(part, names) for part in node[1:]))


def typed(node: Node, type_of: dict[str, str]) -> str:
    """The tree written with types for names, `v(living,h(dining,kitchen))`: equal where two topologies are."""
    if isinstance(node, str):
        return type_of.get(node, node)
    return f"{node[0]}({','.join(typed(part, type_of) for part in node[1:])})"
