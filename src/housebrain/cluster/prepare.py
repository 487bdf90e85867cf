"""Solving briefs on a cluster, by Ray Data: read here, solved anywhere, handed back in the dataset's order.

The driver's node reads, so that no other needs the dataset's files. A block holds some 30 briefs. Ray Data keeps
as many blocks on their way as the object store has room for, and solves a block again whose node died. What comes back
is written by the same code, in the same order, as what this machine solves itself: the bytes are the same.
"""

import os
import pickle
import sys
import warnings
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from housebrain.cluster.connect import address_given, connected
from housebrain.cluster.journal import Journal, Position
from housebrain.dataset.feedback import feedback_batches
from housebrain.dataset.generate import generate_records
from housebrain.dataset.prepare import Solved, evenly, solve_batch, write_prepared
from housebrain.dataset.records import RawRecord, count_records, parse_json, parts_of
from housebrain.environment import STATE
from housebrain.errors import UserError
from housebrain.files import sha256_folder
from housebrain.params import Prepare

BATCH = 32
BLOCK_BYTES = 128 * 1024  # of records' JSON: about 30 of the v5 dataset, half a minute of work at one a second
RETRIES = 5  # of a block whose process or node died
GENERATED_IN_PART = 5_000
RUNS_IN_JOB = 25  # 125,000 records, where a run is a row group that `ingest` wrote
SEARCHED = 1_000  # batches of records, for one that kills its process: more are never on their way


class Run(Protocol):
    """Some of a dataset's records, one after the other. It is sent to where it is read."""

    @property
    def size(self) -> int | None: ...

    def read(self) -> Iterator[RawRecord]: ...


class Generated(NamedTuple):
    """Generated records from number `first` on."""

    first: int
    size: int
    seed: int

    def read(self) -> Iterator[RawRecord]:
        return generate_records(self.size, self.seed, self.first)


def generated(count: int, seed: int) -> list[Generated]:
    """As `generate_records`, in parts."""
    firsts = range(1, count + 1, GENERATED_IN_PART)
    return [Generated(first, min(GENERATED_IN_PART, count + 1 - first), seed) for first in firsts]


class Sampled(NamedTuple):
    """Of some records those that are among the `take` of all `total`."""

    run: Run
    first: int  # how many records are before it
    take: int
    total: int

    @property
    def size(self) -> int | None:
        return None

    def read(self) -> Iterator[RawRecord]:
        return evenly(self.run.read(), self.take, self.total, self.first)


def sampled(runs: Sequence[Run], take: int) -> Sequence[Run]:
    """`take` of all records, evenly spread.

    Raises:
        UserError: it can't be told how many records there are.
    """
    counts = [run.size for run in runs]
    if None in counts:
        raise UserError(
            "prepare.sample_count: how many records there are is known of Parquet only. Pack the dataset with "
            "`housebrain ingest FOLDER`, or set prepare.engine to local."
        )
    known = [count or 0 for count in counts]
    if take >= sum(known):
        return runs
    return [Sampled(run, sum(known[:number]), take, sum(known)) for number, run in enumerate(runs)]


def prepare_on_cluster(settings: Prepare, raw: Path, out: Path) -> dict[str, Any]:
    """As the stage `prepare` with this machine's processes, to the same bytes, on the cluster that RAY_ADDRESS names.

    Args:
        settings: of the stage.
        raw: the dataset, looked at where the settings' source is `raw`.
        out: as for `prepare`, which says what is returned and raised.
    """
    if settings.source == "generate":
        runs: Sequence[Run] = generated(settings.generate_count, settings.seed)
        made_from: Any = settings.generate_count
    else:
        runs = parts_of(raw)
        if settings.sample_count:
            runs = sampled(runs, settings.sample_count)
        made_from = [settings.sample_count, sha256_folder(raw)]
    journal = Journal(STATE / "prepare", [settings.seed, settings.alternatives, made_from])
    total = settings.generate_count if settings.source == "generate" else settings.sample_count or count_records(raw)
    with connected(address_given()):
        report = write_prepared(
            chain(feedback_batches(), solved(runs, settings.seed, journal, settings.alternatives)), out, total
        )
    journal.remove()
    return report


def solved(runs: Sequence[Run], seed: int, journal: Journal, alternatives: int = 1) -> Iterator[list[Solved]]:
    """The records of all `runs`, solved on the cluster that this process is connected to, in order.

    Args:
        runs: as `parts_of` or `generated` make them.
        seed: of the solver.
        journal: what was solved before is not solved again, and what is solved is kept there.
        alternatives: designs of each brief.

    Raises:
        UserError: a record is malformed, or its solving kills every process that tries it.
    """
    import ray

    yield from journal.kept()
    if journal.position != Position(0, 0):
        print(f"prepare: going on after {journal.count:,} briefs that were solved before", file=sys.stderr)
    try:
        for row in _rows(runs, seed, alternatives, journal.position):
            if row["refused"]:
                raise UserError(row["refused"])
            batch: list[Solved] = pickle.loads(row["solved"])
            journal.add(batch, Position(row["run"], row["end"]))
            yield batch
    except (ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError, ray.exceptions.NodeDiedError) as error:
        raise _culprit(runs, seed, alternatives, journal.position) from error
    finally:
        journal.save()


def _rows(runs: Sequence[Run], seed: int, alternatives: int, start: Position) -> Iterator[dict[str, Any]]:
    """The dataset from a position on: rows of `run`, `end`, and the batch `solved` or why it was `refused`.

    A job of Ray Data's after the other: it keeps some 12 KB for each block until its end, here and in the head.
    """
    for first in range(start.run, len(runs), RUNS_IN_JOB):
        begin = start if first == start.run else Position(first, 0)
        yield from _job(runs[: first + RUNS_IN_JOB], seed, alternatives, begin).iter_rows()


def _job(runs: Sequence[Run], seed: int, alternatives: int, start: Position) -> Any:
    """A job from a position to the end of `runs`."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True
    context.target_max_block_size = BLOCK_BYTES
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    items = [
        {
            "run": number,
            "skipped": start.record if number == start.run else 0,
            "source": pickle.dumps(run),
            "folder": str(Path.cwd()),
        }
        for number, run in enumerate(runs)
        if number >= start.run
    ]
    read: dict[str, Any] = {"num_cpus": 0, "compute": ray.data.TaskPoolStrategy(size=1), "scheduling_strategy": here}
    with warnings.catch_warnings():
        # Ray 2.60 has no other way to say how often a task is tried; without it a record that kills its process would
        # be tried for ever. So pyproject.toml takes no Ray in which this way is gone.
        warnings.filterwarnings("ignore", message="`ray_remote_args` is deprecated")
        records = ray.data.from_items(items, override_num_blocks=len(items))
        batches = records.map_batches(_read, batch_size=1, max_retries=RETRIES, **read)
        return batches.map(
            _solve, fn_kwargs={"seed": seed, "alternatives": alternatives}, num_cpus=1, max_retries=RETRIES
        )


def _read(items: dict[str, Any]) -> Iterator[dict[str, list[Any]]]:
    """A run's records from the first that is not skipped on, in batches of one row each."""
    run, skipped = int(items["run"][0]), int(items["skipped"][0])
    os.chdir(items["folder"][0])  # the driver's: paths are relative, so that records are named as they are there
    try:
        for end, batch in _batches(pickle.loads(items["source"][0]), skipped):
            yield {"run": [run], "end": [end], "batch": [pickle.dumps(batch)], "refused": [""]}
    except UserError as error:
        yield {"run": [run], "end": [0], "batch": [b""], "refused": [str(error)]}


def _batches(run: Run, skipped: int) -> Iterator[tuple[int, list[RawRecord]]]:
    """Batches of a run's records, and how many of the run's are read with each."""
    records, end = islice(run.read(), skipped, None), skipped
    while batch := list(islice(records, BATCH)):
        end += len(batch)
        yield end, batch


def _solve(row: dict[str, Any], seed: int, alternatives: int) -> dict[str, Any]:
    done = {"run": row["run"], "end": row["end"], "refused": row["refused"], "solved": b""}
    if not row["refused"]:
        try:
            done["solved"] = pickle.dumps(solve_batch(pickle.loads(row["batch"]), seed, alternatives))
        except UserError as error:
            done["refused"] = str(error)
    return done


def _culprit(runs: Sequence[Run], seed: int, alternatives: int, start: Position) -> UserError:
    """Why processes died again and again after a position: names the record that kills every process, if one does."""
    import ray

    dies = (ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError, ray.exceptions.NodeDiedError)
    solving = ray.remote(num_cpus=1, max_retries=1)(solve_batch)
    pending = (
        batch
        for number, run in enumerate(runs[start.run :])
        for _, batch in _batches(run, 0 if number else start.record)
    )
    for batch in islice(pending, SEARCHED):
        try:
            ray.get(solving.remote(batch, seed, alternatives))
        except dies:
            for raw in batch:
                try:
                    ray.get(solving.remote([raw], seed, alternatives))
                except dies:
                    record = parse_json(raw)
                    record_id = record.get("id", "without id") if isinstance(record, dict) else "without id"
                    return UserError(
                        f"{raw.where}: record {record_id}: every process that solves it is killed, for want of memory "
                        "or by a fault. Remove the record."
                    )
        except UserError as error:
            return error
    return UserError(
        "prepare: processes were killed again and again, and no single record is the cause: most likely the nodes' "
        "memory is too small for as many processes as they have CPUs. Run the command again: it goes on."
    )
