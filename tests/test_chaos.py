"""A whole round under kill -9: one coordinator and six workers, each in a clone and processes of its own, all at once.

`python -m bench.chaos` plays it with more kills.
"""

import os
import random
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from housebrain.files import read_json, sha256_file
from project import SHARDS, clone_project, run, start, start_round

ADAPTER = "adapter_model.safetensors"
KILLS = int(os.environ.get("HOUSEBRAIN_CHAOS_KILLS", "20"))
SEED = int(os.environ.get("HOUSEBRAIN_CHAOS_SEED", "0"))
EPOCHS = int(os.environ.get("HOUSEBRAIN_CHAOS_EPOCHS", "60"))
LONGEST_LIFE_SECONDS = 45.0
LOST = 6  # the worker that never comes back

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]


class Worker(threading.Thread):
    """One machine on which `housebrain work` is started again each time it dies, until it has done its shard."""

    def __init__(self, shard: int, folder: Path, kills: int) -> None:
        super().__init__(daemon=True)
        self.shard, self.folder = shard, folder
        self.kills_left = kills
        self.random = random.Random(1000 * SEED + shard)
        self.killed: Counter[str] = Counter()  # by what it was doing
        self.status: int | None = None

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
                life_seconds = self.random.uniform(1, LONGEST_LIFE_SECONDS) if self.kills_left else None
                self.status = process.wait(life_seconds)
                assert self.status == 0, (self.folder / "out.log").read_text()
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                self.kills_left -= 1
                self.killed[self.doing()] += 1
                if self.shard == LOST and self.has_checkpoint():
                    return

    def has_checkpoint(self) -> bool:
        """Something of its training is on the remote."""
        remote = self.folder.with_name("coordinator-remote")
        return any(remote.glob(f"checkpoints/*/shard-{self.shard}/*.tar.sha256"))


def test_a_round_survives_its_workers_deaths(tmp_path: Path, tiny_base: Path, mlflow_database: Path) -> None:
    coordinator = start_round(tmp_path / "coordinator", tiny_base, mlflow_database, epochs=EPOCHS)
    undisturbed = clone_project(coordinator, tmp_path / "undisturbed", tiny_base, mlflow_database)
    run(undisturbed, "dvc", "pull", "split", "init_lora")
    for shard in SHARDS:
        run(undisturbed, "dvc", "repro", "-s", f"train_shard@{shard}", HOUSEBRAIN_SHARD=str(shard))

    started = time.monotonic()
    workers = []
    for shard in SHARDS:
        folder = clone_project(coordinator, tmp_path / f"worker-{shard}", tiny_base, mlflow_database)
        # Two more each than are needed: some may end before. The lost one is killed until it has left a checkpoint.
        workers.append(Worker(shard, folder, 1000 if shard == LOST else KILLS // (len(SHARDS) - 1) + 2))
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    killed: Counter[str] = sum((worker.killed for worker in workers), Counter())
    print(f"\n{killed.total()} kills in {time.monotonic() - started:.0f} s: {dict(killed)}")
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
