"""Samples as models learn from them: briefs with their reference answers, read from Parquet."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from housebrain.errors import UserError
from housebrain.house.brief import Brief
from housebrain.language.answer import Codec, DecodeError, read, write

COLUMNS = ["id", "brief", "answer"]  # those of `prepare` that make a sample


class Sample(NamedTuple):
    """A brief with its reference answer in some codec."""

    id: str
    brief: Brief
    answer: str


def load_samples(path: str | Path, codec: Codec = "tree", limit: int = 0) -> list[Sample]:
    """Reads a Parquet file of `prepare`'s columns, answers rewritten in `codec`; at most `limit` rows where above 0.

    All of them are in memory then: it is meant for held-out samples. `training/data.py` reads a shard.

    Raises:
        UserError: the file is missing, damaged, or lacks a column, or a row holds no brief or no answer.
    """
    with file_errors(path):
        table = pq.read_table(path, columns=COLUMNS)
    return [parse_row(row, codec, path) for row in table.slice(0, limit or None).to_pylist()]


@contextmanager
def file_errors(path: str | Path) -> Iterator[None]:
    """Turns trouble with reading a Parquet file into a `UserError`."""
    try:
        yield
    except FileNotFoundError as error:
        raise UserError(f"{path}: the file is missing. Get it: `dvc pull`, or `dvc repro split`.") from error
    except (OSError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"{path}: cannot be read ({reason}). Get it again: `dvc pull`, or `dvc repro split`."
        ) from error


def parse_row(row: Mapping[str, str], codec: Codec, path: str | Path) -> Sample:
    """One row of the file `path`, its answer rewritten in `codec`.

    Raises:
        UserError: it holds no brief or no answer.
    """
    try:
        brief = Brief.model_validate_json(row["brief"])
        # `prepare` writes the tree codec.
        answer = row["answer"] if codec == "tree" else write(read(row["answer"], "tree"), codec)
    except (ValidationError, DecodeError) as error:
        message = " ".join(str(error).split())
        raise UserError(f"{path}: sample {row['id']}: {message}. Prepare the dataset again.") from error
    return Sample(row["id"], brief, answer)
