"""Tests for housebrain.model.guided: answers keep to the grammar, and are the ones that a plain loop gives."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from conftest import MakeSamples
from housebrain.house.tree import boxes
from housebrain.language.grammar import Grammar
from housebrain.language.prompt import prompt
from housebrain.language.samples import load_samples
from housebrain.model.guided import generate_guided
from housebrain.model.loading import load_base, load_tokenizer
from housebrain.model.vocabulary import Vocabulary

Asked = tuple[Any, Vocabulary, list[str], list[Grammar]]


@pytest.fixture
def asked(tiny_base: Path, tmp_path: Path, make_samples: MakeSamples) -> Asked:
    tokenizer = load_tokenizer(tiny_base)
    briefs = [sample.brief for sample in load_samples(make_samples(tmp_path / "test.parquet", 4))]
    prompts = [prompt(tokenizer, brief, "tree") for brief in briefs]
    return load_base(tiny_base), Vocabulary(tokenizer), prompts, [Grammar(brief) for brief in briefs]


def plainly(model: Any, vocabulary: Vocabulary, prompt: str, grammar: Grammar) -> str:
    """One answer, from the start at each step: no cache, no batch, no padding."""
    ids = vocabulary.tokenizer(prompt, add_special_tokens=False)["input_ids"]
    forced, state = vocabulary.forced(grammar.start)
    answer = list(forced)
    while not state.finished:
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([[*ids, *answer]])).logits[0, -1]
        allowed = [number for number in range(len(logits)) if state.steps(vocabulary.texts.get(number, "?"))]
        token = max(allowed, key=lambda number: float(logits[number]))
        forced, state = vocabulary.forced(vocabulary.behind(state, [token]))
        answer += [token, *forced]
    return "".join(vocabulary.texts[number] for number in answer)


@pytest.mark.long
def test_a_batch_answers_as_a_plain_loop_does(asked: Asked) -> None:
    model, vocabulary, prompts, grammars = asked
    starts = [grammar.start for grammar in grammars]
    answers = [one.text for one in generate_guided(model, vocabulary, prompts, starts, batch_size=3)]
    assert answers == [plainly(model.eval(), vocabulary, *one) for one in zip(prompts, grammars, strict=True)]
    assert len(set(answers)) == len(answers)


@pytest.mark.long
def test_samples_differ_by_their_seed_and_keep_to_the_grammar(
    asked: Asked,
) -> None:
    model, vocabulary, prompts, grammars = asked
    starts = [grammar.start for grammar in grammars]
    first, second, again = (
        generate_guided(model, vocabulary, prompts, starts, batch_size=2, temperature=1.5, seed=seed)
        for seed in (1, 2, 1)
    )
    assert first == again
    assert first != second
    for (text, _), start in zip([*first, *second], starts * 2, strict=True):
        behind = start.steps(text)
        assert behind and behind.finished
        answer = json.loads(text)
        for level in answer["levels"]:
            boxes(level, (0, 0, *answer["size"]))


def test_tokens_that_reach_over_a_choice_are_allowed(asked: Asked) -> None:
    """The model may write `",` as one token where the vocabulary has it."""
    _, vocabulary, _, grammars = asked
    for grammar in grammars:
        state = grammar.start.forced[1]
        assert vocabulary.allowed(state) == sorted(vocabulary.allowed(state))  # draws depend on their order
        allowed = {vocabulary.texts[number] for number in vocabulary.allowed(state)}
        assert allowed == {text for text in vocabulary.texts.values() if state.steps(text)}
