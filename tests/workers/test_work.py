"""Tests for housebrain.workers.work; whole sessions are in test_workers."""

import os
import time
from pathlib import Path

import pytest

from conftest import REPOSITORY
from housebrain.errors import UserError
from housebrain.params import load_params
from housebrain.workers import heartbeat
from housebrain.workers.work import Session, only_one, owner
from workers.stores import local_remote


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A session on shard 2 with a heartbeat every tenth of a second."""
    monkeypatch.chdir(tmp_path)
    shipped = load_params(REPOSITORY / "params.yaml")
    workers = shipped.workers.model_copy(update={"heartbeat_seconds": 0.1, "settle_seconds": 0})
    return Session(2, shipped.model_copy(update={"workers": workers}), local_remote(tmp_path / "remote"), "key")


def test_heartbeats_go_on_while_a_result_is_pushed(session: Session) -> None:
    seen = set()

    def push() -> str:
        for _ in range(4):
            time.sleep(0.6)
            seen.add(heartbeat.newest(session.remote, 1, 2).time_ms)  # type: ignore[union-attr]
        return "pushed"

    session.lease.acquire()
    assert session._beating("pushing", push) == "pushed"
    assert len(seen) > 1
    assert session.state.state == "pushing"


def test_trouble_with_the_remote_does_not_stop_the_work(
    session: Session, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> str:
        raise UserError("remote storage: no network")

    session.lease.acquire()
    monkeypatch.setattr(heartbeat, "send", broken)
    session._beating("pushing", lambda: time.sleep(0.5))
    assert "no heartbeat: remote storage: no network" in capsys.readouterr().err


def test_a_clone_keeps_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "one")
    first = owner()
    assert owner() == first
    monkeypatch.chdir(tmp_path / "two")
    assert owner() != first


def test_a_second_work_in_one_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with only_one(3):
        if os.fork() == 0:
            try:
                with only_one(3):
                    os._exit(0)
            except UserError:
                os._exit(7)
        assert os.waitstatus_to_exitcode(os.wait()[1]) == 7
    with only_one(3):
        pass
