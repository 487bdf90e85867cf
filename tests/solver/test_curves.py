"""Shape curves against brute force: every way to cut a small tree on a small grid is tried."""

from random import Random

import numpy as np
import pytest

from housebrain.solver.compiled import pool_of
from housebrain.solver.curves import NEVER, inverse, leaf_curve
from housebrain.solver.library import wants_of
from housebrain.solver.survey import curves_of
from housebrain.solver.tree import Node, h, leaves, v

SIDE = 14


def _fits(node: Node, needs: dict[str, tuple[int, int]], width: int, depth: int) -> bool:
    """Whether the tree can be cut into a box of this size, by trying all cuts of each node."""
    if isinstance(node, str):
        side, area = needs[node]
        return any(
            w >= side and d >= side and w * d >= area and max(w, d) <= 99 * min(w, d)
            for w in range(1, width + 1)
            for d in range(1, depth + 1)
        )
    first, rest = node[1], node[2] if len(node) == 3 else (node[0], *node[2:])
    if node[0] == "v":
        return any(_fits(first, needs, x, depth) and _fits(rest, needs, width - x, depth) for x in range(1, width))
    return any(_fits(first, needs, width, y) and _fits(rest, needs, width, depth - y) for y in range(1, depth))


def _tree(rng: Random, names: list[str]) -> Node:
    if len(names) == 1:
        return names[0]
    cut = rng.randrange(1, len(names))
    parts = (_tree(rng, names[:cut]), _tree(rng, names[cut:]))
    return v(*parts) if rng.random() < 0.5 else h(*parts)


@pytest.mark.parametrize("seed", range(8))
def test_the_curves_of_a_tree_are_its_least_depths_and_widths(seed: int) -> None:
    rng = Random(seed)
    node = _tree(rng, ["terrace", "court", "porch", "hall"][: rng.randint(2, 4)])
    slots = tuple(leaves(node))
    wants = wants_of(slots, [-1] * len(slots), {}, 1.0)
    one = curves_of(pool_of([node], slots), wants, (0, 0), SIDE, SIDE)
    root = int(one.pool.head[0, 0]) - 1
    needs = {name: (int(wants.need[0, s]), int(wants.need[0, s]) ** 2) for s, name in enumerate(slots)}
    for width in range(1, SIDE + 1):
        depths = [depth for depth in range(1, SIDE + 1) if _fits(node, needs, width, depth)]
        least = int(one.F[0, root, width])
        assert (least if least <= SIDE else None) == (min(depths) if depths else None)
        widths = [other for other in range(1, SIDE + 1) if _fits(node, needs, other, width)]
        least = int(one.G[0, root, width])
        assert (least if least <= SIDE else None) == (min(widths) if widths else None)


def test_a_leafs_curve_keeps_area_side_and_aspect() -> None:
    curve = np.zeros(40, np.int32)
    leaf_curve(4, 60, 2.0, curve)
    for width, depth in enumerate(curve):
        options = [
            d for w in range(1, width + 1) for d in range(1, 60)
            if min(w, d) >= 4 and w * d >= 60 and max(w, d) <= 2 * min(w, d)
        ]  # fmt: skip
        assert depth == (min(options) if options else NEVER)


def test_the_inverse_turns_a_curve_round() -> None:
    curve = np.array([NEVER, NEVER, 9, 7, 7, 3, 3], np.int32)
    other = np.zeros(12, np.int32)
    inverse(curve, other)
    for depth in range(12):
        widths = [w for w in range(7) if curve[w] <= depth]
        assert other[depth] == (min(widths) if widths else NEVER)
