"""Tests for housebrain.service.guard and what a hostile or hasty client may do to a server that runs."""

import http.client
import json
import re
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from housebrain.answering.engine import House, SolverEngine
from housebrain.house.brief import Brief
from housebrain.service.settings import Settings
from housebrain.service.store import Store
from service.conftest import WORDS
from service.serving import serving

BODY = json.dumps({"words": WORDS}).encode()
SECONDS = 0.5  # for a body


class Slow:
    """An engine that works until nobody waits any more."""

    name = "slow"

    def __init__(self) -> None:
        self.about: dict[str, Any] = {"engine": self.name}
        self.begun = self.given_up = False

    def houses(self, brief: Brief, count: int, seed: int, temperature: float, check: Callable[[], None]) -> list[House]:
        self.begun = True
        until = time.monotonic() + 20
        try:
            while time.monotonic() < until:
                check()
                time.sleep(0.01)
        except Exception:
            self.given_up = True
            raise
        raise AssertionError("nobody gave it up")


@pytest.fixture
def port(store: Store) -> Iterator[int]:
    with serving(Settings(open_to_all=True, body_seconds=SECONDS), {"solver": SolverEngine()}, store) as opened:
        yield opened


def _raw(port: int, content: bytes) -> bytes:
    """Sends bytes and returns all that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(content)
        found = b""
        while more := connection.recv(65536):
            found += more
        return found


def _head(length: int | str, path: str = "/designs") -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


def _status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def test_a_body_that_does_not_come_is_not_waited_for(port: int) -> None:
    started = time.monotonic()
    assert _status(_raw(port, _head(len(BODY)) + BODY[:10])) == 408
    assert SECONDS <= time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (_head(10**9), 413),
        (_head(len(BODY)).replace(b"Content-Length", b"X") + BODY, 422),
        (_head(9) + b"\xff\xfe{words}", 400),
        (_head(9) + b'{"words":', 422),
        (_head(100_000) + b"[" * 100_000, 400),
        (_head(60_000) + b'{"brief":' + b'{"a":' * 9_996 + b"0" + b"}" * 9_997 + b" " * 13, 400),
        (_head(-1), 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 no HTTP at all\r\n\r\n", 400),
        (b"GET /designs/%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 422),
        (b"GET /designs/../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
        (b"GET /designs/..%2f..%2fetc%2fpasswd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
        (b"GET /designs/%252e%252e.svg HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 422),
    ],
)
def test_what_is_no_request_is_refused(port: int, content: bytes, status: int) -> None:
    answer = _raw(port, content)
    assert _status(answer) == status, answer[:300]
    assert not re.search(rb"Traceback|site-packages|/home/|\.py|root:", answer)


def test_chunks_without_a_length_are_counted(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    chunks = (b" " * 65536 for _ in range(16))
    try:
        connection.request("POST", "/designs", chunks, {"Content-Type": "application/json"}, encode_chunked=True)
        assert connection.getresponse().status == 413
    except (BrokenPipeError, ConnectionResetError):
        pass  # refused before all of it was sent
    finally:
        connection.close()


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_goes_is_not_worked_for(store: Store, stream: bool) -> None:
    engine = Slow()
    with serving(Settings(open_to_all=True), {"slow": engine}, store) as port:
        body = json.dumps({"words": WORDS, "stream": stream}).encode()
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(_head(len(body)) + body)
            _until(lambda: engine.begun)
        _until(lambda: engine.given_up)
        _until(lambda: 'housebrain_requests_total{route="/designs",status="499"} 1.0' in _metrics(port))
        assert re.search(r"housebrain_queue_requests 0\.0", _metrics(port))


def _metrics(port: int) -> str:
    return _raw(port, b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").decode()


def _until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not done():
        assert time.monotonic() < deadline, "it has not happened within 10 s"
        time.sleep(0.01)


@pytest.mark.long
@pytest.mark.parametrize("clients", [100, 1000])
def test_many_at_once_are_answered_or_told_to_come_again(store: Store, clients: int) -> None:
    settings = Settings(open_to_all=True, requests_a_minute=10**6, waiting=4)

    def ask(number: int) -> tuple[int, bool]:
        connection = http.client.HTTPConnection("127.0.0.1", opened, timeout=300)
        try:
            if number % 4 == 0:
                connection.request("POST", "/designs", BODY, {"Content-Type": "application/json"})
            elif number % 4 == 1:
                connection.request("POST", "/briefs/parse", BODY, {"Content-Type": "application/json"})
            else:
                connection.request("GET", "/designs")
            answer = connection.getresponse()
            answer.read()
            return answer.status, answer.getheader("Retry-After") is not None
        finally:
            connection.close()

    with serving(settings, {"solver": SolverEngine()}, store) as opened, ThreadPoolExecutor(clients) as threads:
        answered = Counter(threads.map(ask, range(clients)))
    assert {status for status, _ in answered} <= {200, 201, 429}, answered
    assert all(told for status, told in answered if status == 429)
    assert answered[201, False] >= 1
    assert answered[200, False] >= clients * 3 // 4
