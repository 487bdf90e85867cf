"""What a fuzzer is here: cases to draw, and a check of what the product makes of one.

The promise that all of them hold against: whatever is given, either the result is right, or there is one clear line
that says what, where and what to do. Nothing is lost, nothing is left out or changed without a word.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NamedTuple

from hypothesis import strategies as st

from housebrain.errors import UserError

LONGEST = 1500  # characters of a message
HANG_SECONDS = 120  # a busy machine takes half of it for the first case, which imports torch or MLflow


class Target(NamedTuple):
    """A fuzzer.

    Attributes:
        name: for people.
        about: what is drawn and what is held against it, in a line.
        cases: to draw from.
        check: says what came of a case, in a word or two; raises AssertionError where the promise is broken.
        outcomes: all of them that a small run must have met, or the fuzzer would prove nothing.
        examples: of the test; a long run has as many as are asked for.
        kept: cases that broke the promise once.
    """

    name: str
    about: str
    cases: st.SearchStrategy[Any]
    check: Callable[[Any], str]
    outcomes: frozenset[str]
    examples: int = 100
    kept: tuple[Any, ...] = ()


def refused(error: UserError) -> str:
    """The outcome of a case that was refused, once its message is found to be one clear line."""
    said = str(error)
    assert "\n" not in said and "\r" not in said, f"more than a line: {said!r}"
    assert len(said) < LONGEST, f"{len(said)} characters: {said[:300]!r}"
    assert said.rstrip()[-1:] in ".`)'\"", f"no sentence: {said!r}"
    return "refused"


@contextmanager
def no_hang(seconds: int = HANG_SECONDS) -> Iterator[None]:
    """Breaks off what takes too long; in the main thread only."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"no end after {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
