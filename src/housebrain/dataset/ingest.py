"""Packing the raw dataset into a few Parquet files: half a million one-record files can't be pushed to a Drive."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from housebrain.dataset.records import count_records, parse_json, read_records, shown, side_of
from housebrain.errors import UserError
from housebrain.files import atomic_folder

SCHEMA = pa.schema([("side", pa.string()), ("origin", pa.string()), ("record", pa.large_binary())])
RECORDS_PER_FILE = 100_000
RECORDS_PER_GROUP = 5_000


def ingest(source: str | Path, out: str | Path) -> dict[str, int]:
    """Writes every record of `source` as it is, byte for byte where it is UTF-8, into `out/part-00000.parquet`, ...

    Returns:
        The number of records by side.

    Raises:
        UserError: a record is not JSON, or there is none to train on; `out` is then left as it was.
    """
    source = Path(source)
    counts: dict[str, int] = {}
    total = 0
    with atomic_folder(out) as folder:
        writer: pq.ParquetWriter | None = None
        rows: list[dict[str, object]] = []
        for raw in tqdm(read_records(source), total=count_records(source), unit=" records", desc="ingest"):
            side = side_of(raw, parse_json(raw))
            # The origin is kept relative, so that the bytes written don't depend on where the dataset lies.
            origin = raw.where.removeprefix(f"{shown(source)}/") if source.is_dir() else Path(raw.where).name
            rows.append({"side": side, "origin": origin, "record": raw.text.strip()})
            counts[side] = counts.get(side, 0) + 1
            total += 1
            if len(rows) == RECORDS_PER_GROUP:
                if writer is None:
                    number = (total - 1) // RECORDS_PER_FILE
                    writer = pq.ParquetWriter(folder / f"part-{number:05d}.parquet", SCHEMA, compression="zstd")
                writer.write_table(pa.Table.from_pylist(rows, SCHEMA))
                rows.clear()
                if total % RECORDS_PER_FILE == 0:
                    writer.close()
                    writer = None
        if rows:
            number = (total - 1) // RECORDS_PER_FILE
            writer = writer or pq.ParquetWriter(folder / f"part-{number:05d}.parquet", SCHEMA, compression="zstd")
            writer.write_table(pa.Table.from_pylist(rows, SCHEMA))
        if writer is not None:
            writer.close()
        if not counts.get("train"):
            raise UserError(
                f"{source}: all {total:,} records are held out, as names of files and folders say: none is left to "
                "train on. Give the folder that holds the training part too."
            )
    return counts
