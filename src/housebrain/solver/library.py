"""The library: for each kind of level, the topologies of the grammar that make good plans at usual sizes.

A level's candidates are written by the grammar, measured at usual room sizes in boxes from narrow to wide, and those
that are best somewhere are kept. Usual levels are on file; others are made as they are needed, the same way every time,
and kept in memory.
"""

import gzip
import hashlib
import json
import math
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import numpy as np

from housebrain.house.land import Side
from housebrain.solver.compiled import Pool, Wants, chosen, node_of, pool_of
from housebrain.solver.curves import OP, SPACE, Floats, Ints
from housebrain.solver.doors import ANYONE
from housebrain.solver.grammar import Level, Writer, slots_of
from housebrain.solver.kinds import COURT, INDEX, KINDS, NOOK_FT, OPEN, STAIRS_FT, least_side_ft, type_of
from housebrain.solver.mutate import bred
from housebrain.solver.needs import NO_CORNER, Corner
from housebrain.solver.rows import TERRACE
from housebrain.solver.search import AT_REAR, OWN_FRONT, UNUSABLE
from housebrain.solver.survey import ALL, NO_STAIRS, Measured, StairsAt, curves_of, explore_level
from housebrain.solver.tree import Node, flip, h, leaves, v

SHELF = Path(__file__).parent / "library.json.gz"
WIDTHS = 6
UNIT_FT = 1.0  # the grid on which candidates are compared
COURTS = 4  # places for a court that are tried in each topology
DOOR_FT = 3.5  # wall that a door wants, frame and corner included
AREA_WEIGHT = 4.0  # of a level's area over what is asked for, against the score's parts

# Usual areas in square feet: what briefs ask for in the middle.
USUAL_SQFT = {
    "living": 290.0, "dining": 180.0, "kitchen": 180.0, "master": 210.0, "bed": 150.0, "guest": 150.0, "family": 180.0,
    "office": 115.0, "bath": 58.0, "utility": 70.0, "laundry": 45.0, "store": 40.0, "pooja": 30.0, "garage": 200.0,
    "balcony": 55.0,
}  # fmt: skip


def hosts_of(level: Level, slots: tuple[str, ...]) -> list[int]:
    """For each slot the one that alone it is entered from, or ANYONE."""
    host = {small: big.name for big in (*level.bedrooms, *level.others) for small in big.hosted}
    number = {name: index for index, name in enumerate(slots)}
    return [number[host[name]] if name in host else ANYONE for name in slots]


def wants_of(
    slots: tuple[str, ...],
    hosts: list[int],
    sqft: dict[str, float],
    unit_ft: float,
    corner: Corner = NO_CORNER,
    party_walls: Collection[Side] = (),
) -> Wants:
    """What each slot asks for on a grid of `unit_ft`, from least areas by slot.

    `corner` is what the plot lacks, `party_walls` where neighbours' houses stand.
    """
    types = [type_of(name) for name in slots]
    areas = [sqft.get(name, 0.0) for name in slots]
    # However little is asked for, a room is no line.
    sides = [max(1, math.ceil(least_side_ft(t, area) / unit_ft - 1e-6)) for t, area in zip(types, areas, strict=True)]
    growth = [KINDS[t].growth * max(4.0, area**0.5) for t, area in zip(types, areas, strict=True)]
    return Wants(
        np.array(
            (sides, [math.ceil(area / unit_ft**2 - 1e-6) for area in areas], [INDEX[t] for t in types], hosts), np.int32
        ),
        np.array(([KINDS[t].aspect for t in types], growth)),
        math.ceil(NOOK_FT / unit_ft - 1e-6),
        math.ceil(DOOR_FT / unit_ft - 1e-6),
        np.array(
            (
                *(max(1, math.ceil(side / unit_ft - 1e-6)) for side in corner[:2]),
                corner.at_left,
                "left" in party_walls,
                "right" in party_walls,
            ),
            np.int32,
        ),
    )


def stairs_box(level: Level, unit_ft: float, stairs_ft: tuple[float, float] = STAIRS_FT) -> tuple[int, int]:
    """Width and depth of the stairs in grid units; 0 where there are none."""
    if level.stairs is None:
        return 0, 0
    short, long = (math.ceil(side / unit_ft - 1e-6) for side in stairs_ft)
    return (long, short) if level.stairs.lying else (short, long)


def stairs_of(level: Level, unit_ft: float, stairs_ft: tuple[float, float] = STAIRS_FT) -> StairsAt:
    """The stairs' box and where it stands; in the middle, what lies in front of it is left to the rooms."""
    wide, deep = stairs_box(level, unit_ft, stairs_ft)
    if level.stairs is None:
        return NO_STAIRS
    place = level.stairs.place
    front = {"rear": AT_REAR, "front": 0, "mid": OWN_FRONT}[place]
    end = 1 if level.stairs.lying or place == "front" else 0
    return StairsAt(wide, deep, 0, front, end)


class Sizes(NamedTuple):
    """For what the topologies of a level are chosen: least areas by slot, and the boxes in grid units.

    `tried` topologies that can be used, the shallowest, are rated at each width.
    """

    sqft: dict[str, float]
    widths: Ints
    depth: int
    unit_ft: float
    area_weight: float = AREA_WEIGHT
    tried: int = ALL
    corner: Corner = NO_CORNER
    party_walls: tuple[Side, ...] = ()
    stairs_ft: tuple[float, float] = STAIRS_FT


def measure(level: Level, pool: Pool, sizes: Sizes, width: int, depth: int) -> Measured:
    """Makes the curves of a level's topologies, up to `width` x `depth` grid units."""
    wants = wants_of(
        pool.slots, hosts_of(level, pool.slots), sizes.sqft, sizes.unit_ft, sizes.corner, sizes.party_walls
    )
    return curves_of(pool, wants, stairs_box(level, sizes.unit_ft, sizes.stairs_ft), width, depth)


def load_kernels() -> None:
    """Calls what measures topologies once, for the least of them: whoever calls it then need not wait half a second."""
    slots = ("living", "bed")
    wants = wants_of(slots, [ANYONE, ANYONE], {"living": 200.0, "bed": 120.0}, UNIT_FT)
    widths = np.array([20], np.int32)
    explore_level(curves_of(pool_of([v(*slots)], slots), wants, (0, 0), 20, 30), True, NO_STAIRS, widths, 30)


def rate(level: Level, pool: Pool, sizes: Sizes) -> Floats:
    """How bad each topology is at each width, in its own least box; infinite where it can't be used."""
    one = measure(level, pool, sizes, int(sizes.widths.max()), sizes.depth)
    stairs = stairs_of(level, sizes.unit_ft, sizes.stairs_ft)
    # Outdoor area counts half: it costs plot, not money.
    return explore_level(
        one, level.ground, stairs, sizes.widths, sizes.depth, sizes.area_weight, 0.5, sizes.tried
    ).rates


def best_of(rates: Floats, best: int, limit: float = UNUSABLE) -> list[int]:
    """The `best` topologies at each width of those that rate below `limit`; of equals the first, on any machine."""
    picks: dict[int, None] = {}
    for column in rates.T:
        for k in np.argsort(column, kind="stable")[:best]:
            if column[k] < limit:
                picks[int(k)] = None
    return list(picks)


class Effort(NamedTuple):
    """How many topologies the grammar writes, rounds of small changes, what each adds, and what is kept a width.

    Attributes:
        deeper: times the greatest depth that a topology may have to be bettered. Above 1 a level that is too deep for
            its plot becomes shallower change by change.
        tried: how many topologies that can be used, the shallowest, are rated at each width.
    """

    written: int
    rounds: int
    bred: int
    kept: int
    deeper: float = 1.0
    tried: int = ALL


USUAL_EFFORT = Effort(160, 6, 320, 4)  # for the library
SINGLE_EFFORT = Effort(320, 8, 480, 8)  # for a whole house on one floor, where rooms of all kinds have to meet


def evolve(
    level: Level, rng: Random, sizes: Sizes, effort: Effort, start: Pool | None = None, court: bool = False
) -> Pool | None:
    """The best topologies for given sizes: written by the grammar, then bettered by small changes round by round.

    With `start` the changes begin with its topologies, and terraces are among them where they may be; with `court` a
    court is. None where nothing can be used.
    """
    written, rounds, number, best, *_ = effort
    pool = start or fresh(level, rng, written, sizes.corner, court)
    rates = rate(level, pool, sizes)
    if np.isinf(rates).all():
        # Nothing fits: once more, then it is the plot that is too small.
        pool = fresh(level, rng, written, sizes.corner, court)
        rates = rate(level, pool, sizes)
    for _ in range(rounds):
        parents = best_of(rates, 2 * best, np.inf)
        if not parents:
            return None
        pool = bred(pool, parents, number, rng.getrandbits(62), court or (start is not None and has_roof(level)))
        rates = rate(level, pool, sizes)
        if court:
            # Of those that can't be used the smallest go on: they would have none.
            rates[~np.any((pool.tree[:, :, OP] == 0) & (pool.tree[:, :, SPACE] == pool.slots.index(COURT)), axis=1)] = (
                np.inf
            )
    picks = best_of(rates, best)
    return chosen(pool, picks) if picks else None


def has_roof(level: Level) -> bool:
    """Whether a level may have a terrace on the roof of the one below."""
    return level.terrace and not level.ground


def fresh(level: Level, rng: Random, written: int, corner: Corner = NO_CORNER, court: bool = False) -> Pool:
    """Topologies that the grammar writes; those for a plot that lacks a corner with open ground there.

    With `court` they have one, somewhere, in place of a terrace.
    """
    nodes = [Writer(level, rng).write() for _ in range(written)]
    if court:
        open_air = [around_court(node, rng) for node in nodes for _ in range(COURTS) if TERRACE not in leaves(node)]
        return pool_of(list(dict.fromkeys(open_air)), (*slots_of(level)[:-1], COURT))
    if corner == NO_CORNER:
        return pool_of(list(dict.fromkeys(nodes)), slots_of(level))
    turned = [round_corner(node, rng) for node in nodes]
    return pool_of(list(dict.fromkeys(turned)), (*slots_of(level), OPEN))


def around_court(node: Node, rng: Random) -> Node:
    """The tree with a court beside one of its parts."""
    if isinstance(node, str) or rng.random() < 0.3:
        parts = [node, COURT] if rng.random() < 0.5 else [COURT, node]
        return v(*parts) if rng.random() < 0.5 else h(*parts)
    parts = list(node[1:])
    at = rng.randrange(len(parts))
    parts[at] = around_court(parts[at], rng)
    return v(*parts) if node[0] == "v" else h(*parts)


def round_corner(node: Node, rng: Random) -> Node:
    """The tree with open ground at its right rear corner, beside or behind some of its parts."""
    if isinstance(node, str):
        return h(node, OPEN) if rng.random() < 0.5 else v(node, OPEN)
    parts, beside = node[1:], node[0] == "v"
    if len(parts) > 1 and rng.random() < 0.5 and not isinstance(parts[-1], str):
        inner = round_corner(parts[-1], rng)
        return v(*parts[:-1], inner) if beside else h(*parts[:-1], inner)
    cut = rng.randrange(1, len(parts))
    return v(*parts[:cut], h(v(*parts[cut:]), OPEN)) if beside else h(*parts[:cut], v(h(*parts[cut:]), OPEN))


def sizes_of(level: Level, rng: Random, spread: float) -> Sizes:
    """Usual areas, each off by up to `spread`, and boxes for them from narrow to wide."""
    sqft = {
        name: USUAL_SQFT[type_of(name)] * (1 + rng.uniform(-spread, spread))
        for name in slots_of(level)
        if type_of(name) in USUAL_SQFT
    }
    root = math.sqrt(sum(sqft.values()) + STAIRS_FT[0] * STAIRS_FT[1] * (level.stairs is not None))
    return Sizes(sqft, np.linspace(0.6 * root, 1.65 * root, WIDTHS).astype(np.int32), int(root * 2.4), UNIT_FT)


def key_of(level: Level) -> str:
    """16 hex digits that stand for a level in the file."""
    return hashlib.sha256(repr(level).encode()).hexdigest()[:16]


@lru_cache(maxsize=1)
def shelf() -> dict[str, list[Any]]:
    """The trees on file, by level; written by `python -m bench.shelve`, the same as made afresh."""
    if not SHELF.exists():
        return {}
    with gzip.open(SHELF, "rt") as file:
        trees: dict[str, list[Any]] = json.load(file)
    return trees


def _node(tree: Any) -> Node:
    return tree if isinstance(tree, str) else (tree[0], *(_node(part) for part in tree[1:]))


@lru_cache(maxsize=4_000)
def library(level: Level) -> Pool:
    """The topologies kept for a level, from the file or made afresh: both give the same.

    An upper floor with stairs in front is one with stairs at the rear, turned round. One that is on file only with or
    only without a terrace is taken so.
    """
    stairs, slots = level.stairs, slots_of(level)
    if stairs is not None and stairs.place == "front" and not level.ground:
        behind = library(level._replace(stairs=stairs._replace(place="rear")))
        return pool_of([flip(node_of(behind, k)) for k in range(behind.head.shape[0])], slots)
    kept = shelf().get(key_of(level)) or shelf().get(key_of(level._replace(terrace=not level.terrace)))
    nodes = written(level) if kept is None else [_node(tree) for tree in kept]
    return pool_of([*nodes, *_with_terraces(level, nodes)], slots)


def _with_terraces(level: Level, nodes: list[Node]) -> list[Node]:
    """Topologies of a level that is smaller than another, with a terrace in a corner, away from the stairs at the left.

    It takes what the level does not need, which else went to its rooms.
    """
    if not level.terrace:
        return []
    made: dict[Node, None] = {}
    rear = level.stairs is not None and level.stairs.place == "rear"
    for node in nodes:
        if isinstance(node, str) or TERRACE in leaves(node):
            continue
        *others, last = node[1:]
        if node[0] == "v":
            made |= {v(*others, h(last, TERRACE)): None, v(*others, h(TERRACE, last)): None}
        elif rear:
            made[h(v(node[1], TERRACE), *node[2:])] = None
        else:
            made[h(*others, v(last, TERRACE))] = None
    return list(made)


def written(level: Level) -> list[Node]:
    """The topologies of a level that are best at usual areas, and at areas that are off."""
    rng = Random(repr(level))
    nodes: dict[Node, None] = {}
    effort = SINGLE_EFFORT if level.stairs is None else USUAL_EFFORT
    for spread in (0.0, 0.35):
        found = evolve(level, rng, sizes_of(level, rng, spread), effort)
        if found is not None:
            nodes |= dict.fromkeys(node_of(found, k) for k in range(found.head.shape[0]))
    # Where nothing can be used at usual areas, the plot may still decide otherwise.
    return list(nodes or {Writer(level, rng).write(): None for _ in range(USUAL_EFFORT.written)})
