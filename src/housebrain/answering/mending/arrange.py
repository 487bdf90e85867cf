"""Rectangles anywhere, overlapping or apart, read into the slicing tree that comes nearest to them."""

from typing import Any, NamedTuple

from housebrain.answering.mending.draft import Box
from housebrain.rules.limits import DOOR_WALL_FT

SPLIT_COST = 0.15  # of a hall's cut-off area: a hall may have several boxes, but a bend is worse than none


class Leaf(NamedTuple):
    """A box to be placed: the room's name and where it should come; a hall's piece, once cut off, stays whole."""

    name: str
    box: Box
    whole: bool = False


class _Cut(NamedTuple):
    """A way to cut a set of boxes in two: how much it costs, and who goes where."""

    cost: float
    axis: int
    at: float
    low: list[Leaf]
    high: list[Leaf]


def arrange(leaves: list[Leaf]) -> Any:
    """The nearest slicing tree: cut by cut the one that leaves least on the wrong side.

    Where straight cuts part the boxes they are taken as they are. Elsewhere boxes give way; a hall may be cut in two.

    Args:
        leaves: at least one.

    Returns:
        A leaf's name or `[direction, part, cut, part, ...]`, cuts in feet.
    """
    if len(leaves) == 1:
        return leaves[0].name
    cut = _best_cut(leaves)
    direction = "vh"[cut.axis]
    first, second = arrange(cut.low), arrange(cut.high)
    node: list[Any] = [direction]
    node += first[1:] if isinstance(first, list) and first[0] == direction else [first]
    node.append(cut.at)
    node += second[1:] if isinstance(second, list) and second[0] == direction else [second]
    return node


def _best_cut(leaves: list[Leaf]) -> _Cut:
    best: _Cut | None = None
    for axis in (0, 1):
        ordered = sorted(leaves, key=lambda leaf: (_middle(leaf, axis), leaf.name))
        for count in range(1, len(ordered)):
            found = _cut(ordered, count, axis)
            if best is None or found.cost < best.cost - 1e-9:
                best = found
    assert best is not None
    return best


def _cut(ordered: list[Leaf], count: int, axis: int) -> _Cut:
    """The best line between the first `count` boxes and the others."""
    low, high = ordered[:count], ordered[count:]
    first = min(leaf.box[axis] for leaf in low)
    last = max(leaf.box[axis] + leaf.box[axis + 2] for leaf in high)
    edges = {(_middle(low[-1], axis) + _middle(high[0], axis)) / 2: 0.0}
    for leaf, edge in [(leaf, leaf.box[axis] + leaf.box[axis + 2]) for leaf in low] + [
        (leaf, leaf.box[axis]) for leaf in high
    ]:
        if first < edge < last:
            edges[edge] = edges.get(edge, 0.0) + leaf.box[3 - axis]
    # Of lines that are as good, the one along which most walls stand.
    _, _, at = min((_wrong(low, high, axis, edge), -walls, edge) for edge, walls in edges.items())
    parts: tuple[list[Leaf], list[Leaf]] = ([], [])
    for leaf, side in [(leaf, 0) for leaf in low] + [(leaf, 1) for leaf in high]:
        start, end = leaf.box[axis], leaf.box[axis] + leaf.box[axis + 2]
        if _splits(leaf, axis, at):
            parts[0].append(Leaf(leaf.name, _resized(leaf.box, axis, start, at), True))
            parts[1].append(Leaf(leaf.name, _resized(leaf.box, axis, at, end), True))
        else:
            parts[side].append(leaf)
    return _Cut(_wrong(low, high, axis, at), axis, at, *parts)


def _middle(leaf: Leaf, axis: int) -> float:
    return leaf.box[axis] + leaf.box[axis + 2] / 2


def _splits(leaf: Leaf, axis: int, at: float) -> bool:
    """Whether a line cuts a hall into two pieces that can both be walked through."""
    start, end = leaf.box[axis], leaf.box[axis] + leaf.box[axis + 2]
    return leaf.name.startswith("hall") and not leaf.whole and start + DOOR_WALL_FT <= at <= end - DOOR_WALL_FT


def _wrong(low: list[Leaf], high: list[Leaf], axis: int, at: float) -> float:
    """The area on the wrong side of a line, where a whole room counts for more than parts of many."""
    total = 0.0
    for leaves, is_low in ((low, True), (high, False)):
        for leaf in leaves:
            start, end = leaf.box[axis], leaf.box[axis] + leaf.box[axis + 2]
            over = min(end - at if is_low else at - start, leaf.box[axis + 2])
            if over > 0:
                share = SPLIT_COST if _splits(leaf, axis, at) else over / leaf.box[axis + 2]
                total += over * leaf.box[3 - axis] * share
    return total


def _resized(box: Box, axis: int, start: float, end: float) -> Box:
    sides = list(box)
    sides[axis], sides[axis + 2] = start, end - start
    return sides[0], sides[1], sides[2], sides[3]
