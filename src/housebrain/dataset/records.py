"""Reading the raw dataset in every form it comes in, one record at a time.

Forms: `.json` with a record, an array of records or a record a line; `.jsonl` (`.ndjson`); both also as `.gz` or
`.zst`; `.parquet` as written by `ingest`, or with a record's keys as its columns; or a folder of such files (`sides`
says which are read). Memory is constant, but for an array, whose file is read as a whole. Text is UTF-8; with a byte
order mark it may also be UTF-16 or UTF-32. Arrow is imported where it is used: one record is read without it.
"""

import codecs
import gzip
import io
import json
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import orjson

from housebrain.dataset.sides import WANTED, choose, kind_of, listed, side_said
from housebrain.dataset.v5 import BadRecord
from housebrain.errors import UserError, os_error

ROWS_AT_ONCE = 4096
FILES_IN_PART = 256  # of `.json`, which most often hold a record each
COLUMNS = ("id", "input", "output", "metadata")  # the keys of a record; Parquet may have them as columns
# UTF-32 first: its mark begins with that of UTF-16.
_MARKS = [(codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32")]
_MARKS += [(codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"), (codecs.BOM_UTF8, "utf-8-sig")]


def shown(path: str | Path) -> str:
    """A path as text that can be stored and printed, whatever bytes its name has."""
    return os.fsencode(path).decode(errors="replace")


class RawRecord(NamedTuple):
    """A record not yet parsed: `where` it stands (file and line), on which `side`, and its JSON `text`."""

    where: str
    side: str
    text: bytes


def _encoding(start: bytes) -> str | None:
    """What a byte order mark says; None where there is none."""
    return next((encoding for mark, encoding in _MARKS if start.startswith(mark)), None)


def _open(path: Path, compression: str) -> io.BufferedReader:
    if compression == ".gz":
        return io.BufferedReader(cast(io.RawIOBase, gzip.open(path)), 1 << 20)
    if compression == ".zst":
        import pyarrow as pa

        # Arrow's reader, unlike zstandard's, tells a file cut short from one that ends.
        return io.BufferedReader(pa.input_stream(str(path), compression="zstd"), 1 << 20)
    return path.open("rb")


def _read_json(path: Path, side: str, compression: str) -> Iterator[RawRecord]:
    with _open(path, compression) as stream:
        text = stream.read()
    if encoding := _encoding(text):
        text = text.decode(encoding).encode()
    content = text.strip()
    if content.startswith(b"["):
        yield from _read_array(path, side, content.decode())
        return
    first, *others = content.split(b"\n", 1)
    if others and first.rstrip().endswith(b"}") and _is_json(first):
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                yield RawRecord(f"{shown(path)}, line {number}", side, line)
    elif content:
        yield RawRecord(shown(path), side, text)


def _is_json(text: bytes) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _read_array(path: Path, side: str, text: str) -> Iterator[RawRecord]:
    decoder, number, at = json.JSONDecoder(), 0, 1
    while text[(at := _past_spaces(text, at)) : at + 1] != "]":
        if number:
            if text[at : at + 1] != ",":
                raise ValueError(f"character {at}: no comma after record {number} of the array")
            at = _past_spaces(text, at + 1)
        _, end = decoder.raw_decode(text, at)
        number += 1
        yield RawRecord(f"{shown(path)}, record {number}", side, text[at:end].encode())
        at = end
    if text[at + 1 :]:
        raise ValueError(f"character {at + 1}: something follows the array")


def _past_spaces(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _read_lines(path: Path, side: str, compression: str) -> Iterator[RawRecord]:
    with _open(path, compression) as stream:
        encoding = _encoding(stream.peek(4)[:4])
        lines = (line.encode() for line in io.TextIOWrapper(stream, encoding)) if encoding else stream
        for number, line in enumerate(lines, 1):
            if not line.isspace():
                yield RawRecord(f"{shown(path)}, line {number}", side, line)


def _read_parquet(path: Path, side: str, group: int | None = None) -> Iterator[RawRecord]:
    """The records of a file, or of one of its row groups."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        if "record" not in names and not {"id", "input"} <= set(names):
            raise UserError(
                f"{path}: its columns are {', '.join(names) or 'none'}. Wanted is a column `record` with the JSON of "
                f"each, or columns {', '.join(COLUMNS)}."
            )
        wanted = [name for name in ("record", "origin", "side", "split") if name in names]
        number = sum(file.metadata.row_group(before).num_rows for before in range(group or 0))
        groups = None if group is None else [group]
        columns = wanted if "record" in names else None
        for batch in file.iter_batches(ROWS_AT_ONCE, groups, columns):
            for row in batch.to_pylist():
                number += 1
                # Packed by `ingest` the columns say where a record came from; else only the record itself is there.
                origin = f" ({row['origin']})" if row.get("origin") else ""
                said = side_said(str(row.get("side") or "")) or side_said(str(row.get("split") or ""))
                record = row["record"] if "record" in names else {name: row[name] for name in COLUMNS if name in names}
                yield RawRecord(f"{shown(path)}, row {number}{origin}", said or side, _as_text(record))


def _as_text(record: Any) -> bytes:
    """A record from Parquet as JSON. Its parts may be structures, or JSON themselves."""
    if isinstance(record, bytes):
        return record
    if isinstance(record, str):
        return record.encode()
    if isinstance(record, dict):
        record = {key: _parsed(value) for key, value in record.items()}
    return orjson.dumps(_without_nulls(record), default=str)


def _parsed(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def _without_nulls(value: Any) -> Any:
    """Parquet gives every structure the same keys: what a record lacked is null."""
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(inner) for inner in value]
    return value


def _read_file(path: Path, side: str, group: int | None) -> Iterator[RawRecord]:
    kind, compression = kind_of(path.name) or ("", "")
    if kind == ".parquet":
        yield from _read_parquet(path, side, group)
    elif kind == ".json":
        yield from _read_json(path, side, compression)
    else:
        yield from _read_lines(path, side, compression)


def _read_checked(path: Path, side: str, group: int | None = None) -> Iterator[RawRecord]:
    """The records of a file, or of one row group of a Parquet file.

    Raises:
        UserError: it can't be read to its end, or holds none.
    """
    empty = True
    try:
        for raw in _read_file(path, side, group):
            empty = False
            yield raw
    except OSError as error:  # pyarrow's errors are OSError and ValueError
        raise os_error(error, path) from error
    except (EOFError, NotImplementedError, RecursionError, ValueError, zlib.error) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path}: cannot be read ({reason}). The file may be damaged: get it again.") from error
    if empty:
        raise UserError(f"{path}: no record in it. Get the file again, or remove it.")


def read_records(path: str | Path, faulty: Callable[[UserError], None] | None = None) -> Iterator[RawRecord]:
    """Yields every record below `path`, validation before train, files by name; says which files it leaves out.

    Args:
        path: of a folder or a file.
        faulty: told of a file that can't be read to its end, after which the next is read; else that is raised.

    Raises:
        UserError: the path is missing, holds no dataset file, or a file can't be read or is empty.
    """
    for side, file in _files(Path(path)):
        try:
            yield from _read_checked(file, side)
        except UserError as error:
            if faulty is None:
                raise
            faulty(error)


def _files(path: Path) -> list[tuple[str, Path]]:
    """The dataset's files with their sides, in order; says which others it leaves out."""
    chosen = choose(path)
    if chosen.left_out:
        print(f"warning: {path}: left out, being no {WANTED}: {listed(chosen.left_out, path)}", file=sys.stderr)
    return chosen.files


class Part(NamedTuple):
    """A part of a dataset that can be read by itself: some files, or one row group of a Parquet file."""

    files: tuple[tuple[str, Path], ...]
    group: int | None
    size: int | None  # in records; None where that can't be told without reading them

    def read(self) -> Iterator[RawRecord]:
        """Its records, as `read_records` yields them."""
        for side, file in self.files:
            yield from _read_checked(file, side, self.group)


def parts_of(path: str | Path) -> list[Part]:
    """A dataset in parts, whose records one after the other are those of `read_records`.

    Raises:
        UserError: as for `read_records`, of what can be told without reading the records.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    parts: list[Part] = []
    for side, file in _files(Path(path)):
        if kind_of(file.name) == (".parquet", ""):
            try:
                metadata = pq.read_metadata(file)
            except (OSError, pa.ArrowException):  # said where the file is read
                parts.append(Part(((side, file),), None, None))
                continue
            counts = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
            # A file without a record is read, too: that is where it is refused.
            parts += [Part(((side, file),), group, count) for group, count in enumerate(counts) if count] or [
                Part(((side, file),), None, None)
            ]
        elif parts and parts[-1].group is None and len(parts[-1].files) < FILES_IN_PART and file.suffix == ".json":
            parts[-1] = Part((*parts[-1].files, (side, file)), None, None)
        else:
            parts.append(Part(((side, file),), None, None))
    return parts


def count_records(path: str | Path) -> int | None:
    """The number of records where it can be told without reading them, for progress; else None.

    A `.json` file counts as one record.
    """
    files = [file for _, file in choose(Path(path)).files]
    kinds = {kind_of(file.name) for file in files}
    if not kinds <= {(".json", ""), (".parquet", "")}:
        return None

    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return sum(pq.read_metadata(f).num_rows if f.suffix.lower() == ".parquet" else 1 for f in files)
    except (OSError, pa.ArrowException):  # said where the file is read
        return None


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
        except (ValueError, RecursionError) as error:
            raise UserError(f"{raw.where}: not valid JSON ({error}). Correct or remove it.") from error


def side_of(raw: RawRecord, record: Any) -> str:
    """The side that a record is on: what its `split` says, there or in `metadata`, counts before its file's name."""
    if isinstance(record, dict):
        about = record.get("metadata")
        for value in (record.get("split"), about.get("split") if isinstance(about, dict) else None):
            if isinstance(value, str) and (said := side_said(value)):
                return said
    return raw.side


def bad_record(raw: RawRecord, record: Any, error: BadRecord) -> UserError:
    """The one message for a record with a bad field: file, record, field, what to do."""
    record_id = record.get("id", "without id") if isinstance(record, dict) else "without id"
    return UserError(
        f"{raw.where}: record {record_id}, field {error.field}: {error.message}. Correct or remove the record."
    )
