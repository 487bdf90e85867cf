"""Reading the raw dataset in every form it comes in, one record at a time, in constant memory.

Forms: a folder `train/*.json` (and optionally `validation/`), one record a file; `.jsonl`; `.jsonl.zst`; `.parquet`
as written by `ingest`; or a folder of such files. Arrow is imported where it is used: one record is read without it.
"""

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from housebrain.dataset.v5 import BadRecord
from housebrain.errors import UserError, os_error

SUFFIXES = (".json", ".jsonl", ".jsonl.zst", ".parquet")
# Validation first: where a brief is in both folders, the held-out copy is the one that stays.
SIDES = ("validation", "train")
ROWS_AT_ONCE = 4096


class RawRecord(NamedTuple):
    """A record not yet parsed: `where` it stands (file and line), on which `side`, and its JSON `text`."""

    where: str
    side: str
    text: bytes


def _files(folder: Path) -> list[Path]:
    """The dataset files right below a folder, by name; scandir, since there may be half a million."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.name.endswith(SUFFIXES) and entry.is_file())
    except OSError as error:
        raise os_error(error, folder) from error
    return [folder / name for name in names]


def _sides(path: Path) -> list[tuple[str, list[Path]]]:
    if path.is_file():
        return [("train", [path])]
    if not path.is_dir():
        raise UserError(f"{path}: no such file or folder. Give the dataset's folder or file.")
    if (path / "train").is_dir():
        return [(side, _files(path / side)) for side in SIDES if (path / side).is_dir()]
    return [("train", _files(path))]


def _read_file(path: Path, side: str) -> Iterator[RawRecord]:
    if path.name.endswith(".json"):
        yield RawRecord(str(path), side, path.read_bytes())
    elif path.name.endswith(".parquet"):
        import pyarrow.parquet as pq

        row = 0
        for batch in pq.ParquetFile(path).iter_batches(ROWS_AT_ONCE):
            # Packed by `ingest` the columns say where a record came from; else only the record itself is there.
            origins = batch.column("origin").to_pylist() if "origin" in batch.schema.names else None
            sides = batch.column("side").to_pylist() if "side" in batch.schema.names else None
            for index, text in enumerate(batch.column("record").to_pylist()):
                row += 1
                origin = f" ({origins[index]})" if origins else ""
                yield RawRecord(f"{path}, row {row}{origin}", sides[index] if sides else side, text)
    else:
        import pyarrow as pa

        # Arrow's reader, unlike zstandard's, tells a file cut short from one that ends.
        with pa.input_stream(str(path), compression="zstd" if path.name.endswith(".zst") else None) as stream:
            for number, line in enumerate(io.BufferedReader(stream, 1 << 20), 1):
                if not line.isspace():
                    yield RawRecord(f"{path}, line {number}", side, line)


def read_records(path: str | Path) -> Iterator[RawRecord]:
    """Yields every record below `path`, validation before train, files by name.

    Raises:
        UserError: the path is missing, holds no dataset file, or a file can't be read.
    """
    path = Path(path)
    sides = _sides(path)
    if not any(files for _, files in sides):
        raise UserError(f"{path}: no {', '.join(SUFFIXES)} file in it. Give the folder that holds the dataset.")
    for side, files in sides:
        for file in files:
            try:
                yield from _read_file(file, side)
            except OSError as error:  # pyarrow's errors are OSError and ValueError
                raise os_error(error, file) from error
            except (KeyError, ValueError) as error:
                raise UserError(f"{file}: cannot be read ({error}). The file may be damaged: get it again.") from error


def count_records(path: str | Path) -> int | None:
    """The number of records where it can be told without reading them, for progress; else None."""
    files = [file for _, files in _sides(Path(path)) for file in files]
    if any(".jsonl" in file.name for file in files):
        return None

    import pyarrow.parquet as pq

    return sum(pq.read_metadata(f).num_rows if f.suffix == ".parquet" else 1 for f in files)


def parse_json(raw: RawRecord) -> Any:
    """The record's JSON.

    Raises:
        UserError: it is malformed; the message names file and line.
    """
    try:
        return orjson.loads(raw.text)
    except orjson.JSONDecodeError:
        try:
            # More lenient: NaN is let through here, for the schema to name the field it stands in.
            return json.loads(raw.text)
        except ValueError as error:
            raise UserError(f"{raw.where}: not valid JSON ({error}). Correct or remove the record.") from error


def bad_record(raw: RawRecord, record: Any, error: BadRecord) -> UserError:
    """The one message for a record with a bad field: file, record, field, what to do."""
    record_id = record.get("id", "without id") if isinstance(record, dict) else "without id"
    return UserError(
        f"{raw.where}: record {record_id}, field {error.field}: {error.message}. Correct or remove the record."
    )
