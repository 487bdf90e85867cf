"""What runs on a node to train a shard, without a cluster: a line of Python stands for `housebrain work`."""

import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from housebrain.cluster import node
from housebrain.cluster.node import Ended, Project, train

OWNED = "import pathlib; (p := pathlib.Path('.dvc/tmp/housebrain')).mkdir(parents=True); "
OWNED += "(p / 'owner').write_text('this-clone\\nhost:folder'); "


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A round of a project that has nothing but its folder for DVC."""
    monkeypatch.setattr(node, "_link_base", lambda *_: None)
    origin = tmp_path / "origin"
    (origin / ".dvc").mkdir(parents=True)
    (origin / ".dvc/config").touch()
    git = ["git", "-C", str(origin), "-c", "user.name=x", "-c", "user.email=x@x"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"], ["tag", "round-1"]):
        subprocess.run([*git, *command], check=True)
    subprocess.run([*git, "bundle", "create", "-q", str(tmp_path / "bundle"), "refs/tags/round-1"], check=True)
    return Project("round-1", "c" * 40, (tmp_path / "bundle").read_bytes(), "", None, {})


def try_(project: Project, program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ended:
    monkeypatch.setattr(node, "_WORK", program)
    return train(3, project, str(tmp_path / "scratch"), "node")


def test_a_later_try_has_the_credentials_of_now(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = "print('error:', open('.dvc/config.local').read()); exit(1)"
    for config in ("expired", "renewed"):
        assert try_(replace(project, dvc_config=config), shown, tmp_path, monkeypatch).said == config


def test_what_an_earlier_try_said_is_not_taken_for_this_ones(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = try_(project, OWNED + "print('incomplete: step 5/9'); exit(75)", tmp_path, monkeypatch)
    assert first == Ended(75, "step 5/9", "this-clone") and first.incomplete
    assert try_(project, "print('Traceback'); exit(1)", tmp_path, monkeypatch).said == "Traceback"
    killed = try_(project, "import os; os.kill(os.getpid(), 9)", tmp_path, monkeypatch)
    assert killed == Ended(-9, "`housebrain work` was killed (signal 9).", "this-clone")


def test_a_drive_without_credentials_is_no_question(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody could answer it: the shard would wait for ever."""
    monkeypatch.delenv("GDRIVE_NON_INTERACTIVE", raising=False)
    shown = "import os; print(os.environ['GDRIVE_NON_INTERACTIVE']); exit(1)"
    assert try_(project, shown, tmp_path, monkeypatch).said == "1"


def test_a_work_that_is_asked_to_end_again_and_again_saves_once(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saves = "import signal, time; signal.signal(15, lambda *_: (print('saved', flush=True), time.sleep(1), exit(75))); "
    saves += "print('ready', flush=True); time.sleep(60)"
    interrupts = iter([KeyboardInterrupt] * 5)

    def sleep(seconds: float) -> None:
        wait(seconds)
        if "ready" in (next((tmp_path / "scratch").rglob(node.LOG))).read_text() and (error := next(interrupts, None)):
            raise error

    wait = time.sleep
    monkeypatch.setattr(node, "POLL_SECONDS", 0.05)
    monkeypatch.setattr("housebrain.cluster.node.time.sleep", sleep)
    ended = try_(project, saves, tmp_path, monkeypatch)
    assert (ended.status, ended.said, next(interrupts, None)) == (75, "saved", None)
    assert next((tmp_path / "scratch").rglob(node.LOG)).read_text().count("saved") == 1
