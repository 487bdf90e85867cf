"""The remote on a simulated Google Drive, through the real dvc-gdrive, pydrive2 and googleapiclient.

Each test's client is a process of its own, so that what it does to sockets and imports stays there.
"""

import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakedrive import FakeDrive

# Runs the code it is given with `remote` open; pauses are kept short, pydrive2's too, and so is the patience with
# sockets.
PROGRAM = """
import os, sys, time
from pathlib import Path
from types import SimpleNamespace
import funcy.flow
from housebrain.errors import reported
from housebrain.supervision import remote as module
module.SOCKET_SECONDS = 2.0
module._pause = lambda attempt: 0.05
module._DVC = module._DVC.replace("60.0", "2.0")
funcy.flow.time = SimpleNamespace(sleep=lambda seconds: time.sleep(seconds / 50))
with reported():
    remote = module.open_remote()
    exec(sys.argv[1])
"""
# What the tests of lists that lag behind need: other machines, and an end of the lag.
MACHINES = """
import urllib.request
from housebrain.params import Supervision
from housebrain.supervision import heartbeat
from housebrain.supervision.heartbeat import Heartbeat
from housebrain.supervision.lease import Lease, LeaseLostError

def machine():
    type(remote.fs.fs).clear_instance_cache()  # or two remotes of one process would share what they know of folders
    return module.open_remote()

def beat(owner):
    return Heartbeat(owner=owner, worker=owner, shard=3, round=1, session_started_ms=0, training_key="key")

def reveal():
    urllib.request.urlopen(os.environ["FAKE_DRIVE_URL"] + "/reveal")
"""
CHECKPOINTS = """
from housebrain.environment import RECORD
from housebrain.tracking import RunRecord
from housebrain.training import checkpoints
from housebrain.supervision.upload import Uploader, folder, prune, restore, stored, upload

def checkpoint(step):
    made = Path(f"here/checkpoint-{step}")
    made.mkdir(parents=True)
    (made / "weights").write_text(f"weights {step}")
    (made / RECORD).write_text(RunRecord(record_id="key", name="run", start_ms=0).model_dump_json())
    checkpoints.mark_complete(made, "key")
    return made
"""


@pytest.fixture
def drive() -> Iterator[FakeDrive]:
    with FakeDrive() as drive:
        drive.make_folder("housebrain")
        yield drive


@pytest.fixture(scope="module")
def new_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DVC project without git whose remote is the Drive, as `dvc` makes it."""
    folder = tmp_path_factory.mktemp("new")
    for words in (
        ["init", "--no-scm", "-q"],
        ["remote", "add", "-q", "-d", "storage", "gdrive://rootfolder/housebrain"],
    ):
        subprocess.run([sys.executable, "-m", "dvc", *words], cwd=folder, check=True)
    return folder


@pytest.fixture
def project(new_project: Path, tmp_path: Path) -> Path:
    """Such a project, to work in."""
    return shutil.copytree(new_project, tmp_path / "project")


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


@pytest.mark.long
@pytest.mark.parametrize("kind", ["403", "429", "500", "503", "reset", "lost", "hang", "expired"])
def test_passing_trouble_loses_nothing(drive: FakeDrive, project: Path, kind: str) -> None:
    """The first two requests of a session fail."""
    drive.hang_seconds = 4.0
    code = "remote.put_bytes(b'content', 'a/b'); print(remote.list('a'), remote.read('a/b'))"
    client(drive, project, "remote.put_bytes(b'first', 'a/first')")
    drive.inject(kind, times=2)
    assert "['b', 'first'] b'content'" in client(drive, project, code)
    assert drive.injected[kind] == 2
    assert set(drive.paths()) == {"housebrain/a/b", "housebrain/a/first"}


@pytest.mark.long
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
    """Why no name is ever written twice: the first of them is read."""
    code = "remote.put_bytes(b'x', 'a/b'); remote.put_bytes(b'y', 'a/b'); print(remote.read('a/b'))"
    assert "b'x'" in client(drive, project, code)
    assert drive.paths() == ["housebrain/a/b", "housebrain/a/b"]


@pytest.mark.long
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


@pytest.mark.long
def test_a_search_through_many_folders_is_too_long_for_a_url_and_works(drive: FakeDrive, project: Path) -> None:
    client(drive, project, "[remote.put_bytes(b'x', f'many/{i}/file') for i in range(45)]")
    assert (
        client(drive, project, "print(len(list(remote.fs.find(remote.fs.join(remote.path, 'many')))))").strip() == "45"
    )


def test_what_lists_do_not_show_yet_is_uploaded_once(drive: FakeDrive, project: Path) -> None:
    drive.lag_seconds = math.inf
    code = (
        "remote.put_bytes(b'x', 'a/b'); print(remote.list('a')); reveal(); print(remote.list('a'), remote.read('a/b'))"
    )
    assert "[]\n['b'] b'x'" in client(drive, project, MACHINES + code)
    assert drive.paths() == ["housebrain/a/b"]


def test_two_that_could_not_see_each_other_do_not_both_go_on(drive: FakeDrive, project: Path) -> None:
    """Each made a folder of the same name, and knows of its own."""
    drive.lag_seconds = math.inf
    code = """
import dataclasses
settings = Supervision(heartbeat_seconds=1, expiry_seconds=2, settle_seconds=0, clock_skew_seconds=0, keep_remote=3,
                   margin_minutes=0, session_hours={})
leases = [Lease(machine(), beat(owner), settings) for owner in ("b", "a")]
for lease in leases:
    lease.acquire()
reveal()
for lease in leases:
    try:
        lease.beat()
        print("held by", lease.mine.owner)
    except LeaseLostError as error:
        print(error)
"""
    printed = client(drive, project, MACHINES + code)
    assert printed.count("held by") == 1
    assert "held by a" in printed
    assert "shard 3: a (a) has taken it over" in printed


@pytest.mark.long
def test_a_living_worker_always_shows(drive: FakeDrive, project: Path) -> None:
    """Its last heartbeat doesn't show yet, and the one before it is on lists still."""
    client(drive, project, MACHINES + "heartbeat.send(remote, beat('a'))")
    drive.lag_seconds = math.inf
    code = """
heartbeat.send(remote, beat("a"))
print("newest", heartbeat.newest(machine(), 1, 3).owner)
"""
    assert "newest a" in client(drive, project, MACHINES + code)


@pytest.mark.long
def test_what_lists_still_show_and_is_gone_is_passed_over(drive: FakeDrive, project: Path) -> None:
    client(drive, project, CHECKPOINTS + "for step in (1, 2): upload(remote, checkpoint(step), 'key', 3)")
    drive.lag_seconds = math.inf
    code = """
module._pause = lambda attempt: print("tried again") or 0.0
newest = stored(remote, "key", 3)[0]
for name in (newest.name, newest.name + ".sha256"):
    remote.remove(f"{folder('key', 3)}/{name}")
print("listed", [one.step for one in stored(remote, "key", 3)])
print("restored", restore(remote, "key", 3, Path("there")))
"""
    printed = client(drive, project, CHECKPOINTS + code)
    assert "listed [2, 1]" in printed
    assert "is not used" in printed
    assert "restored 1" in printed
    assert "tried again" not in printed


@pytest.mark.long
def test_a_checkpoint_is_safe_though_lists_lag_behind(drive: FakeDrive, project: Path) -> None:
    drive.lag_seconds = math.inf
    code = """
reported = []
uploader = Uploader(remote, Path("here"), "key", 3, 1, reported.append)
for step in (1, 2, 2, 3):
    if not Path(f"here/checkpoint-{step}").exists():
        checkpoint(step)
    assert uploader.look(), reported
print("safe", uploader.safe_step, stored(remote, "key", 3), restore(machine(), "key", 3, Path("there")))
reveal()
print("shown", [one.step for one in stored(machine(), "key", 3)], restore(machine(), "key", 3, Path("there")))
prune(machine(), "key", 3, keep=1)
print("kept", [one.step for one in stored(machine(), "key", 3)])
"""
    printed = client(drive, project, MACHINES + CHECKPOINTS + code)
    assert "safe 3 [] 0" in printed
    assert "shown [3, 2, 1] 3" in printed
    assert "kept [3]" in printed
    assert len(drive.paths()) == 3  # each of its files once


@pytest.mark.long
def test_lost_answers_leave_duplicates_and_all_reads_right(drive: FakeDrive, project: Path) -> None:
    """Uploads are carried out, but their answers lost, and lists don't show them yet: they are sent again."""
    drive.timeout_seconds = 1.0
    add = """
Path("data").mkdir()
for n in range(3):
    Path(f"data/{n}").write_text(str(n))
module.run_dvc("add", "-q", "data")
"""
    client(drive, project, add)
    drive.lag_seconds = math.inf
    drive.inject("lost", times=2, method="PUT")
    client(drive, project, "module.run_dvc('push')")
    drive.inject("lost", times=4, method="PUT")
    save = """
for step in (1, 2, 3):
    upload(remote, checkpoint(step), "key", 3)
"""
    client(drive, project, CHECKPOINTS + save)
    drive.reveal()
    twice = {path for path in drive.paths() if drive.paths().count(path) > 1}
    assert any("/files/md5/" in path for path in twice), drive.paths()
    assert any("/checkpoints/" in path and path.endswith(".tar") for path in twice), drive.paths()
    assert drive.injected["lost"] == 6
    load = """
import shutil; shutil.rmtree("data"); shutil.rmtree(".dvc/cache")
module.run_dvc("pull"); print(sorted(p.read_text() for p in Path("data").iterdir()))
print("restored", restore(remote, "key", 3, Path("there")), Path("there/checkpoint-3/weights").read_text())
upload(remote, checkpoint(4), "key", 3)
prune(remote, "key", 3, keep=1)
"""
    printed = client(drive, project, CHECKPOINTS + load)
    assert "['0', '1', '2']" in printed
    assert "restored 3 weights 3" in printed
    left = [path for path in drive.paths() if "/checkpoints/" in path]
    assert len(left) == 3 and all("-000004-" in path for path in left), left


@pytest.mark.long
def test_a_second_copy_may_be_on_a_drive(drive: FakeDrive, project: Path) -> None:
    drive.make_folder("second")
    words = ["remote", "add", "-q", "second", "gdrive://rootfolder/second"]
    subprocess.run([sys.executable, "-m", "dvc", *words], cwd=project, check=True)
    code = """
from housebrain.supervision.backup import backup
from housebrain.supervision.copies import named, open_copy
from housebrain.supervision.restore import restore as bring_back

key = "0123456789abcdef" * 4
for step in (1, 2):
    upload(remote, checkpoint(step), key, 3)
print([backup(open_copy("second"), 3, progress=False).files for _ in range(2)])
before = named(remote)
for name in before:
    remote.remove(name)
print(len(named(remote)), bring_back(open_copy("second"), progress=False).files, named(remote) == before)
print([one.step for one in stored(remote, key, 3)])
"""
    drive.misbehave(0.05, ["500", "429", "lost"], seed=1)
    printed = client(drive, project, CHECKPOINTS + code)
    assert printed.splitlines() == ["[6, 0]", "0 6 True", "[2, 1]"]
