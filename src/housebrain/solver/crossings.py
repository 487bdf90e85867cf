"""What one passes through on the way from somewhere to the rooms of a level."""

import numpy as np
from numpy.typing import NDArray

from housebrain.solver.curves import Floats, Ints
from housebrain.solver.kernel import kernel
from housebrain.solver.kinds import TYPES

# What it costs to pass through a room; halls, stairs, porches and courts are there to be passed.
_COSTS = {"living": 1.0, "family": 1.0, "dining": 1.5, "kitchen": 3.0, "terrace": 2.0}
_FREE = ("hall", "stairs", "porch", "court")
CROSSED = np.array([0.0 if name in _FREE else _COSTS.get(name, 4.0) for name in TYPES])
CUT_OFF = 99.0  # what nothing leads to


@kernel
def crossings(sources: NDArray[np.bool_], kind: Ints, doors: Ints, n_doors: int, leaving: bool, costs: Floats) -> None:
    """Fills `costs[s]` with the least that the rooms cost which one passes from the nearest of `sources` to space s.

    `leaving` tells whether a source counts as passed itself.
    """
    costs[:] = CUT_OFF
    for s in range(sources.size):
        if sources[s]:
            costs[s] = 0.0
    changed = True
    while changed:
        changed = False
        for q in range(n_doors):
            for end in range(2):
                s, t = doors[q, end], doors[q, 1 - end]
                passed = costs[s] + (CROSSED[kind[s]] if leaving or not sources[s] else 0.0)
                if passed < costs[t]:
                    costs[t] = passed
                    changed = True
