"""Which shards `housebrain round run` starts, and when: its bookkeeping, without a cluster."""

from typing import Any

import pytest

from housebrain.cluster.node import Ended
from housebrain.cluster.rounds import TRIES, Shards, given_up

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


def test_a_task_that_fails_by_itself_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    started = Started()
    shards = Shards([1, 2], started)
    for _ in range(TRIES):
        shards.look(table("not started", "not started"))
        for handle, number in list(shards.running.items()):
            how = FileNotFoundError("work.log: no\nsuch file") if number == 1 else Ended(1, "shard 2: no such data")
            shards.ended(handle, how, table("not started", "not started"))
    reason = "shard 1: its node or its process died (FileNotFoundError: work.log: no such file)."
    assert f"warning: {reason}\n" in capsys.readouterr().err
    assert str(given_up(shards.failed)) == (
        f"round: failed {TRIES} times in a row: {reason} shard 2: no such data. Mend that and run the command again: "
        "the others are not trained again."
    )
