"""The MLflow store where it is a SQLite file: made whole or not at all, known when it is not whole, and at home where
its project is.

MLflow makes a store in place, which takes ten seconds and two hundred steps: killed half-way, or done by two processes
at once, it leaves a file that never works. And it writes down where a project was: one that was moved would log its
files into the old place, made anew. Both are mended here, before MLflow sees the file.
"""

import fcntl
import functools
import os
import re
import shlex
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from housebrain.errors import UserError, words_of

HOME = "housebrain.home"  # a tag of the store's first experiment: the folder that the store was last opened in
ARTIFACTS = "mlruns"  # beside the store
WAIT_SECONDS = 20.0  # for another process that writes
# Where MLflow writes down a file's or folder's absolute place.
_PLACES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


def database(uri: str) -> Path | None:
    """The file of a store's address; None where the store is no SQLite file."""
    found = re.fullmatch(r"sqlite(?:\+\w+)?:///([^?]+)(?:\?.*)?", uri)
    return None if found is None or found[1] == ":memory:" else Path(found[1])


def prepare(path: Path) -> None:
    """Makes the store if it isn't there, refuses one that can't be used, and brings it home where it was moved.

    Raises:
        UserError: the file is no store, is half made, or is of another MLflow.
        OSError, sqlite3.Error, SQLAlchemyError: it can't be read or written.
    """
    if _is_missing(path):
        _create(path)
    _check(path.absolute(), path.stat().st_ino)
    _settle(path)


def place(path: Path, experiment_id: str) -> None:
    """Has a new experiment's files beside the store, whatever folder it was made from."""
    location = path.resolve().parent / ARTIFACTS / experiment_id
    with closing(_connect(path)) as store, store:
        store.execute(
            "UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?", (str(location), int(experiment_id))
        )


def snapshot(path: Path, target: Path) -> None:
    """Copies the store as it is between two writes, whoever writes to it meanwhile.

    Args:
        path: of the store.
        target: a new file.

    Raises:
        UserError: it is locked for too long, is no database or a damaged one.
    """
    try:
        with closing(_connect(path)) as store, closing(sqlite3.connect(target)) as copy:
            store.backup(copy)
            faults = [row[0] for row in copy.execute("PRAGMA integrity_check(3)")]
    except (sqlite3.Error, UnicodeDecodeError) as error:
        faults = [words_of(error)]
    if faults != ["ok"]:
        reason = " ".join("; ".join(faults).split())
        raise UserError(f"{path}: MLflow's store can't be copied: it is damaged, or locked by others ({reason}).")


class Aliased(NamedTuple):
    """A registered model's version that has an alias: its number and its own tags."""

    number: str
    tags: dict[str, str]


def alias_in(path: Path, model: str, alias: str) -> Aliased | None:
    """The version of a registered model that has an alias, without MLflow; None where none has.

    Raises:
        sqlite3.Error, UnicodeDecodeError: the store can't be read, or is none.
    """
    if _is_missing(path):
        return None
    with closing(_connect(path)) as store:
        found = store.execute(
            "SELECT version FROM registered_model_aliases WHERE name = ? AND alias = ?", (model, alias)
        ).fetchone()
        if found is None:
            return None
        tags = "SELECT key, value FROM model_version_tags WHERE name = ? AND version = ?"
        return Aliased(str(found[0]), dict(store.execute(tags, (model, found[0]))))


def _connect(path: Path) -> sqlite3.Connection:
    # Not read-only: where a writer was killed, whoever opens the file next has to undo what it left.
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=WAIT_SECONDS)


def _is_missing(path: Path) -> bool:
    return not path.exists() or path.stat().st_size == 0


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Holds the system's lock on a file beside `path`; it dies with the process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _create(path: Path) -> None:
    """Makes the store under another name and renames it once it is whole; one process does, the others wait."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    with _locked(path):
        if not _is_missing(path):
            return  # another process has made it meanwhile
        for left_over in path.parent.glob(f".{path.name}.*.tmp*"):
            left_over.unlink()
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp").absolute()
        store = SqlAlchemyStore(f"sqlite:///{temporary}", str(path.resolve().parent / ARTIFACTS))
        store.engine.dispose()
        temporary.replace(path)


@functools.lru_cache(maxsize=64)
def _check(path: Path, inode: int) -> None:
    """Refuses a file that MLflow can't use; a file is looked at once."""
    from alembic.script import ScriptDirectory
    from mlflow.store.db.utils import _get_alembic_config

    name, moved = shlex.quote(str(path)), shlex.quote(f"{path}.old")
    away = f"Move it away, `mv {name} {moved}`, and run again: a new one is made, and `dvc repro -f collect` fills it."
    mistaken = " Or correct it: Check MLFLOW_TRACKING_URI." if "MLFLOW_TRACKING_URI" in os.environ else ""
    try:
        with closing(_connect(path)) as store:
            tables = {row[0] for row in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            versions = _column(store, "alembic_version", "version_num") if "alembic_version" in tables else []
            kept = [table for table in ("runs", "model_versions") if table in tables and _column(store, table, "1")]
    except sqlite3.OperationalError:  # locked, or not to be opened
        raise
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path}: it is no SQLite database, or a damaged one ({words_of(error)}). {away}{mistaken}"
        ) from error
    if tables and "experiments" not in tables and "alembic_version" not in tables:
        raise UserError(f"{path}: it is a SQLite database of something else than MLflow. {away}{mistaken}")
    scripts = ScriptDirectory.from_config(_get_alembic_config(""))
    if versions == scripts.get_heads():
        return
    if not kept:
        raise UserError(f"{path}: MLflow's store is half made: its making was cut off. It holds no runs. {away}")
    known = {script.revision for script in scripts.walk_revisions()}
    if versions and versions[0] not in known:
        raise UserError(
            f"{path}: a newer MLflow has made or changed this store. Install that: `pip install --upgrade mlflow`."
        )
    raise UserError(
        f"{path}: an older MLflow has made this store. Copy it, `cp {name} {moved}`, then bring it up to date: "
        f"`mlflow db upgrade sqlite:///{path}`."
    )


def _column(store: sqlite3.Connection, table: str, column: str) -> list[str]:
    """A column's first values."""
    return [row[0] for row in store.execute(f"SELECT {column} FROM {table} LIMIT 2")]


def _settle(path: Path) -> None:
    """Where the store's folder is another than when it was last opened, has all places below the old one follow it."""
    home = path.resolve().parent
    with closing(_connect(path)) as store:
        if _home(store) == str(home) or not os.access(path, os.W_OK):
            return
        with store:
            store.execute("BEGIN IMMEDIATE")
            known = _home(store)
            before = _guessed_homes(store, home) if known is None else {Path(known)} - {home}
            moved = [str(old) for old in sorted(before) if _follow(store, old, home)]
            store.execute(
                "INSERT OR REPLACE INTO experiment_tags (key, value, experiment_id) "
                "SELECT ?, ?, MIN(experiment_id) FROM experiments HAVING MIN(experiment_id) IS NOT NULL",
                (HOME, str(home)),
            )
    if moved:
        print(
            f"{path}: the project was in {', '.join(moved)} before; its runs' files are now looked for in {home}",
            file=sys.stderr,
        )


def _home(store: sqlite3.Connection) -> str | None:
    row = store.execute("SELECT value FROM experiment_tags WHERE key = ?", (HOME,)).fetchone()
    return None if row is None else str(row[0])


def _guessed_homes(store: sqlite3.Connection, home: Path) -> set[Path]:
    """Where a store that has no note of it was: where its files were, if they are there no longer, or are here."""
    found = set()
    for experiment_id, location in store.execute("SELECT experiment_id, artifact_location FROM experiments"):
        place = Path((location or "").removeprefix("file://"))
        if place.is_absolute() and place.parts[-2:] == (ARTIFACTS, str(experiment_id)):
            before = place.parent.parent
            if before != home and (not place.parent.exists() or (home / ARTIFACTS / str(experiment_id)).exists()):
                found.add(before)
    return found


def _follow(store: sqlite3.Connection, before: Path, home: Path) -> int:
    """Changes all places at or below `before` to those at or below `home`; returns how many runs that concerned."""
    changed = 0
    for old, new in ((str(before), str(home)), (before.as_uri(), home.as_uri())):
        for table, column in _PLACES:
            done = store.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                (new, len(old) + 1, old, len(old) + 1, f"{old}/"),
            )
            changed += done.rowcount if table == "runs" else 0
    return changed
