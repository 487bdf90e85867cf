"""Tests for housebrain.answering.mending.level and fitness: how far a level is from being one, and the way there."""

import json
from typing import Any

import numpy as np

from housebrain.answering.finish import in_feet
from housebrain.answering.mending.edits import placed
from housebrain.answering.mending.fitness import FINE, NEVER, Below, faults
from housebrain.answering.mending.level import STEPS, mend_level
from housebrain.house.tree import boxes
from housebrain.language.designs import encode
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
        made = mend_level(level, size, brief, under, lambda _: True)
        if made is None:
            continue
        mended += 1
        assert 1 <= made.edits <= STEPS
        assert faults([made.tree], brief, size, under)[0] == FINE
        wanted = {room.name for room in brief.wanted_rooms}
        names = ({leaf.name for leaf in placed(one, (0.0, 0.0, *size))} & wanted for one in (level, made.tree))
        assert len(set(map(frozenset, names))) == 1
        assert mend_level(level, size, brief, under, lambda _: False) is None
    assert mended >= 2
