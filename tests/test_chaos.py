"""A whole round under kill -9, through a simulated Google Drive that misbehaves.

One coordinator and six workers, each in a clone and processes of its own, all at once; dvc and dvc-gdrive are real.
Requests fail before or after they were carried out, hang, or are refused, and lists lag behind. `python -m bench.chaos`
plays it with more kills and faults.

On Linux most lives begin as forks of one process that has imported their libraries, which takes a tenth of the time.
The others, `FRESH_SHARE` of them, begin with interpreters of their own: those are killed while they import, too.
"""

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakedrive import ANSWERS, FakeDrive
from forkserver import Asker, ForkServer
from housebrain.files import read_json, sha256_file, write_json
from project import SHARDS, clone_project, run, simulated_drive, start, start_round

ADAPTER = "adapter_model.safetensors"
KILLS = int(os.environ.get("HOUSEBRAIN_CHAOS_KILLS", "20"))  # at least
LEAST_FAULTS = int(os.environ.get("HOUSEBRAIN_CHAOS_FAULTS", "30"))
SEED = int(os.environ.get("HOUSEBRAIN_CHAOS_SEED", "0"))
EPOCHS = int(os.environ.get("HOUSEBRAIN_CHAOS_EPOCHS", "120"))
FAULT_RATE = float(os.environ.get("HOUSEBRAIN_CHAOS_FAULT_RATE", "0.02"))  # of all requests to the Drive
FAULTS = [*ANSWERS, "reset", "lost", "hang"]
RESULT = os.environ.get("HOUSEBRAIN_CHAOS_RESULT", "")  # a file to write it to
UNDISTURBED = os.environ.get("HOUSEBRAIN_CHAOS_UNDISTURBED", "")  # a file that keeps what such trainings came to
LAG_SECONDS = 1.0  # of the Drive's lists
TIMEOUT_SECONDS, HANG_SECONDS = 10.0, 15.0
# A life ends after so much time, or so many steps of training, whichever comes first: there are enough of them before
# training is over, however fast the machine.
LONGEST_LIFE_SECONDS = float(os.environ.get("HOUSEBRAIN_CHAOS_LIFE", "60"))
MOST_STEPS = 40
FRESH_SHARE = 0.1  # of all lives, drawn at random
LOST = 6  # the worker that never comes back

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.alone, pytest.mark.timeout(7200)]


class Kills:
    """Whether to go on killing: until there were enough of kills and of faults, over all workers."""

    def __init__(self, count: int, drive: FakeDrive) -> None:
        self._left, self._drive, self._lock = count, drive, threading.Lock()

    def take(self) -> bool:
        with self._lock:
            self._left -= 1
            return self._left >= 0 or self._drive.injected.total() < LEAST_FAULTS


class Worker(threading.Thread):
    """One machine on which `housebrain work` is started again each time it dies, until it has done its shard."""

    def __init__(self, shard: int, folder: Path, kills: Kills, drive: FakeDrive, asker: Asker | None) -> None:
        super().__init__(daemon=True)
        self.drive, self.asker = drive, asker
        self.shard, self.folder = shard, folder
        self.kills = kills
        self.random = random.Random(1000 * SEED + shard)
        self.killed: Counter[str] = Counter()  # by what it was doing
        self.killed_fresh = 0  # of these, in lives that began with interpreters of their own
        self.gave_up: list[str] = []  # errors that `work` ended with: more faults in a row than it bears
        self.status: int | None = None

    def must_die(self) -> bool:
        """The lost one is killed until it has left a checkpoint, the others while kills are left."""
        return self.shard == LOST or self.kills.take()

    def log(self) -> str:
        """What its last life printed."""
        return (self.folder / "out.log").read_text().rsplit("# start", 1)[-1]

    def doing(self) -> str:
        """What the log says the process was at."""
        marks = {"done in": "pushing", "tok/s": "training", "tokens of which": "loading", "Running stage": "starting"}
        return next((name for mark, name in marks.items() if mark in self.log()), "preparing")

    def run(self) -> None:
        while self.status != 0:
            with (self.folder / "out.log").open("a") as log:
                log.write("# start\n")
            asker = None if self.random.random() < FRESH_SHARE else self.asker
            process = start(self.folder, "housebrain", "work", "--shard", str(self.shard), asker=asker)
            if self.must_die() and self.outlives(process):
                process.kill()
                process.wait()
                self.killed[self.doing()] += 1
                self.killed_fresh += asker is None
                if self.shard == LOST and self.has_checkpoint():
                    return
            else:
                self.status = process.wait()
                if self.status:
                    last = self.log().strip().splitlines()[-1]
                    unpushed = f"error: shard {self.shard}: trained, but not pushed: `dvc "
                    assert last.startswith(("error: remote storage:", "error: `dvc ", unpushed)), self.log()
                    self.gave_up.append(last)

    def outlives(self, process: subprocess.Popen[str]) -> bool:
        """Waits for the end of a life drawn at random; False where the process ended before."""
        born, life_seconds = time.monotonic(), self.random.uniform(1, LONGEST_LIFE_SECONDS)
        steps = self.random.randint(1, MOST_STEPS)
        while process.poll() is None:
            if time.monotonic() - born > life_seconds or self.log().count("tok/s") >= steps:
                return True
            time.sleep(0.05)
        return False

    def has_checkpoint(self) -> bool:
        """Something of its training is on the remote."""
        return bool(self.drive.announced(self.shard))


@pytest.fixture
def drive() -> Iterator[FakeDrive]:
    with simulated_drive(TIMEOUT_SECONDS) as drive:
        drive.hang_seconds = HANG_SECONDS
        yield drive


@pytest.fixture
def asker(drive: FakeDrive) -> Iterator[Asker | None]:
    """Of a fork server whose processes reach the Drive; None where the system can't fork so."""
    if sys.platform != "linux":
        yield None
        return
    with ForkServer() as server:
        yield server.asker


def trained_alone(coordinator: Path, folder: Path, tiny_base: Path, mlflow_database: Path) -> dict[str, str]:
    """The hash of each shard's adapter where nothing disturbs its training; kept in a file, if one is named."""
    if UNDISTURBED and Path(UNDISTURBED).exists():
        kept: dict[str, str] = read_json(UNDISTURBED)
        return kept
    clone_project(coordinator, folder, tiny_base, mlflow_database)
    run(folder, "dvc", "pull", "split", "init_lora")
    for shard in SHARDS:
        run(folder, "dvc", "repro", "-s", f"train_shard@{shard}", HOUSEBRAIN_SHARD=str(shard))
    hashes = {str(shard): sha256_file(folder / f"models/shards/{shard}/{ADAPTER}") for shard in SHARDS}
    if UNDISTURBED:
        write_json(UNDISTURBED, hashes)
    return hashes


def test_a_round_survives_its_workers_deaths(
    tmp_path: Path, tiny_base: Path, mlflow_database: Path, drive: FakeDrive, asker: Asker | None
) -> None:
    coordinator = start_round(
        tmp_path / "coordinator",
        tiny_base,
        mlflow_database,
        epochs=EPOCHS,
        remote=drive.make_folder("housebrain"),
        supervision__heartbeat_seconds=3,
        supervision__expiry_seconds=20,
    )
    alone = trained_alone(coordinator, tmp_path / "undisturbed", tiny_base, mlflow_database)

    drive.misbehave(FAULT_RATE, FAULTS, SEED)
    drive.lag_seconds = LAG_SECONDS
    started = time.monotonic()
    workers, kills = [], Kills(KILLS + len(SHARDS), drive)  # some are drawn by a worker that ends before
    for shard in SHARDS:
        folder = clone_project(coordinator, tmp_path / f"worker-{shard}", tiny_base, mlflow_database)
        workers.append(Worker(shard, folder, kills, drive, asker))
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    killed: Counter[str] = sum((worker.killed for worker in workers), Counter())
    result = {
        "kills": dict(killed),
        "kills_of_fresh_interpreters": sum(worker.killed_fresh for worker in workers),
        "ended_with_an_error": sum(len(worker.gave_up) for worker in workers),
        "requests_served": drive.requests.total(),
        "faults": dict(drive.injected),
        "list_lag_seconds": LAG_SECONDS,
        "seconds": round(time.monotonic() - started),
    }
    if RESULT:  # also of a round that fails
        write_json(RESULT, result)
    print(f"\n{result}", *(error for worker in workers for error in worker.gave_up), sep="\n")
    # Plain dvc commands on the coordinator are run once, without retries.
    drive.misbehave(0, [])
    drive.reveal()
    assert [worker.status for worker in workers[:-1]] == [0] * (len(SHARDS) - 1)
    assert killed.total() >= KILLS and killed["training"] > 0
    assert drive.injected.total() >= LEAST_FAULTS and set(drive.injected) == set(FAULTS)

    run(coordinator, "housebrain", "promote", "--shard", str(LOST))
    printed = run(coordinator, "dvc", "repro", "--pull")
    assert "Running stage 'train_shard" not in printed
    assert "Running stage 'merge'" in printed
    for shard in SHARDS:
        ours = sha256_file(coordinator / f"models/shards/{shard}/{ADAPTER}")
        assert (ours == alone[str(shard)]) == (shard != LOST), f"shard {shard}"
    lost = read_json(coordinator / f"reports/shards/{LOST}.json")
    assert lost["steps"] < lost["total_steps"]
    criteria = read_json(coordinator / "reports/criteria.json")
    assert criteria["shards_finished"]["value"] == pytest.approx(1 - 1 / len(SHARDS))
    for worker in workers:  # no lock was left behind
        run(worker.folder, "dvc", "status", "--quiet", f"train_shard@{worker.shard}", ok=worker.shard != LOST)
    if RESULT:
        write_json(RESULT, result | {"adapters_as_undisturbed": len(SHARDS) - 1, "promoted": 1})
