"""Tests for housebrain.supervision.work; whole sessions are in test_workers."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from conftest import REPOSITORY
from housebrain.environment import FAILED
from housebrain.errors import IncompleteError, UserError
from housebrain.params import load_params
from housebrain.shard import Shard
from housebrain.supervision import heartbeat
from housebrain.supervision.alerts import alerts_of
from housebrain.supervision.lease import Lease
from housebrain.supervision.status import messages, rows
from housebrain.supervision.upload import folder
from housebrain.supervision.work import Session, only_one, owner, work
from supervision.stores import local_remote

PARAMS = load_params(REPOSITORY / "params.yaml")


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A session on shard 2 with a heartbeat every tenth of a second."""
    monkeypatch.chdir(tmp_path)
    settings = PARAMS.supervision.model_copy(update={"heartbeat_seconds": 0.1, "settle_seconds": 0})
    return Session(
        Shard(2),
        PARAMS.model_copy(update={"supervision": settings}),
        local_remote(tmp_path / "remote"),
        "key",
        "result",
    )


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


def test_one_trouble_is_told_once_whatever_request_it_meets(
    session: Session, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    requests = iter(("look at beat-1: invalid_grant", "list of heartbeats: Access token refresh failed"))

    def broken(*_: object) -> str:
        raise UserError(f"remote storage: the credentials have expired. ({next(requests, 'another')})")

    session.lease.acquire()
    monkeypatch.setattr(heartbeat, "send", broken)
    session._beating("pushing", lambda: time.sleep(1))
    assert next(requests, None) is None
    assert capsys.readouterr().err.count("no heartbeat") == 1


def test_a_shard_that_is_pushed_while_its_lease_is_waited_for_is_not_trained_again(
    session: Session, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The other worker's clock is behind: its last word is not the newest by name."""
    other = session.state.model_copy(update={"owner": "other", "state": "done", "pushed": True, "time_ms": 1})
    params = load_params(REPOSITORY / "params.yaml")

    def acquire(lease: Lease) -> None:
        name = f"{heartbeat.folder(1, 2)}/beat-0000000000001-other.json"
        session.remote.put_bytes(other.model_dump_json().encode(), name)
        heartbeat.send(lease.remote, lease.mine)

    monkeypatch.setattr(Lease, "acquire", acquire)
    monkeypatch.setattr(Session, "run", lambda _: pytest.fail("trained again"))
    results: dict[str, Any] = {
        "open_remote": session.remote,
        "ensure_base": None,
        "run_dvc": "",
        "fingerprint": {},
        "training_key": "key",
        "result_key": "result",
    }
    for name in results:
        monkeypatch.setattr(f"housebrain.supervision.work.{name}", lambda *_, name=name: results[name])
    work(Shard(2), params)
    work(Shard(2), params)
    assert capsys.readouterr().out.count("trained and pushed already, by colab-2 (other). Nothing to do.") == 2
    mine = [heartbeat.read_beat(session.remote, 1, 2, name) for name in heartbeat.beats(session.remote, 1, 2)]
    assert [beat.state for beat in mine if beat and beat.owner != "other"] == ["starting", "released"]


def test_two_heartbeats_within_a_millisecond_are_both_kept(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1.0)
    session.state.state = "starting"
    heartbeat.send(session.remote, session.state)
    session.state.state = "released"
    heartbeat.send(session.remote, session.state)
    kept = [heartbeat.read_beat(session.remote, 1, 2, name) for name in heartbeat.beats(session.remote, 1, 2)]
    assert [beat.state for beat in kept if beat] == ["starting", "released"]


def test_what_was_pushed_counts_only_for_the_very_same_result(session: Session) -> None:
    """Other `log_steps` come to the same weights, and to other curves: DVC would not find the one for the other."""
    session.state.pushed = True
    heartbeat.send(session.remote, session.state)
    assert heartbeat.pushed(session.remote, 1, 2, "result") is not None
    assert heartbeat.pushed(session.remote, 1, 2, "with other log_steps") is None


def end_training(session: Session, program: str, monkeypatch: pytest.MonkeyPatch) -> UserError:
    """Lets a line of Python stand for the training, in the checkpoints' folder; how the session ended."""

    def start(_: Session) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", program], cwd=session.checkpoints)

    monkeypatch.setattr(Session, "_train", start)
    session.lease.acquire()
    with pytest.raises(UserError) as error:
        session.run()
    return error.value


def test_why_training_failed_reaches_the_coordinator(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    reason = "step 2: the loss is nan on sample(s) GEN-7. Look at their data."
    error = end_training(session, f"open('{FAILED}', 'w').write('{reason}'); exit(1)", monkeypatch)
    failed = f"shard 2: training failed: {reason}"
    assert str(error).startswith(failed)
    assert not isinstance(error, IncompleteError)
    beat = heartbeat.newest(session.remote, 1, 2)
    assert beat is not None and beat.state == "failed" and beat.message == str(error)
    assert failed in alerts_of(beat, PARAMS, time.time())["failed"]
    assert failed in messages(rows({2: beat}, PARAMS))[0]


def test_an_earlier_failure_is_not_taken_for_this_one(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    session.checkpoints.mkdir(parents=True)
    (session.checkpoints / FAILED).write_text("the loss is nan")
    assert "training ended with status 3; see above" in str(end_training(session, "exit(3)", monkeypatch))


def test_a_failure_after_a_request_to_stop_is_a_failure(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    session.stop_reason = "the session ends soon"
    error = end_training(session, f"open('{FAILED}', 'w').write('the disk is full.'); exit(1)", monkeypatch)
    assert "training failed: the disk is full." in str(error)
    (session.checkpoints / FAILED).unlink()
    assert isinstance(end_training(session, "exit(1)", monkeypatch), IncompleteError)


def test_a_clone_keeps_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "one")
    first = owner()
    assert owner() == first
    monkeypatch.chdir(tmp_path / "two")
    assert owner() != first


def test_a_copy_of_a_clone_has_a_name_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both would take the other's heartbeats for their own, and train one shard at once."""
    (tmp_path / "one").mkdir()
    monkeypatch.chdir(tmp_path / "one")
    first = owner()
    shutil.copytree(tmp_path / "one", tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    assert owner() != first and owner() == owner()
    monkeypatch.chdir(tmp_path / "one")
    assert owner() == first
    monkeypatch.setattr("socket.gethostname", lambda: "another")
    assert owner().startswith("another-")


def test_a_second_work_in_one_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with only_one(Shard(3)):
        if os.fork() == 0:
            try:
                with only_one(Shard(3)):
                    os._exit(0)
            except UserError:
                os._exit(7)
        assert os.waitstatus_to_exitcode(os.wait()[1]) == 7
    with only_one(Shard(3)):
        pass


def test_a_checkpoint_on_the_remote_that_is_no_good_is_not_called_safe(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or nothing would be uploaded before training is further than it was."""
    name = f"{folder('key', 2)}/checkpoint-000200-aaaaaaaa.tar"
    session.remote.put_bytes(b"torn", name)
    session.remote.put_bytes(f"{'0' * 64}  x\n".encode(), f"{name}.sha256")
    end_training(session, "exit(3)", monkeypatch)
    beat = heartbeat.newest(session.remote, 1, 2)
    assert beat is not None and (beat.state, beat.safe_step) == ("failed", None)
