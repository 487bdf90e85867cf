"""The service's store, spoilt: keys, use and feedback are as they were put in, or the store is refused in one line."""

import contextlib
import io
import sqlite3
import tempfile
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st

from fuzz.feedback import sound_lines
from fuzz.target import Target, no_hang, refused
from housebrain.cli import service as commands
from housebrain.dataset.feedback import feedback_batches
from housebrain.errors import UserError
from housebrain.service.store import StoredDesign, StoredFeedback, StoredUse, now, open_store

NAMES = [
    "ann",
    "",
    " ",
    "a\nb",
    "\x00",
    "\ud800",
    "caf\u00e9 \U0001f3e0",
    "x" * 100,
    "x" * 101,
    "'; drop table keys",
    "[red]",
]
TABLES = ["designs", "feedback", "uses", "keys", "alembic_version"]
VALUES = ["NULL", "''", "'x'", "1", "'{}'", "'[]'", "'null'", "x'ff00'", "9e999"]
COLUMNS = [
    *("feedback.content", "feedback.verdict", "feedback.design_id", "designs.brief", "designs.answer", "designs.made"),
    *("uses.made", "uses.facts", "uses.seconds", "uses.region", "keys.made", "keys.revoked", "keys.name"),
    "alembic_version.version_num",
]
STATEMENTS = [
    *(f"DROP TABLE {table}" for table in TABLES),
    *(f"DELETE FROM {table}" for table in TABLES),
    *(
        f"UPDATE {table} SET {column} = {value}"
        for table, column in (c.split(".") for c in COLUMNS)
        for value in VALUES
    ),
    "CREATE TABLE own (x)",
    "ALTER TABLE uses DROP COLUMN region",
    "PRAGMA user_version = 7",
]


class Case(NamedTuple):
    """What is done to a store.

    Attributes:
        name: of a key that is added.
        statement: run in it; none where it is empty.
        damage: cut, flip or none.
        at: where, in thousandths.
        days: of use that is asked for.
    """

    name: str
    statement: str
    damage: str
    at: int
    days: float


CASES = st.builds(
    Case,
    st.sampled_from(NAMES),
    st.just("") | st.sampled_from(STATEMENTS),
    st.sampled_from([*["none"] * 4, "cut", "flip"]),
    st.integers(0, 999),
    st.sampled_from([0, 0.5, 30, 36_500]),
)


@cache
def _sound() -> bytes:
    """A store with a key, a design, a word on it and a use."""
    line = sound_lines()[0]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        with open_store(f"sqlite:///{path}") as store:
            store.add_key("first")
            answer = {"designs": [{"design": line["design"]}]}
            store.add_design(StoredDesign(id="1", made=now(), request_hash="r", brief=line["brief"], answer=answer))
            word = {"design_id": "1", "made": now(), "verdict": "accept", "reason": "", "content": {"alternative": 0}}
            store.add(StoredFeedback(**word))
            store.add(StoredUse(made=now(), outcome="designed", region="x", seconds=1.0, facts={"floors": 1}))
        return path.read_bytes()


def check(case: Case) -> str:
    sound = _sound()
    with tempfile.TemporaryDirectory() as folder, no_hang():
        path, out = Path(folder) / "store.db", Path(folder) / "feedback"
        path.write_bytes(sound)
        if case.statement:
            with contextlib.suppress(sqlite3.Error), closing(sqlite3.connect(path)) as store, store:
                store.execute(case.statement)
        content = path.read_bytes()
        at = case.at * len(content) // 1000
        if case.damage == "cut":
            path.write_bytes(content[:at])
        elif case.damage == "flip":
            path.write_bytes(content[:at] + bytes(byte ^ 0xFF for byte in content[at : at + 64]) + content[at + 64 :])
        address = f"sqlite:///{path}"
        outcomes = set()
        for command in (
            lambda: commands.add_key(case.name, address),
            lambda: commands.list_keys(address),
            lambda: commands.usage(case.days, None, True, address),
            lambda: commands.usage(case.days, None, False, address),
            lambda: commands.export_feedback(out, address),
        ):
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    command()
                outcomes.add("worked")
            except UserError as error:
                outcomes.add(refused(error))
        rows = [row for batch in feedback_batches(out) for row in batch]  # what was exported can be learnt from
        if not case.statement and case.damage == "none":
            assert len(rows) == 1
        return "refused" if "refused" in outcomes else "worked"


TARGET = Target(
    "service",
    "the service's store with tables, rows or bytes spoilt, odd names of keys: as it was put in, or refused",
    CASES,
    check,
    frozenset({"worked", "refused"}),
    examples=60,
    kept=(
        Case("ann", "", "flip", 66, 0),
        Case("ann", "UPDATE uses SET region = x'ff00'", "none", 0, 30),
        Case("ann", "UPDATE uses SET seconds = 'x'", "none", 0, 30),
        Case("ann", "UPDATE uses SET seconds = 9e999", "none", 0, 30),
    ),
)
