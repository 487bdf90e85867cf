"""How fast the data stages are and how much memory they take: `python bench/prepare.py --records 20000`.

Each step runs in a process of its own; memory is the peak of the resident memory of that process and its workers
together, looked at ten times a second (memory that they share is counted more than once). With `--dataset` the records
are read from there, else they are generated. `audit` needs the base model's tokenizer under models/base.
"""

import argparse
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import psutil

from housebrain.dataset.audit import audit
from housebrain.dataset.generate import generate_records
from housebrain.dataset.ingest import ingest
from housebrain.dataset.prepare import prepare
from housebrain.dataset.records import count_records, read_records
from housebrain.dataset.split import split
from housebrain.model.base import ensure_base
from housebrain.model.loading import load_tokenizer
from housebrain.params import load_params

SEED = 1
HELD_OUT = 500  # samples each of validation and test


def _write(dataset: Path | None, records: int, raw: Path) -> None:
    """The records as JSON lines: what `ingest` starts from."""
    source = read_records(dataset) if dataset else generate_records(records, SEED)
    with raw.open("wb") as file:
        for record in islice(source, records or None):
            file.write(record.text.strip() + b"\n")


def _prepare(packed: Path, out: Path, processes: int) -> None:
    print(prepare(read_records(packed), out, SEED, processes, count_records(packed)))


def _split(prepared: Path, out: Path) -> None:
    split(prepared, out / "heldout", out / "shards", 6, HELD_OUT, HELD_OUT, SEED)


def _audit(packed: Path) -> None:
    audit(packed, load_tokenizer(ensure_base(load_params())), 512)


def _tree_bytes(process: psutil.Process) -> int:
    total = 0
    for member in [process, *process.children(recursive=True)]:
        try:
            total += member.memory_info().rss
        except psutil.NoSuchProcess:  # ended since it was listed
            continue
    return total


def measure(step: Callable[..., Any], *args: Any) -> tuple[float, float]:
    """Runs a step in a fresh process.

    Returns:
        Seconds, and peak memory in GB.
    """
    process = multiprocessing.get_context("spawn").Process(target=step, args=args)
    started = time.perf_counter()
    process.start()
    watched, peak = psutil.Process(process.pid), 0
    while process.is_alive():
        try:
            peak = max(peak, _tree_bytes(watched))
        except psutil.NoSuchProcess:
            break
        process.join(0.1)
    process.join()
    if process.exitcode:
        raise SystemExit(process.exitcode)
    return time.perf_counter() - started, peak / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=Path, help="a folder or file of records; else they are generated")
    parser.add_argument("--records", type=int, default=0, help="how many; 0 with --dataset takes all")
    parser.add_argument("--processes", type=int, default=0, help="of prepare; 0 takes one a core")
    args = parser.parse_args()
    if not args.dataset and not args.records:
        parser.error("give --records N, or --dataset PATH")
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        raw, packed, prepared = root / "raw.jsonl", root / "packed", root / "prepared"
        _write(args.dataset, args.records, raw)
        steps: list[tuple[str, Callable[..., Any], tuple[Any, ...]]] = [
            ("ingest", ingest, (raw, packed)),
            ("prepare", _prepare, (packed, prepared, args.processes)),
            ("split", _split, (prepared, root)),
            ("audit", _audit, (packed,)),
        ]
        rows = []
        for step, function, arguments in steps:
            seconds, peak_gb = measure(function, *arguments)
            rows.append((step, seconds, peak_gb, os.getloadavg()[0]))
        count = count_records(packed) or 0
    print(f"\n{count:,} records, {os.cpu_count()} cores\n\nstep      seconds  records/s  peak GB  load")
    for step, seconds, peak_gb, load in rows:
        print(f"{step:<8} {seconds:>8.1f} {count / seconds:>10,.0f} {peak_gb:>8.2f} {load:>5.1f}")


if __name__ == "__main__":
    main()
