"""A service in this process: the solver answers, SQLite keeps."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from housebrain.answering.engine import SolverEngine
from housebrain.service.app import create_app
from housebrain.service.settings import Settings
from housebrain.service.store import Store

WORDS = "3 bedroom house, 40x60 ft plot facing east, Bengaluru, 60 lakh"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'store.db'}")
    yield opened
    opened.close()


@pytest.fixture
def client(store: Store) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(open_to_all=True), {"solver": SolverEngine()}, store)) as opened:
        yield opened


@pytest.fixture(scope="session")
def answer(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a request for a house is answered with."""
    opened = Store(f"sqlite:///{tmp_path_factory.mktemp('answer') / 'store.db'}")
    with TestClient(create_app(Settings(open_to_all=True), {"solver": SolverEngine()}, opened)) as made:
        answered = made.post("/designs", json={"words": WORDS})
    opened.close()
    assert answered.status_code == 201, answered.text
    content: dict[str, Any] = answered.json()
    return content
