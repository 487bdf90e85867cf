"""A second copy of all that a round has come to: how it is laid out, and where it may be.

It is laid out like the DVC remote, so that it can stand in for it: `files/md5`, `runs` and `checkpoints` hold what
remote and local cache have there, under the same names. Below `backup/` is what has no such name:
    backup/objects/XX/SHA256    MLflow's store, its runs' files, this machine's checkpoints
    backup/TIME.json            a manifest: SHA-256 of every file; written last, so what it names is there and whole
Every name stands for one content and is written once. So a copy that was cut off is gone on with by running it again.
"""

import re
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ValidationError

from housebrain.errors import UserError
from housebrain.supervision.remote import Remote, open_remote

STORE = "mlflow.db"  # in a manifest, whatever the store's file is called
CHECKPOINTS = "models/checkpoints"  # of this machine; in a copy each is a tar
NAMES = re.compile(
    r"files/md5/[0-9a-f]{2}/[0-9a-f]{30}(\.dir)?"
    r"|runs/[0-9a-f]{2}/[0-9a-f]{64}/[0-9a-f]{64}"
    r"|checkpoints/(?P<key>[0-9a-f]{16})/shard-(?P<shard>\d+)"
    r"/(?:checkpoint|record)-\d+-[0-9a-f]{8}\.(?:tar|tar\.sha256|json)"
)
FOLDERS = ("files", "runs", "checkpoints")  # of those names
_MANIFEST = re.compile(r"backup/(\d{8}T\d{6}Z)\.json")
_SHOWN = 3  # faults in a message


class Manifest(BaseModel):
    """What a copy held at some time: SHA-256 by name on the remote, and by path in the project."""

    remote: dict[str, str] = {}
    project: dict[str, str] = {}


class Done(NamedTuple):
    """What copying came to.

    Attributes:
        files: that were copied.
        bytes: of those.
        present: files that were there before.
        time: of the copy, as its manifest is called.
    """

    files: int
    bytes: int
    present: int
    time: str


def open_copy(address: str, was_there: bool = False) -> Remote:
    """The place of a copy.

    Args:
        address: the name of a DVC remote, or a folder, of which only the last part may be missing.
        was_there: whether it held a copy before; then no part of a folder may be missing.

    Raises:
        UserError: it is neither, or is no place for a second copy.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(".") as repo:
            remotes, default = repo.config["remote"], repo.config["core"].get("remote")
            root = Path(repo.root_dir).resolve()
            is_local = bool(default) and "://" not in remotes.get(default, {}).get("url", "://")
            first = Path(repo.cloud.get_remote().path).resolve() if is_local else None
    except DvcException as error:
        raise UserError(f"backup: {error}. Run it in the project's folder.") from error
    if address == default:
        raise UserError(f"{address}: it is the remote that is to be copied. Give another remote, or a folder.")
    if address in remotes:
        return open_remote(address)
    if "://" in address:
        raise UserError(
            f"{address}: it is neither a remote's name nor a folder. Make it a remote, `dvc remote add --local second "
            "ADDRESS`, and give that name."
        )
    folder = Path(address).expanduser().resolve()
    if folder.is_relative_to(root):
        raise UserError(f"{folder}: it lies in the project, and would be lost with it. Choose a folder elsewhere.")
    if first is not None and (folder.is_relative_to(first) or first.is_relative_to(folder)):
        raise UserError(f"{folder}: it is the remote that is to be copied, or one lies in the other. Choose another.")
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder}: it is a file. Give a folder.")
    if was_there and not folder.exists():
        raise UserError(f"{folder}: it held a copy, and is gone. Mount the disk that it is on.")
    if not folder.parent.is_dir():
        raise UserError(f"{folder}: {folder.parent} does not exist. Make it, or mount the disk that it is on.")
    return _at(folder, str(folder))


def _at(folder: Path, name: str) -> Remote:
    from dvc_objects.fs import LocalFileSystem

    return Remote(LocalFileSystem(), str(folder), name)


def first_remote() -> Remote | None:
    """The default DVC remote; None where none is set.

    Raises:
        UserError: as for `open_remote`.
    """
    from dvc.repo import Repo

    with Repo(".") as repo:
        is_set = bool(repo.config["core"].get("remote"))
    return open_remote() if is_set else None


def cache() -> Remote:
    """DVC's cache, which is laid out like a remote."""
    from dvc.repo import Repo

    with Repo(".") as repo:
        return _at(Path(repo.cache.legacy.path), "DVC's cache")


def named(source: Remote) -> set[str]:
    """What a remote, a cache or a copy has under names that stand for a content."""
    return {name for folder in FOLDERS for name in source.tree(folder) if NAMES.fullmatch(name)}


def tidied(copy: Remote) -> set[str]:
    """All names in a copy, without what uploads that were cut off have left: that is removed."""
    names = {name for folder in (*FOLDERS, "backup") for name in copy.tree(folder)}
    for name in [name for name in names if name.endswith(".tmp")]:
        copy.remove(name)
        names.remove(name)
    return names


def announced_last(name: str) -> tuple[str, bool, str]:
    """Sorts names so that a checkpoint is announced once it is there."""
    return name.rpartition("/")[0], name.endswith(".sha256"), name


def object_name(sha256: str) -> str:
    """Where a file is that has no name of its own."""
    return f"backup/objects/{sha256[:2]}/{sha256}"


def manifest_name(time: str) -> str:
    return f"backup/{time}.json"


def is_checkpoint(path: str) -> bool:
    """Whether a path of the project in a manifest is one of this machine's checkpoints."""
    return path.startswith(f"{CHECKPOINTS}/")


def times_of(names: set[str]) -> list[str]:
    """The times of the manifests among a copy's names, oldest first."""
    return sorted(found[1] for found in map(_MANIFEST.fullmatch, names) if found)


def read_manifest(copy: Remote, time: str) -> Manifest:
    """A manifest of a copy.

    Raises:
        UserError: it is damaged, or can't be had.
    """
    try:
        return Manifest.model_validate_json(copy.read(manifest_name(time)))
    except ValidationError as error:
        raise UserError(
            f"{copy.name}: {manifest_name(time)} is damaged. Remove it: the copy before it is used then."
        ) from error


def listed(faults: list[str]) -> str:
    """The first few of what is wrong, and how many more there are."""
    more = f" and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
    return "; ".join(faults[:_SHOWN]) + more
