"""A node's own folder, for clones of the project and the base model."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCRATCH = "~/.cache/housebrain"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Has the body run in one process of this node at a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
