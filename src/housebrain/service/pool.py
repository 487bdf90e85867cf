"""Designing in threads: a few at once, some wait, more are refused; what nobody waits for any longer is given up."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class FullError(Exception):
    """As many requests wait as may; `retry_seconds` says when there may be room."""

    def __init__(self, retry_seconds: int) -> None:
        super().__init__("the queue is full")
        self.retry_seconds = retry_seconds


class GivenUpError(Exception):
    """Raised by work that sees that it is no longer waited for."""


class Cancelled:
    """Whether the one who asked has gone, or waited too long: `cancelled()` raises then.

    Work calls it between its steps.
    """

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        self._event.set()

    def __call__(self) -> None:
        if self._event.is_set():
            raise GivenUpError


class Pool:
    """Runs work in `workers` threads; `waiting` more may wait."""

    def __init__(self, workers: int, waiting: int) -> None:
        self.size = workers + waiting
        self.workers = workers
        self.inside = 0  # running or waiting; only the event loop changes it
        self.mean_seconds = 1.0  # of late, for `Retry-After`
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="design")

    async def run(self, work: Callable[[Cancelled], T], seconds: float) -> T:
        """Runs `work` when its turn comes.

        Raises:
            FullError: too many wait.
            TimeoutError: it took longer than `seconds`, waiting included.
        """
        if self.inside >= self.size:
            raise FullError(max(1, round(self.mean_seconds * self.inside / self.workers)))
        self.inside += 1
        loop = asyncio.get_running_loop()
        started, cancelled = loop.time(), Cancelled()

        def begin() -> T:
            cancelled()
            return work(cancelled)

        future = loop.run_in_executor(self._threads, begin)
        future.add_done_callback(self._left)
        try:
            result = await asyncio.wait_for(asyncio.shield(future), seconds)
        except (TimeoutError, asyncio.CancelledError):
            cancelled.set()
            # The thread ends with GivenUpError, which nobody is left to hear.
            future.add_done_callback(lambda done: done.cancelled() or done.exception())
            raise
        self.mean_seconds += 0.1 * (loop.time() - started - self.mean_seconds)
        return result

    def _left(self, _: object) -> None:
        self.inside -= 1

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)
