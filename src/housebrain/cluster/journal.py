"""What was solved before the head of a cluster, or the command, was killed: kept on this machine until all is done.

The records come back in the dataset's order, so that what is kept is a beginning of it and a position to go on from.
"""

import hashlib
import json
import pickle
import shutil
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from housebrain.dataset.prepare import Solved
from housebrain.files import atomic_file, sha256_file
from housebrain.provenance import PACKAGE

SECONDS = 30.0
RECORDS = 20_000  # held back in memory at most, and lost at most, besides what is solved in `SECONDS`
CODE = ("dataset", "house", "language", "rules", "solver")  # what a solved record depends on
KINDS = (".py", ".yaml", ".gz")  # code, tables, and the library of topologies


class Position(NamedTuple):
    """Where a dataset goes on: the number of a run, and how many of its records are done."""

    run: int
    record: int


class Journal:
    """Solved batches in a folder, a compressed file for every half minute.

    Args:
        folder: of all journals; one of other records, settings or code is removed.
        made_from: what the records are and how they are solved, as JSON has it.
    """

    def __init__(self, folder: Path, made_from: Any) -> None:
        key = hashlib.sha256(json.dumps([made_from, _code()]).encode()).hexdigest()[:32]
        self.folder = folder / key
        for other in folder.glob("*"):
            if other != self.folder:
                shutil.rmtree(other)
        self.position, self.count = Position(0, 0), 0
        self._files = 0
        self._batches: list[list[Solved]] = []
        self._records, self._saved = 0, time.monotonic()

    def kept(self) -> Iterator[list[Solved]]:
        """The batches of all files up to the first that is missing or damaged; `position` is then after them."""
        while (file := self._file()).exists():
            try:
                position, batches = pickle.loads(zlib.decompress(file.read_bytes()))
            except (EOFError, pickle.UnpicklingError, zlib.error):
                break
            yield from batches
            self.position = position
            self.count += sum(map(len, batches))
            self._files += 1
        for later in self.folder.glob("[0-9]*"):  # what follows a damaged one would not fit to what is written anew
            if later >= self._file():
                later.unlink()

    def add(self, batch: list[Solved], position: Position) -> None:
        """Keeps a batch, after which the dataset goes on at `position`; it is on the disk within half a minute."""
        self._batches.append(batch)
        self.position = position
        self.count += len(batch)
        self._records += len(batch)
        if self._records >= RECORDS or time.monotonic() - self._saved > SECONDS:
            self.save()

    def save(self) -> None:
        """Writes what is only in memory."""
        if self._batches:
            with atomic_file(self._file()) as temporary:
                temporary.write_bytes(zlib.compress(pickle.dumps((self.position, self._batches)), level=1))
            self._files += 1
        self._batches, self._records, self._saved = [], 0, time.monotonic()

    def remove(self) -> None:
        """To be called once the results are where they belong."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self) -> Path:
        return self.folder / f"{self._files:06d}"


def _code() -> list[str]:
    """The hashes of all files that a solved record may depend on."""
    files = (file for part in CODE for file in (PACKAGE / part).rglob("*") if file.suffix in KINDS)
    return [sha256_file(file) for file in sorted(files)]
