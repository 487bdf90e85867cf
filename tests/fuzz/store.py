"""MLflow's store, spoilt as a SQLite file or by other tools: what is read of it is right, or it is refused."""

import contextlib
import io
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st

from fuzz.target import Target, no_hang, refused
from housebrain.environment import TRACKING_URI
from housebrain.errors import UserError
from housebrain.mlflow_file import snapshot
from housebrain.registry import aliased, register_version, set_alias, versions
from housebrain.tracking import Point, RunRecord, find_runs, import_record, read_metrics

NAMES = [
    "housebrain",
    "it's",
    'the "one"',
    "caf\u00e9 \U0001f3e0",
    "a`b",
    "50%",
    "x = 'y'",
    "new\nline",
    " ",
    "both '\"",
    "a" * 300,
]
STATEMENTS = [
    "DROP TABLE runs",
    "DROP TABLE experiments",
    "DROP TABLE model_versions",
    "DROP TABLE alembic_version",
    "DROP TABLE tags",
    "DROP TABLE metrics",
    "DROP TABLE latest_metrics",
    "DROP TABLE registered_models",
    "DROP TABLE experiment_tags",
    "DROP TABLE registered_model_aliases",
    "DELETE FROM alembic_version",
    "UPDATE alembic_version SET version_num = '451aebb31d03'",  # pragma: allowlist secret
    "UPDATE alembic_version SET version_num = 'ffff'",
    "INSERT INTO alembic_version VALUES ('aaaa')",
    "UPDATE experiments SET lifecycle_stage = 'deleted'",
    "UPDATE runs SET lifecycle_stage = 'deleted'",
    "DELETE FROM experiments",
    "UPDATE experiments SET name = 'other' WHERE name != 'Default'",
    "DELETE FROM runs",
    "DELETE FROM tags",
    "DELETE FROM metrics",
    "UPDATE runs SET status = 'RUNNING'",
    "UPDATE runs SET artifact_uri = NULL",
    "UPDATE experiments SET artifact_location = NULL",
    "ALTER TABLE runs DROP COLUMN user_id",
    "ALTER TABLE metrics RENAME TO old_metrics",
    "UPDATE model_versions SET source = NULL",
    "DELETE FROM model_versions",
    "DELETE FROM registered_models",
    "UPDATE metrics SET value = 'text'",
    "PRAGMA user_version = 7",
    "PRAGMA journal_mode = WAL",
    "CREATE TABLE own (x)",
    "INSERT INTO experiment_tags VALUES ('housebrain.home', '/gone', 1)",
]


class Damage(NamedTuple):
    """What is done to the file."""

    how: str
    number: int


class Case(NamedTuple):
    experiment: str
    statements: list[str]
    damages: list[Damage]


cases = st.builds(
    Case,
    st.sampled_from(NAMES),
    st.lists(st.sampled_from(STATEMENTS), max_size=2),
    st.lists(
        st.builds(
            Damage,
            st.sampled_from(["cut", "flip", "empty", "journal", "wal", "directory", "text", "readonly"]),
            st.integers(0, 999),
        ),
        max_size=1,
    ),
)


@cache
def _empty() -> bytes:
    """A new store; making one takes ten seconds."""
    with tempfile.TemporaryDirectory() as folder, _store(Path(folder)):
        find_runs("housebrain", {"a": "b"})
        snapshot(Path(folder) / "mlflow.db", Path(folder) / "copy")
        return (Path(folder) / "copy").read_bytes()


@contextlib.contextmanager
def _store(folder: Path) -> Iterator[None]:
    before = os.environ.get(TRACKING_URI)
    os.environ[TRACKING_URI] = f"sqlite:///{folder}/mlflow.db"
    try:
        yield
    finally:
        os.environ.pop(TRACKING_URI)
        if before is not None:
            os.environ[TRACKING_URI] = before


RECORD = RunRecord(
    record_id="r1",
    name="run",
    params={"a": "1"},
    points=[Point(key="loss", value=0.5, step=1, timestamp_ms=1)],
    start_ms=1,
    end_ms=2,
    status="FINISHED",
)


def _spoil(path: Path, case: Case) -> None:
    for statement in case.statements:
        with contextlib.suppress(sqlite3.Error), closing(sqlite3.connect(path)) as store, store:
            store.execute(statement)
    for how, number in case.damages:
        content = path.read_bytes()
        at = number * len(content) // 1000
        if how == "cut":
            path.write_bytes(content[:at])
        elif how == "flip":
            path.write_bytes(content[:at] + bytes(byte ^ 0xFF for byte in content[at : at + 64]) + content[at + 64 :])
        elif how == "empty":
            path.write_bytes(b"")
        elif how in ("journal", "wal"):
            path.with_name(f"{path.name}-{how}").write_bytes(content[:at])
        elif how == "directory":
            path.unlink()
            path.mkdir()
        elif how == "text":
            path.write_text("not a database" * number)
        else:
            path.chmod(0o444)


def check(case: Case) -> str:
    with tempfile.TemporaryDirectory() as work, _store(Path(work)), no_hang(120):
        path = Path(work) / "mlflow.db"
        path.write_bytes(_empty())
        with contextlib.redirect_stderr(io.StringIO()):
            try:
                import_record(RECORD, case.experiment)
                register_version("model", "v1", "file:///x", None, {"a": "b"}, "about")
                set_alias("model", "champion", "1")
                assert read_metrics({1: "r1"}, case.experiment) == {1: {"loss": 0.5}}
            except UserError as error:
                return f"name {refused(error)}"
            _spoil(path, case)
            # MLflow keeps a connection to a file by its address, as it does in one process: a new one is another file.
            moved = path.with_name("again")
            moved.mkdir()
            for file in list(path.parent.glob("mlflow.db*")):
                file.rename(moved / file.name)
            with _store(moved):
                return _used(case)


def _used(case: Case) -> str:
    outcomes = []
    for step in (_read, _write, _registry):
        try:
            step(case)
            outcomes.append("worked")
        except UserError as error:
            outcomes.append(refused(error))
    return "worked" if "refused" not in outcomes else "refused"


def _read(case: Case) -> None:
    changed = {"UPDATE metrics SET value = 'text'", "DELETE FROM metrics", "ALTER TABLE metrics RENAME TO old_metrics"}
    found = read_metrics({1: "r1"}, case.experiment)
    assert found == {1: {"loss": 0.5}} or (changed & set(case.statements)) or case.damages, found


def _write(case: Case) -> None:
    """What is missing is brought in again, and is then there."""
    import_record(RECORD, case.experiment)
    found = read_metrics({1: "r1"}, case.experiment)
    assert "loss" in found[1] or case.damages, found


def _registry(case: Case) -> None:
    register_version("model", "v1", "file:///x", None, {"a": "b"}, "about")
    assert [version.tags["a"] for version in versions("model")] == ["b"] or case.damages
    set_alias("model", "champion", versions("model")[0].number)
    chosen = aliased("model", "champion")
    assert chosen is not None and chosen.tags["a"] == "b"


TARGET = Target(
    "store",
    "MLflow's store with tables, rows, schema or bytes spoilt, odd names of experiments: read right, or refused",
    cases,
    check,
    frozenset({"worked", "refused"}),
    examples=25,
)
