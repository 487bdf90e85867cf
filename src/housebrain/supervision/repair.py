"""What a kill in the middle of DVC's own writing leaves: files that are cut short, at which every later `dvc` stops."""

import json
import subprocess
import sys
from pathlib import Path

from dvc.lock import LockError, make_lock
from ruamel.yaml import YAML, YAMLError

RWLOCK = Path(".dvc/tmp/rwlock")  # who reads or writes which outputs
LOCKFILE = Path("dvc.lock")


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
    if LOCKFILE.exists() and _is_torn_yaml(LOCKFILE):
        done = subprocess.run(["git", "checkout", "--quiet", "HEAD", "--", str(LOCKFILE)], capture_output=True)
        if done.returncode == 0:
            print(f"warning: {LOCKFILE} was cut short by a kill: the committed one is back.", file=sys.stderr)


def _is_torn_json(path: Path) -> bool:
    try:
        json.loads(path.read_text())
    except ValueError:
        return True
    return False


def _is_torn_yaml(path: Path) -> bool:
    text = path.read_text()
    try:
        return not text.endswith("\n") or not isinstance(YAML(typ="safe").load(text), dict)
    except YAMLError:
        return True
