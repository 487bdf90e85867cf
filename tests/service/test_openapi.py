"""Tests for the service's OpenAPI document: what it promises is so, whatever is sent (schemathesis sends it)."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

from housebrain.answering.engine import SolverEngine
from housebrain.service.app import create_app
from housebrain.service.settings import Settings
from housebrain.service.store import Store
from service.mutants import mutants
from service.serving import serving

CLOSED = Settings(requests_a_minute=10**9, workers=2)
LONG = pytest.mark.long


@pytest.fixture
def client(store: Store) -> Iterator[TestClient]:
    with TestClient(create_app(CLOSED, {"solver": SolverEngine()}, store)) as opened:
        opened.headers["X-API-Key"] = store.add_key("tests")
        yield opened


@pytest.mark.long
@pytest.mark.parametrize("examples", [6, pytest.param(100, marks=LONG)])
def test_whatever_is_sent_is_answered_as_documented(store: Store, examples: int) -> None:
    key = store.add_key("tests")
    with serving(CLOSED, {"solver": SolverEngine()}, store) as port:
        schema = schemathesis.openapi.from_url(f"http://127.0.0.1:{port}/openapi.json")
        operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
        sent = [_send(operation, examples, key) for operation in operations]
    assert len(sent) >= 18
    assert min(sent) >= 1


def _send(operation: Any, examples: int, key: str) -> int:
    """Sends requests of one kind, right and wrong ones; returns how many."""
    sent = 0

    @given(case=operation.as_strategy())
    @settings(
        max_examples=examples, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def send(case: Any) -> None:
        nonlocal sent
        # Most texts are no words that a house can be read from: that a valid request is refused is right here.
        case.call_and_validate(headers={"X-API-Key": key}, excluded_checks=[positive_data_acceptance])
        sent += 1

    send()
    return sent


@pytest.mark.long
@pytest.mark.parametrize(
    ("seed", "count"), [(9, 12), *(pytest.param(seed, 100, marks=LONG) for seed in (2, 3, 4, 5, 11, 36, 39))]
)
def test_requests_that_are_nearly_right_find_no_fault(
    client: TestClient, answer: dict[str, Any], seed: int, count: int
) -> None:
    house = {"brief": answer["brief"], "design": answer["designs"][0]["design"]}
    ways: dict[str, Callable[[Any], Any]] = {
        "/designs": lambda changed: {"brief": changed["brief"]},
        "/validate": lambda changed: changed,
        "/repair": lambda changed: changed,
        "/cost": lambda changed: changed,
    }
    answered: dict[tuple[str, int], int] = {}
    sent = set()
    for changed in mutants(house, count, seed):
        for path, body in ways.items():
            text = json.dumps(body(changed))
            if (path, text) in sent:
                continue  # most changes are the design's: the brief alone is what it was
            sent.add((path, text))
            status = client.post(path, content=text, headers={"Content-Type": "application/json"}).status_code
            assert status in (200, 201, 422), (path, status, text)
            answered[path, status] = answered.get((path, status), 0) + 1
    assert {path for path, status in answered if status != 422} == set(ways)
    assert any(status == 422 for _, status in answered)
