"""Remotes for tests: a local folder through DVC's own filesystem, and one that fails as told (simulated)."""

from collections import deque
from pathlib import Path
from typing import Any

from dvc_objects.fs import LocalFileSystem

from housebrain.supervision.remote import Remote


def local_remote(folder: Path) -> Remote:
    """A remote on a local folder that waits for nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    return Remote(LocalFileSystem(), str(folder), "test", sleep=lambda _: None)


class Faulty:
    """DVC's local filesystem, of which each call raises the next of `faults` first, as long as there is one."""

    def __init__(self, *faults: Exception) -> None:
        self._fs = LocalFileSystem()
        self.faults = deque(faults)
        self.protocol = "local"

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._fs, name)
        if name not in ("put_file", "get_file", "ls", "remove", "info"):
            return real

        def call(*arguments: Any, **options: Any) -> Any:
            if self.faults:
                raise self.faults.popleft()
            return real(*arguments, **options)

        return call


def faulty_remote(folder: Path, *faults: Exception) -> tuple[Remote, list[float]]:
    """A remote whose filesystem is `Faulty`, and the pauses it took."""
    folder.mkdir(parents=True, exist_ok=True)
    pauses: list[float] = []
    return Remote(Faulty(*faults), str(folder), "test", attempts=4, sleep=pauses.append), pauses
