"""Several good and different houses for one brief, the best first."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from housebrain.house.brief import Brief
from housebrain.house.design import Design
from housebrain.house.rooms import SHORT_NAMES
from housebrain.house.tree import cut
from housebrain.language.designs import layouts
from housebrain.rules.score import Score, score
from housebrain.solver.reading import Read, read_tree
from housebrain.solver.solve import several, solve
from housebrain.solver.tree import mirror, typed

RUNS = 4  # searches a house asked for: each compares a few
LEAST_RUNS = 12


class Ranked(NamedTuple):
    """A design and its score."""

    design: Design
    score: Score


def ranked(
    brief: Brief,
    count: int,
    seed: int = 0,
    weights: Mapping[str, float] | None = None,
    check: Callable[[], None] = lambda: None,
) -> list[Ranked]:
    """Up to `count` houses of different topologies, ranked by score. The same arguments give the same houses.

    Many of the houses that the solver finds good are compared. Those that differ in sizes alone, or are one another's
    mirror image, count as one: the better of them.

    Args:
        brief: what is asked for.
        count: how many; there are fewer where the brief leaves no choice.
        seed: other seeds look at other houses.
        weights: of the score, as `rules.score` has them.
        check: called between searches; what it raises ends them.

    Raises:
        Rejected: no house for the brief was found.
    """
    found: dict[str, Ranked] = {}
    for design in several(brief, seed, max(LEAST_RUNS, RUNS * count)):
        check()
        one = Ranked(design, score(design, brief, weights))
        known = found.get(key := topology(design))
        if known is None or one.score.total > known.score.total:
            found[key] = one
    if not found:
        solve(brief, seed)  # says why
        raise AssertionError("the solver found a house now and none before")
    return sorted(found.values(), key=lambda one: -one.score.total)[:count]


def topology(design: Design) -> str:
    """Which room lies beside which, with types for names: the same for a design and its mirror image.

    Raises:
        TreeError: a level can't be made by straight cuts.
    """
    nodes = []
    for layout in layouts(design):
        read = read_tree(cut(layout))
        assert isinstance(read, Read), "a design has known rooms"
        nodes.append(read.node)
    kinds = {room.name: SHORT_NAMES[room.type] for level in design.levels for room in level.rooms}
    return min("|".join(typed(turn(node), kinds) for node in nodes) for turn in (lambda node: node, mirror))
