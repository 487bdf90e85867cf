"""Bringing back from a second copy what was lost."""

import shutil
import tempfile
from pathlib import Path

from tqdm import tqdm

from housebrain.errors import UserError
from housebrain.files import atomic_file, sha256_file
from housebrain.mlflow_file import ARTIFACTS, database, snapshot
from housebrain.supervision.copies import (
    STORE,
    Done,
    announced_last,
    cache,
    first_remote,
    is_checkpoint,
    listed,
    named,
    object_name,
    read_manifest,
    tidied,
    times_of,
)
from housebrain.supervision.remote import Remote
from housebrain.supervision.upload import unpack
from housebrain.tracking import store_uri


def restore(copy: Remote, at: str | None = None, progress: bool = True) -> Done:
    """Brings back what this project and its DVC remote lack of a copy. Nothing that is there is changed.

    Args:
        copy: where from.
        at: the time of the copy to take; else the newest.
        progress: shown on stderr.

    Raises:
        UserError: there is no such copy, a file of it is damaged, or one that is here differs from it. All others are
            brought back before that is said.
    """
    first = first_remote() or cache()
    names = tidied(copy)
    times = times_of(names)
    if not times:
        raise UserError(f"{copy.name}: there is no copy in it. Give what `housebrain backup --to` was given.")
    if at is not None and at not in times:
        raise UserError(f"--at: {copy.name} has no copy of {at}, only of {', '.join(times)}.")
    done = Done(0, 0, 0, at or times[-1])
    manifest = read_manifest(copy, done.time)
    here = named(first)
    faults: list[str] = []
    with tempfile.TemporaryDirectory(prefix="housebrain-backup-") as folder:
        file = Path(folder) / "content"
        remote = [(name, name, sha256) for name, sha256 in manifest.remote.items()]
        remote.sort(key=lambda item: announced_last(item[0]))
        project = [(path, object_name(sha256), sha256) for path, sha256 in manifest.project.items()]
        for path, name, sha256 in tqdm(remote + project, "restore", unit=" files", mininterval=1, disable=not progress):
            target = None if path == name else _place(path)
            if path == name and name in here:
                done = done._replace(present=done.present + 1)
            elif target is not None and target.exists():
                done = done._replace(present=done.present + 1)
                if not is_checkpoint(path) and _sha256_of(target, path, Path(folder)) != sha256:
                    faults.append(f"{target} is there and is another: it was left; move it away to have the copy's")
            elif name not in names and (_is_replaced(name, names) or (is_checkpoint(path) and done.time != times[-1])):
                continue  # newer checkpoints are in the copy
            elif name not in names:
                faults.append(f"{path} is missing in {copy.name}")
            else:
                copy.get(name, file)
                if sha256_file(file) != sha256:
                    faults.append(f"{path} is damaged in {copy.name}")
                    continue
                if target is None:
                    first.put(file, name)
                elif is_checkpoint(path):
                    unpack(file, target)
                else:
                    _bring(file, target)
                done = done._replace(files=done.files + 1, bytes=done.bytes + file.stat().st_size)
    if faults:
        raise UserError(
            f"restore: {listed(faults)}. {done.files} files were brought back, {done.present} were here. "
            f"{_others(times, done.time)}"
        )
    return done


def _others(times: list[str], taken: str) -> str:
    before = [time for time in times if time < taken]
    return f"The copy before: `--at {before[-1]}`." if before else "There is no older copy."


def _is_replaced(name: str, names: set[str]) -> bool:
    """Whether a checkpoint is in the copy no more since newer ones are."""
    if not name.startswith("checkpoints/"):
        return False
    folder, _, file = name.rpartition("/")
    announced = [other.rpartition("/")[2] for other in names if other.startswith(f"{folder}/checkpoint-")]
    return any(other.split("-")[1] > file.split("-")[1] for other in announced if other.endswith(".tar.sha256"))


def _sha256_of(target: Path, path: str, folder: Path) -> str:
    """Of a file as a copy would have it."""
    if path != STORE:
        return sha256_file(target)
    snapshot(target, folder / STORE)  # a store's own bytes also say how often it was written to
    return sha256_file(folder / STORE)


def _place(path: str) -> Path:
    """Where a file of the project belongs.

    Raises:
        UserError: MLflow's store is no file here, or the manifest names a place outside the project.
    """
    if ".." in Path(path).parts or Path(path).is_absolute():
        raise UserError(f"{path}: no copy of a project holds such a file. Don't use this copy.")
    if path != STORE and not path.startswith(f"{ARTIFACTS}/"):
        return Path(path)
    store = database(store_uri())
    if store is None:
        raise UserError(f"MLFLOW_TRACKING_URI: {store_uri()} is no file, and the copy's store is one. Unset it.")
    return store if path == STORE else store.parent / path


def _bring(file: Path, target: Path) -> None:
    """Copies a file to its place."""
    for left_over in ("-journal", "-wal", "-shm"):
        stale = target.with_name(target.name + left_over)
        if stale.exists():  # of a store that is gone: SQLite would play it back into the one that is brought
            stale.rename(f"{stale}.old")
    with atomic_file(target) as temporary:
        shutil.copyfile(file, temporary)
