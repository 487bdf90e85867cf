"""Tests for housebrain.answering.designer: another answer where nothing can be made of the first."""

import json
import re
from collections.abc import Callable
from typing import Any

from answering.test_critic import HOUSES, shown
from housebrain.answering.critic import LevelCritic
from housebrain.answering.designer import APART, TRIES, Designer
from housebrain.house.brief import Brief
from housebrain.language.designs import encode
from housebrain.language.grammar import State
from housebrain.model.writing import SPREAD, Critic, Written


class Says:
    """A writer that gives answers which it was told, one after the other, then the last again.

    Attributes:
        asked: temperature and seed of each.
    """

    name = "says"

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = answers
        self.asked: list[tuple[float, int]] = []

    def write(
        self,
        brief: Brief,
        start: State,
        critic: Critic | None,
        temperature: float,
        seed: int,
        check: Callable[[], None],
    ) -> Written:
        assert isinstance(critic, LevelCritic)
        answer = self.answers[min(len(self.asked), len(self.answers) - 1)]
        self.asked.append((temperature, seed))
        return Written(shown(critic, answer).text, 10)


def answers() -> tuple[Brief, dict[str, Any], dict[str, Any]]:
    """A brief, an answer that can be built, and one of which nothing can be made."""
    _, brief, design = HOUSES[0]
    good = json.loads(encode(design))
    return brief, good, {"size": [40, 2], "levels": [strips(level) for level in good["levels"]]}


def strips(level: Any) -> list[Any]:
    """A level whose rooms are strips of half a foot."""
    names = list(dict.fromkeys(re.findall(r"[a-z]+\d*", json.dumps(level).replace('"v"', "").replace('"h"', ""))))
    return ["v", names[0], *(part for number, name in enumerate(names[1:], 1) for part in (number, name))]


def test_a_lost_answer_is_drawn_again() -> None:
    brief, good, lost = answers()
    writer = Says(lost, good)
    designed = Designer(writer).design(brief, seed=3)
    assert writer.asked == [(0.0, 3), (SPREAD, 3 + APART)]
    assert (designed.finished.replaced, designed.finished.edits, designed.tokens) == (False, 0, 20)


def test_an_answer_that_can_be_built_is_asked_for_once() -> None:
    brief, good, lost = answers()
    writer = Says(good, lost)
    assert not Designer(writer).design(brief, temperature=1.5).finished.replaced
    assert writer.asked == [(1.5, 0)]


def test_where_all_are_lost_it_is_the_first() -> None:
    brief, _, lost = answers()
    writer = Says(lost, lost | {"size": [41, 2]})
    proposal = Designer(writer).propose(brief)
    assert len(writer.asked) == TRIES
    assert proposal.lost
    assert (json.loads(proposal.text)["size"], proposal.chosen) == ([40, 2], 10 * TRIES)
