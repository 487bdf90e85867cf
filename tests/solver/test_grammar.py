"""Topologies: the grammar writes every room once, whatever the level, and small changes lose none."""

from random import Random

import pytest

from housebrain.solver.compiled import NOOK
from housebrain.solver.engine import PLACES
from housebrain.solver.floors import floor_of, share_out
from housebrain.solver.grammar import Level, Stairs, Writer, slots_of
from housebrain.solver.kinds import ADDED, type_of
from housebrain.solver.library import library
from housebrain.solver.mutate import mutate
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
        for _ in range(25):
            node = Writer(level, rng).write()
            assert _rooms(node) == wanted
            for _ in range(6):
                node = mutate(rng, node)
            assert _rooms(node) == wanted


def test_the_library_gives_the_same_topologies_again() -> None:
    level = _levels(2)[0]
    first = [member.node for member in library(level).members]
    library.cache_clear()
    assert [member.node for member in library(level).members] == first
