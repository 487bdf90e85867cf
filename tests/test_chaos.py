"""A whole round under kill -9, through a simulated Google Drive that misbehaves.

One coordinator and six workers, each in a clone and processes of its own, all at once; dvc and dvc-gdrive are real.
`python -m bench.chaos` plays it with more kills.
"""

import os
import random
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakedrive import FakeDrive
from housebrain.files import read_json, sha256_file
from project import SHARDS, clone_project, run, start, start_round

ADAPTER = "adapter_model.safetensors"
KILLS = int(os.environ.get("HOUSEBRAIN_CHAOS_KILLS", "20"))
SEED = int(os.environ.get("HOUSEBRAIN_CHAOS_SEED", "0"))
EPOCHS = int(os.environ.get("HOUSEBRAIN_CHAOS_EPOCHS", "120"))
FAULT_RATE = 0.02  # of all requests to the Drive
FAULTS = ["403", "429", "500", "503", "reset", "expired"]
LONGEST_LIFE_SECONDS = 60.0
LOST = 6  # the worker that never comes back

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]


class Kills:
    """How many are left, over all workers: one that ends early leaves its share to the others."""

    def __init__(self, count: int) -> None:
        self._left, self._lock = count, threading.Lock()

    def take(self) -> bool:
        with self._lock:
            self._left -= 1
            return self._left >= 0


class Worker(threading.Thread):
    """One machine on which `housebrain work` is started again each time it dies, until it has done its shard."""

    def __init__(self, shard: int, folder: Path, kills: Kills, drive: FakeDrive) -> None:
        super().__init__(daemon=True)
        self.drive = drive
        self.shard, self.folder = shard, folder
        self.kills = kills
        self.random = random.Random(1000 * SEED + shard)
        self.killed: Counter[str] = Counter()  # by what it was doing
        self.status: int | None = None

    def must_die(self) -> bool:
        """The lost one is killed until it has left a checkpoint, the others while kills are left."""
        return self.shard == LOST or self.kills.take()

    def doing(self) -> str:
        """What the log says the process was at."""
        text = (self.folder / "out.log").read_text().rsplit("# start", 1)[-1]
        for mark, name in (("s left", "training"), ("tokens of which", "loading"), ("Running stage", "starting")):
            if mark in text:
                return name
        return "preparing"

    def run(self) -> None:
        while self.status != 0:
            with (self.folder / "out.log").open("a") as log:
                log.write("# start\n")
            process = start(self.folder, "housebrain", "work", "--shard", str(self.shard))
            try:
                life_seconds = self.random.uniform(1, LONGEST_LIFE_SECONDS) if self.must_die() else None
                self.status = process.wait(life_seconds)
                assert self.status == 0, (self.folder / "out.log").read_text()
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                self.killed[self.doing()] += 1
                if self.shard == LOST and self.has_checkpoint():
                    return

    def has_checkpoint(self) -> bool:
        """Something of its training is on the remote."""
        return bool(self.drive.announced(self.shard))


@pytest.fixture
def drive(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDrive]:
    """A Drive which all processes started from here talk to."""
    with FakeDrive() as drive:
        for name, value in drive.environment().items():
            monkeypatch.setenv(name, value)
        yield drive


def test_a_round_survives_its_workers_deaths(
    tmp_path: Path, tiny_base: Path, mlflow_database: Path, drive: FakeDrive
) -> None:
    coordinator = start_round(
        tmp_path / "coordinator",
        tiny_base,
        mlflow_database,
        epochs=EPOCHS,
        remote=drive.make_folder("housebrain"),
        workers__heartbeat_seconds=3,
        workers__expiry_seconds=20,
    )
    undisturbed = clone_project(coordinator, tmp_path / "undisturbed", tiny_base, mlflow_database)
    run(undisturbed, "dvc", "pull", "split", "init_lora")
    for shard in SHARDS:
        run(undisturbed, "dvc", "repro", "-s", f"train_shard@{shard}", HOUSEBRAIN_SHARD=str(shard))

    drive.misbehave(FAULT_RATE, FAULTS, SEED)
    started = time.monotonic()
    workers, kills = [], Kills(KILLS + len(SHARDS))  # some are drawn by a worker that ends before
    for shard in SHARDS:
        folder = clone_project(coordinator, tmp_path / f"worker-{shard}", tiny_base, mlflow_database)
        workers.append(Worker(shard, folder, kills, drive))
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    killed: Counter[str] = sum((worker.killed for worker in workers), Counter())
    print(f"\n{killed.total()} kills in {time.monotonic() - started:.0f} s: {dict(killed)}")
    print(f"{drive.requests.total()} requests served, {drive.injected.total()} faults: {dict(drive.injected)}")
    drive.misbehave(0, [])  # plain dvc commands on the coordinator are run once, without retries
    assert killed.total() >= KILLS
    assert killed["training"] > 0
    assert [worker.status for worker in workers[:-1]] == [0] * (len(SHARDS) - 1)

    run(coordinator, "housebrain", "promote", "--shard", str(LOST))
    printed = run(coordinator, "dvc", "repro", "--pull")
    assert "Running stage 'train_shard" not in printed
    assert "Running stage 'merge'" in printed
    for shard in SHARDS:
        ours, alone = (
            sha256_file(folder / f"models/shards/{shard}/{ADAPTER}") for folder in (coordinator, undisturbed)
        )
        assert (ours == alone) == (shard != LOST), f"shard {shard}"
    lost = read_json(coordinator / f"reports/shards/{LOST}.json")
    assert lost["steps"] < lost["total_steps"]
    criteria = read_json(coordinator / "reports/criteria.json")
    assert criteria["shards_finished"]["value"] == len(SHARDS) - 1
    for worker in workers:  # no lock was left behind
        run(worker.folder, "dvc", "status", "--quiet", f"train_shard@{worker.shard}", ok=worker.shard != LOST)
