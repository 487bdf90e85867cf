"""Tests for housebrain.supervision.repair: files of DVC's that a kill has cut short."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from housebrain.supervision.repair import LOCKFILE, RWLOCK, repair


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DVC project in git with one stage that has run."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        subprocess.run(["git", "init", "-q"], check=True)
        assert dvc("init", "-q").returncode == 0
        Path("dvc.yaml").write_text("stages:\n  one:\n    cmd: echo 1 > one\n    outs: [one]\n")
        assert dvc("repro", "-q").returncode == 0
        subprocess.run(["git", "add", "-A"], check=True)
        words = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org", "commit", "-qm", "start"]
        subprocess.run(words, check=True)
    return folder


@pytest.fixture
def project(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Such a project, to work in: the working directory."""
    shutil.copytree(made, tmp_path, symlinks=True, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def dvc(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "dvc", *words], capture_output=True, text=True)


def test_a_torn_list_of_locks_stops_dvc_until_it_is_removed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    RWLOCK.write_text("")
    assert "Unable to read RWLock-file" in dvc("repro", "--force").stderr
    repair()
    assert "was cut short by a kill: removed" in capsys.readouterr().err
    assert dvc("repro", "--force").returncode == 0
    for whole in ("{}", '{"write": {}, "read": {}}'):
        RWLOCK.write_text(whole)
        repair()
        assert RWLOCK.read_text() == whole
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("size", [0, 30, 60])
def test_a_torn_lock_file_comes_back_from_git(project: Path, size: int, capsys: pytest.CaptureFixture[str]) -> None:
    whole = LOCKFILE.read_text()
    repair()
    assert capsys.readouterr().err == ""
    LOCKFILE.write_text(whole[:size])
    repair()
    assert LOCKFILE.read_text() == whole
    assert "the committed one is back" in capsys.readouterr().err


def test_what_is_whole_but_changed_stays(project: Path) -> None:
    changed = LOCKFILE.read_text().replace("one:", "other:")
    LOCKFILE.write_text(changed)
    repair()
    assert LOCKFILE.read_text() == changed
