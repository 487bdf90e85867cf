"""Arrangements near to a given one, tried until some are valid houses: the least changes first."""

import itertools
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Any, NamedTuple

from housebrain.answering.mending.edits import Edit, edits, placed
from housebrain.answering.mending.level import Candidate, is_hopeless
from housebrain.answering.mending.usable import usable
from housebrain.house.brief import Brief
from housebrain.house.design import Design
from housebrain.house.units import GRID_FT
from housebrain.solver.house import Infeasible
from housebrain.solver.solve import Sized, dimension

TRIED = 60  # arrangements that are given sizes
BRANCHES, TWIGS = 40, 60  # changes and changes of these that are looked at where no single one helps
KEPT = 12  # changes of a floor that are tried with the others
BARREN = 3  # floors of which no change works, after which no more are changed
ENOUGH = 3  # houses of which the nearest is taken
PROGRESS_FT = 40.0  # what it is worth that one floor more can work
_FIXED = frozenset({"stairs"})


class Near(NamedTuple):
    """A house, and how many changes of the arrangement it took."""

    sized: Sized
    edits: int


def nearest(
    starts: list[list[Any]],
    size: tuple[float, float],
    brief: Brief,
    distance: Callable[[Design], float],
    check: Callable[[], None] = lambda: None,
) -> Near | None:
    """The nearest of the first few houses that small changes lead to, the least changes first.

    A floor is changed where those below it can work: `dimension` looks at them from the ground up.

    Args:
        starts: arrangements, the likeliest first: each a tree a level, cuts in feet.
        size: the width and depth that are wished for, in feet.
        brief: what the house is for.
        distance: how far a design is from what is wished for.
        check: called between steps; what it raises ends the search.
    """
    wished = round(size[0] / GRID_FT), round(size[1] / GRID_FT)
    order = itertools.count()
    queue = [(float(rank), next(order), 0.0, 0, trees) for rank, trees in enumerate(starts)]
    heapify(queue)
    changed: set[str] = set()
    good: list[tuple[float, int, Near]] = []
    barren = 0
    for tried in range(TRIED):
        if not queue or len(good) == ENOUGH:
            break
        check()
        _, _, cost, count, trees = heappop(queue)
        sized = dimension([_steps(tree) for tree in trees], brief, wished, replace=False)
        if not isinstance(sized, Infeasible):
            good.append((distance(sized.design), tried, Near(sized, count)))
            if not count:
                break
            continue
        for number in _failing(trees, sized.level, size, brief):
            if barren == BARREN or (key := f"{number}{trees[number]}") in changed:
                continue  # where only the other floors differ, what can be done here is in the queue already
            changed.add(key)
            hopeless = number == 0 and is_hopeless([Candidate(trees[0], size)], brief, None)
            working = [] if hopeless else _working(trees[number], number, size, brief, check)
            barren += not working
            for edit in working:
                total = cost + edit.cost
                ahead = [*trees[:number], edit.tree, *trees[number + 1 :]]
                heappush(queue, (total - PROGRESS_FT * number, next(order), total, count + edit.steps, ahead))
    return min(good)[2] if good else None


def _failing(trees: list[Any], level: int | None, size: tuple[float, float], brief: Brief) -> list[int]:
    """The floors that are to be changed: those that can't work by themselves, else the one that `dimension` names."""
    alone = [
        number
        for number, tree in enumerate(trees)
        if not usable([tree], brief, number == 0, size, _stairs_of(tree, size))[0]
    ]
    if alone:
        return alone[:1]
    return [level] if level is not None else list(range(len(trees)))


def _working(tree: Any, number: int, size: tuple[float, float], brief: Brief, check: Callable[[], None]) -> list[Edit]:
    """Small changes of a floor's tree that make it one that works: one step away, or two where there is none."""
    stairs = _stairs_of(tree, size)
    near = edits(tree, size, _FIXED)
    works = usable([edit.tree for edit in near], brief, number == 0, size, stairs)
    found = [edit for edit, fine in zip(near, works, strict=True) if fine]
    if not found:
        check()
        far = [
            Edit(one.cost + other.cost, other.tree, 2)
            for one in edits(tree, size, _FIXED, BRANCHES)
            for other in edits(one.tree, size, _FIXED, TWIGS)
        ]
        works = usable([edit.tree for edit in far], brief, number == 0, size, stairs)
        found = [edit for edit, fine in zip(far, works, strict=True) if fine]
    return sorted(found, key=lambda edit: edit.cost)[:KEPT]


def _stairs_of(tree: Any, size: tuple[float, float]) -> tuple[float, float, bool] | None:
    """Where a tree has its stairs, and whether they lie along the street."""
    leaf = next((leaf for leaf in placed(tree, (0.0, 0.0, *size)) if leaf.name == "stairs"), None)
    return None if leaf is None else (leaf.box[0], leaf.box[1], leaf.box[2] > leaf.box[3])


def _steps(node: Any) -> Any:
    """A tree with its cuts in steps of the grid, not rounded: `dimension` does that."""
    if isinstance(node, str):
        return node
    return [_steps(part) if isinstance(part, str | list) else part / GRID_FT for part in node]
