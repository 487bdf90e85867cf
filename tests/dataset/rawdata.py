"""Raw datasets in every form, made of generated records."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from housebrain.dataset.generate import generate_records

_FULL_DEVICE = Path("/dev/full")
needs_full_disk = pytest.mark.skipif(not _FULL_DEVICE.exists(), reason="this system has no /dev/full")


def full_disk(folder: Path) -> Path:
    """A file to which every write fails as on a full disk.

    It is a link: Arrow removes what it failed to write, and must not remove the device.
    """
    link = folder / "full"
    link.unlink(missing_ok=True)
    link.symlink_to(_FULL_DEVICE)
    return link


def raw_records(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """`count` generated records as dicts, to be changed at will."""
    return [orjson.loads(raw.text) for raw in generate_records(count, seed)]


def write_folder(path: Path, records: Sequence[Any]) -> Path:
    """One record a file, under `train`."""
    (path / "train").mkdir(parents=True)
    for number, record in enumerate(records):
        (path / "train" / f"{number:06d}.json").write_bytes(orjson.dumps(record))
    return path


def write_jsonl(path: Path, records: Sequence[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
    return path


def write_zst(path: Path, records: Sequence[Any]) -> Path:
    write_jsonl(path, records)
    path.write_bytes(zstandard.compress(path.read_bytes()))
    return path


def write_parquet(path: Path, records: Sequence[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"record": [orjson.dumps(record) for record in records]}), path)
    return path


FORMS: dict[str, Callable[[Path, Sequence[Any]], Path]] = {
    "dataset": write_folder,
    "dataset.jsonl": write_jsonl,
    "dataset.jsonl.zst": write_zst,
    "dataset.parquet": write_parquet,
}
