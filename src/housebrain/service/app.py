"""The service: HTTP in, houses out. docs/service.md says it with examples."""

import asyncio
import hashlib
import json
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Path, Query, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from fastapi.security import APIKeyHeader
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from housebrain.answering.engine import Engine
from housebrain.answering.mending.mend import repair
from housebrain.house.brief import Brief, Rejected
from housebrain.house.design import Design
from housebrain.rules.bill import bill
from housebrain.service.documented import ANYONE, CLIENT, answers
from housebrain.service.drawings import MEDIA, Drawings
from housebrain.service.guard import Guard, Rates, problem
from housebrain.service.metrics import Metrics
from housebrain.service.pool import FullError, Pool
from housebrain.service.problems import EXPECTED, add_problems, said
from housebrain.service.reference import facts_of
from housebrain.service.schemas import BriefRequest, DesignRequest, DraftRequest, FeedbackRequest, HouseRequest
from housebrain.service.settings import Settings
from housebrain.service.store import Store, StoredDesign, StoredFeedback, StoredUse, now
from housebrain.service.studio import BadRequestError, Read, Studio, judged, read_brief, read_design
from housebrain.service.traces import Traces
from housebrain.solver.house import Infeasible

TRACED = {"alternatives", "seed", "temperature", "engine"}  # of a request
KEY = APIKeyHeader(name="X-API-Key", auto_error=False, description="From `housebrain keys add NAME`")
DESIGN_ID = r"^[0-9a-f]{32}$"
EVENTS = "text/event-stream"
LOG = logging.getLogger("uvicorn.error")  # where uvicorn writes faults that reach it
ABOUT = "A house brief in; checked, costed and drawn houses out."


def create_app(settings: Settings, engines: Mapping[str, Engine], store: Store) -> FastAPI:
    """The service as an ASGI application.

    Args:
        settings: of the service.
        engines: by name, the default first.
        store: closed by the caller.
    """
    service = _Service(settings, engines, store)

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(service.pool.close)
        await run_in_threadpool(service.traces.close)

    app = FastAPI(title="HouseBrain", description=ABOUT, version="1", lifespan=life)
    app.add_middleware(Guard, body_bytes=settings.body_bytes, body_seconds=settings.body_seconds)
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.origins),
            allow_methods=["GET", "POST"],
            allow_headers=["X-API-Key", "Idempotency-Key"],
            expose_headers=["Location", "Retry-After"],
        )
    app.middleware("http")(service.measure)
    add_problems(app)
    _routes(app, service)
    return app


class _Service:
    """What the routes share."""

    def __init__(self, settings: Settings, engines: Mapping[str, Engine], store: Store) -> None:
        self.settings, self.store = settings, store
        self.metrics = Metrics()
        self.studio = Studio(engines, self.metrics)
        self.pool = Pool(settings.workers, settings.waiting)
        self.drawings = Drawings()
        self.rates = Rates(settings.requests_a_minute)
        self.traces = Traces(settings.traces)
        self.metrics.waiting.set_function(lambda: self.pool.inside)

    async def measure(self, request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
        """Counts a request and its seconds, by route, never by path: paths are the client's."""
        started = time.perf_counter()
        status, is_stream = "500", False  # unless an answer comes
        try:
            response = await call(request)
            status = str(response.status_code)
            is_stream = response.headers.get("Content-Type", "").startswith(EVENTS)
        finally:
            if not is_stream:  # a stream counts itself: how it ends isn't known yet
                self.answered(getattr(request.scope.get("route"), "path", "none"), status, started)
        return response

    def answered(self, route: str, status: str, started: float) -> None:
        """Counts a request that began at `started` by `time.perf_counter`."""
        self.metrics.requests.labels(route, status).inc()
        self.metrics.request_seconds.labels(route).observe(time.perf_counter() - started)

    async def caller(self, request: Request, key: Annotated[str | None, Depends(KEY)] = None) -> int | None:
        """The number of the caller's key; None where the service is open and none was given."""
        key_id = await run_in_threadpool(self.store.key_id, key) if key else None
        if key_id is None and (key or not self.settings.open_to_all):
            raise HTTPException(401, "Send a key as X-API-Key. `housebrain keys add NAME` makes one.")
        who = key_id if key_id is not None else request.client and request.client.host
        if wait := self.rates.wait_seconds(who):
            detail = f"More than {self.settings.requests_a_minute} requests a minute."
            raise HTTPException(429, detail, {"Retry-After": str(max(1, round(wait)))})
        return key_id

    async def found(self, design_id: str, key_id: int | None) -> StoredDesign:
        """A design that the caller may see: its own, or any where the service is open."""
        stored = await run_in_threadpool(self.store.design, design_id)
        if stored is None or (key_id is not None and stored.key_id != key_id):
            raise HTTPException(404, "There is no such design.")
        return stored

    async def use(self, started: float, outcome: str, brief: Brief | None = None) -> None:
        """Notes a request for `housebrain usage`."""
        seconds = time.perf_counter() - started
        region, facts = ("", {}) if brief is None else (brief.region, facts_of(brief))
        row = StoredUse(made=now(), outcome=outcome[:64], region=region[:64], seconds=seconds, facts=facts)
        await run_in_threadpool(self.store.add, row)

    async def refused(self, started: float, why: Rejected, brief: Brief | None = None) -> None:
        """Counts a brief that no house is made for."""
        self.metrics.refusals.labels(why.reason).inc()
        await self.use(started, f"refused:{why.reason}", brief)

    async def read(self, asked: DesignRequest, started: float) -> Read:
        """The brief of a request for a design; one that can't be read is counted."""
        try:
            self.studio.engine(asked.engine)
            return await run_in_threadpool(read_brief, asked)
        except Rejected as rejected:
            await self.refused(started, rejected)
            raise
        except BadRequestError:
            await self.use(started, "unreadable")
            raise

    async def answer(
        self, asked: DesignRequest, key_id: int | None, idempotency: str | None, read: Read | None = None
    ) -> tuple[StoredDesign, Read | None]:
        """Answers a request for a design, or finds the answer that its idempotency key had before.

        Args:
            asked: what is asked for.
            key_id: of the caller.
            idempotency: the caller's own name for the request.
            read: the request's brief, where it is read already.
        """
        started = time.perf_counter()
        # The order of its keys makes no other request.
        content = json.dumps(asked.model_dump(mode="json", exclude={"stream"}), sort_keys=True)
        request_hash = hashlib.sha256(content.encode()).hexdigest()
        own = None if idempotency is None else f"{key_id}:{idempotency}"
        before = await run_in_threadpool(self.store.find_idempotent, own, request_hash)
        if before is not None:
            return before, None
        known = read or await self.read(asked, started)
        brief = known.brief.model_dump(mode="json")
        try:
            with self.traces.request(brief=brief, **asked.model_dump(include=TRACED)) as trace:
                answer = await self.pool.run(
                    lambda check: self.studio.design(asked, known, check, trace), self.settings.seconds
                )
        except Rejected as rejected:
            await self.refused(started, rejected, known.brief)
            raise
        except FullError:
            await self.use(started, "full")
            raise
        except TimeoutError:
            await self.use(started, "too_slow", known.brief)
            raise
        stored = StoredDesign(
            id=secrets.token_hex(16),
            made=now(),
            key_id=key_id,
            request_hash=request_hash,
            idempotency=own,
            brief=answer["brief"],
            answer=answer,
        )
        stored = await run_in_threadpool(self.store.add_design, stored)
        await self.use(started, "designed", known.brief)
        return stored, known


async def _house(asked: HouseRequest) -> tuple[Brief, Design]:
    """A request's brief and design."""
    read = await run_in_threadpool(read_brief, asked)
    return read.brief, await run_in_threadpool(read_design, asked.design)


def _shown(stored: StoredDesign) -> dict[str, Any]:
    """A design as clients get it, with the addresses of its drawings."""
    links = {name: f"/designs/{stored.id}.{name}" for name in MEDIA}
    return {"id": stored.id, "made": stored.made.isoformat(), **stored.answer, "links": links}


def _routes(app: FastAPI, service: _Service) -> None:
    caller = Depends(service.caller)
    Id = Annotated[str, Path(pattern=DESIGN_ID)]

    made = {**answers(*CLIENT, 409, 504), 200: {"description": "The answer of before, or a stream of events",
            "content": {"application/json": {}, EVENTS: {}}}}  # fmt: skip

    @app.post("/designs", status_code=201, tags=["designs"], responses=made)
    async def make_design(
        asked: DesignRequest,
        response: Response,
        key_id: int | None = caller,
        idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
    ) -> Any:
        """Designs houses for a brief. With `stream` the answer is server-sent events."""
        if asked.stream:
            return StreamingResponse(_events(service, asked, key_id, idempotency_key), media_type=EVENTS)
        stored, read = await service.answer(asked, key_id, idempotency_key)
        response.headers["Location"] = f"/designs/{stored.id}"
        if read is None:
            response.status_code = 200
        return _shown(stored)

    @app.get("/designs", tags=["designs"], responses=answers(*CLIENT))
    async def list_designs(
        key_id: int | None = caller,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        before: Annotated[str | None, Query(pattern=DESIGN_ID)] = None,
    ) -> dict[str, Any]:
        """The newest designs; `before` takes those older than a design."""
        rows = await run_in_threadpool(service.store.designs, limit, before, key_id)
        shown = [
            {
                "id": row.id,
                "made": row.made.isoformat(),
                "designs": len(row.answer["designs"]),
                "score": row.answer["designs"][0]["score"]["total"],
                "total_usd": row.answer["designs"][0]["cost"]["total_usd"],
            }
            for row in rows
        ]
        return {"designs": shown, "next": rows[-1].id if len(rows) == limit else None}

    for name, media in MEDIA.items():
        drawn = answers(*CLIENT, 404, 504, **{media: {}})
        app.get(f"/designs/{{design_id}}.{name}", tags=["drawings"], response_class=Response, responses=drawn)(
            _drawing(service, name, media)
        )

    @app.get("/designs/{design_id}", tags=["designs"], responses=answers(*CLIENT, 404))
    async def show_design(design_id: Id, key_id: int | None = caller) -> dict[str, Any]:
        """A design as it was answered, and what was said of it."""
        stored = await service.found(design_id, key_id)
        counts = await run_in_threadpool(service.store.feedback_counts, design_id)
        return {**_shown(stored), "feedback": counts}

    @app.post("/designs/{design_id}/feedback", status_code=201, tags=["designs"], responses=answers(*CLIENT, 404))
    async def give_feedback(design_id: Id, said: FeedbackRequest, key_id: int | None = caller) -> dict[str, str]:
        """Accepts or rejects a design, or gives it corrected."""
        stored = await service.found(design_id, key_id)
        if said.alternative >= len(stored.answer["designs"]):
            raise BadRequestError(
                "alternative", f"alternative: this answer has {len(stored.answer['designs'])} designs"
            )
        content: dict[str, Any] = {"alternative": said.alternative}
        if said.design is not None:
            content["design"] = read_design(said.design).model_dump(mode="json")
        row = StoredFeedback(
            design_id=design_id, made=now(), verdict=said.verdict, reason=said.reason.strip(), content=content
        )
        await run_in_threadpool(service.store.add, row)
        service.metrics.feedback.labels(said.verdict).inc()
        return {"verdict": said.verdict}

    @app.post("/briefs/parse", tags=["tools"], responses=answers(*CLIENT))
    async def parse_brief(asked: BriefRequest, key_id: int | None = caller) -> dict[str, Any]:
        """Reads a brief, and says what was assumed and what was not understood."""
        return (await run_in_threadpool(read_brief, asked)).as_json()

    @app.post("/validate", tags=["tools"], responses=answers(*CLIENT, 504))
    async def validate(asked: HouseRequest, key_id: int | None = caller) -> dict[str, Any]:
        """What the rules say of a design for a brief."""
        brief, design = await _house(asked)
        found = await service.pool.run(lambda check: judged(design, brief), service.settings.seconds)
        return {"valid": not found["violations"], **found}

    @app.post("/repair", tags=["tools"], responses=answers(*CLIENT, 504))
    async def mend(asked: DraftRequest, key_id: int | None = caller) -> dict[str, Any]:
        """The valid design nearest to a draft, and what was changed."""
        brief = (await run_in_threadpool(read_brief, asked)).brief
        found = await service.pool.run(lambda check: repair(asked.design, brief, check), service.settings.seconds)
        if isinstance(found, Infeasible):
            raise Rejected(found.reason, found.detail)
        return {
            "design": found.design.model_dump(mode="json"),
            "replaced": found.replaced,
            "changed": found.changed,
            "changes": [one._asdict() for one in found.changes],
            "rooms": [one._asdict() for one in found.rooms],
        }

    @app.post("/cost", tags=["tools"], responses=answers(*CLIENT, 504))
    async def cost(asked: HouseRequest, key_id: int | None = caller) -> dict[str, Any]:
        """A design's bill, line by line."""
        brief, design = await _house(asked)
        made = await service.pool.run(lambda check: bill(design, brief), service.settings.seconds)
        return made.model_dump(mode="json") | {"within_budget": made.within_budget}

    @app.get("/model", tags=["service"], responses=answers(*CLIENT))
    async def model(key_id: int | None = caller) -> dict[str, Any]:
        """What answers: each engine with its model's version and lineage; the first is the default."""
        return {"engines": [engine.about for engine in service.studio.engines.values()]}

    @app.get("/healthz", tags=["service"], responses=answers(*ANYONE))
    async def healthz() -> dict[str, str]:
        """Whether the process lives."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["service"], responses=answers(*ANYONE, 503))
    async def readyz() -> Response:
        """Whether requests can be answered now: the engine is loaded and the store answers."""
        if await run_in_threadpool(service.store.ready):
            return JSONResponse({"status": "ready"})
        return problem(503, "no_store", "The store does not answer.", **{"Retry-After": "5"})

    @app.get("/metrics", tags=["service"], response_class=PlainTextResponse, responses=answers(*ANYONE))
    async def metrics() -> Response:
        """For Prometheus."""
        return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _drawing(service: _Service, name: str, media: str) -> Callable[..., Awaitable[Response]]:
    """The route of one format."""

    async def draw(
        design_id: Annotated[str, Path(pattern=DESIGN_ID)],
        key_id: int | None = Depends(service.caller),
        alternative: Annotated[int, Query(ge=0)] = 0,
        level: Annotated[int, Query(ge=0)] = 0,
    ) -> Response:
        stored = await service.found(design_id, key_id)
        designs = stored.answer["designs"]
        if alternative >= len(designs):
            raise HTTPException(404, f"This answer has {len(designs)} designs, from 0 on.")
        design, brief = designs[alternative]["design"], stored.brief
        if level >= len(design["levels"]):
            raise HTTPException(404, f"This house has {len(design['levels'])} levels, from 0 on.")
        content = await service.pool.run(
            lambda check: service.drawings.draw(name, design_id, alternative, level, design, brief),
            service.settings.seconds,
        )
        return Response(content, media_type=media, headers={"Cache-Control": "private, max-age=86400"})

    draw.__doc__ = f"A design as {name.upper()}."
    draw.__name__ = f"draw_{name}"
    return draw


async def _events(
    service: _Service, asked: DesignRequest, key_id: int | None, idempotency: str | None
) -> AsyncIterator[str]:
    """Server-sent events: `brief`, then for each house `level` by level, then `done` with the whole answer's id."""

    def event(kind: str, data: Any) -> str:
        return f"event: {kind}\ndata: {json.dumps(data)}\n\n"

    started = time.perf_counter()
    status = "499"  # unless the client is there until the end
    try:
        read = await service.read(asked, started)
        yield event("brief", read.as_json())
        stored, _ = await service.answer(asked, key_id, idempotency, read)
        for number, one in enumerate(stored.answer["designs"]):
            for index, level in enumerate(one["design"]["levels"]):
                yield event("level", {"alternative": number, "level": index, **level})
            await asyncio.sleep(0)  # a client that has gone is seen here
        yield event("done", _shown(stored))
        status = "200"
    except Exception as error:
        if not isinstance(error, EXPECTED):
            LOG.exception("a fault while streaming")
        told = said(error)
        status = str(told.status)
        yield event("error", told.as_json())
    finally:
        service.answered("/designs", status, started)
