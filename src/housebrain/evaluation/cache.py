"""What models came to, kept on this machine: a second evaluation of the same asks none of them again.

An entry is known by everything that it depends on, so none is ever out of date, and the folder may be deleted at any
time. It is no DVC output: it would be deleted before each run.
"""

import hashlib
import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

from housebrain.answering.finish import Proposal
from housebrain.files import atomic_file, sha256_file

FOLDER = Path("models/answers")


class Entry(BaseModel):
    """What is kept."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class Loss(Entry):
    """On the reference answer of a brief, nats a token."""

    loss: float


class Answers(Entry):
    """To a batch of briefs, and what they took when they were made: seconds for all, peak memory in GB (10^9 bytes).

    Guided answers are `proposals` besides.
    """

    answers: list[str]
    proposals: list[Proposal] = []
    seconds: float
    peak_gb: float


E = TypeVar("E", bound=Entry)


class Cache:
    """Entries in a folder, a file each: its hash, then its JSON.

    Args:
        folder: made with the first entry.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get_or_make(self, kind: type[E], depends_on: dict[str, Any], make: Callable[[], E]) -> E:
        """The entry that `depends_on` has; one that is missing or damaged is made and kept.

        Raises:
            UserError: the folder can't be written.
        """
        known = _read(self.path(kind, depends_on), kind)
        if known is not None:
            return known
        entry = make()
        self.keep(entry, depends_on)
        return entry

    def keep(self, entry: Entry, depends_on: dict[str, Any]) -> None:
        """Writes an entry.

        Raises:
            UserError: the folder can't be written.
        """
        content = entry.model_dump_json().encode()
        with atomic_file(self.path(type(entry), depends_on)) as temporary:
            temporary.write_bytes(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)

    def has(self, kind: type[Entry], depends_on: dict[str, Any]) -> bool:
        """Whether an entry is there, whole."""
        return _read(self.path(kind, depends_on), kind) is not None

    def path(self, kind: type[Entry], depends_on: dict[str, Any]) -> Path:
        """Where an entry is, or would be."""
        key = hashlib.sha256(json.dumps([kind.__name__, depends_on], sort_keys=True).encode()).hexdigest()
        return self.folder / key[:2] / f"{key}.json"


def hash_of(path: Path) -> str:
    """Hex SHA-256 of a file on which entries depend. It is read once, unless it is written again."""
    found = path.stat()
    return _hash_of(path, found.st_ino, found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=256)
def _hash_of(path: Path, *state: int) -> str:
    return sha256_file(path)


def _read(path: Path, kind: type[E]) -> E | None:
    try:
        digest, _, content = path.read_bytes().partition(b"\n")
        if hashlib.sha256(content).hexdigest().encode() == digest:
            return kind.model_validate_json(content)
    except (OSError, ValueError):
        pass  # missing, or not what a whole entry looks like
    return None
