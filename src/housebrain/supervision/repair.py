"""What a kill in the middle of DVC's own writing leaves: files that are cut short, at which every later `dvc` stops."""

import json
import sys
from pathlib import Path

from dvc.lock import LockError, make_lock

from housebrain.errors import UserError
from housebrain.git import git
from housebrain.supervision.lockfile import LOCKFILE, locked_stages

RWLOCK = Path(".dvc/tmp/rwlock")  # who reads or writes which outputs


def repair() -> None:
    """Removes DVC's list of readers and writers, and takes dvc.lock from git, where they are cut short; says so."""
    if RWLOCK.exists():
        try:
            with make_lock(f"{RWLOCK}.lock", tmp_dir=str(RWLOCK.parent)):
                if _is_torn_json(RWLOCK):
                    print(f"warning: {RWLOCK} was cut short by a kill: removed.", file=sys.stderr)
                    RWLOCK.unlink()
        except LockError:
            pass  # another dvc is writing it
    if LOCKFILE.exists() and locked_stages(LOCKFILE.read_text()) is None:
        try:
            git("checkout", "--quiet", "HEAD", "--", str(LOCKFILE))
        except UserError:
            return  # it was never committed; DVC says what it lacks
        print(f"warning: {LOCKFILE} was cut short by a kill: the committed one is back.", file=sys.stderr)


def _is_torn_json(path: Path) -> bool:
    try:
        json.loads(path.read_text())
    except ValueError:
        return True
    return False
