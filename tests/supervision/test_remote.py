"""Tests for housebrain.supervision.remote, on a local folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from housebrain.errors import UserError
from housebrain.supervision.remote import MissingError, check, open_remote, run_dvc
from supervision.stores import faulty_remote, local_remote


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty DVC project without git, with a remote folder beside it; the working directory."""
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "remote").mkdir()
    monkeypatch.chdir(project)
    for words in (["init", "--no-scm", "-q"], ["remote", "add", "-d", "storage", str(tmp_path / "remote")]):
        subprocess.run([sys.executable, "-m", "dvc", *words], check=True)
    return project


def test_what_is_put_can_be_listed_read_got_and_removed(tmp_path: Path) -> None:
    remote = local_remote(tmp_path / "remote")
    assert remote.list("a/b") == []
    remote.put_bytes(b"two", "a/b/2.txt")
    remote.put_bytes(b"one", "a/b/1.txt")
    assert remote.list("a/b") == ["1.txt", "2.txt"]
    assert remote.read("a/b/2.txt") == b"two"
    remote.get("a/b/1.txt", tmp_path / "deep/one")
    assert (tmp_path / "deep/one").read_bytes() == b"one"
    remote.remove("a/b/1.txt")
    remote.remove("a/b/1.txt")
    assert remote.list("a/b") == ["2.txt"]
    with pytest.raises(UserError, match=r"a/b/1\.txt is not there"):
        remote.read("a/b/1.txt")
    assert (remote.free_bytes() or 0) > 0


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    remote = local_remote(tmp_path / "remote")
    (tmp_path / "remote/a/b").mkdir(parents=True)
    with pytest.raises(MissingError, match=r"a/b is not there"):
        remote.read("a/b")
    with pytest.raises(MissingError, match=r"a/b is not there"):
        remote.get("a/b", tmp_path / "b")
    assert [path.name for path in tmp_path.iterdir()] == ["remote"]


def test_all_files_below_a_folder_are_listed(tmp_path: Path) -> None:
    remote = local_remote(tmp_path / "remote")
    assert remote.tree("a") == set()
    for name in ("a/1", "a/b/2", "a/b/c/3", "other/4"):
        remote.put_bytes(b"x", name)
    assert remote.tree("a") == {"a/1", "a/b/2", "a/b/c/3"}


@pytest.mark.parametrize(
    "fault", [ConnectionResetError("reset by peer"), TimeoutError("timed out"), RuntimeError("HttpError 429")]
)
def test_passing_trouble_is_tried_again_with_growing_pauses(tmp_path: Path, fault: Exception) -> None:
    remote, pauses = faulty_remote(tmp_path / "remote", fault, fault)
    remote.put_bytes(b"content", "a/b")
    assert remote.read("a/b") == b"content"
    assert len(pauses) == 2
    assert pauses[1] > pauses[0]


def test_lasting_trouble_ends_in_one_error(tmp_path: Path) -> None:
    remote, pauses = faulty_remote(tmp_path / "remote", *[TimeoutError("timed out")] * 9)
    with pytest.raises(UserError, match="upload of a/b: timed out"):
        remote.put_bytes(b"content", "a/b")
    assert len(pauses) == 3


def test_a_full_drive_is_not_tried_again(tmp_path: Path) -> None:
    remote, pauses = faulty_remote(tmp_path / "remote", RuntimeError("HttpError 403 storageQuotaExceeded"))
    with pytest.raises(UserError, match="the Drive is full"):
        remote.put_bytes(b"content", "a/b")
    assert not pauses


def test_check_walks_all_steps_and_leaves_nothing(tmp_path: Path) -> None:
    remote = local_remote(tmp_path / "remote")
    assert check(remote) == [("write", ""), ("list", ""), ("read", ""), ("delete", "")]
    assert remote.list("housebrain-check") == []
    broken, _ = faulty_remote(tmp_path / "other", RuntimeError("storageQuotaExceeded"))
    ((step, fault),) = check(broken)
    assert step == "write"
    assert "full" in fault


def test_a_missing_remote_folder_is_an_error(repository: Path, tmp_path: Path) -> None:
    assert open_remote().list("anything") == []
    (tmp_path / "remote").rmdir()
    with pytest.raises(UserError, match=r"remote storage: its folder .*remote does not exist"):
        open_remote()


def test_no_remote_at_all(repository: Path) -> None:
    (repository / ".dvc/config").write_text("")
    with pytest.raises(UserError, match="housebrain remote setup"):
        open_remote()


def test_dvc_pushes_and_its_errors_are_one_line(repository: Path, tmp_path: Path) -> None:
    (repository / "data.txt").write_text("data")
    run_dvc("add", "data.txt")
    run_dvc("push")
    assert [path for path in (tmp_path / "remote").rglob("*") if path.is_file()]
    with pytest.raises(UserError, match=r"`dvc pull nowhere`: it failed.*ERROR: failed to pull"):
        run_dvc("pull", "nowhere")


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("unexpected error - Connection reset by peer", 1),
        ("unexpected error - list index out of range", 1),  # what pydrive2 made of a failed request once
        ("failed to transfer '.dvc/cache/runs/e6/e6af/f6bd' - timed out", 0),  # of the run-cache
    ],
)
def test_dvc_is_run_again_when_the_network_failed_it(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], reason: str, status: int
) -> None:
    """The failure is simulated: a `dvc` that says what a broken connection makes it say, once."""
    program = (
        "import pathlib, sys; mark = pathlib.Path('tried'); again = mark.exists(); mark.touch();"
        f'print("done" if again else "ERROR: {reason}"); sys.exit(0 if again else {status})'
    )
    monkeypatch.setattr("housebrain.supervision.remote._DVC", program)
    pauses: list[float] = []
    assert run_dvc("push", sleep=pauses.append) == "done\n"
    assert len(pauses) == 1
    assert "trying again" in capfd.readouterr().err


def test_a_dvc_that_hangs_is_ended(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("housebrain.supervision.remote._DVC", "import time; time.sleep(60)")
    with pytest.raises(UserError, match="timed out"):
        run_dvc("push", attempts=2, seconds=0.5, sleep=lambda _: None)
