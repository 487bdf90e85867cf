"""Tests for housebrain.language.prompt, on the chat templates that bases come with."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import CHAT_TEMPLATE
from house.test_brief import RECORD
from housebrain.dataset.v5 import parse_record
from housebrain.errors import UserError
from housebrain.house.brief import Brief
from housebrain.language.prompt import CLOCK, SYSTEM, chat_form, end_of_turn, messages, prompt, prompt_of
from housebrain.language.samples import Sample
from housebrain.language.tokens import tokenize
from housebrain.model.loading import load_tokenizer

# Shortened to what matters here.
GEMMA = (
    "<bos>{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for m in messages %}<start_of_turn>{{ 'model' if m['role'] == 'assistant' else m['role'] }}\n"
    "{{ m['content'] | trim }}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
MISTRAL = (
    "{% for m in messages %}{% if m['role'] == 'assistant' %} {{ m['content'] }}</s>"
    "{% else %}[INST] {{ m['content'] }} [/INST]{% endif %}{% endfor %}"
)
LLAMA3 = (
    "<|begin_of_text|>{% if strftime_now is defined %}{% set today = strftime_now('%d %b %Y') %}"
    "{% else %}{% set today = '26 Jul 2024' %}{% endif %}Today Date: {{ today }}\n"
    "{% for m in messages %}<|start_header_id|>{{ m['role'] }}<|end_header_id|>\n\n{{ m['content'] }}<|eot_id|>"
    "{% endfor %}{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
PHI3 = (
    "{% for m in messages %}<|{{ m['role'] }}|>\n{{ m['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% else %}<|endoftext|>{% endif %}"
)
NO_GENERATION_PROMPT = "{% for m in messages %}<|im_start|>{{ m['role'] }} {{ m['content'] }}<|im_end|>{% endfor %}"  #
SYSTEM_DROPPED = CHAT_TEMPLATE.replace(
    "{% for message in messages %}", "{% for message in messages if message['role'] != 'system' %}"
)
NO_END = "{% for m in messages %}### {{ m['role'] }}:\n{{ m['content'] }}\n{% endfor %}"

MakeTokenizer = Callable[..., Any]


@pytest.fixture
def with_template(tiny_base: Path) -> MakeTokenizer:
    """Makes the tiny base's tokenizer with another template, and with more tokens; `with_template(template, *more)`."""

    def make(template: str | None, *more: str, eos: str | None = "<|endoftext|>") -> Any:
        tokenizer = load_tokenizer(tiny_base)
        tokenizer.add_special_tokens({"additional_special_tokens": list(more)})
        tokenizer.chat_template = template
        tokenizer.eos_token = eos
        return tokenizer

    return make


@pytest.fixture
def brief(sample_rows: list[dict[str, Any]]) -> Brief:
    return Brief.model_validate_json(sample_rows[0]["brief"])


@pytest.mark.parametrize(
    ("template", "more", "end"),
    [
        (CHAT_TEMPLATE, (), "<|im_end|>"),
        (GEMMA, ("<end_of_turn>",), "<end_of_turn>"),
        (MISTRAL, ("</s>",), "</s>"),
        (LLAMA3, ("<|eot_id|>",), "<|eot_id|>"),
        (PHI3, ("<|end|>",), "<|end|>"),
        (CHAT_TEMPLATE.replace("<|im_end|>", " <|im_end|>"), (), " <|im_end|>"),
        (NO_END, (), "<|endoftext|>"),
    ],
    ids=["chatml", "gemma", "mistral", "llama3", "phi3", "space before the end", "nothing marks the end"],
)
def test_the_end_of_an_answer_is_what_the_template_writes_there(
    with_template: MakeTokenizer, template: str, more: tuple[str, ...], end: str
) -> None:
    """The end of sequence, here always `<|endoftext|>`, only where the template marks no end."""
    assert end_of_turn(with_template(template, *more)) == end


@pytest.mark.parametrize("eos", [None, "<|endoftext|>", "<|im_end|>"])
def test_a_sample_ends_as_a_turn_does_whatever_the_end_of_sequence(
    with_template: MakeTokenizer, brief: Brief, eos: str | None
) -> None:
    tokenizer = with_template(CHAT_TEMPLATE, eos=eos)
    tokens = tokenize(tokenizer, Sample("a", brief, '{"size":[1,2]}'), "tree")
    assert tokenizer.decode(tokens.input_ids[tokens.prompt_length :]) == '{"size":[1,2]}<|im_end|>'


@pytest.mark.parametrize(
    ("template", "more"),
    [(GEMMA, ("<end_of_turn>",)), (SYSTEM_DROPPED, ())],
    ids=["refused", "left out"],
)
def test_where_a_template_takes_no_system_message_the_user_says_it(
    with_template: MakeTokenizer, brief: Brief, template: str, more: tuple[str, ...]
) -> None:
    text = prompt(with_template(template, *more), brief, "tree")
    question = messages(brief)[1]["content"]
    assert f"{SYSTEM['tree']}\n\n{question}" in text
    assert "system" not in text


def test_a_system_message_stays_one_where_the_template_takes_it(with_template: MakeTokenizer, brief: Brief) -> None:
    text = prompt(with_template(CHAT_TEMPLATE), brief, "tree")
    assert text.startswith(f"<|im_start|>system\n{SYSTEM['tree']}<|im_end|>\n<|im_start|>user\n")
    assert text.endswith("<|im_end|>\n<|im_start|>assistant\n")


def test_a_prompt_names_both_sizes_that_fit_a_plot_that_is_no_rectangle() -> None:
    brief = parse_record(RECORD)[1]

    def envelope(shape: str) -> object:
        plot = brief.plot.model_copy(update={"shape": shape})
        return json.loads(messages(brief.model_copy(update={"plot": plot}))[1]["content"])["envelope"]

    assert envelope("Square") == envelope("Corner_Plot") == [86, 99]
    # An L: as wide as the plot, or half of that and as deep.
    assert envelope("L_Shape") == [[86, 72], [33, 99]]
    assert len(envelope("Irregular")) == 2  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("template", "more", "ends"),
    [
        (NO_GENERATION_PROMPT, (), "<|im_end|><|im_start|>assistant "),
        (MISTRAL, ("</s>",), "[INST] Where? [/INST]"),
        (PHI3, ("<|end|>",), "<|user|>\nWhere?<|end|>\n<|assistant|>\n"),
    ],
    ids=["lacks one", "needs none", "in its place an end"],
)
def test_a_prompt_ends_where_an_answer_starts(
    with_template: MakeTokenizer, template: str, more: tuple[str, ...], ends: str
) -> None:
    tokenizer = with_template(template, *more)
    text = prompt_of(tokenizer, [{"role": "user", "content": "Where?"}])
    chat = [{"role": "user", "content": "Where?"}, {"role": "assistant", "content": "Here."}]
    assert text.endswith(ends)
    whole = tokenizer.apply_chat_template(chat, tokenize=False)
    assert whole.startswith(text)
    assert whole.removeprefix(text).strip().startswith("Here.")


@pytest.mark.parametrize("call", ["strftime_now('%d %b %Y')", 'strftime_now("%d %b %Y")', "strftime_now(form)"])
def test_the_time_is_always_the_same(with_template: MakeTokenizer, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """The template's clock is transformers' own, which is years on here."""
    import transformers.utils.chat_template_utils as library

    class Later(library.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return cls(2099, 12, 31)

    monkeypatch.setattr(library, "datetime", Later)
    template = "{% set form = '%d %b %Y' %}" + LLAMA3.replace("strftime_now('%d %b %Y')", call)
    tokenizer = with_template(template, "<|eot_id|>")
    chat = [{"role": "user", "content": "Where?"}]
    assert "31 Dec 2099" in tokenizer.apply_chat_template(chat, tokenize=False)
    text = prompt_of(tokenizer, chat)
    assert "2099" not in text
    assert text.endswith("assistant<|end_header_id|>\n\n")
    if "form" not in call:
        assert f"Today Date: {CLOCK:%d %b %Y}\n" in text
        assert chat_form(tokenizer).dated


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (None, "has no chat template"),
        (
            "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no') }}{% endif %}",
            "leaves out what a user say",
        ),
        ("{{ raise_exception('never') }}", r"refuses a plain chat \(never\)"),
        ("{% for m in messages %}{{ m.content.parts.first }}{% endfor %}", "refuses a plain chat"),
        ("{% for m in messages", "refuses a plain chat"),
        ("{{ 1 // 0 }}", "refuses a plain chat"),
        ("{{ messages[0]['content'] }}{{ messages[1]['content'] }}<|im_end|>", "leaves out what the assistant says"),
        (CHAT_TEMPLATE + "{{ range(10**5) | random }}", "comes out differently each time"),
        ("{{ messages | length }}" + NO_GENERATION_PROMPT, "has no generation prompt, and"),
    ],
)
def test_a_template_that_writes_no_chat_is_refused_in_one_line(
    with_template: MakeTokenizer, tiny_base: Path, brief: Brief, template: str | None, message: str
) -> None:
    tokenizer = with_template(template)
    with pytest.raises(UserError, match=message) as raised:
        prompt(tokenizer, brief, "tree")
    assert str(raised.value).startswith(f"{tiny_base}: ")
    assert "`base` in params.yaml" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_answers_that_nothing_could_end_are_refused(with_template: MakeTokenizer) -> None:
    with pytest.raises(UserError, match="does not close an answer, and the tokenizer has no eos_token"):
        end_of_turn(with_template(NO_END, eos=None))


def test_another_template_on_the_same_tokenizer_counts(with_template: MakeTokenizer) -> None:
    tokenizer = with_template(CHAT_TEMPLATE)
    assert end_of_turn(tokenizer) == "<|im_end|>"
    tokenizer.chat_template = NO_END
    assert end_of_turn(tokenizer) == "<|endoftext|>"
