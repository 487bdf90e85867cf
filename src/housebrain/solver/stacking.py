"""Wet rooms over one another: of the good topologies of each floor those are taken whose pipes meet."""

from dataclasses import replace

import numpy as np

from housebrain.solver.curves import Floats, Ints
from housebrain.solver.finish import Candidate
from housebrain.solver.kernel import kernel
from housebrain.solver.passages import WET
from housebrain.solver.search import UNUSABLE
from housebrain.solver.survey import draw, try_box

CHOICES = 16  # topologies of a floor that are looked at
STACKED = 3.0  # what it counts for, against the score's parts, that all wet rooms of a floor stand over others
WITHIN = 2.0  # how much worse than the one that was chosen a topology may be


def stacked(candidate: Candidate, area_weight: float) -> Candidate:
    """The house with the topologies, floor by floor, that are good and have their wet rooms over one another.

    The box, the stairs and the rooms of each floor stay. A path of least penalty through the floors is found; no floor
    grows by more than the one that was chosen before.
    """
    if len(candidate.levels) < 2:
        return candidate
    picks, penalties, wets, built = [], [], [], []
    for index in range(len(candidate.levels)):
        own, rates, areas = _choices(candidate, index, area_weight)
        picks.append(own)
        penalties.append(rates)
        built.append(areas)
        wets.append([_wet_boxes(candidate, index, pick) for pick in own])
    best = penalties[0]
    origin: list[Ints] = []
    for index in range(1, len(picks)):
        apart = np.array([[STACKED * (1 - _over(one, other)) for other in wets[index]] for one in wets[index - 1]])
        total = best[:, None] + apart
        origin.append(total.argmin(0))
        best = total.min(0) + penalties[index]
    at = int(best.argmin())
    path = [at]
    for step in reversed(origin):
        at = int(step[at])
        path.append(at)
    path.reverse()
    chosen = [own[at] for own, at in zip(picks, path, strict=True)]
    areas = sum(areas[at] for areas, at in zip(built, path, strict=True))
    return replace(candidate, picks=chosen, built=float(areas))


def _choices(candidate: Candidate, index: int, area_weight: float) -> tuple[list[int], Floats, Ints]:
    """The topologies of a floor that are about as good as the chosen one and no larger, their penalties and areas."""
    level, pick = candidate.levels[index], candidate.picks[index]
    count = level.pool.head.shape[0]
    least = np.zeros(count, np.int32)  # all are tried; what does not fit has no rate
    found = try_box(
        level, index == 0, candidate.stairs, candidate.width, candidate.depth, least, np.zeros(count), area_weight
    )
    rates, built = found.rates[:, 0], found.built[:, 0]
    order = [k for k in np.argsort(rates, kind="stable")[:CHOICES] if rates[k] < min(UNUSABLE, rates[pick] + WITHIN)]
    own = [pick, *(int(k) for k in order if k != pick and built[k] <= built[pick])]
    return own, rates[own], built[own]


def _wet_boxes(candidate: Candidate, index: int, pick: int) -> Ints:
    """Left, front, right and rear edge of the boxes of wet rooms."""
    level = candidate.levels[index]
    drawn = draw(level, pick, index == 0, candidate.stairs, candidate.width, candidate.depth)
    boxes = drawn.places[np.flatnonzero(level.pool.tree[pick, : level.pool.head[pick, 0], 0] == 0)]
    wet = boxes[WET[level.wants.need[2][drawn.spaces]] > 0]
    return np.hstack((wet[:, :2], wet[:, :2] + wet[:, 2:]))


@kernel
def _over(below: Ints, above: Ints) -> float:
    """The share of the wet rooms above half of which, or more, stands over wet rooms; 1 where there are none."""
    if above.shape[0] == 0:
        return 1.0
    total = 0.0
    for a in range(above.shape[0]):
        left, front, right, rear = above[a, 0], above[a, 1], above[a, 2], above[a, 3]
        shared = 0
        for b in range(below.shape[0]):
            wide = min(right, below[b, 2]) - max(left, below[b, 0])
            deep = min(rear, below[b, 3]) - max(front, below[b, 1])
            shared += max(0, wide) * max(0, deep)
        total += min(1.0, 2 * shared / ((right - left) * (rear - front)))
    return total / above.shape[0]
