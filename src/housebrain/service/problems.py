"""Every error has one form, `{"error": {"kind", "detail"}}`, and tells nothing of the inside."""

from typing import NamedTuple

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from housebrain.house.brief import Rejected
from housebrain.service.guard import problem
from housebrain.service.pool import FullError
from housebrain.service.store import ConflictError
from housebrain.service.studio import BadRequestError

KINDS = {400: "bad_request", 401: "no_key", 404: "not_found", 405: "not_allowed", 429: "too_many"}
EXPECTED = (
    HTTPException, RequestValidationError, BadRequestError, Rejected, ConflictError, FullError, TimeoutError,
    DBAPIError, NoConnectionError,
)  # fmt: skip
"""What is answered with something else than 500."""


class Said(NamedTuple):
    """An error as a client hears it."""

    status: int
    kind: str
    detail: str
    retry_seconds: int | None = None

    def as_json(self) -> dict[str, str]:
        return {"kind": self.kind, "detail": self.detail}


def said(error: Exception) -> Said:
    """What a client is told of an error."""
    match error:
        case HTTPException():
            said_wait = (error.headers or {}).get("Retry-After")
            kind = KINDS.get(error.status_code, "error")
            return Said(error.status_code, kind, error.detail, int(said_wait) if said_wait else None)
        case RequestValidationError():
            first = error.errors()[0]
            return Said(422, "bad_request", f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
        case BadRequestError():
            return Said(422, "bad_request", error.detail)
        case Rejected():
            return Said(422, error.reason, error.detail)
        case ConflictError():
            return Said(409, "conflict", "This Idempotency-Key was used for another request. Take a new one.")
        case FullError():
            wait = error.retry_seconds
            return Said(429, "full", f"Too many requests wait. Ask again in {wait} s.", wait)
        case TimeoutError():
            return Said(504, "too_slow", "The house was not done in time. Ask for fewer alternatives, or later.")
        case DBAPIError() | NoConnectionError():
            return Said(503, "no_store", "The store does not answer. Ask again.", 5)
        case _:
            # The server's log has the traceback, the client gets none of it.
            return Said(500, "fault", "This is a fault of the service. Its log says more.")


def add_problems(app: FastAPI) -> None:
    """Answers errors, expected ones and faults."""

    async def answer(request: Request, error: Exception) -> JSONResponse:
        told = said(error)
        headers = {} if told.retry_seconds is None else {"Retry-After": str(told.retry_seconds)}
        detail = told.detail.encode(errors="replace").decode()  # a name in it may hold half of a character
        return problem(told.status, told.kind, detail, **headers)

    for kind in (*EXPECTED, Exception):
        app.add_exception_handler(kind, answer)
