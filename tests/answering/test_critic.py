"""Tests for housebrain.answering.critic: what is kept, mended and given up of levels as they come."""

import json
import random
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from housebrain.answering.critic import LevelCritic
from housebrain.answering.finish import Finished, finish
from housebrain.house.brief import Brief
from housebrain.language.answer import read
from housebrain.language.designs import encode
from housebrain.language.grammar import Grammar
from housebrain.language.levels import read_levels
from housebrain.rules.checks import violations
from houses import solved_houses

HOUSES = [one for one in solved_houses() if one[1].floors > 1][:5]


class Shown(NamedTuple):
    """The text that a critic goes on from behind all levels, and how many of these it asked for."""

    text: str
    levels: int


def shown(critic: LevelCritic, answer: dict[str, Any]) -> Shown:
    """Shows a critic one candidate of each level; of a lost answer no more than it asks for."""
    text = f'{{"size":{json.dumps(answer["size"], separators=(",", ":"))},"levels":['
    for number, level in enumerate(answer["levels"]):
        candidate = text + json.dumps(level, separators=(",", ":"))
        choice = critic.choose([candidate], True)
        assert choice
        if choice.text and choice.state and choice.state.finished:
            return Shown(choice.text, number + 1)
        text = (choice.text or candidate) + ","
    return Shown(text[:-1] + "]}", len(answer["levels"]))


def swapped(node: Any) -> Any:
    """A level whose hall and bedroom changed places: what lay at the hall has no way to it."""
    if isinstance(node, list):
        return [swapped(part) for part in node]
    return {"hall": "master", "master": "hall"}.get(node, node)


def finished(critic: LevelCritic, text: str, brief: Brief) -> Finished:
    found = finish(critic.proposal(text, 1), brief)
    assert isinstance(found, Finished)
    assert violations(found.design, brief) == []
    return found


def test_levels_that_can_be_built_are_kept() -> None:
    for _, brief, design in HOUSES:
        text = encode(design)
        critic = LevelCritic(brief, Grammar(brief))
        assert shown(critic, json.loads(text)).text == text
        found = finished(critic, text, brief)
        assert (found.replaced, found.edits) == (False, 0)
        assert found.mean_moved_ft is not None and found.mean_moved_ft < 1.0


def test_of_several_the_one_that_is_moved_least_is_taken_and_no_other_is_mended() -> None:
    for _, brief, design in HOUSES:
        answer = json.loads(encode(design))
        size = json.dumps(answer["size"], separators=(",", ":"))
        texts = [
            f'{{"size":{size},"levels":["hall"',
            f'{{"size":{size},"levels":[{json.dumps(swapped(answer["levels"][0]))}',
            f'{{"size":{size},"levels":[{json.dumps(answer["levels"][0])}',
        ]
        critic = LevelCritic(brief, Grammar(brief))
        assert critic.choose(texts[:1], False) is None
        choice = critic.choose(texts, False)
        assert choice and (choice.number, choice.text) == (2, None)


@pytest.mark.long
def test_what_can_not_be_built_is_mended_and_counted() -> None:
    mended = 0
    for _, brief, design in solved_houses()[:9]:
        answer = json.loads(encode(design))
        own = answer | {"levels": [swapped(level) for level in answer["levels"]]}
        critic = LevelCritic(brief, Grammar(brief))
        text, asked = shown(critic, own)
        proposal = critic.proposal(text, 1)
        written = json.loads(proposal.text)
        assert proposal.lost or asked == brief.floors
        assert written["size"] == own["size"]
        assert written["levels"][:asked] == own["levels"][:asked]  # what the model wrote stays on record
        assert len(written["levels"]) == brief.floors
        found = finished(critic, text, brief)
        assert found.replaced or not proposal.lost
        if not found.replaced and proposal.built is not None:
            mended += proposal.edits > 0
            assert found.edits == proposal.edits
            rooms = {name for level in json.loads(proposal.built)["levels"] for name in _leaves(level)}
            assert {room.name for room in brief.wanted_rooms} <= rooms
    assert mended >= 2


def test_on_a_level_that_no_change_helps_nothing_is_built() -> None:
    _, brief, design = HOUSES[0]
    answer = json.loads(encode(design))
    critic = LevelCritic(brief, Grammar(brief))
    text, asked = shown(critic, answer | {"levels": [*["hall"] * (brief.floors - 1), answer["levels"][-1]]})
    proposal = critic.proposal(text, 1)
    assert proposal.built is None
    assert proposal.edits == 0
    assert proposal.lost and asked == 1
    assert finished(critic, text, brief).replaced


def _text(levels: list[Any], size: list[int], end: str = "") -> str:
    return json.dumps({"size": size, "levels": levels}, separators=(",", ":"))[:-2] + end


def _jumbled(level: Any, rng: random.Random) -> Any:
    """The level with its rooms' names dealt anew."""
    names = _leaves(level)
    rng.shuffle(names)

    def renamed(node: Any) -> Any:
        if isinstance(node, str):
            return names.pop()
        return [node[0], *(part if isinstance(part, int) else renamed(part) for part in node[1:])]

    return renamed(level)


@pytest.mark.long
@settings(deadline=None, max_examples=5)
@given(st.integers(0, len(HOUSES) - 1), st.integers(0, 2**32))
def test_jumbled_answers_are_kept_mended_or_lost_the_same_way_each_time(number: int, seed: int) -> None:
    """Whatever comes of it: the text keeps to the grammar's form, has the model's levels, and becomes a valid house."""
    _, brief, design = HOUSES[number]
    answer, rng = json.loads(encode(design)), random.Random(seed)
    own = answer | {"levels": [_jumbled(level, rng) for level in answer["levels"]]}
    proposals = []
    for _ in range(2):
        critic = LevelCritic(brief, Grammar(brief))
        text, asked = shown(critic, own)
        proposals.append(critic.proposal(text, 1))
    assert proposals[0] == proposals[1]
    proposal = proposals[0]
    written = read(proposal.text, "tree")
    names = [name for layout in written.layouts for name in {name for name, _ in layout}]
    assert all(names.count(room.name) == 1 for room in brief.wanted_rooms)
    assert json.loads(proposal.text)["levels"][:asked] == own["levels"][:asked]
    found = finished(critic, text, brief)
    if proposal.lost:
        assert found.replaced and proposal.built is None
    else:
        assert (found.replaced, found.edits) == (False, proposal.edits)


@pytest.mark.parametrize("seed", range(4))
def test_the_text_of_a_lost_answer_keeps_to_the_grammar_to_its_end(seed: int) -> None:
    """Random characters that the grammar allows, as an untrained model would write."""
    _, brief, _ = HOUSES[seed]
    rng, text, state = random.Random(seed), "", Grammar(brief).start
    while not read_levels(text).levels:
        character = rng.choice(sorted({choice[0] for choice, _ in state.choices}))
        following = state.step(character)
        assert following
        text, state = text + character, following
    critic = LevelCritic(brief, Grammar(brief))
    choice = critic.choose([text], True)
    assert choice and choice.text and critic.proposal(choice.text, 1).lost
    behind = Grammar(brief).start.steps(choice.text)
    assert behind and behind.finished
    assert critic.proposal(choice.text, 1).text == choice.text


def test_two_hopeless_candidates_end_an_answer_and_hopeful_ones_have_it_written_again() -> None:
    _, brief, design = HOUSES[0]
    answer = json.loads(encode(design))
    hopeless = [_text(["hall"], answer["size"]), _text(["porch"], answer["size"])]
    critic = LevelCritic(brief, Grammar(brief))
    assert critic.choose(hopeless[:1], False) is None  # one may be bad luck
    choice = critic.choose(hopeless, False)
    assert choice and choice.text and choice.state and choice.state.finished
    assert choice.text.startswith(hopeless[0] + ",")
    proposal = critic.proposal(choice.text, 1)
    assert proposal.lost and len(read(proposal.text, "tree").layouts) == brief.floors

    spoilt = [_text([swapped(answer["levels"][0])], answer["size"]), hopeless[0]]
    assert LevelCritic(brief, Grammar(brief)).choose(spoilt, False) is None


def _leaves(node: Any) -> list[str]:
    return [node] if isinstance(node, str) else [name for part in node[1::2] for name in _leaves(part)]
