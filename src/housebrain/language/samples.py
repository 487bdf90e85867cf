"""Samples as models learn from them: briefs with their reference answers, read from Parquet."""

from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from housebrain.errors import UserError
from housebrain.house.brief import Brief
from housebrain.language.answer import Codec, DecodeError, read, write


class Sample(NamedTuple):
    """A brief with its reference answer in some codec."""

    id: str
    brief: Brief
    answer: str


def load_samples(path: str | Path, codec: Codec = "tree", limit: int = 0) -> list[Sample]:
    """Reads a Parquet file of `prepare`'s columns, answers rewritten in `codec`; at most `limit` rows where above 0.

    Raises:
        UserError: the file is missing, damaged, or lacks a column, or a row holds no brief or no answer.
    """
    try:
        table = pq.read_table(path, columns=["id", "brief", "answer"])
    except FileNotFoundError as error:
        raise UserError(f"{path}: the file is missing. Get it: `dvc pull`, or `dvc repro split`.") from error
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"{path}: cannot be read ({error}). Get it again: `dvc pull`, or `dvc repro split`.") from error
    rows = table.slice(0, limit or None).to_pylist()
    samples = []
    for row in rows:
        try:
            brief = Brief.model_validate_json(row["brief"])
            # `prepare` writes the tree codec.
            answer = row["answer"] if codec == "tree" else write(read(row["answer"], "tree"), codec)
        except (ValidationError, DecodeError) as error:
            message = " ".join(str(error).split())
            raise UserError(f"{path}: sample {row['id']}: {message}. Prepare the dataset again.") from error
        samples.append(Sample(row["id"], brief, answer))
    return samples
