"""The compiled search as Python calls it: a level's topologies measured, tried at widths, and drawn."""

import threading
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from housebrain.solver.compiled import Pool, Wants
from housebrain.solver.curves import OP, A, B, Floats, Ints
from housebrain.solver.judge import PARTS, WEIGHTS
from housebrain.solver.search import MOST_DOORS, explore, prepare

ALL = 1 << 30  # topologies, however many there are


class Measured(NamedTuple):
    """A level's topologies with their shape curves."""

    pool: Pool
    wants: Wants
    F: Ints
    G: Ints
    grown: Floats


class StairsAt(NamedTuple):
    """The stairs' box in grid units, its place and the end at which it is entered.

    `front` is what lies in front of it, or AT_REAR or OWN_FRONT; `end` is 0 for the left or front end, 1 for the right
    or rear one, -1 without stairs.
    """

    wide: int
    deep: int
    left: int
    front: int
    end: int


NO_STAIRS = StairsAt(0, 0, 0, 0, -1)


class Explored(NamedTuple):
    """What was found of each topology at each width: least depth, rate and indoor area."""

    least: Ints
    rates: Floats
    built: Ints


class Drawn(NamedTuple):
    """A topology laid out: FINE or why it can't be used, boxes by node, slots by leaf, doors and score."""

    reason: int
    places: Ints
    spaces: Ints
    doors: Ints
    entrance: int
    built: int
    parts: Floats


def curves_of(pool: Pool, wants: Wants, stairs: tuple[int, int], width: int, depth: int) -> Measured:
    """Makes the curves of topologies with stairs of that width and depth, up to `width` x `depth` grid units."""
    shape = pool.tree.shape[:2]
    F = np.empty((*shape, width + 1), np.int32)
    G = np.empty((*shape, depth + 1), np.int32)
    grown = np.empty((*shape, 2))
    prepare(pool.head, pool.tree, wants.need, wants.taste, wants.nook, stairs[0], stairs[1], wants.site, F, G, grown)
    return Measured(pool, wants, F, G, grown)


def explore_level(
    level: Measured, ground: bool, stairs: StairsAt, widths: Ints, most: int, area_weight: float = 0.0,
    outdoor_share: float = 0.0, wanted: int = ALL,
) -> Explored:  # fmt: skip
    """Tries topologies in their own least boxes, the shallowest first, until `wanted` can be used at a width."""
    count = level.pool.head.shape[0]
    out = Explored(
        np.empty((count, widths.size), np.int32),
        np.empty((count, widths.size)),
        np.zeros((count, widths.size), np.int32),
    )
    _explore(level, ground, stairs, widths, 0, most, wanted, area_weight, outdoor_share, np.zeros(count), out)
    return out


def try_box(
    level: Measured, ground: bool, stairs: StairsAt, width: int, depth: int, least: Ints, noise: Floats,
    area_weight: float,
) -> Explored:  # fmt: skip
    """Tries all topologies whose `least` depth allows it in a house of `width` x `depth`; `noise` adds to the rates."""
    count = least.size
    out = Explored(least.reshape(count, 1), np.empty((count, 1)), np.zeros((count, 1), np.int32))
    _explore(level, ground, stairs, np.array([width], np.int32), depth, depth, ALL, area_weight, 0.0, noise, out)
    return out


def around_stairs(pool: Pool, pick: int) -> Ints:
    """The cuts of a topology between the stairs and what surrounds them, by node."""
    beside = pool.ring[pick, : pool.head[pick, 1], 1]
    tree = pool.tree[pick, : pool.head[pick, 0]]
    return np.flatnonzero((tree[:, OP] > 0) & (np.isin(tree[:, A], beside) | np.isin(tree[:, B], beside)))


def draw(
    level: Measured, pick: int, ground: bool, stairs: StairsAt, width: int, depth: int, wish: Ints | None = None
) -> Drawn:
    """Lays one topology out in `width` x `depth`, its cuts as near as can be to `wish` (by node, -1 anywhere)."""
    return Drawer(level, pick, ground, stairs, width, depth).draw(wish)


class Drawer:
    """Lays one topology out in `width` x `depth`, for as many wishes as are asked for."""

    def __init__(self, level: Measured, pick: int, ground: bool, stairs: StairsAt, width: int, depth: int) -> None:
        rows = slice(pick, pick + 1)
        pool = Pool(level.pool.slots, level.pool.head[rows], level.pool.tree[rows], level.pool.ring[rows])
        self.one = Measured(pool, level.wants, level.F[rows], level.G[rows], level.grown[rows])
        self.ground, self.stairs, self.depth = ground, stairs, depth
        self.widths, self.noise = np.array([width], np.int32), np.zeros(1)
        self.out = Explored(np.zeros((1, 1), np.int32), np.empty((1, 1)), np.zeros((1, 1), np.int32))
        self.scratch = _Scratch(pool.tree.shape[1])
        self.leaves = (int(pool.head[0, 0]) + 1) // 2

    def draw(self, wish: Ints | None) -> Drawn:
        """The plan with its cuts as near as can be to `wish`; the next one is written over it."""
        _explore(
            self.one, self.ground, self.stairs, self.widths, self.depth, self.depth, 1, 0.0, 0.0, self.noise, self.out,
            wish, self.scratch,
        )  # fmt: skip
        scratch, facts = self.scratch, self.scratch.facts
        return Drawn(
            int(facts[4]), scratch.places, scratch.spaces[: self.leaves], scratch.doors[: facts[0]], int(facts[2]),
            int(facts[3]), scratch.parts,
        )  # fmt: skip


class _Scratch:
    """What the kernel writes about the topology that it tries."""

    def __init__(self, nodes: int) -> None:
        self.places = np.zeros((nodes, 4), np.int32)
        self.spaces = np.zeros(nodes, np.int32)
        self.doors = np.zeros((MOST_DOORS, 6), np.int32)
        self.facts = np.zeros(5, np.int32)
        self.parts = np.zeros(PARTS)


class _Reused(threading.local):
    """Scratch of which nothing is read again: made once for each length of trees, in each thread."""

    def __init__(self) -> None:
        self.of: dict[int, _Scratch] = {}

    def scratch(self, nodes: int) -> _Scratch:
        if nodes not in self.of:
            self.of[nodes] = _Scratch(nodes)
        return self.of[nodes]


_reused = _Reused()


@lru_cache(maxsize=128)
def _anywhere(nodes: int) -> Ints:
    """No wish for any cut; not to be written to."""
    return np.full(nodes, -1, np.int32)


def _explore(
    level: Measured, ground: bool, stairs: StairsAt, widths: Ints, box_d: int, most: int, wanted: int,
    area_weight: float, outdoor_share: float, noise: Floats, out: Explored, wish: Ints | None = None,
    scratch: _Scratch | None = None,
) -> None:  # fmt: skip
    pool, wants = level.pool, level.wants
    nodes = pool.tree.shape[1]
    scratch = scratch or _reused.scratch(nodes)
    explore(
        pool.head, pool.tree, pool.ring, level.F, level.G, level.grown, wants.need, WEIGHTS, noise, ground, stairs.end,
        stairs.wide, stairs.deep, stairs.left, stairs.front, wants.door, wants.nook, wants.site, widths, box_d, most,
        wanted, area_weight, outdoor_share, _anywhere(nodes) if wish is None else wish, out.least,
        out.rates, out.built, scratch.places, scratch.spaces, scratch.doors, scratch.facts, scratch.parts,
    )  # fmt: skip
