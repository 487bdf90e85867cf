"""Which shards `housebrain round run` starts, and when: its bookkeeping, without a cluster."""

import contextlib
import signal
from collections import Counter
from typing import Any

import pytest

from housebrain.cluster.node import Ended
from housebrain.cluster.rounds import TRIES, Shards, _cancel, _saved_on_interrupt, given_up

DONE, INCOMPLETE, BAD = Ended(0, ""), Ended(75, "shard 1: step 5/9 (SIGTERM)."), Ended(1, "shard 1: no such data")
DIED = RuntimeError("its node died")


class Started:
    """The shards that were started, in order; a handle is a number of its own."""

    def __init__(self) -> None:
        self.numbers: list[int] = []

    def __call__(self, number: int) -> int:
        self.numbers.append(number)
        return len(self.numbers)


def table(*states: str, **more: Any) -> list[dict[str, Any]]:
    return [{"shard": number, "state": state, **more} for number, state in enumerate(states, 1)]


def test_what_others_seem_to_train_comes_last() -> None:
    started = Started()
    Shards([1, 2, 3], started).look(table("training", "not started", "stale"))
    assert started.numbers == [2, 3, 1]


def test_a_shard_that_another_trains_is_left_to_it_until_it_is_silent() -> None:
    started = Started()
    shards = Shards([1], started)
    shards.look(table("training"))
    shards.ended(1, Ended(1, "shard 1: colab-1 is training it"), table("training"))
    shards.look(table("training"))
    assert started.numbers == [1]
    assert shards.notes() == ["not on this cluster: shard 1: colab-1 is training it"]
    shards.look(table("stale"))
    assert started.numbers == [1, 1]
    shards.ended(2, DONE, table("done"))
    assert shards.over and not shards.failed


def test_a_shard_whose_node_died_is_started_again_at_once() -> None:
    started = Started()
    shards = Shards([1], started)
    shards.look(table("not started"))
    shards.ended(1, DIED, table("training"))  # its last heartbeat is still fresh
    shards.look(table("training"))
    assert started.numbers == [1, 1]


def test_a_work_that_is_killed_is_not_taken_for_one_elsewhere_and_is_given_up_in_the_end() -> None:
    """The heartbeat that it left behind is its own clone's, and still fresh."""
    started = Started()
    shards, rows = Shards([1], started), table("training", owner="this clone")
    for number in range(1, TRIES + 1):
        shards.look(rows)
        assert len(started.numbers) == number
        shards.ended(number, Ended(-9, "it was killed.", owner="this clone"), rows)
    assert shards.failed == {1: "shard 1: it was killed."} and shards.over


def test_a_shard_that_gets_no_further_is_given_up_and_one_that_does_is_not() -> None:
    started = Started()
    shards = Shards([1], started)
    for number in range(1, 3 * TRIES):
        shards.look(table("incomplete", safe_step=number))
        shards.ended(number, INCOMPLETE if number % 2 else DIED, table("incomplete", safe_step=number))
    assert not shards.failed
    for number in range(3 * TRIES, 4 * TRIES):
        shards.look(table("failed", safe_step=7))
        if shards.over:
            break
        shards.ended(number, BAD, table("failed", safe_step=7))
    assert shards.failed == {1: "shard 1: no such data"}
    assert len(started.numbers) < 4 * TRIES
    assert shards.over


def test_shards_that_are_given_up_say_why(capsys: pytest.CaptureFixture[str]) -> None:
    ray = pytest.importorskip("ray")
    failed = ray.exceptions.RayTaskError("f", "Traceback ...", FileNotFoundError("work.log"), "ray::f", 1, "::1")
    ends = {1: OSError("killed:\nno memory"), 2: failed.as_instanceof_cause(), 3: Ended(1, "shard 3: no such data.")}
    started = Started()
    shards, rows = Shards([1, 2, 3], started), table(*["not started"] * 3)
    for _ in range(TRIES):
        shards.look(rows)
        for handle, number in list(shards.running.items()):
            shards.ended(handle, ends[number], rows)
    reasons = (
        "shard 1: its node or its process died (OSError: killed: no memory).",
        "shard 2: its task failed (FileNotFoundError: work.log).",
        "shard 3: no such data.",
    )
    assert capsys.readouterr().err == "".join(f"warning: {reason}\n" for reason in reasons) * TRIES
    assert str(given_up(shards.failed)) == (
        f"round: failed {TRIES} times in a row: {' '.join(reasons)} Mend that and run the command again: the others "
        "are not trained again."
    )


def test_ctrl_c_is_heard_though_a_library_lost_it() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), _saved_on_interrupt(Shards([1], Started())) as check:
        check()
        with contextlib.suppress(KeyboardInterrupt):  # as in a callback, whose errors nobody hears
            signal.raise_signal(signal.SIGINT)
        check()
    assert signal.getsignal(signal.SIGINT) == before


def test_a_task_that_does_not_hear_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    hears = Counter({1: 1, 2: 3})  # the third time

    def wait(running: list[int], **_: Any) -> tuple[list[int], list[int]]:
        left = [handle for handle in running if asked.count(handle) < hears[handle]]
        return [handle for handle in running if handle not in left], left

    monkeypatch.setattr("ray.cancel", asked.append)
    monkeypatch.setattr("ray.wait", wait)
    _cancel([1, 2])
    assert asked == [1, 2, 2, 2]
