"""Tests for housebrain.training.stopping; signals to a training are in test_train."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from housebrain.environment import STOP
from housebrain.errors import IncompleteError, UserError
from housebrain.training.stopping import Stop, failure, write_failure


def test_a_file_asks_once_and_for_all(tmp_path: Path) -> None:
    with Stop(tmp_path) as stop:
        assert not stop.asked()
        (tmp_path / STOP).write_text("the session ends soon")
        assert stop.asked()
        (tmp_path / STOP).unlink()
        assert stop.asked()
        assert stop.reason == "the session ends soon"


def test_a_request_is_not_meant_for_the_next_training(tmp_path: Path) -> None:
    with Stop(tmp_path):
        (tmp_path / STOP).write_text("the session ends soon")
    with Stop(tmp_path) as stop:
        assert not stop.asked()


def test_other_threads_may_train_too(tmp_path: Path) -> None:
    found: list[str] = []

    def body() -> None:
        with Stop(tmp_path) as stop:
            found.append(stop.asked())

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    assert found == [""]


def test_a_process_ends_with_its_supervisor() -> None:
    supervisor = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    program = f"import time; from housebrain.training.stopping import end_with; end_with({supervisor.pid})"
    child = subprocess.Popen([sys.executable, "-c", f"{program}; time.sleep(60)"])
    time.sleep(1)
    assert child.poll() is None
    supervisor.kill()
    supervisor.wait()
    assert child.wait(timeout=30) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
def test_a_process_that_hangs_with_pythons_lock_ends_with_its_parent(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    hang = (
        "import ctypes, os, pathlib; from housebrain.training.stopping import end_with; end_with(os.getppid()); "
        f"pathlib.Path('{ready}').write_text(str(os.getpid())); ctypes.PyDLL(None).sleep(60)"
    )
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hang!r}])"
    parent = subprocess.Popen([sys.executable, "-c", program])
    while not (ready.exists() and ready.read_text()):
        time.sleep(0.05)
    child = psutil.Process(int(ready.read_text()))
    parent.kill()
    parent.wait()
    psutil.wait_procs([child], timeout=30)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (UserError("step 2: the loss is nan. Look."), "step 2: the loss is nan. Look."),
        (OSError(28, "No space left on device", "x.bin"), "x.bin: the disk is full. Free some space"),
        (RuntimeError("CUDA error:\n  misaligned address"), "RuntimeError: CUDA error: misaligned address"),
    ],
)
def test_why_training_failed_is_written(error: Exception, reason: str, tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"  # not there before the first checkpoint
    with pytest.raises(type(error)), write_failure(folder):
        raise error
    assert failure(folder).startswith(reason)
    assert [path.name for path in folder.iterdir()] == ["failed.txt"]


def test_the_first_reason_stays_and_the_next_are_silent(tmp_path: Path) -> None:
    with pytest.raises(UserError), write_failure(tmp_path):
        raise UserError("the reason")
    with pytest.raises(SystemExit), write_failure(tmp_path):
        raise RuntimeError("Connection closed by peer")
    assert failure(tmp_path) == "the reason"


def test_a_stop_that_was_asked_for_is_no_failure(tmp_path: Path) -> None:
    with pytest.raises(IncompleteError), write_failure(tmp_path):
        raise IncompleteError("stopped at step 2")
    with write_failure(tmp_path):
        pass
    assert failure(tmp_path) == ""
