"""Checkpoints that can be trusted: one counts only once its marker, written last, says which files it has.

A kill at any moment, also in the middle of a save, leaves either a complete checkpoint or one without a marker.
"""

import re
import shutil
import sys
from pathlib import Path

from housebrain.environment import MARKER
from housebrain.errors import UserError
from housebrain.files import read_json, sha256_file, write_json
from housebrain.provenance import differing_versions, library_versions

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
    """Says, in one line, where a checkpoint that is gone on from was made with other versions of the libraries."""
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


def newest(folder: Path, training_key: str) -> Path | None:
    """The newest checkpoint of this very training; those that can't be used are named, then removed."""
    for checkpoint in _all(folder):
        fault = _fault(checkpoint, training_key)
        if fault is None:
            return checkpoint
        print(f"warning: {checkpoint} is not used: {fault}.", file=sys.stderr)
        shutil.rmtree(checkpoint)
    return None


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
