"""A service as uvicorn runs it, on a port of its own, in a thread of the test."""

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import uvicorn

from housebrain.answering.engine import Engine
from housebrain.service.app import create_app
from housebrain.service.settings import Settings
from housebrain.service.store import Store


@contextmanager
def serving(settings: Settings, engines: Mapping[str, Engine], store: Store) -> Iterator[int]:
    """Serves while the block runs; gives the port."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(2048)
        server = uvicorn.Server(uvicorn.Config(create_app(settings, engines, store), log_level="error"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.01)
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(30)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port
