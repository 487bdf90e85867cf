"""Tests for the fork server of test_chaos.py: what it starts is what `subprocess` would have started."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from forkserver import Forked, ForkServer, python_words

pytestmark = [
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.skipif(sys.platform != "linux", reason="the server needs Linux"),
]

TELL = """
import json, os, sys
print(json.dumps([os.getpid(), os.getppid(), os.getsid(0), os.getcwd(), sys.argv[1:], "torch" in sys.modules]))
"""
STARTS = f"""
import os, subprocess, sys
own = os.getpid()
done = subprocess.run([sys.executable, "-c", {TELL!r}, "inner"], capture_output=True, text=True, start_new_session=True)
print(own, done.returncode, done.stdout, end="", flush=True)
sys.exit(3)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    with ForkServer() as started:
        yield started


def forked(server: ForkServer, code: str, folder: Path) -> Forked:
    return Forked(server.asker, (sys.executable, "-c", code, "a"), cwd=folder, stdout=subprocess.PIPE, text=True)


def test_a_process_is_a_child_in_its_own_folder_with_the_libraries(server: ForkServer, tmp_path: Path) -> None:
    process = forked(server, TELL, tmp_path)
    told = json.loads(process.communicate()[0])
    assert told == [process.pid, os.getpid(), os.getsid(0), str(tmp_path), ["a"], True]
    assert process.returncode == 0


def test_what_it_starts_is_its_child(server: ForkServer, tmp_path: Path) -> None:
    process = forked(server, STARTS, tmp_path)
    own, status, told = process.communicate()[0].split(maxsplit=2)
    pid, parent, session, folder, words, imported = json.loads(told)
    assert (int(own), int(status), process.returncode) == (process.pid, 0, 3)
    assert (parent, session, folder, words, imported) == (process.pid, pid, str(tmp_path), ["inner"], True)


SPAWNS = """
import multiprocessing
import tempfile
from concurrent.futures import ProcessPoolExecutor

def where(_):
    return __file__

if __name__ == "__main__":
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        print(pool.submit(where, 0).result(), tempfile.gettempdir())
"""


def test_a_script_finds_itself_again_in_the_processes_it_spawns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, folder, temporary = (tmp_path / name for name in ("began", "folder", "temporary"))
    for path in (began, folder, temporary):
        path.mkdir()
    (folder / "main.py").write_text(SPAWNS)
    monkeypatch.chdir(began)
    with ForkServer() as server:
        shutil.rmtree(began)
        monkeypatch.setenv("TMPDIR", str(temporary))
        process = Forked(server.asker, (sys.executable, "main.py"), cwd=folder, stdout=subprocess.PIPE, text=True)
        assert process.communicate()[0].split() == [str(folder / "main.py"), str(temporary)]


def test_a_process_that_is_killed_leaves_no_server_behind(server: ForkServer, tmp_path: Path) -> None:
    process = forked(server, "import time; print(flush=True); time.sleep(60)", tmp_path)
    assert process.stdout is not None
    process.stdout.readline()
    beside = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.kill()
    assert process.wait() == -signal.SIGKILL
    until = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in beside):
        assert time.monotonic() < until
        time.sleep(0.05)
    assert len(beside) == 1


@pytest.mark.parametrize(
    ("command", "shell", "words"),
    [
        (["python", "-m", "dvc", "pull"], False, ["-m", "dvc", "pull"]),
        (["/bin/bash", "--noprofile", "-c", "python stages/a.py --shard 1"], False, ["stages/a.py", "--shard", "1"]),
        ("python stages/a.py", True, ["stages/a.py"]),
        ("python stages/a.py && true", True, None),
        (["python", "-X", "dev", "a.py"], False, None),
        (["python"], False, None),
        (["git", "status"], False, None),
    ],
)
def test_only_plain_commands_of_this_python_are_forked(command: object, shell: bool, words: list[str] | None) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    assert python_words(command, shell, {"PATH": path}) == words
