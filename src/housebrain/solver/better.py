"""The chosen house bettered in its box: its levels' topologies changed a little, the best of the changes kept."""

from dataclasses import replace
from random import Random

import numpy as np

from housebrain.solver.finish import Candidate
from housebrain.solver.library import best_of, has_roof
from housebrain.solver.mutate import bred
from housebrain.solver.survey import Explored, Measured, curves_of, try_box

ROUNDS = 12  # of changes
CHANGED = 200  # topologies that each round adds
PARENTS = 12  # topologies that go on to the next round


def bettered(candidate: Candidate, area_weight: float, rng: Random) -> Candidate:
    """The house with better topologies for just its box and its rooms, level by level.

    The box, the stairs and the rooms of each floor stay; no level becomes worse or larger.
    """
    levels, picks, built = [], [], 0
    for index, (level, pick) in enumerate(zip(candidate.levels, candidate.picks, strict=True)):
        found = _rated(candidate, index, level, area_weight)
        most = found.built[pick, 0]
        for _ in range(ROUNDS):
            found.rates[found.built > most] = np.inf
            parents = best_of(found.rates, PARENTS, np.inf)
            pool = bred(level.pool, parents, CHANGED, rng.getrandbits(62), has_roof(candidate.floors[index].level))
            level = curves_of(pool, level.wants, candidate.stairs[:2], candidate.width, candidate.depth)
            found = _rated(candidate, index, level, area_weight)
        found.rates[found.built > most] = np.inf
        levels.append(level)
        picks.append(int(found.rates[:, 0].argmin()))
        built += int(found.built[picks[-1], 0])
    return replace(candidate, levels=levels, picks=picks, built=built)


def _rated(candidate: Candidate, index: int, level: Measured, area_weight: float) -> Explored:
    """How bad each of a level's topologies is in the house's box."""
    count = level.pool.head.shape[0]
    least = np.zeros(count, np.int32)  # all are tried; what does not fit has no rate
    return try_box(
        level, index == 0, candidate.stairs, candidate.width, candidate.depth, least, np.zeros(count), area_weight
    )
