"""Topologies: the grammar writes every room once, whatever the level, and small changes lose none."""

from random import Random
from typing import Any

import numpy as np
import pytest

from housebrain.solver.compiled import NOOK, node_of, pool_of
from housebrain.solver.engine import PLACES
from housebrain.solver.floors import floor_of, share_out
from housebrain.solver.grammar import Level, Stairs, Writer, slots_of
from housebrain.solver.kinds import ADDED, type_of
from housebrain.solver.library import best_of, key_of, library, shelf, written
from housebrain.solver.mutate import bred
from housebrain.solver.tree import Node, leaves
from solver_houses import random_programme


def _levels(seed: int) -> list[Level]:
    programme, rng = random_programme(seed), Random(seed)
    shared = share_out(programme, rng, wild=seed % 2 == 1)
    places: tuple[Stairs | None, ...] = PLACES if programme.floors > 1 else (None,)
    return [
        floor_of(rooms, index == 0, stairs, index > 0, rng).level
        for stairs in places
        for index, rooms in enumerate(shared or [])
    ]


def _rooms(node: Node) -> set[str]:
    """The rooms asked for, and the stairs."""
    return {name for leaf in leaves(node) if type_of(name := leaf.rstrip(NOOK)) not in ADDED - {"stairs"}}


@pytest.mark.parametrize("seed", range(40))
def test_no_room_is_lost(seed: int) -> None:
    rng = Random(seed)
    for level in _levels(seed):
        wanted = {name for name in slots_of(level) if type_of(name) not in ADDED - {"stairs"}}
        nodes = [Writer(level, rng).write() for _ in range(25)]
        for node in nodes:
            assert _rooms(node) == wanted
        pool = pool_of(nodes, slots_of(level))
        for _ in range(6):
            pool = bred(pool, list(range(len(pool.head)))[:25], 25, rng.getrandbits(62))
            for pick in range(len(pool.head)):
                found = [leaf for leaf in leaves(node_of(pool, pick)) if type_of(leaf) not in ADDED - {"stairs"}]
                assert sorted(leaf for leaf in found if not leaf.endswith(NOOK)) == sorted(wanted)


def test_small_changes_know_the_stairs_surroundings_as_compiling_does() -> None:
    level = next(level for seed in range(9) for level in _levels(seed) if level.stairs is not None)
    slots, rng = slots_of(level), Random(5)
    nodes = list({Writer(level, rng).write(): None for _ in range(40)})[:20]
    pool = bred(pool_of(nodes, slots), list(range(20)), 60, 7)
    again = [pool_of([node_of(pool, pick)], slots) for pick in range(20)]
    for pick, one in enumerate(again):
        steps = int(pool.head[pick, 1])
        assert pool.ring[pick, :steps].tolist() == one.ring[0].tolist()
        assert pool.tree[pick, : pool.head[pick, 0]].tolist() == one.tree[0].tolist()
    assert len(pool.head) > 50


def test_a_terrace_is_added_where_there_may_be_one() -> None:
    level = next(level for seed in range(9) for level in _levels(seed) if level.stairs is not None)
    slots = slots_of(level)
    level, rng = level._replace(terrace=False), Random(3)
    nodes = list({Writer(level, rng).write(): None for _ in range(20)})
    pool = pool_of(nodes, slots)
    for roof in (False, True):
        changed = bred(pool, list(range(len(nodes))), 400, 7, roof)
        terraces = [list(leaves(node_of(changed, pick))).count("terrace") for pick in range(len(changed.head))]
        assert set(terraces) <= {0, 1}
        assert (1 in terraces) == roof


def test_a_seed_gives_the_same_changes() -> None:
    level = _levels(2)[0]
    pool = pool_of([Writer(level, Random(1)).write() for _ in range(5)], slots_of(level))
    trees = [bred(pool, [0, 1], 30, seed).tree.tolist() for seed in (1, 1, 2)]
    assert trees[0] == trees[1] != trees[2]


def test_of_equal_topologies_the_first_are_kept_whatever_sorts_them() -> None:
    equal = np.repeat([2.0, 1.0, 3.0], 100)  # numpy's quick sort leaves equals in an order of the processor's own
    assert best_of(np.array((equal, equal)).T, 12) == list(range(100, 112))


def test_the_library_gives_the_same_topologies_again() -> None:
    level = _levels(2)[0]
    first = library(level).tree.tolist()
    library.cache_clear()
    assert library(level).tree.tolist() == first


def test_what_is_on_file_is_what_would_be_written() -> None:
    levels = list(dict.fromkeys(level for seed in range(4) for level in _levels(seed) if key_of(level) in shelf()))
    assert len(levels) >= 10
    for level in levels:
        assert [as_node(tree) for tree in shelf()[key_of(level)]] == written(level)


def as_node(tree: Any) -> Node:
    """A tree as JSON has it, its lists as tuples."""
    return tree if isinstance(tree, str) else tuple(part if isinstance(part, str) else as_node(part) for part in tree)
