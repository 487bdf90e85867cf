"""Tests for housebrain.supervision.polling."""

import errno
import time

import pytest

from housebrain.errors import UserError
from housebrain.supervision.polling import poll


class Looks:
    """Fails as often as `faults` says and works from then on."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.count = 0

    def __call__(self) -> None:
        self.count += 1
        if self.faults:
            raise self.faults.pop(0)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were taken; Ctrl-C comes in the third."""
    taken: list[float] = []

    def sleep(seconds: float) -> None:
        taken.append(seconds)
        if len(taken) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", sleep)
    return taken


def test_an_error_is_handed_on_and_the_next_look_follows(pauses: list[float]) -> None:
    look, errors = Looks(UserError("no network")), list[UserError]()
    with pytest.raises(KeyboardInterrupt):
        poll(look, errors.append, 30)
    assert [str(error) for error in errors] == ["no network"]
    assert look.count == 3 and pauses == [30, 30, 30]


def test_one_look_takes_no_pause(pauses: list[float]) -> None:
    look, errors = Looks(UserError("no network")), list[UserError]()
    poll(look, errors.append, 30, again=False)
    assert (look.count, len(errors), pauses) == (1, 1, [])


def test_an_error_of_the_program_ends_it(pauses: list[float]) -> None:
    look = Looks(ValueError("a mistake"))
    with pytest.raises(ValueError, match="a mistake"):
        poll(look, lambda error: None, 30)
    assert look.count == 1


def test_what_the_system_says_of_a_disk_is_no_end_and_that_nobody_reads_is(pauses: list[float]) -> None:
    look, errors = Looks(OSError(errno.ENOSPC, "No space left", "/tmp/x"), BrokenPipeError()), list[UserError]()
    with pytest.raises(BrokenPipeError):
        poll(look, errors.append, 30)
    assert [str(error)[:26] for error in errors] == ["/tmp/x: the disk is full. "]
    assert look.count == 2
