"""Tests for housebrain.supervision.alerts."""

import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from conftest import REPOSITORY
from housebrain.errors import UserError
from housebrain.params import Params, load_params
from housebrain.supervision.alerts import Watch, alerts_of, notifier
from housebrain.supervision.heartbeat import Heartbeat, send
from supervision.stores import faulty_remote

NOW = 1_000_000.0


@pytest.fixture
def params() -> Params:
    return load_params(REPOSITORY / "params.yaml")


def beat(**changes: Any) -> Heartbeat:
    known: dict[str, Any] = {"owner": "machine", "worker": "colab-1", "shard": 1, "round": 1, "state": "training"}
    known |= {"session_started_ms": 0, "training_key": "key", "time_ms": int(NOW * 1000), "losses": [2.0, 1.9]}
    return Heartbeat(**known | changes)


def noted(messages: list[str], reaching: bool = True) -> Callable[[str], bool]:
    """What sends a message by noting it, and says that it was heard or not."""

    def send(message: str) -> bool:
        messages.append(message)
        return reaching

    return send


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"time_ms": int((NOW - 4000) * 1000)}, "stale"),
        ({"state": "failed", "message": "out of memory"}, "failed"),
        ({"state": "incomplete"}, "incomplete"),
        ({"state": "done", "time_ms": 0}, "done"),
        ({"losses": [1.0, 2.0]}, "rising"),
        ({"deadline_ms": int((NOW + 600) * 1000), "seconds_left": 4000.0}, "deadline"),
    ],
)
def test_each_kind_of_trouble_is_told(params: Params, changes: dict[str, Any], kind: str) -> None:
    found = alerts_of(beat(**changes), params, NOW)
    assert list(found) == [kind]
    assert "shard 1 (colab-1)" in found[kind]


def test_nothing_is_told_where_all_is_well(params: Params) -> None:
    in_time = beat(deadline_ms=int((NOW + 600) * 1000), seconds_left=300.0)
    assert alerts_of(in_time, params, NOW) == alerts_of(beat(), params, NOW) == {}


def test_a_thing_is_told_once_and_again_after_it_was_over(params: Params) -> None:
    sent: list[str] = []
    watch = Watch(params, noted(sent))
    risen, well = {1: beat(losses=[1.0, 2.0]), 2: None}, {1: beat(), 2: None}
    for beats in (risen, risen, well, risen):
        watch.look(beats, NOW)
    assert len(sent) == 2
    for _ in range(2):
        watch.report_trouble(UserError("remote storage: no network"))
    watch.look(risen, NOW)
    assert sent[2:] == ["remote storage: no network"]


def test_what_reached_nobody_is_sent_again(params: Params) -> None:
    """The network that fails is most likely this machine's own."""
    sent: list[str] = []
    watch = Watch(params, noted(sent, reaching=False))
    for _ in range(2):
        watch.look({1: beat(state="done")}, NOW)
    watch.send = noted(sent)
    for _ in range(2):
        watch.look({1: beat(state="done")}, NOW)
    assert sent == ["shard 1 (colab-1): trained and pushed."] * 3


def test_a_notifier_says_whether_anybody_took_the_message(capsys: pytest.CaptureFixture[str]) -> None:
    closed = socket.create_server(("127.0.0.1", 0))
    address = f"json://127.0.0.1:{closed.getsockname()[1]}"
    closed.close()
    assert not notifier([address])("shard 3 is done")
    assert "could not be sent" in capsys.readouterr().out
    assert notifier([])("shard 3 is done")


def test_a_remote_that_fails_is_told_and_looked_at_again(
    params: Params, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote, _ = faulty_remote(tmp_path / "remote")
    send(remote, beat(state="failed", message="out of memory"))
    vars(remote.fs)["faults"].append(RuntimeError("storageQuotaExceeded"))
    sent: list[str] = []

    def sleep(seconds: float) -> None:
        if len(sent) > 1:
            raise KeyboardInterrupt

    monkeypatch.setattr("housebrain.supervision.polling.time.sleep", sleep)
    with pytest.raises(KeyboardInterrupt):
        Watch(params, noted(sent)).follow(remote, 60)
    assert "remote test" in sent[0] and "full" in sent[0]
    assert "out of memory" in sent[1]


def test_messages_go_out_through_apprise() -> None:
    """To a web server of the test's own."""
    received: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    assert notifier([f"json://127.0.0.1:{server.server_address[1]}"])("shard 3 is done")
    server.shutdown()
    assert b"shard 3 is done" in received[0]


def test_an_unknown_address_is_refused_without_showing_it() -> None:
    with pytest.raises(UserError, match="nonsense") as refused:
        notifier(["nonsense://secret-token"])
    assert "secret-token" not in str(refused.value)
