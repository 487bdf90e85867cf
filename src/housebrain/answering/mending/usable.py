"""Which of many topologies of one level can be a floor at all: looked at together, which is much faster than singly.

That a level can be used by itself does not say that it fits the other floors: `dimension` has the last word.
"""

import math
from typing import Any

import numpy as np

from housebrain.answering.mending.topologies import topologies_of
from housebrain.house.brief import Brief
from housebrain.solver.engine import UNIT_FT
from housebrain.solver.kinds import STAIRS_FT
from housebrain.solver.needs import programme_of
from housebrain.solver.search import AT_REAR, OWN_FRONT, UNUSABLE
from housebrain.solver.survey import NO_STAIRS, StairsAt, curves_of, explore_level

WIDTHS = (1.0, 0.85, 1.15)  # times the width that is wished for


def usable(
    trees: list[Any], brief: Brief, is_ground: bool, size: tuple[float, float], stairs: tuple[float, float, bool] | None
) -> list[bool]:
    """Whether each tree of a level can be laid out with doors and daylight for all its rooms.

    Args:
        trees: of the same rooms, cuts in feet.
        brief: whose least areas and envelope count.
        is_ground: whether one comes in from the street; else by the stairs.
        size: width and depth that are wished for, in feet.
        stairs: how far they are wished from the left wall and from the street, and whether they lie along it; None for
            a house of one floor.
    """
    found = [False] * len(trees)
    programme = programme_of(brief)
    read = topologies_of(trees, size, programme)
    if read is None:
        return found
    limit_w, limit_d = (math.floor(side / UNIT_FT + 1e-6) for side in (programme.width_ft, programme.depth_ft))
    wished_w = round(size[0] / UNIT_FT)
    widths = np.unique([min(limit_w, max(1, round(share * wished_w))) for share in WIDTHS]).astype(np.int32)
    depth = min(limit_d, 3 * round(max(size) / UNIT_FT))
    short, long = (math.ceil(side / UNIT_FT - 1e-6) for side in STAIRS_FT)
    box = (0, 0) if stairs is None else (long, short) if stairs[2] else (short, long)
    if box[0] > widths[-1] or box[1] > depth:
        return found
    level = curves_of(read.pool, read.wants, box, int(widths[-1]), depth)
    fine = np.zeros(len(read.where), np.bool_)
    for width in widths:
        one = np.array([width], np.int32)
        for place in _places(box, int(width), stairs):
            fine |= explore_level(level, is_ground, place, one, depth).rates[:, 0] < UNUSABLE
    for index, works in zip(read.where, fine, strict=True):
        found[index] = bool(works)
    return found


def _places(box: tuple[int, int], width: int, stairs: tuple[float, float, bool] | None) -> list[StairsAt]:
    """Where the stairs may stand: at a side wall or as wished, at the rear or not, entered from either end."""
    if stairs is None:
        return [NO_STAIRS]
    most = width - box[0]
    lefts = {left for left in (0, round(stairs[0] / UNIT_FT), most) if 0 <= left <= most}
    ways = [(front, end) for front in (OWN_FRONT, AT_REAR) for end in (0, 1)]
    return [StairsAt(*box, left, *way) for left in sorted(lefts) for way in ways]
