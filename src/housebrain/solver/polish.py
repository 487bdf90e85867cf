"""Walls moved to where there is least to object: what a box leaves over goes to the rooms that can use it."""

from dataclasses import replace

import numpy as np

from housebrain.solver.curves import OP, B, Ints
from housebrain.solver.doors import FINE
from housebrain.solver.finish import Candidate
from housebrain.solver.judge import WEIGHTS
from housebrain.solver.survey import Drawer, Drawn, around_stairs

STEPS = (3, 1)  # grid units by which a wall is moved, from coarse to fine
PASSES = 2  # over all walls with each step


def polished(candidate: Candidate, area_weight: float) -> Candidate:
    """The house with its walls moved one by one as long as that leaves less to object to.

    The box, the topologies and the stairs stay; no move takes a room below what it needs.
    """
    wishes = [_moved(candidate, index, area_weight) for index in range(len(candidate.levels))]
    return replace(candidate, wishes=wishes)


def _moved(candidate: Candidate, index: int, area_weight: float) -> Ints:
    """Where the cuts of a level come, by node."""
    level, pick = candidate.levels[index], candidate.picks[index]
    asked = 1 + int(level.wants.need[1].sum())
    drawer = Drawer(level, pick, index == 0, candidate.stairs, candidate.width, candidate.depth)

    def objection(found: Drawn) -> float:
        return float(WEIGHTS @ found.parts) + area_weight * found.built / asked

    first = drawer.draw(None)
    tree = level.pool.tree[pick, : level.pool.head[pick, 0]]
    # Those around the stairs stay where least areas and shares have them.
    cuts = np.setdiff1d(np.flatnonzero(tree[:, OP]), around_stairs(level.pool, pick))
    wish = np.full(level.pool.tree.shape[1], -1, np.int32)
    for n in cuts:
        wish[n] = first.places[tree[n, B], tree[n, OP] - 1]
    least = objection(first)
    for step in STEPS:
        for _ in range(PASSES):
            before = least
            for n in cuts:
                at = wish[n]
                for new in (at - step, at + step):
                    wish[n] = max(0, new)
                    found = drawer.draw(wish)
                    if found.reason == FINE and objection(found) < least - 1e-9:
                        least = objection(found)
                        break
                else:
                    wish[n] = at
            if least == before:
                break
    return wish
