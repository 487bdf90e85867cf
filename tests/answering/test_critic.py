"""Tests for housebrain.answering.critic: what is kept, mended and given up of levels as they come."""

import json
from typing import Any

from housebrain.answering.critic import LevelCritic
from housebrain.answering.finish import Finished, finish
from housebrain.house.brief import Brief
from housebrain.language.designs import encode
from housebrain.language.grammar import Grammar
from housebrain.rules.checks import violations
from houses import solved_houses

HOUSES = [one for one in solved_houses() if one[1].floors > 1][:5]


def shown(critic: LevelCritic, answer: dict[str, Any]) -> str:
    """The text that the critic goes on from, if each level has that one candidate."""
    text = f'{{"size":{json.dumps(answer["size"], separators=(",", ":"))},"levels":['
    for level in answer["levels"]:
        candidate = text + json.dumps(level, separators=(",", ":"))
        choice = critic.choose([candidate], True)
        assert choice
        text = (choice.text or candidate) + ","
    return text[:-1] + "]}"


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
        assert shown(critic, json.loads(text)) == text
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


def test_what_can_not_be_built_is_mended_and_counted() -> None:
    mended = 0
    for _, brief, design in solved_houses()[:5]:
        answer = json.loads(encode(design))
        own = answer | {"levels": [swapped(level) for level in answer["levels"]]}
        critic = LevelCritic(brief, Grammar(brief))
        text = shown(critic, own)
        proposal = critic.proposal(text, 1)
        assert json.loads(proposal.text) == own  # what the model wrote stays on record
        found = finished(critic, text, brief)
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
    text = shown(critic, answer | {"levels": [*["hall"] * (brief.floors - 1), answer["levels"][-1]]})
    assert critic.proposal(text, 1).built is None
    assert critic.proposal(text, 1).edits == 0


def _leaves(node: Any) -> list[str]:
    return [node] if isinstance(node, str) else [name for part in node[1::2] for name in _leaves(part)]
