"""Checkpoints that can be trusted: one counts only once its marker, written last, says which files it has.

A kill at any moment, also in the middle of a save, leaves either a complete checkpoint or one without a marker.

Hours of work are in a checkpoint, so one that can't be used now is kept in a folder beside the others: below
`shard-3.aside/KEY/` where it belongs to another training, which finds it there again, and below
`shard-3.aside/damaged/` where it can't be trusted.
"""

import itertools
import re
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from housebrain.environment import MARKER
from housebrain.errors import UserError, os_error
from housebrain.files import read_json, sha256_file, write_json
from housebrain.provenance import differing_versions, library_versions

DAMAGED = "damaged"
_NAME = re.compile(r"checkpoint-(\d+)")


def step_of(checkpoint: Path) -> int:
    """The optimizer step at which a checkpoint was taken."""
    match = _NAME.fullmatch(checkpoint.name)
    return int(match.group(1)) if match else -1


def _all(folder: Path) -> list[Path]:
    """The checkpoints in a folder, newest first."""
    found = [path for path in folder.glob("checkpoint-*") if path.is_dir() and step_of(path) >= 0]
    return sorted(found, key=step_of, reverse=True)


def mark_complete(checkpoint: Path, training_key: str) -> None:
    """Seals a checkpoint with the hashes of its files, the key of its training and the versions of the libraries."""
    files = {
        path.relative_to(checkpoint).as_posix(): sha256_file(path)
        for path in sorted(checkpoint.rglob("*"))
        if path.is_file() and path.name != MARKER
    }
    marker = {"training_key": training_key, "files": files, "versions": library_versions()}
    write_json(checkpoint / MARKER, marker)


def versions_of(checkpoint: Path) -> dict[str, str]:
    """The versions of the libraries that a sealed checkpoint was made with."""
    versions: dict[str, str] = read_json(checkpoint / MARKER)["versions"]
    return versions


def warn_of_versions(checkpoint: Path) -> None:
    """Says, in one line, where the checkpoint to resume from was made with other versions of the libraries."""
    if differing := differing_versions({"the checkpoint": versions_of(checkpoint), "here": library_versions()}):
        print(
            f"warning: {checkpoint} is of other versions: {differing}. The result may differ in its last digits.",
            file=sys.stderr,
        )


def _fault(checkpoint: Path, training_key: str) -> str | None:
    """Why a checkpoint can't be used; None where it can."""
    if not (checkpoint / MARKER).exists():
        return "it is incomplete"
    try:
        marker = read_json(checkpoint / MARKER)
        if marker["training_key"] != training_key:
            return "it belongs to other data, settings or code"
        for name, sha256 in marker["files"].items():
            if not (checkpoint / name).exists() or sha256_file(checkpoint / name) != sha256:
                return f"{name} is damaged"
    except (UserError, KeyError, TypeError, AttributeError):
        return "its marker is damaged"
    return None


def aside(folder: Path) -> Path:
    """Where what can't be used of the checkpoints in `folder` is kept: beside it."""
    return folder.with_name(f"{folder.name}.aside")


def newest(folder: Path, training_key: str) -> Path | None:
    """The newest checkpoint of this very training, also of those that were set aside before.

    Those that can't be used are named and set aside; only one whose save was cut off is removed.
    """
    for checkpoint in _all(folder):
        owner = _owner(checkpoint)
        if owner not in (None, training_key):
            place = _set_aside(checkpoint, str(owner)[:16])
            print(
                f"warning: {checkpoint} is not used: it belongs to other data, settings or code. It is kept as {place} "
                "and is found again once those are as they were; remove that folder to free its space.",
                file=sys.stderr,
            )
    _bring_back(folder, training_key)
    for checkpoint in _all(folder):
        fault = _fault(checkpoint, training_key)
        if fault is None:
            return checkpoint
        if not (checkpoint / MARKER).exists():
            print(f"warning: {checkpoint} is not used: {fault}. It is removed.", file=sys.stderr)
            shutil.rmtree(checkpoint)
        else:
            place = _set_aside(checkpoint, DAMAGED)
            print(f"warning: {checkpoint} is not used: {fault}. It is kept as {place}.", file=sys.stderr)
    return None


def _owner(checkpoint: Path) -> str | None:
    """The key of the training that sealed a checkpoint; None where its marker is missing or can't be read."""
    if not (checkpoint / MARKER).exists():
        return None
    try:
        return str(read_json(checkpoint / MARKER)["training_key"])
    except (UserError, KeyError, TypeError):
        return None


def _set_aside(checkpoint: Path, name: str) -> Path:
    """Moves a checkpoint into the folder `name` of those set aside, under a name that is free; returns where it is."""
    place = aside(checkpoint.parent) / name
    try:
        place.mkdir(parents=True, exist_ok=True)
        names = (f"{checkpoint.name}{f'.{number}' if number else ''}" for number in itertools.count())
        target = next(place / free for free in names if not (place / free).exists())
        return checkpoint.rename(target)
    except OSError as error:
        raise os_error(error, place) from error


def _bring_back(folder: Path, training_key: str) -> None:
    """Moves this training's checkpoints that were set aside back to the others, unless one of that step is there."""
    place = aside(folder) / training_key[:16]
    for checkpoint in _all(place):
        if not (folder / checkpoint.name).exists():
            folder.mkdir(parents=True, exist_ok=True)
            checkpoint.rename(folder / checkpoint.name)
            print(f"{folder / checkpoint.name}: set aside before, and found again", flush=True)
    with suppress(OSError):  # it isn't there, or not empty
        place.rmdir()
        aside(folder).rmdir()


def make_room(folder: Path) -> None:
    """Before a save: all but the newest checkpoint are removed, and that is printed, where the disk is nearly full.

    Room is twice the newest one's size, as a save that fails half-way is worse than an old checkpoint lost.
    """
    known = _all(folder)
    if len(known) < 2:
        return
    size_bytes = sum(path.stat().st_size for path in known[0].rglob("*") if path.is_file())
    if shutil.disk_usage(folder).free < 2 * size_bytes:
        print(
            f"warning: {folder}: the disk is nearly full: {len(known) - 1} older checkpoints removed.", file=sys.stderr
        )
        keep_newest(folder, 1)


def keep_newest(folder: Path, count: int) -> None:
    """Removes all but the newest `count` checkpoints."""
    for checkpoint in _all(folder)[count:]:
        shutil.rmtree(checkpoint)
