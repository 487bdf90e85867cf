"""Tests for housebrain.answering.finish: answers as they are, disturbed, and no answers at all."""

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from housebrain.answering.finish import Finished, Proposal, finish
from housebrain.language.answer import Codec
from housebrain.language.designs import encode
from housebrain.language.grammar import Grammar, State
from housebrain.rules.checks import violations
from housebrain.solver.house import Infeasible
from houses import solved_houses


@pytest.mark.parametrize("codec", ["tree", "coordinates"])
def test_an_answer_that_is_right_stays_as_it_is(codec: Codec) -> None:
    for _, brief, design in solved_houses()[:8]:
        finished = finish(Proposal(encode(design, codec)), brief, codec)
        assert isinstance(finished, Finished)
        assert not finished.replaced and not finished.edits
        assert finished.too_small == ()
        assert violations(finished.design, brief) == []
        assert finished.mean_moved_ft is not None and finished.mean_moved_ft < 1.0


@pytest.mark.long
def test_rooms_that_are_too_small_are_named_and_mended() -> None:
    """All cuts pulled to the front left corner: the last room of each list takes what the others lack."""

    def pulled(node: Any) -> Any:
        return (
            [max(1, part // 2) if type(part) is int else pulled(part) for part in node]
            if isinstance(node, list)
            else node
        )

    mended = 0
    for _, brief, design in solved_houses()[:8]:
        answer = json.loads(encode(design))
        text = json.dumps({"size": answer["size"], "levels": [pulled(level) for level in answer["levels"]]})
        finished = finish(Proposal(text), brief)
        assert isinstance(finished, Finished)
        assert violations(finished.design, brief) == []
        if not finished.replaced and finished.too_small:
            mended += 1
            assert finished.mean_moved_ft and finished.mean_moved_ft > 1.0
            least = {room.name: room.min_area_sqft for room in brief.wanted_rooms}
            built = finished.design.wanted_rooms
            assert all(built[name].area_sqft >= least[name] for name in finished.too_small)
    assert mended >= 4


def test_rooms_without_a_way_are_mended_by_small_changes() -> None:
    """A level's hall and a bedroom change places: what lay at the hall has no way to it."""

    def swapped(node: Any) -> Any:
        if isinstance(node, list):
            return [swapped(part) for part in node]
        return {"hall": "master", "master": "hall"}.get(node, node)

    mended = 0
    for _, brief, design in solved_houses()[:10]:
        answer = json.loads(encode(design))
        text = json.dumps({"size": answer["size"], "levels": [swapped(level) for level in answer["levels"]]})
        finished = finish(Proposal(text), brief)
        assert isinstance(finished, Finished)
        assert violations(finished.design, brief) == []
        assert not (finished.edits and finished.replaced)
        if finished.edits:
            mended += 1
            assert finished.mean_moved_ft
    assert mended >= 2


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"size":[40,40],"levels":[]}', '{"size":[40,40],"levels":[["v"]]}', "null"]
)
def test_what_is_no_answer_is_replaced_by_the_solvers_house(text: str) -> None:
    _, brief, _ = solved_houses()[0]
    finished = finish(Proposal(text), brief)
    assert isinstance(finished, Finished)
    assert finished.replaced
    assert (finished.moved_ft, finished.mean_moved_ft) == ({}, None)
    assert violations(finished.design, brief) == []


@pytest.mark.long
@settings(deadline=None, max_examples=15)
@given(st.integers(0, 7), st.integers(0, 2**32))
def test_whatever_keeps_to_the_grammar_becomes_a_valid_house(number: int, seed: int) -> None:
    """Random answers, as an untrained model would give them."""
    _, brief, _ = solved_houses()[number]
    rng, text = random.Random(seed), ""
    state: State | None = Grammar(brief).start
    while state and not state.finished:
        character = rng.choice(sorted({choice[0] for choice, _ in state.choices}))
        text, state = text + character, state.step(character)
    finished = finish(Proposal(text), brief)
    assert not isinstance(finished, Infeasible)
    assert violations(finished.design, brief) == []
