"""Tests for housebrain.service.pool."""

import asyncio
import threading

import pytest

from housebrain.service.pool import Cancelled, FullError, Pool


def test_more_than_may_wait_are_refused_and_the_others_are_done() -> None:
    async def ask() -> tuple[list[int], list[FullError]]:
        pool, go = Pool(workers=1, waiting=2), threading.Event()

        def work(check: Cancelled) -> int:
            go.wait()
            return 1

        asked = [asyncio.create_task(pool.run(work, 10)) for _ in range(5)]
        await asyncio.sleep(0.05)
        go.set()
        done = await asyncio.gather(*asked, return_exceptions=True)
        pool.close()
        return [one for one in done if one == 1], [one for one in done if isinstance(one, FullError)]

    done, refused = asyncio.run(ask())
    assert (len(done), len(refused)) == (3, 2)
    assert all(one.retry_seconds >= 1 for one in refused)


def test_what_takes_too_long_makes_room_once_it_ends() -> None:
    async def ask() -> int:
        pool = Pool(workers=1, waiting=0)
        ended = threading.Event()

        def work(check: Cancelled) -> None:
            try:
                while True:
                    check()
                    ended.wait(0.01)
            finally:
                ended.set()

        with pytest.raises(TimeoutError):
            await pool.run(work, 0.05)
        await asyncio.to_thread(ended.wait)
        await asyncio.sleep(0.05)
        return pool.inside

    assert asyncio.run(ask()) == 0
