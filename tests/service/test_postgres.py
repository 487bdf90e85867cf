"""The service's store on a real Postgres, from a wheel; it is restarted while requests come in."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from housebrain.answering.engine import SolverEngine
from housebrain.service.app import create_app
from housebrain.service.settings import Settings
from housebrain.service.store import ConflictError, Store
from service.conftest import WORDS
from service.test_store import design

pgserver: Any = pytest.importorskip("pgserver")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    # The path of a Unix socket may have 107 characters.
    started = pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    yield started
    started.cleanup()


@pytest.fixture
def address(server: Any) -> str:
    found: str = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    return found


def test_a_store_on_postgres_keeps_what_one_on_sqlite_keeps(address: str) -> None:
    store = Store(address)
    store.add_design(design(1, "key"))
    assert store.add_design(design(2, "key")).id == design(1).id
    with pytest.raises(ConflictError):
        store.find_idempotent("key", "another")
    key = store.add_key("ann")
    assert store.key_id(key) is not None
    assert store.design(design(1).id).made.tzinfo is not None  # type: ignore[union-attr]
    store.close()


def test_several_services_may_start_at_once(address: str) -> None:
    opened: list[Store] = []
    threads = [threading.Thread(target=lambda: opened.append(Store(address))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 4
    for store in opened:
        store.close()


@pytest.mark.long
def test_a_restart_of_the_database_loses_nothing_that_was_acknowledged(server: Any, address: str) -> None:
    store = Store(address)
    made: list[str] = []
    with TestClient(create_app(Settings(open_to_all=True), {"solver": SolverEngine()}, store)) as client:

        def ask() -> None:
            for seed in range(12):
                answered = client.post("/designs", json={"words": WORDS, "seed": seed})
                assert answered.status_code in (201, 503), answered.text
                if answered.status_code == 201:
                    made.append(answered.json()["id"])

        asking = threading.Thread(target=ask)
        asking.start()
        while len(made) < 2 and asking.is_alive():
            asking.join(0.05)
        restart(server)
        asking.join()
        assert len(made) >= 4
        assert all(client.get(f"/designs/{one}").status_code == 200 for one in made)
        assert client.get("/readyz").status_code == 200
    store.close()


def restart(server: Any) -> None:
    pgserver._commands.pg_ctl(["restart", "-w", "-m", "immediate"], pgdata=Path(server.pgdata), user=server.system_user)
