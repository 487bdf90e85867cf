"""Checkpoints leave the machine: packed, uploaded under write-once names, announced once they are there, and fetched.

On the remote, below `checkpoints/<training key>/shard-K/`:
    checkpoint-000100-<hash>.tar            the checkpoint
    checkpoint-000100-<hash>.tar.sha256     its hash, in sha256sum's format: written after the tar, it announces it
    record-000100-<hash>.json               the run so far, for MLflow
The hash in a name is the start of the content's, so no name is ever written twice with different contents. (It may be
written twice with the same: where the answer to an upload is lost, the upload is sent again.)
"""

import re
import shutil
import sys
import tarfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from housebrain.environment import MARKER, RECORD
from housebrain.errors import UserError
from housebrain.files import atomic_folder, sha256_file
from housebrain.supervision.remote import Remote
from housebrain.tracking import RunRecord
from housebrain.training.checkpoints import newest, step_of

_CHECKPOINT = re.compile(r"checkpoint-(\d+)-\w+\.tar")


def folder(training_key: str, shard: int) -> str:
    """Where the checkpoints of a training are on the remote."""
    return f"checkpoints/{training_key[:16]}/shard-{shard}"


class Stored(NamedTuple):
    """A checkpoint that is on the remote, whole."""

    step: int
    name: str  # of its tar

    @property
    def record_name(self) -> str:
        return self.name.replace("checkpoint-", "record-", 1).replace(".tar", ".json")


def stored(remote: Remote, training_key: str, shard: int) -> list[Stored]:
    """The announced checkpoints of a training, newest first."""
    return _announced(remote.list(folder(training_key, shard)))


def _announced(names: list[str]) -> list[Stored]:
    known = {name: int(found[1]) for name in names if (found := _CHECKPOINT.fullmatch(name))}  # others are strangers'
    return sorted({Stored(step, name) for name, step in known.items() if f"{name}.sha256" in names}, reverse=True)


def upload(remote: Remote, checkpoint: Path, training_key: str, shard: int) -> Stored:
    """Packs and uploads one sealed checkpoint.

    Raises:
        UserError: the remote refuses it, after all tries.
        FileNotFoundError: the checkpoint was removed while it was packed: there is a newer one.
    """
    place = folder(training_key, shard)
    packed = checkpoint.parent / f".{checkpoint.name}.tar.tmp"
    try:
        pack(checkpoint, packed)
        sha256 = sha256_file(packed)
        kept = Stored(step_of(checkpoint), f"checkpoint-{step_of(checkpoint):06d}-{sha256[:8]}.tar")
        remote.put(packed, f"{place}/{kept.name}")
        remote.put_bytes(f"{sha256}  {kept.name}\n".encode(), f"{place}/{kept.name}.sha256")
        remote.put_bytes((checkpoint / RECORD).read_bytes(), f"{place}/{kept.record_name}")
    finally:
        packed.unlink(missing_ok=True)
    return kept


def pack(checkpoint: Path, packed: Path) -> None:
    """Writes a checkpoint's folder into a tar; of the same folder it has the same bytes.

    Raises:
        FileNotFoundError: the checkpoint was removed meanwhile.
    """
    with tarfile.open(packed, "w") as tar:
        for path in sorted(checkpoint.rglob("*")):
            tar.add(path, f"{checkpoint.name}/{path.relative_to(checkpoint)}", recursive=False)


def unpack(packed: Path, checkpoint: Path) -> None:
    """Makes a checkpoint's folder from its tar, whose hash is known to be right, in one step."""
    with atomic_folder(checkpoint) as temporary, tarfile.open(packed) as tar:
        # Python before 3.11.4 has no filters; the archive is the one that was announced, by its hash, either way.
        safely: Any = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        tar.extractall(temporary, **safely)
        for path in (temporary / checkpoint.name).iterdir():
            shutil.move(path, temporary / path.name)
        (temporary / checkpoint.name).rmdir()


def prune(remote: Remote, training_key: str, shard: int, keep: int) -> list[str]:
    """Removes all checkpoints but the newest `keep` and the one with the lowest validation loss.

    What uploads that were cut off have left goes, too, once there is a newer checkpoint.

    Returns:
        The names of the files that were removed.
    """
    place = folder(training_key, shard)
    names = remote.list(place)
    known = _announced(names)
    if not known:
        return []
    best = min(known, key=lambda one: (_validation_loss(remote, place, one), -one.step))
    kept = {name for one in (*known[:keep], best) for name in (one.name, f"{one.name}.sha256", one.record_name)}
    removed = []
    # Announcements go first: what is announced must be there.
    for name in sorted(set(names) - kept, key=lambda name: (not name.endswith(".sha256"), name)):
        step = re.match(r"(?:checkpoint|record)-(\d+)-", name)
        if step and int(step[1]) < known[0].step:
            remote.remove(f"{place}/{name}")
            removed.append(f"{place}/{name}")
    return removed


def _validation_loss(remote: Remote, place: str, one: Stored) -> float:
    """The validation loss nearest before a checkpoint; infinite where nothing is known of it."""
    try:
        record = RunRecord.model_validate_json(remote.read(f"{place}/{one.record_name}"))
    except (UserError, ValueError):
        return float("inf")
    losses = [point.value for point in record.points if point.key == "eval_loss"]
    return losses[-1] if losses else float("inf")


def restore(remote: Remote, training_key: str, shard: int, local: Path) -> int:
    """Brings the newest good checkpoint of a training to `local`, unless there is one as new already.

    One that is torn, damaged or of another training is named and skipped, and the one before it is used.

    Returns:
        The step that training will go on from; 0 where there is no checkpoint anywhere.
    """
    here = newest(local, training_key)
    step = step_of(here) if here else 0
    for one in stored(remote, training_key, shard):
        if one.step <= step:
            break
        fault = _fetch(remote, f"{folder(training_key, shard)}/{one.name}", local / f"checkpoint-{one.step}")
        if fault is not None:
            print(f"warning: {one.name} on the remote is not used: {fault}.", file=sys.stderr)
        elif (here := newest(local, training_key)) is not None and step_of(here) == one.step:
            print(f"shard {shard}: checkpoint of step {one.step} restored from the remote", flush=True)
            return one.step
    return step


def _fetch(remote: Remote, name: str, checkpoint: Path) -> str | None:
    """Downloads and unpacks one checkpoint; returns what is wrong with it, if anything is."""
    packed = checkpoint.with_name(f".{checkpoint.name}.tar.tmp")
    packed.parent.mkdir(parents=True, exist_ok=True)
    try:
        expected = remote.read(f"{name}.sha256").decode().split()[0]
        remote.get(name, packed)
        if sha256_file(packed) != expected:
            return "its hash differs from the announced one"
        unpack(packed, checkpoint)
    except (UserError, tarfile.TarError, OSError, IndexError, UnicodeDecodeError) as error:
        return " ".join(str(error).split())
    finally:
        packed.unlink(missing_ok=True)
    return None


class Uploader(threading.Thread):
    """Uploads a training's new checkpoints in the background, the newest first; what it was too slow for is skipped.

    It looks at the checkpoints' folder and is not part of the training's process: training never waits for it.

    Args:
        remote: where to.
        local: the checkpoints' folder.
        training_key: of the training.
        shard: from 1.
        keep: checkpoints kept on the remote, besides the best.
        report_trouble: called with a message about trouble, and with an empty one when it is over.
        poll_seconds: between looks at the folder.

    Attributes:
        safe_step: of the newest checkpoint on the remote; None before the first.
    """

    def __init__(
        self,
        remote: Remote,
        local: Path,
        training_key: str,
        shard: int,
        keep: int,
        report_trouble: Callable[[str], None],
        poll_seconds: float = 1.0,
    ) -> None:
        super().__init__(daemon=True)
        self.remote, self.local, self.training_key, self.shard, self.keep = remote, local, training_key, shard, keep
        self.report_trouble = report_trouble
        self.poll_seconds = poll_seconds
        self.safe_step: int | None = None
        self._ended = threading.Event()

    def _newest(self) -> Path | None:
        sealed = [path for path in self.local.glob("checkpoint-*") if (path / MARKER).exists()]
        return max(sealed, key=step_of, default=None)

    def run(self) -> None:
        pause_seconds = self.poll_seconds
        while not self._ended.wait(pause_seconds):
            pause_seconds = self.poll_seconds if self.look() else min(60.0, 2 * pause_seconds)

    def look(self) -> bool:
        """Uploads the newest checkpoint if the remote lacks it; False where that failed."""
        checkpoint = self._newest()
        if checkpoint is None or step_of(checkpoint) <= (self.safe_step or 0):
            return True
        try:
            self.safe_step = upload(self.remote, checkpoint, self.training_key, self.shard).step
        except FileNotFoundError:
            return True
        except Exception as error:
            # Whatever the remote's libraries raise: training goes on, and the next look tries again.
            self.report_trouble(
                f"checkpoint {step_of(checkpoint)} is not on the remote yet: {' '.join(str(error).split())}"
            )
            return False
        try:
            prune(self.remote, self.training_key, self.shard, self.keep)
        except Exception as error:
            self.report_trouble(f"older checkpoints are still on the remote: {' '.join(str(error).split())}")
        else:
            self.report_trouble("")
        return True

    def finish(self, seconds: float) -> bool:
        """Ends the thread after the newest checkpoint is up; False where that took longer than `seconds`."""
        self._ended.set()
        self.join(seconds)
        if self.is_alive():
            return False  # its upload hangs; a second one would write the same files
        started = time.monotonic()
        while not self.look():
            if time.monotonic() - started > seconds:
                return False
            time.sleep(self.poll_seconds)
        return True
