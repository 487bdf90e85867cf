"""A worker whose Google Drive (simulated) is full, or no longer lets it in, in the middle of a training."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fakedrive import FakeDrive
from project import clone_project, run, simulated_drive, start, start_round

PATIENCE_SECONDS = 200

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.alone]


@pytest.fixture(scope="module")
def drive() -> Iterator[FakeDrive]:
    with simulated_drive() as drive:
        yield drive


@pytest.fixture(scope="module")
def coordinator(
    tmp_path_factory: pytest.TempPathFactory, tiny_base: Path, mlflow_database: Path, drive: FakeDrive
) -> Path:
    folder = tmp_path_factory.mktemp("round") / "coordinator"
    # Long enough for heartbeats to fail after the trouble has begun, on a fast machine too.
    return start_round(folder, tiny_base, mlflow_database, epochs=300, remote=drive.make_folder("housebrain"))


def fill(drive: FakeDrive) -> None:
    drive.quota_bytes = drive.used_bytes()


def free(drive: FakeDrive) -> None:
    drive.quota_bytes = 10**9


@pytest.mark.parametrize(
    ("shard", "begin", "end", "message"),
    [
        (1, fill, free, "the Drive is full"),
        (2, FakeDrive.revoke, FakeDrive.permit, "the credentials are missing or have expired"),
    ],
)
def test_training_goes_on_and_its_result_is_pushed_later(
    shard: int,
    begin: Callable[[FakeDrive], None],
    end: Callable[[FakeDrive], None],
    message: str,
    coordinator: Path,
    tmp_path: Path,
    tiny_base: Path,
    mlflow_database: Path,
    drive: FakeDrive,
) -> None:
    worker = clone_project(coordinator, tmp_path / "worker", tiny_base, mlflow_database)
    words = ["housebrain", "work", "--shard", str(shard)]
    process = start(worker, *words)
    try:
        started = time.monotonic()
        while not drive.announced(shard):
            assert process.poll() is None and time.monotonic() - started < PATIENCE_SECONDS, log_of(worker)
            time.sleep(0.05)
        begin(drive)
        assert process.wait(PATIENCE_SECONDS) == 1, log_of(worker)
    finally:
        end_of(process)
    printed = log_of(worker)
    assert printed.count(f"warning: shard {shard}: no heartbeat: remote storage: {message}") == 1, printed
    assert f"shard {shard}: done in" in printed
    last = printed.splitlines()[-1]
    assert last.startswith(f"error: shard {shard}: trained, but not pushed: `dvc push --run-cache"), printed
    assert message in last
    assert "Traceback" not in printed

    again = run(worker, *words, ok=False)  # the trouble is still there
    assert message in again and "Running stage" not in again
    end(drive)
    again = run(worker, *words)
    assert f"Stage 'train_shard@{shard}' didn't change, skipping" in again
    assert f"shard {shard}: trained and pushed." in again
    row = json.loads(run(coordinator, "housebrain", "status", "--json", "--no-mlflow"))[shard - 1]
    assert (row["state"], row["pushed"], row["message"]) == ("done", True, "")
    assert row["step"] == row["total_steps"] > 0
    collected = run(coordinator, "dvc", "repro", "--pull", f"train_shard@{shard}")
    assert f"Stage 'train_shard@{shard}' is cached - skipping run, checking out outputs" in collected


def log_of(worker: Path) -> str:
    return (worker / "out.log").read_text()


def end_of(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
