"""The remote on a simulated Google Drive, through the real dvc-gdrive, pydrive2 and googleapiclient.

Each test's client is a process of its own, so that what it does to sockets and imports stays there.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakedrive import FakeDrive

# Runs the code it is given with `remote` open; pauses are kept short, and so is the patience with sockets.
PROGRAM = """
import sys, time
from pathlib import Path
from housebrain.errors import reported
from housebrain.workers import remote as module
module.SOCKET_SECONDS = 2.0
module._pause = lambda attempt: 0.05
module._DVC = module._DVC.replace("60.0", "2.0")
with reported():
    remote = module.open_remote()
    exec(sys.argv[1])
"""


@pytest.fixture
def drive() -> Iterator[FakeDrive]:
    with FakeDrive() as drive:
        drive.make_folder("housebrain")
        yield drive


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A DVC project without git whose remote is the Drive."""
    folder = tmp_path / "project"
    folder.mkdir()
    for words in (
        ["init", "--no-scm", "-q"],
        ["remote", "add", "-q", "-d", "storage", "gdrive://rootfolder/housebrain"],
    ):
        subprocess.run([sys.executable, "-m", "dvc", *words], cwd=folder, check=True)
    return folder


def client(drive: FakeDrive, project: Path, code: str, ok: bool = True) -> str:
    """Runs `code` against the Drive; returns what it printed."""
    environment = os.environ | drive.environment()
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, code],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode == 0) == ok, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_files_are_written_listed_read_and_removed(drive: FakeDrive, project: Path) -> None:
    code = "print(module.check(remote), remote.list('nothing/here'), remote.free_bytes())"
    assert "('write', ''), ('list', ''), ('read', ''), ('delete', '')] [] 16106127360" in client(drive, project, code)
    assert drive.paths() == []


@pytest.mark.parametrize("kind", ["403", "429", "500", "503", "reset", "hang", "expired"])
def test_passing_trouble_loses_nothing(drive: FakeDrive, project: Path, kind: str) -> None:
    """The first two requests of a session fail."""
    drive.hang_seconds = 4.0
    code = "remote.put_bytes(b'content', 'a/b'); print(remote.list('a'), remote.read('a/b'))"
    client(drive, project, "remote.put_bytes(b'first', 'a/first')")
    drive.inject(kind, times=2)
    assert "['b', 'first'] b'content'" in client(drive, project, code)
    assert drive.injected[kind] == 2
    assert set(drive.paths()) == {"housebrain/a/b", "housebrain/a/first"}


def test_random_trouble_loses_nothing(drive: FakeDrive, project: Path) -> None:
    drive.misbehave(0.15, ["403", "429", "500", "503", "reset", "expired"], seed=1)
    code = (
        "remote.attempts = 12\n"
        "for n in range(12): remote.put_bytes(bytes([n]) * 1000, f'many/{n:02d}')\n"
        "print(all(remote.read(f'many/{n:02d}') == bytes([n]) * 1000 for n in range(12)), len(remote.list('many')))"
    )
    assert "True 12" in client(drive, project, code)
    assert drive.injected.total() > 5


def test_a_full_drive_says_so(drive: FakeDrive, project: Path) -> None:
    client(drive, project, "remote.put_bytes(b'x', 'a/b')")
    drive.quota_bytes = drive.used_bytes()
    printed = client(drive, project, "remote.put_bytes(b'x', 'a/c')", ok=False)
    assert "storageQuotaExceeded" in printed or "the Drive is full" in printed
    assert "Traceback" not in printed


def test_a_missing_folder_is_an_error(drive: FakeDrive, project: Path) -> None:
    words = ["remote", "modify", "storage", "url", "gdrive://rootfolder/elsewhere"]
    subprocess.run([sys.executable, "-m", "dvc", *words], cwd=project, check=True)
    printed = client(drive, project, "pass", ok=False)
    assert "does not exist" in printed
    assert "Traceback" not in printed


def test_a_path_written_twice_is_two_files(drive: FakeDrive, project: Path) -> None:
    """Why no name is ever written twice."""
    client(drive, project, "remote.put_bytes(b'x', 'a/b'); remote.put_bytes(b'y', 'a/b')")
    assert drive.paths() == ["housebrain/a/b", "housebrain/a/b"]


def test_dvc_push_and_pull_survive_what_pydrive2_does_not_retry(drive: FakeDrive, project: Path) -> None:
    code = (
        "Path('data').mkdir(exist_ok=True)\n"
        "for n in range(3): Path(f'data/{n}').write_text(str(n))\n"
        "module.run_dvc('add', '-q', 'data')"
    )
    client(drive, project, code)
    drive.inject("429")
    drive.misbehave(0.1, ["429", "reset"], seed=2)
    client(drive, project, "module.run_dvc('push', attempts=20)")
    pull = (
        "import shutil; shutil.rmtree('data'); shutil.rmtree('.dvc/cache')\n"
        "module.run_dvc('pull', attempts=20); print(sorted(p.read_text() for p in Path('data').iterdir()))"
    )
    assert "['0', '1', '2']" in client(drive, project, pull)
    assert drive.injected["429"] > 0


def test_a_search_through_many_folders_is_too_long_for_a_url_and_works(drive: FakeDrive, project: Path) -> None:
    client(drive, project, "[remote.put_bytes(b'x', f'many/{i}/file') for i in range(45)]")
    assert (
        client(drive, project, "print(len(list(remote.fs.find(remote.fs.join(remote.path, 'many')))))").strip() == "45"
    )
