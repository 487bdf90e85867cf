"""From raw briefs to learnable samples: parse, solve, check, encode, write; what can't be built is written down why.

Batches go through a pool of processes and come back in order, so that the output's bytes don't depend on how many
processes there are. Memory does not grow with the number of records.
"""

import csv
import hashlib
import multiprocessing
import os
import sqlite3
import sys
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from housebrain.dataset.records import RawRecord, bad_record, parse_json
from housebrain.dataset.v5 import BadRecord, parse_record
from housebrain.errors import UserError
from housebrain.files import atomic_folder
from housebrain.house.brief import Brief, Rejected
from housebrain.house.design import Design
from housebrain.language.designs import encode
from housebrain.rules.checks import violations
from housebrain.solver.solve import solve

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("brief_key", pa.string()),
        ("side", pa.string()),
        ("brief", pa.string()),
        ("answer", pa.string()),
        ("bedrooms", pa.int32()),
        ("floors", pa.int32()),
        ("style", pa.string()),
        ("region", pa.string()),
        ("climate_zone", pa.string()),
        ("area_sqft", pa.float64()),
        ("cost_usd", pa.float64()),
    ]
)
BATCH = 32
ROWS_PER_GROUP = 10_000
ROWS_PER_FILE = 100_000
BATCHES_IN_FLIGHT = 4  # a worker


class Reject(NamedTuple):
    """A record that becomes no sample, and why."""

    id: str
    where: str
    reason: str
    detail: str


# A brief's rows of `SCHEMA` and where its record stands, or why there is none.
Solved = list[dict[str, Any]] | Reject


def solve_record(raw: RawRecord, seed: int, alternatives: int = 1) -> Solved:
    """One raw record as rows of `SCHEMA`, or the reason why not.

    Args:
        raw: the record.
        seed: of the solver; each alternative takes the next one.
        alternatives: designs of the brief. Equal ones are left out, so there may be fewer.

    Returns:
        A row a design. The first has the record's id, the others `ID.2`, `ID.3`, ...

    Raises:
        UserError: the record is malformed or a field is missing or mistyped.
        AssertionError: the solver made a design that its own check refuses.
    """
    record = parse_json(raw)
    try:
        record_id, brief = parse_record(record)
    except BadRecord as error:
        raise bad_record(raw, record, error) from error
    except Rejected as rejected:
        return Reject(record["id"], raw.where, rejected.reason, rejected.detail)
    rows: list[dict[str, Any]] = []
    for number in range(alternatives):
        try:
            design = solve(brief, seed + number)
        except Rejected as rejected:
            if rows:
                continue
            return Reject(record_id, raw.where, rejected.reason, rejected.detail)
        wrong = violations(design, brief)
        assert not wrong, f"{record_id}: the solver made an invalid design: {wrong[0]}"
        row = row_of(f"{record_id}.{number + 1}" if number else record_id, brief, design, raw.side, raw.where)
        if all(one["answer"] != row["answer"] for one in rows):
            rows.append(row)
    return rows


def row_of(name: str, brief: Brief, design: Design, side: str, where: str) -> dict[str, Any]:
    """A row of `SCHEMA`, and where its record stands."""
    return {
        "id": name,
        "brief_key": brief.key(),
        "side": side,
        "brief": brief.model_dump_json(),
        "answer": encode(design),
        "bedrooms": brief.bedrooms,
        "floors": brief.floors,
        "style": brief.style,
        "region": brief.region,
        "climate_zone": brief.climate_zone,
        "area_sqft": design.built_area_sqft,
        "cost_usd": design.cost.total_usd,
        "where": where,
    }


def solve_batch(batch: list[RawRecord], seed: int, alternatives: int) -> list[Solved]:
    """As `solve_record`, for many."""
    return [solve_record(raw, seed, alternatives) for raw in batch]


def _solved(records: Iterable[RawRecord], seed: int, alternatives: int, processes: int) -> Iterator[list[Solved]]:
    """Solves batches in `processes` processes, at most a few in flight, and yields them in order."""
    iterator = iter(records)
    # Spawned, not forked: Arrow's threads don't survive a fork.
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        flying: deque[Future[list[Solved]]] = deque()
        try:
            while True:
                while len(flying) < BATCHES_IN_FLIGHT * processes and (batch := list(islice(iterator, BATCH))):
                    flying.append(pool.submit(solve_batch, batch, seed, alternatives))
                if not flying:
                    return
                yield flying.popleft().result()
        except BrokenProcessPool as error:
            if sys.version_info < (3, 11, 5):
                # Or it would wait at its end for a thread that writes to nobody (python/cpython#94777).
                with suppress(OSError):
                    pool._call_queue._reader.close()  # type: ignore[attr-defined]
            raise UserError(
                "prepare: a worker process was killed, most likely for want of memory. "
                "Set prepare.processes lower in params.yaml and run the command again."
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


class _Seen:
    """The ids or briefs met so far, as 63-bit hashes in a temporary file: memory stays flat."""

    def __init__(self) -> None:
        self.database = sqlite3.connect("", isolation_level=None)
        self.database.execute("PRAGMA cache_size = -16000")
        self.database.execute("PRAGMA journal_mode = OFF")
        self.database.execute("BEGIN")
        self.database.execute("CREATE TABLE seen (hash INTEGER PRIMARY KEY)")

    def add(self, text: str) -> bool:
        """Whether `text` is new."""
        digest = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1
        return self.database.execute("INSERT OR IGNORE INTO seen VALUES (?)", (digest,)).rowcount == 1


class _Samples:
    """Writes rows to `samples-00000.parquet`, ... of 100,000 rows each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: list[dict[str, Any]] = []
        self.writer: pq.ParquetWriter | None = None
        self.count = 0

    def add(self, row: dict[str, Any]) -> None:
        self.rows.append(row)
        self.count += 1
        if len(self.rows) == ROWS_PER_GROUP:
            self._flush()
            if self.count % ROWS_PER_FILE == 0:
                self.close()

    def _flush(self) -> None:
        if self.writer is None:
            number = (self.count - 1) // ROWS_PER_FILE
            path = self.folder / f"samples-{number:05d}.parquet"
            self.writer = pq.ParquetWriter(path, SCHEMA, compression="zstd")
        self.writer.write_table(pa.Table.from_pylist(self.rows, SCHEMA))
        self.rows.clear()

    def close(self) -> None:
        if self.rows:
            self._flush()
        if self.writer is not None:
            self.writer.close()
            self.writer = None


def evenly(records: Iterable[RawRecord], take: int, total: int, first: int = 0) -> Iterator[RawRecord]:
    """`take` of `total` records, evenly spread; `records` may be a part of them, from the one of number `first` on."""
    for index, raw in enumerate(records, first):
        if (index + 1) * take // total > index * take // total:
            yield raw


def prepare(
    records: Iterable[RawRecord],
    out: str | Path,
    seed: int,
    processes: int = 0,
    total: int | None = None,
    alternatives: int = 1,
    known: Iterable[list[Solved]] = (),
) -> dict[str, Any]:
    """Solves every brief and writes samples and rejects to the folder `out`, in one swap at the end.

    Args:
        records: the raw records.
        out: gets `samples-*.parquet` (columns `SCHEMA`) and `rejects.csv`.
        seed: of the solver.
        processes: processes; 0 takes one a core.
        total: the number of records, for progress, if known.
        alternatives: designs of each brief, as far as there are different ones.
        known: designs that are there already, such as `feedback_batches`: they come first, so that a record which asks
            for the same is left out.

    Returns:
        Counts of briefs: `total` == `solved` + the sum of `rejected` (by reason); `designs` are the samples written.

    Raises:
        UserError: a record is malformed, or none could be solved. `out` is left as it was.
    """
    solved = _solved(records, seed, alternatives, processes or os.cpu_count() or 1)
    return write_prepared(chain(known, solved), out, total)


def write_prepared(batches: Iterable[list[Solved]], out: str | Path, total: int | None = None) -> dict[str, Any]:
    """As `prepare`, of records that are solved elsewhere.

    Args:
        batches: the solved records, in the dataset's order: of two that ask for the same the first one stays. How they
            are cut into batches makes no difference.
        out, total: as for `prepare`.
    """
    rejected: Counter[str] = Counter()
    solved = 0
    ids, briefs = _Seen(), _Seen()
    with atomic_folder(out) as folder:
        samples = _Samples(folder)
        # Row by row, as samples are: pandas would need all rejects in memory.
        with (folder / "rejects.csv").open("w", newline="") as file:
            rejects = csv.writer(file)
            rejects.writerow(Reject._fields)
            with tqdm(total=total, unit=" briefs", desc="prepare", mininterval=1) as progress:
                for batch in batches:
                    for outcome in batch:
                        reject = outcome if isinstance(outcome, Reject) else _duplicate(outcome[0], ids, briefs)
                        if reject is not None:
                            rejects.writerow(reject)
                            rejected[reject.reason] += 1
                            continue
                        solved += 1
                        assert not isinstance(outcome, Reject)
                        for row in outcome:
                            samples.add({name: row[name] for name in SCHEMA.names})
                    progress.update(len(batch))
        samples.close()
        if not samples.count:
            refused = (
                ", ".join(f"{count} {reason}" for reason, count in rejected.most_common()) or "there was no record"
            )
            raise UserError(f"no brief could be solved ({refused}). Check the dataset with `housebrain audit`.")
    return {
        "total": solved + rejected.total(),
        "solved": solved,
        "solved_share": round(solved / (solved + rejected.total()), 4),
        "designs": samples.count,
        "rejected": dict(sorted(rejected.items())),
    }


def _duplicate(row: dict[str, Any], ids: _Seen, briefs: _Seen) -> Reject | None:
    where = row["where"]
    if not ids.add(row["id"]):
        return Reject(row["id"], where, "duplicate_id", "an earlier record has this id")
    if not briefs.add(row["brief_key"]):
        return Reject(row["id"], where, "duplicate_brief", "an earlier record asks for the very same")
    return None
