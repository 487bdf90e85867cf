"""Tests for housebrain.training.generate."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from housebrain.model.generation import closed_object, generate_answers
from housebrain.model.loading import load_base, load_tokenizer

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.long
@given(value=st.dictionaries(st.text(), JSON), more=st.text())
def test_text_is_cut_where_its_first_object_ends(value: dict[str, Any], more: str) -> None:
    text = json.dumps(value)
    assert closed_object(text + more) == text
    assert closed_object(text[:-1]) is None


@pytest.fixture(scope="module")
def model(tiny_base: Path) -> Any:
    return load_base(tiny_base)


def plain_greedy(model: Any, tokenizer: Any, prompt: str, count: int) -> str:
    """`count` most likely tokens, one forward pass over everything each time."""
    ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    new: list[int] = []
    with torch.inference_mode():
        while len(new) < count and (not new or new[-1] != tokenizer.eos_token_id):
            new.append(int(model.eval()(torch.tensor([ids + new])).logits[0, -1].argmax()))
    text: str = tokenizer.decode(new, skip_special_tokens=True)
    return text


def test_answers_of_a_batch_are_those_of_each_prompt_alone(model: Any, tiny_base: Path) -> None:
    """In the order asked, whatever the lengths and the batches; padding on the left changes nothing."""
    tokenizer = load_tokenizer(tiny_base)
    prompts = ["Modern, two floors", "a", "The brief asks for one kitchen, three bedrooms and a balcony"]
    expected = [plain_greedy(model, tokenizer, prompt, 12) for prompt in prompts]
    expected = [closed_object(text) or text for text in expected]
    for batch_size in (1, 2, 3):
        assert generate_answers(model, tokenizer, prompts, 12, batch_size) == expected
