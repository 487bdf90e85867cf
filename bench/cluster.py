"""`prepare` on a Ray cluster of this machine: seconds and memory by the number of records and of nodes.

    python -m bench.cluster data/raw/dataset --records 40000 --nodes 1 --out bench/results/cluster.json

A node has one CPU and one thread. The first `--records` records are taken. `--minutes` ends the run after so long; the
same command then goes on where it was, and seconds add up. Memory is the peak of what processes hold by themselves and
their part of what they share (PSS), looked at every second. `cpu_seconds` are those of all processes, Ray's own among
them: unlike `seconds` they are the same where other work goes on beside. The result is added to `--out`, with the hash
of the bytes.
"""

import argparse
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from bench.machine import hardware

from housebrain.cluster.connect import connected
from housebrain.cluster.journal import Journal
from housebrain.cluster.prepare import Run, solved
from housebrain.dataset.prepare import Solved, write_prepared
from housebrain.dataset.records import parts_of
from housebrain.files import read_json, sha256_folder, write_json

STORE_BYTES = 150 * 1024**2  # of a node
SEED = 1


class LateError(Exception):
    """The minutes are over."""


class Watch:
    """What this process and all that it started take while the body runs.

    Attributes:
        driver_gb: the most memory of this process, in GB (10^9 bytes).
        all_gb: of all together.
        cpu_seconds: of all together.
        driver_cpu_seconds: of this process, which hands out and writes all: it limits how many nodes are of use.
    """

    def __init__(self) -> None:
        self.driver_gb = self.all_gb = 0.0
        self._cpu_seconds: dict[int, float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        me = psutil.Process()
        while not self._ended.wait(1):
            sizes = []
            for process in (me, *me.children(recursive=True)):
                try:
                    sizes.append(process.memory_full_info().pss / 1e9)
                    self._cpu_seconds[process.pid] = sum(process.cpu_times()[:2])
                except psutil.Error:
                    continue
            self.driver_gb = max(self.driver_gb, sizes[0])
            self.all_gb = max(self.all_gb, sum(sizes))

    @property
    def cpu_seconds(self) -> float:
        return sum(self._cpu_seconds.values())

    @property
    def driver_cpu_seconds(self) -> float:
        return self._cpu_seconds.get(os.getpid(), 0.0)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._ended.set()
        self._thread.join()


@contextmanager
def cluster(nodes: int) -> Iterator[str]:
    """A cluster whose head has no CPU; yields its address."""
    from ray.cluster_utils import Cluster

    settings = {"object_store_memory": STORE_BYTES, "include_dashboard": False}
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **settings})
    for _ in range(nodes):
        made.add_node(num_cpus=1, **settings)
    try:
        yield str(made.address)
    finally:
        made.shutdown()


def first(runs: list[Any], records: int) -> list[Run]:
    """As many runs as hold that many records."""
    taken: list[Run] = []
    while records > 0:
        taken.append(runs[len(taken)])
        records -= taken[-1].size or 0
    assert records == 0, "a number of records that is a whole number of row groups"
    return taken


def until(batches: Iterator[list[Solved]], deadline: float) -> Iterator[list[Solved]]:
    for batch in batches:
        yield batch
        if time.monotonic() > deadline:
            raise LateError


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path, help="Parquet, as `housebrain ingest` writes it")
    parser.add_argument("--records", type=int, required=True)
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--work", type=Path, default=Path("/tmp/housebrain-bench"))
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    name = f"{args.records}-{args.nodes}"
    folder, so_far = args.work / name, args.work / f"{name}.json"
    measures = ("seconds", "cpu_seconds", "driver_cpu_seconds", "driver_gb", "all_gb")
    row: dict[str, Any] = read_json(so_far) if so_far.exists() else dict.fromkeys((*measures, "pieces"), 0)
    journal = Journal(folder / "journal", name)
    with cluster(args.nodes) as address, connected(address), Watch() as watch:
        started = time.monotonic()
        late = False
        batches = until(solved(first(parts_of(args.dataset), args.records), SEED, journal), started + 60 * args.minutes)
        try:
            counts = write_prepared(batches, folder / "out", args.records)
        except LateError:
            late = True
        row["seconds"] += time.monotonic() - started
    row["pieces"] += 1
    row |= {key: row[key] + getattr(watch, key) for key in ("cpu_seconds", "driver_cpu_seconds")}
    row |= {key: max(row[key], getattr(watch, key)) for key in ("driver_gb", "all_gb")}
    write_json(so_far, row)
    if late:
        print(f"{name}: {journal.count:,} records after {row['seconds']:.0f} s; run it again to go on")
        return
    done = {"records": args.records, "nodes": args.nodes, "solved": counts["solved"], **row}
    done |= {"records_a_second": args.records / row["seconds"], "sha256": sha256_folder(folder / "out")}
    print(json.dumps(done, indent=2))
    if args.out:
        known: dict[str, Any] = read_json(args.out) if args.out.exists() else {"hardware": hardware(), "rows": []}
        kept = [one for one in known["rows"] if (one["records"], one["nodes"]) != (args.records, args.nodes)]
        rows = sorted([*kept, done], key=lambda one: (one["nodes"], one["records"]))
        write_json(args.out, known | {"rows": rows})
    journal.remove()
    so_far.unlink()


if __name__ == "__main__":
    main()
