"""What it costs that checkpoints leave the machine, and how long a crash keeps a worker from training.

    PYTHONPATH=tests python -m bench.sync --pairs 4 --out bench/results/sync.json

Real sessions of `housebrain work` on SmolLM2-135M against the simulated Google Drive, each request of which takes
`--latency` seconds more. Overhead: training's own seconds under `work`, which uploads every checkpoint and sends
heartbeats, and under a plain `dvc repro`, in turn. Training has one thread, so that the rest has the other core, as
beside a GPU; the Drive's server runs there too and counts against us. Crash: `work` is killed (SIGKILL) and started
again at once, in its clone and in a new one, where the base model is put in place before.
"""

import argparse
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.machine import hardware
from mlflow import MlflowClient

from fakedrive import FakeDrive
from housebrain.files import read_json, write_json
from housebrain.model.base import ensure_base
from housebrain.params import load_params
from project import change_params, clone_project, environment, run, simulated_drive, start_round

WORK = ("housebrain", "work", "--shard", "1")
# What a worker prints when it begins the next part of getting back to training, as patterns.
PARTS = {
    "programs, remote, pull": "",
    "lease, checkpoint": "fetched|up to date",
    "dvc, training's imports": "Running stage",
    "model, checkpoint, first step": "tokens of which",
}
STEP = "tok/s"  # of each step that is logged


class Lines:
    """A process's output with the seconds since its start at which each line came."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            words,
            cwd=folder,
            env=environment(OMP_NUM_THREADS="1", PYTHONUNBUFFERED="1"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[tuple[float, str]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append((time.monotonic() - self.started, line))

    def first(self, mark: str) -> float:
        """When the first line that matches `mark` came; waits for it."""
        while not (found := [seconds for seconds, line in self.lines if re.search(mark, line)]):
            if self.process.poll() is not None and not self._reader.is_alive():
                raise RuntimeError("".join(line for _, line in self.lines))
            time.sleep(0.02)
        return found[0]

    def end(self) -> None:
        """Waits for an end without an error."""
        status = self.process.wait()
        self._reader.join()
        if status:
            raise RuntimeError("".join(line for _, line in self.lines))

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def counted(drive: FakeDrive, into: dict[str, Any], name: str) -> Iterator[None]:
    """Notes the requests, bytes and seconds of what is done inside."""
    before = (drive.requests.total(), drive.received_bytes, drive.sent_bytes, time.monotonic())
    yield
    after = (drive.requests.total(), drive.received_bytes, drive.sent_bytes, time.monotonic())
    requests, sent, received, seconds = (b - a for a, b in zip(before, after, strict=True))
    into[name] = {"requests": requests, "mb_sent": sent / 1e6, "mb_received": received / 1e6, "seconds": seconds}


class Round:
    """A coordinator, and clones for one shard.

    Args:
        folder: for all of them.
        drive: the remote.
        samples: of the shard.
        save_steps: between checkpoints.
    """

    def __init__(self, folder: Path, drive: FakeDrive, samples: int, save_steps: int) -> None:
        self.folder = folder
        self.base = ensure_base(load_params()).absolute()
        self.database = folder / "empty.db"
        MlflowClient(f"sqlite:///{self.database}").search_experiments()
        remote = drive.make_folder("housebrain")
        self.coordinator = start_round(
            folder / "coordinator",
            self.base,
            self.database,
            epochs=1,
            remote=remote,
            supervision__heartbeat_seconds=10,
            supervision__expiry_seconds=20,
        )
        change_params(
            self.coordinator,
            prepare__generate_count=6 * samples + 60,
            platforms__colab__max_length=768,
            platforms__colab__max_samples=samples,
            platforms__colab__save_steps=save_steps,
            train__validity_samples=0,
        )
        self.number = 0
        run(self.coordinator, "dvc", "repro", "split", "init_lora")
        run(self.coordinator, "dvc", "push", "split", "init_lora")
        run(self.coordinator, "git", "commit", "-qam", "settings")

    def next_training(self) -> None:
        """A training that no run-cache has: another seed, which changes nothing of the work."""
        self.number += 1
        change_params(self.coordinator, train__seed=self.number)
        run(self.coordinator, "git", "commit", "-qam", f"training {self.number}")

    def clone(self, name: str) -> Path:
        return clone_project(self.coordinator, self.folder / name, self.base, self.database)


def seconds_of(clone: Path) -> float:
    """Training's own, from its first step to its last."""
    return float(read_json(clone / "reports/shards/1.json")["seconds"])


def overhead(project: Round, pairs: int) -> dict[str, Any]:
    """Trainings with and without sync, in turn; which is first changes with each pair."""
    seconds: dict[str, list[float]] = {"plain": [], "sync": []}
    for pair in range(pairs):
        for how in ("plain", "sync") if pair % 2 else ("sync", "plain"):
            project.next_training()
            clone = project.clone(f"{how}-{pair}")
            run(clone, "dvc", "pull", "data/shards/1", "models/lora_init")
            words = WORK if how == "sync" else ("dvc", "repro", "-s", "train_shard@1")
            process = Lines(clone, *(("env", "HOUSEBRAIN_SHARD=1") if how == "plain" else ()), *words)
            process.end()
            seconds[how].append(seconds_of(clone))
            print(f"pair {pair + 1}/{pairs}, {how}: {seconds[how][-1]:.1f} s", flush=True)
    ratios = [sync / plain - 1 for sync, plain in zip(seconds["sync"], seconds["plain"], strict=True)]
    return {"seconds": seconds, "overhead": statistics.median(ratios), "overheads": ratios}


def crash(project: Round, drive: FakeDrive) -> dict[str, Any]:
    """Kills a worker after its first checkpoint is safe; the seconds of each part until it trains again."""
    result: dict[str, Any] = {}
    project.next_training()
    clone = project.clone("crash")
    for where in ("the same clone", "a new clone"):
        known = set(drive.announced(1))
        process = Lines(clone, *WORK)
        while not set(drive.announced(1)) - known:
            if process.process.poll() is not None:
                process.end()
                raise RuntimeError("training ended before it could be killed; ask for more samples")
            time.sleep(0.05)
        process.kill()
        if where == "a new clone":
            clone = project.clone("crash-new")
        again = Lines(clone, *WORK)
        until = again.first(STEP)
        begun = [again.first(mark) if mark else 0.0 for mark in PARTS.values()]
        ends = [*begun[1:], until]
        result[where] = {name: end - begin for name, begin, end in zip(PARTS, begun, ends, strict=True)}
        result[where]["all"] = until
        again.kill()
    return result


def costs(project: Round, drive: FakeDrive) -> dict[str, Any]:
    """Requests and bytes of what a worker does on the remote."""
    program = (
        "import sys; from pathlib import Path; from housebrain.params import load_params; "
        "from housebrain.shard import Shard; from housebrain.training.fingerprint import fingerprint, training_key; "
        "from housebrain.supervision.remote import open_remote; from housebrain.supervision import upload; "
        "from housebrain.supervision.work import Session; from housebrain.training.checkpoints import newest; "
        "params, shard, remote = load_params(), Shard(1), open_remote(); "
        "key = training_key(fingerprint(shard, params)); session = Session(shard, params, remote, key); "
        "checkpoint = newest(shard.checkpoints, key); "
    )
    pause = "print('ready', flush=True); sys.stdin.readline(); "
    calls = {
        "lease": "session.lease.acquire()",
        "heartbeat": "session.lease.beat()",
        "checkpoint": "upload.upload(remote, checkpoint, key, 1); upload.prune(remote, key, 1, 3)",
        "restore": "import shutil; shutil.rmtree(paths.checkpoints); upload.restore(remote, key, 1, paths.checkpoints)",
    }
    clone = project.folder / "crash-new"
    words = [sys.executable, "-c", program + "; ".join(pause + call for call in calls.values()) + "; " + pause]
    process = subprocess.Popen(
        words, cwd=clone, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None and process.stdout is not None
    result: dict[str, Any] = {}

    def wait() -> None:
        while (line := process.stdout.readline()) != "ready\n":  # type: ignore[union-attr]
            if not line:
                raise RuntimeError("the worker's calls failed; see above")

    wait()
    for name in calls:
        with counted(drive, result, name):
            process.stdin.write("\n")
            process.stdin.flush()
            wait()
    process.communicate("\n")
    run(clone, "dvc", "repro", "-s", "train_shard@1", HOUSEBRAIN_SHARD="1")
    with counted(drive, result, "push of the result"):
        run(clone, "dvc", "push", "--run-cache", "train_shard@1")
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=4, help="of trainings with and without sync")
    parser.add_argument("--samples", type=int, default=24)
    parser.add_argument("--save-steps", type=int, default=4, help="steps of a sample between checkpoints")
    parser.add_argument("--latency", type=float, default=0.3, help="of each request to the Drive, in seconds")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, simulated_drive() as drive:
        project = Round(Path(folder), drive, arguments.samples, arguments.save_steps)
        drive.latency_seconds = arguments.latency
        result: dict[str, Any] = {"crash": crash(project, drive), "costs": costs(project, drive)}
        result["training"] = overhead(project, arguments.pairs)
    result |= {"command": f"python -m bench.sync {' '.join(sys.argv[1:])}", "hardware": hardware()}
    result |= {"latency_seconds": arguments.latency, "save_steps": arguments.save_steps}
    if arguments.out:
        write_json(arguments.out, result)
    print(f"training: {result['training']['overhead']:+.1%} with sync")
    for where, parts in result["crash"].items():
        print(f"from a crash to training in {where}: " + ", ".join(f"{k} {v:.1f} s" for k, v in parts.items()))
    for name, cost in result["costs"].items():
        print(
            f"{name}: {cost['requests']} requests, {cost['mb_sent']:.2f} MB sent, {cost['mb_received']:.2f} MB "
            f"received, {cost['seconds']:.1f} s"
        )


if __name__ == "__main__":
    main()
