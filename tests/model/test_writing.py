"""Tests for housebrain.model.writing: candidates side by side, levels written again, and changed ones."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from conftest import MakeSamples
from housebrain.language.grammar import Grammar
from housebrain.language.levels import read_levels
from housebrain.language.prompt import prompt
from housebrain.language.samples import load_samples
from housebrain.model.guided import generate_guided
from housebrain.model.loading import load_base, load_tokenizer
from housebrain.model.vocabulary import Vocabulary
from housebrain.model.writing import DRAWN, Choice

Asked = tuple[Any, Vocabulary, list[str], list[Grammar]]


class Fixed:
    """Takes the candidate of a number once enough were drawn; keeps what it was shown."""

    def __init__(self, number: int = 0, patience: int = 0) -> None:
        self.number, self.patience = number, patience
        self.shown: list[tuple[list[str], bool]] = []
        self.waited = 0

    def choose(self, texts: Sequence[str], last: bool) -> Choice | None:
        self.shown.append((list(texts), last))
        if self.waited < self.patience and not last:
            self.waited += 1
            return None
        self.waited = 0
        return Choice(self.number)


@pytest.fixture
def asked(tiny_base: Path, tmp_path: Path, make_samples: MakeSamples) -> Asked:
    tokenizer = load_tokenizer(tiny_base)
    briefs = [sample.brief for sample in load_samples(make_samples(tmp_path / "test.parquet", 2))]
    prompts = [prompt(tokenizer, brief, "tree") for brief in briefs]
    return load_base(tiny_base), Vocabulary(tokenizer), prompts, [Grammar(brief) for brief in briefs]


def written(asked: Asked, critics: list[Any], candidates: int) -> list[str]:
    model, vocabulary, prompts, grammars = asked
    starts = [grammar.start for grammar in grammars]
    found = generate_guided(model, vocabulary, prompts, starts, 2, critics=critics, candidates=candidates)
    return [one.text for one in found]


@pytest.mark.long
def test_who_takes_the_first_gets_the_answer_that_comes_without_a_critic(asked: Asked) -> None:
    plain = written(asked, [None, None], 1)
    critics = [Fixed(), Fixed()]
    assert written(asked, critics, 3) == plain
    for critic, text in zip(critics, plain, strict=True):
        assert [len(texts) for texts, _ in critic.shown] == [3] * len(json.loads(text)["levels"])


def test_what_is_taken_is_gone_on_from_in_each_row(asked: Asked) -> None:
    critics = [Fixed(2), Fixed(1)]
    for critic, text in zip(critics, written(asked, critics, 3), strict=True):
        whole = json.loads(text)
        for number, (texts, _) in enumerate(critic.shown):
            assert read_levels(texts[critic.number]).levels == whole["levels"][: number + 1]
            assert all(read_levels(one).levels[:-1] == whole["levels"][:number] for one in texts)


@pytest.mark.long
@pytest.mark.parametrize("candidates", [1, 3])
def test_a_level_that_nobody_takes_is_written_again(asked: Asked, candidates: int) -> None:
    """Also one that was drawn before others, and is taken in the end, is gone on from."""
    critics = [Fixed(0, 99), Fixed(0, 1)]
    texts = written(asked, critics, candidates)
    assert texts == written(asked, [None, None], 1)  # the first candidate is the likeliest, whatever came after it
    patient, other = critics
    rounds = -(-DRAWN // candidates)
    levels = len(json.loads(texts[0])["levels"])
    assert [len(shown) for shown, _ in patient.shown] == [candidates * (one + 1) for one in range(rounds)] * levels
    assert [last for _, last in patient.shown] == [*[False] * (rounds - 1), True] * levels
    assert len(other.shown) == 2 * len(json.loads(texts[1])["levels"])


class Changing:
    """Has each level stand as another answer, of its own size, has it."""

    def __init__(self, grammar: Grammar, other: dict[str, Any]) -> None:
        self.grammar, self.other = grammar, other
        self.own: list[Any] = []

    def choose(self, texts: Sequence[str], last: bool) -> Choice | None:
        begun = read_levels(texts[0])
        self.own.append(begun.levels[-1])
        so_far = {"size": self.other["size"], "levels": self.other["levels"][: len(begun.levels)]}
        text = json.dumps(so_far, separators=(",", ":")).removesuffix("]}")
        return Choice(0, text, self.grammar.behind(so_far["size"], so_far["levels"]))


@pytest.mark.long
def test_a_changed_level_is_what_the_answer_goes_on_from(asked: Asked) -> None:
    others = [json.loads(text) for text in written(asked, [Fixed(2), Fixed(2)], 3)]
    critics = [Changing(grammar, other) for grammar, other in zip(asked[3], others, strict=True)]
    texts = written(asked, critics, 2)
    changed = 0
    for critic, text, other in zip(critics, texts, others, strict=True):
        answer = json.loads(text)
        assert answer["levels"] == other["levels"]
        changed += critic.own != other["levels"]
    assert changed
