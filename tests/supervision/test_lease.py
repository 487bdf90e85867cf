"""Tests for housebrain.supervision.lease: one worker a shard, on a local folder and with a clock of the test's own."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from housebrain.errors import UserError
from housebrain.params import Supervision
from housebrain.supervision import heartbeat
from housebrain.supervision.heartbeat import Heartbeat
from housebrain.supervision.lease import Lease, LeaseLostError
from housebrain.supervision.remote import Remote
from supervision.stores import faulty_remote, local_remote

SETTINGS = Supervision(
    heartbeat_seconds=60,
    expiry_seconds=300,
    settle_seconds=5,
    clock_skew_seconds=600,
    keep_remote=3,
    margin_minutes=20,
    session_hours={},
)


class Time:
    """A clock that moves when someone sleeps, and what happens meanwhile."""

    def __init__(self, start: float) -> None:
        self.now = start
        self.meanwhile: Callable[[], None] = lambda: None

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.meanwhile()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time(1_000_000.0)
    monkeypatch.setattr(heartbeat.time, "time", time)
    return time


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return local_remote(tmp_path / "remote")


def lease(remote: Remote, owner: str, time: Time, skew_seconds: float = 0) -> Lease:
    mine = Heartbeat(owner=owner, worker=f"worker {owner}", shard=3, round=1, session_started_ms=0, training_key="key")
    return Lease(remote, mine, SETTINGS, time.sleep, time, lambda: time() + skew_seconds)


def hold(remote: Remote, owner: str, time: Time) -> Lease:
    held = lease(remote, owner, time)
    held.acquire()
    held.mine.state = "training"
    held.beat()
    return held


def test_a_free_shard_is_taken_at_once(remote: Remote, clock: Time) -> None:
    hold(remote, "a", clock)
    assert clock.now == 1_000_000 + SETTINGS.settle_seconds
    known = heartbeat.newest(remote, 1, 3)
    assert known is not None
    assert (known.owner, known.state, known.generation) == ("a", "training", 1)


def test_only_the_last_two_heartbeats_of_an_owner_are_kept(remote: Remote, clock: Time) -> None:
    held = hold(remote, "a", clock)
    for _ in range(5):
        clock.sleep(60)
        held.beat()
    assert len(heartbeat.beats(remote, 1, 3)) == 2


def test_a_worker_whose_heartbeat_cannot_be_had_is_not_passed_over(tmp_path: Path, clock: Time) -> None:
    hold(local_remote(tmp_path / "remote"), "a", clock)
    remote, _ = faulty_remote(tmp_path / "remote")
    real = remote.fs.get_file
    remote.fs.get_file = lambda *_: remote.fs.faults.extend([TimeoutError("timed out")]) or real()
    with pytest.raises(UserError, match="timed out"):
        lease(remote, "b", clock).acquire()


@pytest.mark.parametrize("skew_seconds", [-240, 0, 240])
def test_a_living_worker_keeps_its_shard_whatever_the_clocks_say(
    remote: Remote, clock: Time, skew_seconds: float
) -> None:
    held = hold(remote, "b", clock)
    clock.meanwhile = held.beat
    with pytest.raises(UserError, match=r"worker b \(b\) is training it"):
        lease(remote, "a", clock, skew_seconds).acquire()
    held.beat()


@pytest.mark.parametrize("skew_seconds", [-240, 0, 240])
def test_a_silent_worker_is_waited_for_then_taken_over(
    remote: Remote, clock: Time, skew_seconds: float, capsys: pytest.CaptureFixture[str]
) -> None:
    sleeper = hold(remote, "a", clock)
    start = clock.now
    taker = lease(remote, "b", clock, skew_seconds)
    taker.acquire()
    assert clock.now - start >= SETTINGS.expiry_seconds
    assert "taking over the stale lease of worker a (a)" in capsys.readouterr().out
    # The first one wakes: it stops, and the second one goes on.
    with pytest.raises(LeaseLostError, match=r"worker b \(b\) has taken it over"):
        sleeper.beat()
    taker.mine.state = "training"
    taker.beat()


def test_a_heartbeat_in_flight_when_it_was_taken_over_does_no_harm(remote: Remote, clock: Time) -> None:
    sleeper = hold(remote, "a", clock)
    taker = lease(remote, "b", clock)
    taker.acquire()
    heartbeat.send(remote, sleeper.mine)  # as if it had looked before it fell asleep
    taker.beat()
    with pytest.raises(LeaseLostError):
        sleeper.beat()


def test_one_long_gone_is_taken_over_at_once(remote: Remote, clock: Time) -> None:
    hold(remote, "a", clock)
    clock.now += SETTINGS.expiry_seconds + SETTINGS.clock_skew_seconds + 1
    start = clock.now
    lease(remote, "b", clock).acquire()
    assert clock.now == start + SETTINGS.settle_seconds


@pytest.mark.parametrize("state", ["done", "incomplete", "failed", "released"])
def test_one_that_let_go_is_not_waited_for(remote: Remote, clock: Time, state: heartbeat.State) -> None:
    hold(remote, "a", clock).release(state)
    start = clock.now
    lease(remote, "b", clock).acquire()
    assert clock.now == start + SETTINGS.settle_seconds


def test_the_same_clone_has_its_lease_back_at_once(remote: Remote, clock: Time) -> None:
    hold(remote, "a", clock)
    start = clock.now
    lease(remote, "a", clock).acquire()
    assert clock.now == start + SETTINGS.settle_seconds


@pytest.mark.parametrize(("first", "second"), [("a", "b"), ("b", "a")])
def test_of_two_at_once_one_has_it(remote: Remote, clock: Time, first: str, second: str) -> None:
    """The second announces itself while the first one's announcement settles."""
    outcome: dict[str, bool] = {}

    def other() -> None:
        clock.meanwhile = lambda: None
        rival = lease(remote, second, clock)
        rival._wait_until_stale = lambda beat: None  # type: ignore[method-assign]  # it looked before the first announced
        rival.mine.generation = 1
        heartbeat.send(remote, rival.mine)
        outcome[second] = rival._winner() is None

    clock.meanwhile = other
    try:
        lease(remote, first, clock).acquire()
        outcome[first] = True
    except UserError:
        outcome[first] = False
    assert outcome == {"a": True, "b": False}


def test_a_heartbeat_that_cannot_be_read_is_skipped(remote: Remote, clock: Time) -> None:
    hold(remote, "a", clock)
    remote.put_bytes(json.dumps({"owner": "x"}).encode(), f"{heartbeat.folder(1, 3)}/beat-9999999999999-x.json")
    for name in ("beat-.json", "beat-1.json", "beat-x-y.json", "beat-0000000000001-.json"):  # of strangers
        remote.put_bytes(b"\xff", f"{heartbeat.folder(1, 3)}/{name}")
    known = heartbeat.newest(remote, 1, 3)
    assert known is not None
    assert known.owner == "a"


def test_a_worker_whose_clock_was_set_back_is_not_taken_over(remote: Remote, clock: Time) -> None:
    """What it said in what is the future now is not its last word."""
    hold(remote, "a", clock).release("incomplete")
    clock.now -= 3600
    held = hold(remote, "a", clock)
    clock.meanwhile = held.beat
    with pytest.raises(UserError, match=r"worker a \(a\) is training it"):
        lease(remote, "b", clock).acquire()
    assert len(heartbeat.beats(remote, 1, 3)) == 2
