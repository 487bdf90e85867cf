"""Keeping the second copy: whatever it lacks is copied, read back, and compared by its hash."""

import hashlib
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tqdm import tqdm

from housebrain.environment import MARKER
from housebrain.errors import UserError
from housebrain.files import sha256_file
from housebrain.mlflow_file import ARTIFACTS, database, snapshot
from housebrain.redact import redacted
from housebrain.supervision.copies import (
    CHECKPOINTS,
    NAMES,
    STORE,
    Done,
    Manifest,
    announced_last,
    cache,
    first_remote,
    is_checkpoint,
    listed,
    manifest_name,
    named,
    object_name,
    read_manifest,
    tidied,
    times_of,
)
from housebrain.supervision.remote import MissingError, Remote
from housebrain.supervision.upload import pack, prune
from housebrain.tracking import store_uri


def backup(copy: Remote, keep: int, progress: bool = True) -> Done:
    """Brings a copy up to date with the DVC remote and with this project.

    What the first has lost stays in the copy. Of a shard's checkpoints those go that newer ones in the copy replace.

    Args:
        copy: where to.
        keep: checkpoints of each shard that stay, besides the best.
        progress: shown on stderr.

    Raises:
        UserError: something can't be read or written. Where single files are damaged all others are copied before
            that is said.
    """
    first = first_remote()
    sources = [(source, named(source)) for source in (cache(), first) if source is not None]
    there = tidied(copy)
    times = times_of(there)
    known = read_manifest(copy, times[-1]) if times else Manifest()
    manifest = Manifest(
        remote={name: sha256 for name, sha256 in known.remote.items() if name in there},
        project={path: sha256 for path, sha256 in known.project.items() if object_name(sha256) in there},
    )
    lacking = {name for _, names in sources for name in names} - manifest.remote.keys()
    done = Done(0, 0, len(manifest.remote), "")
    faults: list[str] = []
    with tempfile.TemporaryDirectory(prefix="housebrain-backup-") as temporary:
        folder = Path(temporary)
        bar = tqdm(sorted(lacking, key=announced_last), "backup", unit=" files", mininterval=1, disable=not progress)
        for name in bar:
            file, fault = _fetched([source for source, names in sources if name in names], name, folder)
            if file is None:
                faults += [fault] if fault else []
                continue
            manifest.remote[name] = _put(copy, file, name, there)
            done = done._replace(files=done.files + 1, bytes=done.bytes + file.stat().st_size)
        seen: set[str] = set()
        for path, file in _project_files(folder, faults):
            try:
                sha256 = sha256_file(file)
            except FileNotFoundError:
                continue  # removed meanwhile, by who owns it
            seen.add(path)
            if object_name(sha256) in there and manifest.project.get(path) == sha256:
                done = done._replace(present=done.present + 1)
                continue
            manifest.project[path] = _put(copy, file, object_name(sha256), there)
            done = done._replace(files=done.files + 1, bytes=done.bytes + file.stat().st_size)
    replaced = _replaced(manifest, seen)
    for key, shard in _trainings(manifest):
        for name in prune(copy, key, shard, keep):
            manifest.remote.pop(name, None)
    stamp = times[-1] if manifest == known else _sealed(copy, manifest, times)
    for sha256 in replaced - set(manifest.project.values()):
        copy.remove(object_name(sha256))
    if faults:
        raise UserError(
            f"backup: not copied: {listed(faults)}. All else is in {copy.name}. Bring good ones to the remote from a "
            "machine that has them, `dvc push`, and run it again."
        )
    return done._replace(time=stamp)


def _replaced(manifest: Manifest, seen: set[str]) -> set[str]:
    """Takes out of a manifest those of this machine's checkpoints in whose stead it has others now.

    Args:
        manifest: as it is to be.
        seen: all paths of this project that are there.

    Returns:
        Their hashes.
    """
    folders = {path.rpartition("/")[0] for path in seen if is_checkpoint(path)}
    gone = [
        path
        for path in manifest.project
        if is_checkpoint(path) and path not in seen and path.rpartition("/")[0] in folders
    ]
    return {manifest.project.pop(path) for path in gone}


def _trainings(manifest: Manifest) -> list[tuple[str, int]]:
    """The key and the shard of each training that has checkpoints on the remote."""
    found = (match for match in map(NAMES.fullmatch, manifest.remote) if match and match["key"])
    return sorted({(match["key"], int(match["shard"])) for match in found})


def _sealed(copy: Remote, manifest: Manifest, times: list[str]) -> str:
    """Writes the manifest under a time that is none of `times`; returns that."""
    while (stamp := time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())) in times:
        time.sleep(0.1)
    content = manifest.model_dump_json(indent=1).encode()
    copy.put_bytes(content, manifest_name(stamp))
    if copy.read(manifest_name(stamp)) != content:
        copy.remove(manifest_name(stamp))
        raise UserError(f"{copy.name}: {manifest_name(stamp)} is not what was written there. Run the command again.")
    return stamp


def _fetched(sources: list[Remote], name: str, folder: Path) -> tuple[Path | None, str]:
    """A file from the first source that has it undamaged; else None, and what is wrong with it.

    Nothing is wrong with a checkpoint that was removed meanwhile.
    """
    file, fault = folder / "content", ""
    for source in sources:
        try:
            source.get(name, file)
            expected, algorithm = _expected(source, name)
        except MissingError:
            continue
        with file.open("rb") as content:
            if not expected or hashlib.file_digest(content, algorithm).hexdigest() == expected:
                return file, ""
        fault = f"{name} is damaged in {source.name}: its hash is another than it should be"
    return None, fault


def _expected(source: Remote, name: str) -> tuple[str, str]:
    """The hash that a file must have, and the algorithm; empty where nothing says it."""
    if name.startswith("files/md5/"):
        return "".join(name.split("/")[2:]).removesuffix(".dir"), "md5"
    if name.endswith(".tar"):
        return source.read(f"{name}.sha256").decode(errors="replace").partition(" ")[0], "sha256"
    return "", "sha256"


def _put(copy: Remote, file: Path, name: str, there: set[str]) -> str:
    """Uploads a file, unless it is there and whole, and reads it back; returns its SHA-256."""
    sha256 = sha256_file(file)
    if name in there:
        if _sha256_of(copy, name) == sha256:
            return sha256  # left by a copy that was cut off
        copy.remove(name)
    copy.put(file, name)
    there.add(name)
    if _sha256_of(copy, name) != sha256:
        copy.remove(name)
        raise UserError(f"{copy.name}: {name} is not what was written there. Look at that disk; run the command again.")
    return sha256


def _sha256_of(copy: Remote, name: str) -> str:
    with tempfile.TemporaryDirectory(prefix="housebrain-backup-") as folder:
        back = Path(folder) / "content"
        copy.get(name, back)
        return sha256_file(back)


def _project_files(folder: Path, faults: list[str]) -> Iterator[tuple[str, Path]]:
    """What is in no remote, by path: MLflow's store (a copy in `folder`), its files, this machine's checkpoints."""
    store = database(store_uri())
    if store is None:
        print(f"warning: MLflow's store is no file and is not copied: {redacted(store_uri())}", file=sys.stderr)
    elif store.is_file():
        try:
            snapshot(store, folder / STORE)
            yield STORE, folder / STORE
        except UserError as error:
            faults.append(str(error).removesuffix("."))
        for path in sorted((store.parent / ARTIFACTS).rglob("*")):
            if path.is_file():
                yield path.relative_to(store.parent).as_posix(), path
    for marker in sorted(Path(CHECKPOINTS).glob(f"**/checkpoint-*/{MARKER}")):
        with suppress(FileNotFoundError):  # removed meanwhile: there is a newer one
            pack(marker.parent, folder / "checkpoint.tar")
            yield marker.parent.as_posix(), folder / "checkpoint.tar"
