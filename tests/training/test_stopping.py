"""Tests for housebrain.training.stopping; signals to a training are in test_train."""

import subprocess
import sys
import threading
import time
from pathlib import Path

from housebrain.training.stopping import STOP, Stop


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
    found: list[bool] = []

    def body() -> None:
        with Stop(tmp_path) as stop:
            found.append(stop.asked())

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    assert found == [False]


def test_a_process_ends_with_its_supervisor() -> None:
    supervisor = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    program = f"import time; from housebrain.training.stopping import end_with; end_with({supervisor.pid})"
    child = subprocess.Popen([sys.executable, "-c", f"{program}; time.sleep(60)"])
    time.sleep(1)
    assert child.poll() is None
    supervisor.kill()
    supervisor.wait()
    assert child.wait(timeout=30) == 1
