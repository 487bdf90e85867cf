"""Tests for housebrain.solver.survey."""

from concurrent.futures import ThreadPoolExecutor

from housebrain.solver.engine import solve
from housebrain.solver.needs import Programme, Room

ROOMS = (
    Room("living", "living", 220.0),
    Room("kitchen", "kitchen", 110.0),
    Room("master", "master", 160.0),
    Room("bed1", "bed", 130.0),
    Room("bath1", "bath", 45.0),
)


def test_threads_do_not_disturb_each_other() -> None:
    """The kernels let other threads go on: what they write to is a thread's own."""
    programmes = [Programme(ROOMS, floors, 40.0 + side, 50.0, "N", "x") for side in range(6) for floors in (1, 2)]
    alone = [solve(one) for one in programmes]
    with ThreadPoolExecutor(4) as threads:
        for _ in range(3):
            assert list(threads.map(solve, programmes)) == alone
