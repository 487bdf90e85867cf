"""The smallest changes of a level that make it one that can stand on the levels below."""

from collections.abc import Callable
from typing import Any, NamedTuple

from housebrain.answering.mending.edits import Edit, edits
from housebrain.answering.mending.fitness import DEEP, FINE, Below, faults
from housebrain.house.brief import Brief

STEPS = 4  # changes, one after the other
BEAM = 4  # arrangements that are changed at each step
LOOKED_AT = 240  # changes of each of them
WORTH_FT = 15.0  # what it is worth that a topology lacks less by one
TRIED = 10  # arrangements that are given sizes
_STAIRS = frozenset({"stairs"})


class Mended(NamedTuple):
    """A changed level, cuts in feet, and how many changes it took."""

    tree: Any
    edits: int


def mend_level(
    tree: Any, size: tuple[float, float], brief: Brief, below: Below | None, stands: Callable[[Any], bool]
) -> Mended | None:
    """The level after the least changes that were found; None where none was.

    Args:
        tree: the level, cuts in feet.
        size: the width and depth that are wished for, in feet.
        brief: what the house is for.
        below: what the floors below make; None for the ground floor.
        stands: whether a changed level can be built.
    """
    # Stairs that are in no one's way stay where they are.
    fixed = _STAIRS if faults([tree], brief, size, below)[0] < DEEP else frozenset()
    beam = [(0.0, tree)]
    seen = {str(tree)}
    left = TRIED
    for step in range(1, STEPS + 1):
        ahead: list[Edit] = []
        for cost, one in beam:
            for edit in _some(edits(one, size, fixed)):
                if (key := str(edit.tree)) not in seen:
                    seen.add(key)
                    ahead.append(Edit(cost + edit.cost, edit.tree))
        lacks = faults([edit.tree for edit in ahead], brief, size, below)
        fine = sorted((edit for edit, lack in zip(ahead, lacks, strict=True) if lack == FINE), key=lambda one: one.cost)
        for edit in fine[:left]:
            if stands(edit.tree):
                return Mended(edit.tree, step)
        left -= len(fine)
        if left <= 0 or not ahead:
            return None
        order = sorted(range(len(ahead)), key=lambda at: ahead[at].cost + WORTH_FT * float(lacks[at]))
        beam = [(ahead[at].cost, ahead[at].tree) for at in order if lacks[at] != FINE][:BEAM]
    return None


def _some(changes: list[Edit]) -> list[Edit]:
    """Some of many changes: half of them the least, the others evenly from all."""
    least, others = changes[: LOOKED_AT // 2], changes[LOOKED_AT // 2 :]
    return [*least, *others[:: max(1, 2 * len(others) // LOOKED_AT)]]
