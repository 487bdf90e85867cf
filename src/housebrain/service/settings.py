"""What a service is started with."""

from dataclasses import dataclass

DATABASE = "sqlite:///housebrain.db"  # SQLAlchemy's address of the store, where none is given


@dataclass(frozen=True)
class Settings:
    """Of one service.

    Attributes:
        workers: how many houses are designed at once.
        waiting: how many requests may wait besides; more are answered with 429.
        seconds: for one request; after that it ends with 504 and its work is given up.
        body_bytes: of one request; larger ones are answered with 413.
        body_seconds: for a request's body to arrive; slower ones are answered with 408.
        requests_a_minute: of one key, or of one address without a key; more are answered with 429.
        open_to_all: whether requests need no key: for a service that only its own machine reaches.
        origins: web pages that may call it from a browser.
        traces: whether requests for designs are traced in MLflow's store.
    """

    workers: int = 1
    waiting: int = 32
    seconds: float = 60.0
    body_bytes: int = 256 * 1024
    body_seconds: float = 10.0
    requests_a_minute: int = 600
    open_to_all: bool = False
    origins: tuple[str, ...] = ()
    traces: bool = False
