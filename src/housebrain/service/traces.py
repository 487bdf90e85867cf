"""Each request for a design as a trace in MLflow, where one is wanted: its steps, how long they took, what came of it.

A trace holds the brief that was read, never the client's words, key or address.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from housebrain.tracking import client, experiment_id, store_errors

if TYPE_CHECKING:
    from mlflow.entities import LiveSpan

EXPERIMENT = "housebrain-service"


class Trace:
    """One request. Without a span it does nothing.

    Args:
        span: of the whole request.
    """

    def __init__(self, span: "LiveSpan | None" = None) -> None:
        self._span = span

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Times a part of the request; in any thread."""
        if self._span is None:
            yield
            return
        from mlflow import start_span_no_context

        part = start_span_no_context(name, parent_span=self._span)
        try:
            yield
        finally:
            part.end()

    def note(self, **found: Any) -> None:
        """Writes down what is known by now."""
        if self._span is not None:
            self._span.set_attributes(found)


class Traces:
    """Writes traces to MLflow's store, in the background; without `wanted` nothing is written and MLflow not imported.

    Args:
        wanted: whether to.

    Raises:
        UserError: the store can't be used.
    """

    def __init__(self, wanted: bool) -> None:
        self.experiment: str | None = None
        if not wanted:
            return
        import mlflow

        with store_errors("traces"):
            store = client()
            mlflow.set_tracking_uri(store.tracking_uri)
            self.experiment = experiment_id(store, EXPERIMENT)

    @contextmanager
    def request(self, **asked: Any) -> Iterator[Trace]:
        """A trace of what is done in the block; an error that leaves it is noted by its kind."""
        if self.experiment is None:
            yield Trace()
            return
        from mlflow import start_span_no_context

        # Trouble with the store is MLflow's to log: no request fails for its trace.
        span = start_span_no_context("design", inputs=asked, experiment_id=self.experiment)
        outcome = "designed"
        try:
            yield Trace(span)
        except BaseException as error:
            outcome = getattr(error, "reason", type(error).__name__)
            raise
        finally:
            span.end(outputs={"outcome": outcome}, status="OK" if outcome == "designed" else "ERROR")

    def close(self) -> None:
        """Waits until all is written."""
        if self.experiment is not None:
            from mlflow import flush_trace_async_logging

            flush_trace_async_logging(terminate=True)
