"""What a shard's training reads: its samples as tokens, in the order in which they are read.

Samples stay on disk. Hugging Face `datasets` writes their tokens to Arrow files, once, and maps these into memory; a
sample becomes a Python object only while a micro-batch with it is laid.
"""

import glob
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import datasets
import multiprocess
import numpy as np
import pyarrow.parquet as pq
from datasets.exceptions import DatasetGenerationError

from housebrain.errors import UserError, os_error
from housebrain.files import sha256_file
from housebrain.language.answer import Codec
from housebrain.language.samples import COLUMNS, file_errors, parse_row
from housebrain.language.tokens import Tokens, tokenize
from housebrain.model.base import base_folder, tokenizer_hash
from housebrain.params import Params
from housebrain.provenance import code_hash, library_versions
from housebrain.shard import Shard
from housebrain.training.fingerprint import CODE
from housebrain.training.group import Group
from housebrain.training.schedule import Part, part_of_round, sample_order

# What a sample's tokens depend on.
TOKENS_CODE = [*(name for name in CODE if name.startswith(("house/", "language/"))), "training/data.py"]
FEATURES = {"id": "string", "input_ids": "int32", "prompt_length": "int32", "length": "int32"}
SAMPLES_A_PROCESS = 20_000  # with fewer a process would take longer to start than it saves
SHOWN_FROM = 5_000  # samples, which take some seconds: a progress bar for fewer would only flicker


class StoredSamples:
    """Samples as tokens in Arrow files; each is read when it is asked for by its number.

    Args:
        table: of the columns `FEATURES`.
        numbers: the rows of it that are these samples; all where left out.

    Attributes:
        lengths: tokens of each sample, prompt and answer, int32 [samples].
        answer_lengths: tokens of each sample's answer, which are those that carry loss, int32 [samples].
    """

    def __init__(self, table: datasets.Dataset, numbers: np.ndarray | None = None) -> None:
        self._table = table
        self._numbers = np.arange(len(table)) if numbers is None else numbers
        self._columns = {name: table.data.column(name) for name in FEATURES}
        lengths, prompts = (table.data.column(name).to_numpy() for name in ("length", "prompt_length"))
        self.lengths: np.ndarray = lengths[self._numbers]
        self.answer_lengths: np.ndarray = self.lengths - prompts[self._numbers]

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, number: int, /) -> Tokens:
        row = int(self._numbers[number])
        id_, input_ids, prompt_length = (self._columns[name][row] for name in ("id", "input_ids", "prompt_length"))
        # By way of NumPy, which is ten times as fast as Arrow's own lists.
        return Tokens(id_.as_py(), input_ids.values.to_numpy().tolist(), prompt_length.as_py())

    def fitting(self, max_length: int) -> "StoredSamples":
        """The samples of at most `max_length` tokens; the others are left out, never cut.

        Raises:
            UserError: nothing is left, or a sample has no token to learn from.
        """
        fit = self.lengths <= max_length
        if len(nothing := np.flatnonzero(fit & (self.answer_lengths == 0))):
            raise UserError(f"sample {self[nothing[0]].id}: no token of it carries loss. Prepare the dataset again.")
        if not fit.any():
            raise UserError(
                f"platforms: no sample fits max_length {max_length}; the shortest has {self.lengths.min()} tokens. "
                "Raise max_length."
            )
        return StoredSamples(self._table, self._numbers[fit])


class ShardData(NamedTuple):
    """A shard, ready to be trained on.

    Attributes:
        samples: the training samples that fit `max_length`.
        left_out: how many do not.
        validation: the validation samples that fit.
        validation_left_out: how many do not.
        part: the optimizer steps of this round.
        read: the numbers of the samples that this round reads, one after the other.
        response_tokens: tokens that carry loss in `read`.
    """

    samples: StoredSamples
    left_out: int
    validation: StoredSamples
    validation_left_out: int
    part: Part
    read: list[int]
    response_tokens: int


def read_shard(shard: Shard, params: Params, tokenizer: Any, group: Group) -> ShardData:
    """Reads a shard. The first process turns it into tokens, the others find these.

    Raises:
        UserError: a file can't be read, is empty or has no sample that fits, or a round would have no step.
    """
    settings, codec = params.platform(shard), params.train.codec
    of_base = tokenizer_hash(base_folder(params))
    with group.first_before_others():
        every, every_validation = (
            tokenized(shard.data / name, tokenizer, of_base, codec, shard.tokens, limit, group.is_first)
            for name, limit in (("train.parquet", settings.max_samples), ("validation.parquet", 0))
        )
    samples, validation = (one.fitting(settings.max_length) for one in (every, every_validation))
    part = part_of_round(len(samples), settings, params)
    order = sample_order(len(samples), settings.epochs, params.train.seed)
    read = order[part.first * settings.samples_a_step : part.end * settings.samples_a_step]
    return ShardData(
        samples=samples,
        left_out=len(every) - len(samples),
        validation=validation,
        validation_left_out=len(every_validation) - len(validation),
        part=part,
        read=read,
        response_tokens=int(samples.answer_lengths[read].sum()),
    )


def tokenized(
    path: Path,
    tokenizer: Any,
    tokenizer_sha256: str,
    codec: Codec,
    cache: Path,
    limit: int = 0,
    progress: bool = True,
) -> StoredSamples:
    """The samples of a Parquet file of `prepare`'s columns as tokens, in the file's order.

    Args:
        path: the file.
        tokenizer: the base model's.
        tokenizer_sha256: its hash.
        codec: of the answers.
        cache: a folder that keeps the tokens for the next time. Those of what `path` was before are removed from it.
        limit: at most so many samples, where above 0.
        progress: shown on stderr, where it takes some seconds.

    Raises:
        UserError: the file is missing, damaged or empty or lacks a column, or a row holds no brief or no answer.
    """
    with file_errors(path):
        content = pq.read_metadata(path)
    if lacking := [name for name in COLUMNS if name not in content.schema.names]:
        raise UserError(f"{path}: it has no column {', '.join(lacking)}. Prepare the dataset again.")
    if not content.num_rows:
        raise UserError(f"{path}: it holds no sample. Prepare more briefs.")
    made_from = [sha256_file(path), tokenizer_sha256, tokenizer.chat_template, tokenizer.eos_token, codec, limit]
    made_from += [code_hash(TOKENS_CODE), library_versions()]
    key = hashlib.sha256(json.dumps(made_from).encode()).hexdigest()[:32]
    folder = cache / f"{path.stem}-{key}"
    for old in cache.glob(f"{path.stem}-*"):
        if old != folder:
            shutil.rmtree(old)
    count = min(content.num_rows, limit or content.num_rows)
    _show(progress and count >= SHOWN_FROM)
    raw = _from_parquet(path, folder).select(range(count))
    values = {name: datasets.Value(kind) for name, kind in FEATURES.items()}
    table = raw.map(
        _tokens_of,
        fn_kwargs={"tokenizer": tokenizer, "codec": codec, "path": path},
        remove_columns=COLUMNS,
        features=datasets.Features(values | {"input_ids": datasets.List(values["input_ids"])}),
        num_proc=_processes(count),
        new_fingerprint=key,
        cache_file_name=str(folder / "tokens.arrow"),
        desc=str(path),
    )
    return StoredSamples(table)


def _tokens_of(row: Mapping[str, str], tokenizer: Any, codec: Codec, path: Path) -> dict[str, Any]:
    """One row as `FEATURES` has it."""
    tokens = tokenize(tokenizer, parse_row(row, codec, path), codec)
    return {**tokens._asdict(), "length": len(tokens.input_ids)}


def _from_parquet(path: Path, cache: Path) -> datasets.Dataset:
    """The file's `COLUMNS`, copied to Arrow in `cache` and mapped into memory from there."""
    # A path is taken for a pattern, and a relative one is not found once it is escaped.
    pattern = glob.escape(str(path.absolute()))
    try:
        return datasets.Dataset.from_parquet(pattern, columns=COLUMNS, cache_dir=str(cache))
    except DatasetGenerationError as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno:  # the system's, such as of a full disk; Arrow's have no number
            raise os_error(cause, cache) from error
        with file_errors(path):
            raise cause or error from None


def _processes(count: int) -> int | None:
    """How many processes turn `count` samples into tokens; None stands for this one."""
    processes = min(os.cpu_count() or 1, count // SAMPLES_A_PROCESS)
    if processes < 2:
        return None
    # `datasets` starts them by this package's default, which is to fork: that leaves locks of other threads taken.
    multiprocess.set_start_method("spawn", force=True)
    return processes


def _show(progress: bool) -> None:
    """Whether `datasets` shows progress. What it logs is said by this module's errors in one line."""
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)
    if progress:
        datasets.enable_progress_bars()
    else:
        datasets.disable_progress_bars()
