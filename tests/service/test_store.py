"""Tests for housebrain.service.store."""

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from housebrain.errors import UserError
from housebrain.service.store import Base, ConflictError, Moment, Store, StoredDesign, StoredUse, now, open_store


def design(number: int, idempotency: str | None = None, request: str = "r") -> StoredDesign:
    return StoredDesign(
        id=f"{number:032x}", made=now(), key_id=None, request_hash=request, idempotency=idempotency, brief={}, answer={}
    )


def test_the_migrations_make_the_tables_that_the_code_has(store: Store) -> None:
    found = inspect(store.engine)
    for name, table in Base.metadata.tables.items():
        columns = {column["name"]: column["nullable"] for column in found.get_columns(name)}
        assert columns == {column.name: bool(column.nullable) for column in table.columns}


def test_a_store_is_opened_again_with_what_is_in_it(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'store.db'}"
    first = Store(address)
    first.add_design(design(1))
    first.close()
    second = Store(address)
    assert second.design(f"{1:032x}") is not None
    second.close()


def test_one_of_two_equal_requests_at_once_is_kept(store: Store) -> None:
    kept = []
    threads = [
        threading.Thread(target=lambda n=n: kept.append(store.add_design(design(n, "key")).id)) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(kept)) == 1
    with pytest.raises(ConflictError):
        store.find_idempotent("key", "another")


@pytest.mark.parametrize(
    "address",
    [
        "nonsense",
        "sqlite:////no/such/folder/x.db",
        "oracle9://x",
        "postgresql+psycopg://u:secret@127.0.0.1:1/x",  # pragma: allowlist secret
    ],
)
def test_a_store_that_can_not_be_used_is_named_without_its_password(address: str) -> None:
    with pytest.raises(UserError) as error:
        Store(address)
    assert "secret" not in str(error.value)


def test_what_was_acknowledged_outlives_a_kill(tmp_path: Path) -> None:
    """A process adds designs, says which, and is killed in the middle."""
    code = (
        "import sys; from service.test_store import design; from housebrain.service.store import Store\n"
        f"store = Store('sqlite:///{tmp_path / 'store.db'}')\n"
        "for number in range(10**6): print(store.add_design(design(number)).id, flush=True)\n"
    )
    tests = str(Path(__file__).parents[1])
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=_path(tests))
    assert process.stdout is not None
    said = [process.stdout.readline().strip() for _ in range(20)]
    process.kill()
    said += process.stdout.read().split("\n")[:-1]  # the last line may be cut
    process.wait()
    store = Store(f"sqlite:///{tmp_path / 'store.db'}")
    assert len(said) >= 20
    assert all(store.design(one) is not None for one in said if len(one) == 32)
    store.close()


def _path(folder: str) -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": os.pathsep.join([folder, *sys.path])}


def test_keys_are_made_listed_and_revoked(store: Store) -> None:
    key = store.add_key("ann")
    assert store.key_id(key) == store.clients()[0].id
    assert store.clients()[0].hash != key
    with pytest.raises(UserError, match="there is a key named 'ann'"):
        store.add_key("ann")
    store.revoke_key("ann")
    assert store.key_id(key) is None
    with pytest.raises(UserError, match="no key named 'bob'"):
        store.revoke_key("bob")


def test_a_name_whose_key_was_revoked_gets_another_and_keeps_its_designs(store: Store) -> None:
    """As the refusal of a second key says."""
    lost = store.add_key("ann")
    number = store.key_id(lost)
    with pytest.raises(UserError, match="or revoke it first"):
        store.add_key("ann")
    store.revoke_key("ann")
    found = store.add_key("ann")
    assert store.key_id(found) == number
    assert store.key_id(lost) is None
    assert [(key.name, key.revoked) for key in store.clients()] == [("ann", None)]


def test_a_moment_is_utc_whatever_zone_the_database_gives() -> None:
    """Postgres gives its session's: a day would begin elsewhere."""
    india = datetime(2026, 1, 2, 1, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    dialect = create_engine("sqlite://").dialect
    assert str(Moment().process_result_value(india, dialect)) == "2026-01-01 20:00:00+00:00"
    assert str(Moment().process_result_value(datetime(2026, 1, 2), dialect)) == "2026-01-02 00:00:00+00:00"


@pytest.mark.parametrize(
    "statements",
    [
        ["create table own (x)"],
        [
            "create table alembic_version (version_num)",
            "insert into alembic_version values ('dc11669786a5')",  # pragma: allowlist secret
        ],
        ["create table keys (x)", "create table alembic_version (version_num)"],
    ],
)
def test_a_database_of_something_else_is_left_as_it_is(tmp_path: Path, statements: list[str]) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other, other:
        for statement in statements:
            other.execute(statement)
    before = path.read_bytes()
    with pytest.raises(UserError, match="holds tables of something else"):
        Store(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_a_store_that_is_damaged_is_said_to_be(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'store.db'}"
    with open_store(address) as opened:
        opened.add_key("ann")
    with closing(sqlite3.connect(tmp_path / "store.db")) as other, other:
        other.execute("drop table keys")
    with pytest.raises(UserError, match=r"can't be used \(no such table: keys\)"), open_store(address) as opened:
        opened.clients()


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x1b[31m", "x" * 101])
def test_what_is_no_name_gets_no_key(store: Store, name: str) -> None:
    with pytest.raises(UserError, match="no name for a key"):
        store.add_key(name)
    assert store.clients() == []


@pytest.mark.parametrize("value", ["1", "'x'"])
def test_a_row_that_is_damaged_is_said_to_be(tmp_path: Path, value: str) -> None:
    address = f"sqlite:///{tmp_path / 'store.db'}"
    with open_store(address) as opened:
        opened.add_key("ann")
    with closing(sqlite3.connect(tmp_path / "store.db")) as other, other:
        other.execute(f"update keys set revoked = {value}")
    with pytest.raises(UserError, match=r"store\.db: the database can't be used"), open_store(address) as opened:
        opened.clients()


@pytest.mark.parametrize(
    ("column", "value", "wrong"),
    [
        ("uses.region", "x'ff00'", "uses 1: region is of kind bytes, not str"),
        ("uses.seconds", "'x'", "uses 1: seconds is of kind str, not float"),
        ("uses.seconds", "9e999", "uses 1: seconds is inf"),
        ("uses.made", "x'ff00'", "fromisoformat"),
    ],
)
def test_a_value_of_another_kind_than_its_columns_is_found(tmp_path: Path, column: str, value: str, wrong: str) -> None:
    address = f"sqlite:///{tmp_path / 'store.db'}"
    with open_store(address) as opened:
        opened.add(StoredUse(made=now(), outcome="designed", region="x", seconds=1.0, facts={}))
    table, name = column.split(".")
    with closing(sqlite3.connect(tmp_path / "store.db")) as other, other:
        other.execute(f"update {table} set {name} = {value}")
    with (
        pytest.raises(UserError, match=rf"store\.db: the database can't be used \({wrong}"),
        open_store(address) as opened,
    ):
        opened.uses(now() - timedelta(days=1))


def test_a_store_whose_damage_is_no_text_is_said_to_be(tmp_path: Path) -> None:
    """SQLite's message then holds bytes that Python can't read."""
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("create table keys (x)")
    content = path.read_bytes().replace(b"keyskeys", b"\x9e\x9e\x9e\x9ekeys").replace(b"CREATE TABLE", b"XREATE TABLE")
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"store\.db: the database can't be used \(malformed database schema \("):
        Store(f"sqlite:///{path}")
