"""Tests for housebrain.answering.mending.level and fitness: how far a level is from being one, and the way there."""

import json
import random
from typing import Any

import numpy as np
import pytest

from housebrain.answering.finish import in_feet
from housebrain.answering.mending.edits import edits, placed
from housebrain.answering.mending.fitness import FINE, NEVER, TIGHT, Below, faults
from housebrain.answering.mending.level import STEPS, Candidate, is_hopeless, mend_level
from housebrain.answering.mending.topologies import topologies_of
from housebrain.house.tree import boxes
from housebrain.language.designs import encode
from housebrain.solver.compiled import pool_of
from housebrain.solver.dimension import mains
from housebrain.solver.needs import programme_of
from housebrain.solver.reading import Read, lay, read_tree
from houses import solved_houses

HOUSES = [
    (brief, json.loads(encode(design)), (design.footprint.w, design.footprint.d))
    for _, brief, design in solved_houses()[:8]
]


def below(answer: dict[str, Any]) -> Below | None:
    """What the ground floor of an answer makes; None where it has no other."""
    size = answer["size"]
    stairs = [box for name, box in boxes(answer["levels"][0], (0, 0, *size)) if name == "stairs"]
    return Below(size[0], size[1], stairs[0]) if stairs else None


def turned_over(node: Any) -> Any:
    """A level whose hall and bedroom changed places."""
    if isinstance(node, list):
        return [turned_over(part) for part in node]
    return {"hall": "master", "master": "hall"}.get(node, node)


def test_levels_of_solved_houses_lack_nothing() -> None:
    for brief, answer, size in HOUSES:
        for number, level in enumerate(answer["levels"]):
            found = faults([in_feet(level)], brief, size, below(answer) if number else None)
            assert found.tolist() == [FINE]


def test_what_is_no_tree_or_has_no_way_in_lacks_more() -> None:
    brief, answer, size = next(one for one in HOUSES if "hall" in str(one[1]["levels"][0]))
    level = in_feet(answer["levels"][0])
    found = faults([level, ["v"], "garage"], brief, size, None)
    assert found[0] == FINE
    assert found[1] == NEVER
    assert found[2] > FINE
    assert np.isfinite(found).all()


def test_a_level_is_mended_by_few_changes_that_keep_its_rooms() -> None:
    mended = 0
    for brief, answer, size in HOUSES:
        level = in_feet(turned_over(answer["levels"][-1]))
        under = below(answer) if len(answer["levels"]) > 1 else None
        if faults([level], brief, size, under)[0] == FINE:
            continue
        candidate = Candidate(level, size)
        made = mend_level([candidate], brief, under, lambda *_: True)
        if made is None:
            continue
        mended += 1
        assert 1 <= made.edits <= STEPS
        assert faults([made.tree], brief, size, under)[0] == FINE
        wanted = {room.name for room in brief.wanted_rooms}
        names = ({leaf.name for leaf in placed(one, (0.0, 0.0, *size))} & wanted for one in (level, made.tree))
        assert len(set(map(frozenset, names))) == 1
        assert mend_level([candidate], brief, under, lambda *_: False) is None
    assert mended >= 2


def test_of_several_candidates_the_one_that_takes_fewest_changes_is_mended() -> None:
    rng, found = random.Random(1), 0
    for brief, answer, size in HOUSES[:6]:
        near = far = in_feet(answer["levels"][0])
        near = next(
            (edit.tree for edit in edits(near, size) if faults([edit.tree], brief, size, None)[0] != FINE), None
        )
        for _ in range(5):
            far = rng.choice(edits(far, size)).tree
        alone = mend_level([Candidate(far, size)], brief, None, lambda *_: True)
        if near is None or faults([far], brief, size, None)[0] == FINE or (alone and alone.edits == 1):
            continue
        both = [Candidate(far, size), Candidate(near, size)]
        made = mend_level(both, brief, None, lambda *_: True)
        assert made is not None
        assert (made.number, made.edits) == (1, 1)
        assert mend_level(both, brief, None, lambda *_: True) == made
        found += 1
    assert found >= 2


def test_a_level_is_hopeless_where_nothing_near_to_it_fits() -> None:
    brief, answer, size = HOUSES[0]
    level = in_feet(answer["levels"][0])
    assert is_hopeless([Candidate("hall", size)], brief, None)
    assert not is_hopeless([Candidate(level, size)], brief, None)
    assert not is_hopeless([Candidate("hall", size), Candidate(level, size)], brief, None)
    assert mend_level([Candidate("hall", size)], brief, None, lambda *_: True) is None


def test_what_is_too_wide_lacks_the_more_the_wider_it_is() -> None:
    brief, _, size = HOUSES[0]
    halls = [["v", *(part for at in range(count) for part in ("hall", at + 1.0))][:-1] for count in (25, 35, 50)]
    least, more, most = faults(halls, brief, size, None)
    assert TIGHT < least < more < most < NEVER


def test_some_changes_are_among_all_and_half_of_them_are_the_least() -> None:
    for _, answer, size in HOUSES[:4]:
        for level in answer["levels"]:
            tree = in_feet(level)
            whole, some = edits(tree, size), edits(tree, size, most=40)
            assert [edit.cost for edit in whole] == sorted(edit.cost for edit in whole)
            assert some[:20] == whole[:20]
            assert all(edit in whole for edit in some)
            assert len(some) <= 60


@pytest.mark.parametrize("by", ["tree", "edits"])
def test_trees_are_compiled_as_the_solver_reads_them(by: str) -> None:
    for brief, answer, size in HOUSES[:4]:
        programme = programme_of(brief)
        for level in answer["levels"]:
            tree = in_feet(level)
            trees = [tree] if by == "tree" else [edit.tree for edit in edits(tree, size, most=60)]
            read = topologies_of(trees, size, programme)
            assert read is not None
            nodes = []
            for one in trees:
                known = read_tree(one)
                assert isinstance(known, Read)
                nodes.append(next(mains([known], [lay(known, *size)], True))[0])
            pool = pool_of(nodes, read.pool.slots)
            assert read.where == list(range(len(trees)))
            for part in ("head", "tree", "ring"):
                assert np.array_equal(getattr(read.pool, part), getattr(pool, part))
