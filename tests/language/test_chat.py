"""Tests for housebrain.language.chat: prompts without the template are those with it."""

from pathlib import Path

import pytest

from conftest import MakeSamples
from housebrain.errors import UserError
from housebrain.language.chat import FILE, find_chat, read_chat, write_chat
from housebrain.language.prompt import prompt
from housebrain.language.samples import load_samples
from housebrain.model.loading import load_tokenizer
from housebrain.model.plain import PlainTokenizer

NO_SYSTEM = (
    "{% for message in messages %}{% if message['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    "<{{ message['role'] }}>{{ message['content'] | trim }}</>{% endfor %}{% if add_generation_prompt %}<a>{% endif %}"
)


@pytest.mark.parametrize("template", [None, NO_SYSTEM])
def test_a_prompt_is_the_templates(
    tiny_base: Path, tmp_path: Path, make_samples: MakeSamples, template: str | None
) -> None:
    tokenizer, plain = load_tokenizer(tiny_base), PlainTokenizer(tiny_base)
    tokenizer.chat_template = template or tokenizer.chat_template
    write_chat(find_chat(tokenizer, "tree"), tmp_path)
    chat = read_chat(tmp_path)
    for sample in load_samples(make_samples(tmp_path / "test.parquet", 4)):
        expected = prompt(tokenizer, sample.brief, "tree")
        assert chat.prompt(sample.brief) == expected
        ids = tokenizer(expected, add_special_tokens=False)["input_ids"]
        assert plain(expected, add_special_tokens=False)["input_ids"] == ids
    assert set(plain.all_special_ids) == set(tokenizer.all_special_ids) | {0, 1, 2}
    assert plain.get_vocab() == tokenizer.get_vocab()


def test_a_template_that_changes_a_question_is_refused(tiny_base: Path) -> None:
    tokenizer = load_tokenizer(tiny_base)
    tokenizer.chat_template = tokenizer.chat_template.replace("message['content']", "message['content'] | e")
    with pytest.raises(UserError, match="its chat template changes a question"):
        find_chat(tokenizer, "tree")


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"before": ""}')
    with pytest.raises(UserError, match=r"chat\.json: it does not say how"):
        read_chat(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(UserError, match=r"tokenizer\.json: it is no tokenizer"):
        PlainTokenizer(tmp_path)
