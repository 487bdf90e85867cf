"""What each request may be answered with, for the OpenAPI document."""

from typing import Any

from pydantic import BaseModel

_SAID = {
    400: "The request is no HTTP that can be read, or its body no JSON",
    401: "A key is needed, or this one is none",
    404: "There is no such thing, or it is another client's",
    408: "The body did not arrive in time",
    409: "The `Idempotency-Key` was used for another request",
    413: "The body is too large",
    422: "It can't be read, or not be built: `kind` is the reason",
    429: "Too many requests: of this client, or of all",
    503: "The store does not answer",
    504: "It took too long, and was given up",
}
_WAIT = {"Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer", "minimum": 1}}}
ANYONE = (400, 408, 413)  # what stands before every request
CLIENT = (*ANYONE, 401, 422, 429, 503)  # what stands before one that needs a key


class ProblemDetail(BaseModel):
    kind: str
    detail: str


class Problem(BaseModel):
    """The one form of every error."""

    error: ProblemDetail


def answers(*statuses: int, **media: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """FastAPI's `responses` of a route.

    Args:
        statuses: of its errors.
        media: the content of a 200 by its media type, where that is not JSON.
    """
    found: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        found[status] = {"model": Problem, "description": _SAID[status]}
        if status in (429, 503):
            found[status]["headers"] = _WAIT
    return found | ({200: {"content": media}} if media else {})
