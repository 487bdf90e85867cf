"""How far topologies of one level are from being a floor: looked at together, which is much faster than singly."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from housebrain.answering.mending.topologies import topologies_of
from housebrain.house.brief import Brief
from housebrain.solver.engine import UNIT_FT
from housebrain.solver.kinds import STAIRS_FT
from housebrain.solver.needs import programme_of
from housebrain.solver.search import AT_REAR, OWN_FRONT, UNUSABLE
from housebrain.solver.survey import NO_STAIRS, StairsAt, curves_of, explore_level, try_box

WIDTHS = (1.0, 0.85, 1.15)  # times the width that is wished for
WIDER = (1.0, 1.1, 1.25)  # times the width of the floors below
DEEPER = 2  # times the greatest depth is looked at
# What a topology lacks: nothing; doors or daylight; depth, by its share; width, by its share, or a place for the
# stairs; any box at all.
FINE, SHUT, DEEP, TIGHT, NEVER = 0.0, 1.0, 2.0, 3.0, 4.0


class Below(NamedTuple):
    """The house that the floors below make, on the solver's grid: its sides, and the stairs' box x, y, w, d."""

    width: int
    depth: int
    stairs: tuple[int, int, int, int]


def faults(trees: Sequence[Any], brief: Brief, size: tuple[float, float], below: Below | None) -> NDArray[np.float64]:
    """What each tree of a level lacks to be a floor, from `FINE` to `NEVER`.

    Args:
        trees: of the same rooms, cuts in feet.
        brief: whose least areas and envelope count.
        size: width and depth that are wished for, in feet.
        below: what the floors below make; None for the ground floor.
    """
    found = np.full(len(trees), NEVER)
    programme = programme_of(brief, brief.berth_of(*(round(side / UNIT_FT) for side in size)))
    read = topologies_of(trees, size, programme)
    if read is None:
        return found
    most_w, most_d = (math.floor(side / UNIT_FT + 1e-6) for side in (programme.width_ft, programme.depth_ft))
    if below is None:
        wished = round(size[0] / UNIT_FT)
        widths = sorted({min(most_w, max(1, round(share * wished))) for share in WIDTHS})
    else:
        widths = sorted({min(most_w, round(share * below.width)) for share in WIDER})
    tried = _places(below, brief.floors > 1, widths, most_d)
    if not tried:
        return found  # no stairs fit into the envelope
    least = np.full(len(read.where), np.inf)
    for places in tried:
        box = places[0][1].wide, places[0][1].deep
        level = curves_of(read.pool, read.wants, box, max(widths), DEEPER * most_d)
        for width, stairs in places:
            one = explore_level(level, below is None, stairs, np.array([width], np.int32), DEEPER * most_d)
            rates = one.rates[:, 0]
            depth = np.where(np.isfinite(rates), one.least[:, 0], np.inf)
            fits = depth <= most_d
            if below is not None:
                # The level has to be as deep as those below. What ends at the stairs can't be made deeper.
                within = depth <= below.depth
                noise = np.zeros(least.size)
                there = try_box(level, False, stairs, width, below.depth, one.least[:, 0], noise, 0.0).rates[:, 0]
                rates = np.where(within, there, rates)
                fits &= ~within | np.isfinite(there)
            lacks = np.where(fits & (rates < UNUSABLE), FINE, np.where(fits, SHUT, DEEP + (depth - most_d) / most_d))
            least = np.minimum(least, lacks)
        widest = np.maximum(level.G[np.arange(least.size), read.pool.head[:, 0] - 1, -1], max(widths))
        least = np.minimum(least, np.minimum(NEVER, TIGHT + 1 - max(widths) / widest))
    found[read.where] = least
    return found


def _places(below: Below | None, storeys: bool, widths: list[int], depth: int) -> list[list[tuple[int, StairsAt]]]:
    """The widths and the stairs' places that are tried; the stairs of each list have the same box."""
    if below is not None:
        x, y, wide, deep = below.stairs
        fronts = [y, AT_REAR] if y + deep == below.depth else [y]
        spots = [(width, width - wide if x + wide == below.width else x, front) for width in widths for front in fronts]
        return [[(width, StairsAt(wide, deep, left, front, end)) for width, left, front in spots for end in (0, 1)]]
    if not storeys:
        return [[(width, NO_STAIRS) for width in widths]]
    short, long = (math.ceil(side / UNIT_FT - 1e-6) for side in STAIRS_FT)
    tried = []
    for wide, deep in ((short, long), (long, short)):
        corners = [(width, left) for width in widths for left in (0, (width - wide) // 2, width - wide) if left >= 0]
        if corners and deep <= depth:
            # At the rear wall, or where each topology has them.
            ways = [(front, end) for front in (OWN_FRONT, AT_REAR) for end in (0, 1)]
            tried.append([(width, StairsAt(wide, deep, left, *way)) for width, left in corners for way in ways])
    return tried
