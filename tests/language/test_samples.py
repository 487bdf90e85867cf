"""Tests for housebrain.language.samples."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import MakeSamples
from housebrain.errors import UserError
from housebrain.language.designs import decode
from housebrain.language.prompt import messages, prompt
from housebrain.language.samples import load_samples
from housebrain.language.tokens import tokenize
from housebrain.model.loading import load_tokenizer


@pytest.fixture(scope="module")
def tokenizer(tiny_base: Path) -> Any:
    return load_tokenizer(tiny_base)


@pytest.fixture
def shard(tmp_path: Path, make_samples: MakeSamples) -> Path:
    return make_samples(tmp_path / "train.parquet", 5)


def test_prompt_and_answer_are_the_chat_up_to_the_end_of_turn(shard: Path, tokenizer: Any) -> None:
    """Token for token what the template makes of the whole chat, so that training and answering see the same."""
    for sample in load_samples(shard):
        tokens = tokenize(tokenizer, sample, "tree")
        chat = [*messages(sample.brief), {"role": "assistant", "content": sample.answer}]
        whole = tokenizer.apply_chat_template(chat, tokenize=False)
        assert tokenizer.decode(tokens.input_ids) == whole.removesuffix("\n")
        asked = tokenizer(prompt(tokenizer, sample.brief, "tree"), add_special_tokens=False)["input_ids"]
        assert tokens.input_ids[: tokens.prompt_length] == asked


def test_what_is_learnt_is_the_answer_and_the_end_of_turn(shard: Path, tokenizer: Any) -> None:
    for sample in load_samples(shard):
        tokens = tokenize(tokenizer, sample, "tree")
        answer = tokens.input_ids[tokens.prompt_length :]
        assert answer[-1] == tokenizer.eos_token_id
        assert tokenizer.decode(answer[:-1]) == sample.answer


def test_coordinates_describe_the_same_designs(shard: Path) -> None:
    for tree, coordinates in zip(load_samples(shard), load_samples(shard, "coordinates"), strict=True):
        assert json.loads(tree.answer) != json.loads(coordinates.answer)
        assert decode(tree.answer, tree.brief) == decode(coordinates.answer, tree.brief, "coordinates")


def test_limit_takes_the_first_rows(shard: Path) -> None:
    assert [s.id for s in load_samples(shard, limit=2)] == [s.id for s in load_samples(shard)][:2]
    assert len(load_samples(shard, limit=0)) == 5


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gone\.parquet"):
        load_samples(tmp_path / "gone.parquet")


def test_truncated_file_is_named(shard: Path) -> None:
    shard.write_bytes(shard.read_bytes()[:-100])
    with pytest.raises(UserError, match=r"train\.parquet: cannot be read"):
        load_samples(shard)


def test_missing_column_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": ["a"], "brief": ["{}"]}), tmp_path / "train.parquet")
    with pytest.raises(UserError, match=r"train\.parquet.*answer"):
        load_samples(tmp_path / "train.parquet")


@pytest.mark.parametrize("column", ["brief", "answer"])
def test_damaged_record_is_named(shard: Path, column: str) -> None:
    table = pq.read_table(shard)
    values = table[column].to_pylist()
    values[3] = values[3][:-5]
    table = table.set_column(table.schema.get_field_index(column), column, pa.array(values))
    pq.write_table(table, shard)
    with pytest.raises(UserError, match=table["id"][3].as_py()):
        load_samples(shard, "coordinates")
