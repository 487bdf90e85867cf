"""What stands before every request: its size and speed, who asks and how often, and headers that browsers heed."""

import asyncio
import time
from collections import OrderedDict
from contextlib import suppress
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    # A drawing is a document of its own when it is opened: it may hold styles and nothing that runs.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'",
}
GONE = 499  # as nginx calls it
PAGES = ("/docs", "/redoc")  # FastAPI's own pages load scripts
KNOWN_CALLERS = 10_000  # whose rate is kept in memory


def problem(status: int, what: str, detail: str, **headers: str) -> JSONResponse:
    """The one form of every error: `{"error": {"kind", "detail"}}`."""
    return JSONResponse({"error": {"kind": what, "detail": detail}}, status, headers)


class Guard:
    """ASGI middleware: refuses bodies that are too large or too slow, gives up requests whose client has gone, and
    adds `HEADERS`.

    Args:
        body_bytes: the largest body.
        body_seconds: for a body to arrive.
    """

    def __init__(self, app: ASGIApp, body_bytes: int, body_seconds: float) -> None:
        self.app, self.body_bytes, self.body_seconds = app, body_bytes, body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        begun = False

        async def with_headers(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    if name != "Content-Security-Policy" or not scope["path"].startswith(PAGES):
                        headers.setdefault(name, value)
            await send(message)

        refused = await self._body(scope, receive)
        if isinstance(refused, JSONResponse):
            await refused(scope, receive, with_headers)
            return
        messages = [refused]
        gone = asyncio.ensure_future(_gone(receive))

        async def replay() -> Message:
            return messages.pop() if messages else await asyncio.shield(gone)

        work = asyncio.ensure_future(self.app(scope, replay, with_headers))
        try:
            await asyncio.wait({gone, work}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                await work
                return
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work
            if not begun:  # nobody reads it: it is for the metrics
                await problem(GONE, "gone", "The client has gone.")(scope, receive, with_headers)
        finally:
            gone.cancel()
            work.cancel()

    async def _body(self, scope: Scope, receive: Receive) -> Message | JSONResponse:
        """The whole body as one message; or why it is refused."""
        said = Headers(scope=scope).get("content-length", "0")
        large = problem(413, "too_large", f"A request may have {self.body_bytes:,} bytes.", Connection="close")
        if said.isdigit() and int(said) > self.body_bytes:
            return large
        body = b""
        try:
            async with asyncio.timeout(self.body_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return message
                    body += message.get("body", b"")
                    if len(body) > self.body_bytes:
                        return large
                    if not message.get("more_body"):
                        return {"type": "http.request", "body": body, "more_body": False}
        except TimeoutError:
            detail = f"The request's body did not arrive within {self.body_seconds:g} s."
            return problem(408, "too_slow", detail, Connection="close")


async def _gone(receive: Receive) -> Message:
    """Returns when the client has gone, or has its answer."""
    while (message := await receive())["type"] != "http.disconnect":
        pass
    return message


class Rates:
    """How often each caller may ask: a bucket that holds a minute's requests and fills evenly."""

    def __init__(self, a_minute: int) -> None:
        self.a_minute = a_minute
        self._buckets: OrderedDict[Any, tuple[float, float]] = OrderedDict()

    def wait_seconds(self, caller: Any) -> float:
        """Counts a request; how long until the caller may ask, 0 for now."""
        now = time.monotonic()
        left, since = self._buckets.pop(caller, (float(self.a_minute), now))
        left = min(self.a_minute, left + (now - since) * self.a_minute / 60)
        allowed = left >= 1
        self._buckets[caller] = (left - allowed, now)
        if len(self._buckets) > KNOWN_CALLERS:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - left) * 60 / self.a_minute
