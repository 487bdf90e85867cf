"""Tests for housebrain.training.data: samples come from disk as they were written, and are made into tokens once."""

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import MakeSamples
from housebrain.errors import UserError
from housebrain.language.samples import load_samples
from housebrain.language.tokens import tokenize
from housebrain.model.base import tokenizer_hash
from housebrain.model.loading import load_tokenizer
from housebrain.training import data
from housebrain.training.data import StoredSamples, tokenized


class Reader:
    """Reads a file in `folder` with a cache beside it; `calls` counts the samples that were made into tokens."""

    def __init__(self, folder: Path, base: Path) -> None:
        self.path = folder / "train.parquet"
        self.cache = folder / "tokens"
        self.base = base
        self.tokenizer = load_tokenizer(base)
        self.calls = 0

    def read(self, limit: int = 0, codec: Any = "tree") -> StoredSamples:
        return tokenized(self.path, self.tokenizer, tokenizer_hash(self.base), codec, self.cache, limit)


@pytest.fixture
def reader(tmp_path: Path, tiny_base: Path, make_samples: MakeSamples, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """Of 8 samples."""
    made = Reader(tmp_path, tiny_base)
    make_samples(made.path, 8)

    def counted(*arguments: Any) -> Any:
        made.calls += 1
        return tokenize(*arguments)

    monkeypatch.setattr(data, "tokenize", counted)
    return made


def change(path: Path, column: str, number: int, value: str) -> str:
    """Puts a value into a row; returns the row's id."""
    table = pq.read_table(path)
    values = table[column].to_pylist()
    values[number] = value
    pq.write_table(table.set_column(table.schema.get_field_index(column), column, pa.array(values)), path)
    return str(table["id"][number])


@pytest.mark.parametrize("codec", ["tree", "coordinates"])
def test_samples_are_those_of_the_file_in_its_order(reader: Reader, codec: Any) -> None:
    expected = [tokenize(reader.tokenizer, sample, codec) for sample in load_samples(reader.path, codec)]
    samples = reader.read(codec=codec)
    assert [samples[number] for number in range(len(samples))] == expected
    assert samples.lengths.tolist() == [len(sample.input_ids) for sample in expected]
    assert samples.answer_lengths.tolist() == [len(sample.input_ids) - sample.prompt_length for sample in expected]
    assert reader.read(codec=codec)[3] == expected[3]


def test_limit_takes_the_first_rows(reader: Reader) -> None:
    every, few = reader.read(), reader.read(limit=3)
    assert [few[number] for number in range(len(few))] == [every[number] for number in range(3)]
    assert len(reader.read(limit=100)) == 8


def test_tokens_are_made_once(reader: Reader) -> None:
    reader.read()
    reader.read()
    assert reader.calls == 8
    shutil.rmtree(reader.cache)
    reader.read()
    assert reader.calls == 16


def test_tokens_are_made_again_of_another_file_tokenizer_template_or_code(
    reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And those that they replace go, but for another file's."""
    shutil.copy(reader.path, tmp_path / "validation.parquet")
    tokenized(tmp_path / "validation.parquet", reader.tokenizer, "tokenizer", "tree", reader.cache)
    before = reader.read()[0]
    times = reader.path.stat()
    answers = pq.read_table(reader.path)["answer"].to_pylist()
    change(reader.path, "answer", 0, answers[1])
    os.utime(reader.path, ns=(times.st_atime_ns, times.st_mtime_ns))
    changed = reader.read()[0]
    assert changed != before
    reader.tokenizer.chat_template = reader.tokenizer.chat_template.replace("\n", " ")
    assert reader.read()[0].input_ids != changed.input_ids
    monkeypatch.setattr(data, "code_hash", lambda names: "other code")
    reader.read()
    assert reader.calls == 8 * 5
    tokenized(reader.path, reader.tokenizer, "other tokenizer", "tree", reader.cache)
    assert reader.calls == 8 * 6
    assert sorted(path.name.split("-")[0] for path in reader.cache.iterdir()) == ["train", "validation"]


def test_tokens_depend_on_the_code_of_language() -> None:
    assert {"house/brief.py", "language/answer.py", "language/prompt.py", "language/samples.py"} < set(data.TOKENS_CODE)
    assert "language/tokens.py" in data.TOKENS_CODE
    assert not [name for name in data.TOKENS_CODE if name.startswith("model/")]


def share_out(patch: pytest.MonkeyPatch) -> None:
    """Makes 8 samples enough for two processes."""
    patch.setattr(data, "SAMPLES_A_PROCESS", 4)
    patch.setattr(os, "cpu_count", lambda: 2)


@pytest.mark.long
@pytest.mark.slow
def test_several_processes_make_the_same_tokens(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = reader.read()
    expected = [alone[number] for number in range(8)]
    shutil.rmtree(reader.cache)
    with monkeypatch.context() as patch:
        share_out(patch)
        samples = reader.read()
    assert reader.calls == 8  # none of them here
    assert [samples[number] for number in range(8)] == expected
    samples = reader.read()  # whatever the number of processes is now
    assert reader.calls == 8
    assert [samples[number] for number in range(8)] == expected


@pytest.mark.long
@pytest.mark.slow
def test_a_bad_row_in_another_process_is_named(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    name = change(reader.path, "brief", 6, "{}")
    share_out(monkeypatch)
    with pytest.raises(UserError, match=rf"train\.parquet: sample {name}: "):
        reader.read()


@pytest.mark.parametrize(("count", "processes"), [(12, None), (39_999, None), (40_000, 2), (83_334, 4), (10**6, 4)])
def test_many_samples_are_shared_out_to_processes(
    count: int, processes: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    assert data._processes(count) == processes
    assert processes is None or data.multiprocess.get_start_method() == "spawn"


def test_the_project_may_be_in_any_folder(tmp_path: Path, tiny_base: Path, make_samples: MakeSamples) -> None:
    """`datasets` takes a path for a pattern."""
    odd = Reader(tmp_path / "a [1] * ? b", tiny_base)
    make_samples(odd.path, 2)
    assert len(odd.read()) == 2


def test_missing_file_is_named(reader: Reader) -> None:
    reader.path.unlink()
    with pytest.raises(UserError, match=r"train\.parquet: the file is missing\. Get it: `dvc pull`"):
        reader.read()


@pytest.mark.parametrize("damage", ["truncated", "overwritten"])
def test_damaged_file_is_named(reader: Reader, damage: str) -> None:
    content = reader.path.read_bytes()
    reader.path.write_bytes(content[:-100] if damage == "truncated" else content[:10] + bytes(500) + content[510:])
    with pytest.raises(UserError, match=r"train\.parquet: cannot be read \(.*\)\. Get it again") as error:
        reader.read()
    assert "\n" not in str(error.value)


def test_full_disk_is_not_called_a_damaged_file(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any, **options: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("datasets.arrow_writer.ArrowWriter.write_table", full)
    with pytest.raises(UserError, match=r"tokens/train-.*: the disk is full"):
        reader.read()


def test_missing_column_is_named(reader: Reader) -> None:
    pq.write_table(pa.table({"id": ["a"], "brief": ["{}"]}), reader.path)
    with pytest.raises(UserError, match=r"train\.parquet: it has no column answer"):
        reader.read()


def test_empty_shard_is_named(reader: Reader, make_samples: MakeSamples) -> None:
    make_samples(reader.path, 0)
    with pytest.raises(UserError, match=r"train\.parquet: it holds no sample"):
        reader.read()


@pytest.mark.parametrize(("column", "value"), [("brief", "{}"), ("answer", "[1")])
def test_damaged_record_is_named(reader: Reader, column: str, value: str) -> None:
    name = change(reader.path, column, 3, value)
    with pytest.raises(UserError, match=rf"train\.parquet: sample {name}: .* Prepare the dataset again"):
        reader.read(codec="coordinates")
    assert not list(reader.cache.rglob("tokens*.arrow"))


def stored(lengths: list[tuple[int, int]]) -> StoredSamples:
    """Samples of so many tokens, so many of them prompt."""
    rows = [
        {"id": f"S-{number}", "input_ids": list(range(length)), "prompt_length": prompt, "length": length}
        for number, (length, prompt) in enumerate(lengths)
    ]
    return StoredSamples(data.datasets.Dataset.from_list(rows))


def test_too_long_samples_are_left_out_whole() -> None:
    samples = stored([(10, 5), (30, 15), (20, 8)])
    fitting = samples.fitting(20)
    assert [fitting[number] for number in range(len(fitting))] == [samples[0], samples[2]]
    assert np.array_equal(fitting.answer_lengths, [5, 12])
    assert len(fitting.fitting(10)) == 1


def test_nothing_left_is_an_error_that_says_how_long_is_enough() -> None:
    with pytest.raises(UserError, match="shortest has 10 tokens"):
        stored([(10, 5), (30, 15)]).fitting(9)


def test_sample_without_an_answer_is_named() -> None:
    with pytest.raises(UserError, match="S-1"):
        stored([(3, 2), (3, 3)]).fitting(10)


def test_progress_is_shown_where_it_takes_long(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    reader.read()
    assert capfd.readouterr() == ("", "")
    shutil.rmtree(reader.cache)
    monkeypatch.setattr(data, "SHOWN_FROM", 8)
    reader.read()
    assert f"{reader.path}: 100%" in capfd.readouterr().err
    reader.read()
    assert "100%" not in capfd.readouterr().err


def test_tokens_are_plain_numbers(reader: Reader) -> None:
    assert json.dumps(reader.read()[0]._asdict())
