"""What a service does with a brief: reads it, has it answered, checks, costs and draws the houses."""

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from housebrain.answering.asked import Asked, on_enough_floors
from housebrain.answering.engine import Engine, House
from housebrain.answering.mending.openings import misplaced
from housebrain.api import read_record
from housebrain.errors import UserError
from housebrain.house.brief import Brief
from housebrain.house.design import Design
from housebrain.house.limits import check_brief, fault_of
from housebrain.rules.bill import bill
from housebrain.rules.checks import requirements, violations
from housebrain.rules.codes import check_codes
from housebrain.rules.cost import priced
from housebrain.rules.score import score
from housebrain.rules.site import check_asked
from housebrain.service.metrics import Metrics
from housebrain.service.schemas import BriefRequest, DesignRequest
from housebrain.service.traces import Trace
from housebrain.words.read import read_words


class BadRequestError(Exception):
    """A request that can't be read: `field` says where, `detail` what is wrong."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field, self.detail = field, detail


class Read(NamedTuple):
    """A request's brief, and for words what was assumed and what was not understood."""

    asked: Asked

    @property
    def brief(self) -> Brief:
        return self.asked.brief

    def as_json(self) -> dict[str, Any]:
        return {
            "brief": self.brief.model_dump(mode="json"),
            "assumed": [one._asdict() for one in self.asked.assumed],
            "not_understood": list(self.asked.not_understood),
        }


def read_brief(request: BriefRequest) -> Read:
    """The brief of a request.

    Raises:
        BadRequestError: it can't be read.
        Rejected: it contradicts itself, is larger than any house, or chooses what is not known.
    """
    read = _read(request)
    check_brief(read.brief)
    check_asked(read.brief)
    return read


def _read(request: BriefRequest) -> Read:
    if request.words is not None:
        try:
            reading = read_words(request.words)
        except UserError as error:
            raise BadRequestError("words", str(error)) from error
        return Read(Asked(reading.brief, tuple(reading.assumed), tuple(reading.not_understood), request.words))
    if request.record is not None:
        try:
            return Read(Asked(read_record(request.record)[1]))
        except UserError as error:
            raise BadRequestError("record", str(error).removeprefix("read_record: ")) from error
    try:
        return Read(Asked(Brief.model_validate(request.brief)))
    except ValidationError as error:
        raise bad_fields("brief", error) from error


def read_design(value: dict[str, Any]) -> Design:
    """A request's design.

    Raises:
        BadRequestError: it is none, or contradicts itself.
    """
    try:
        design = Design.model_validate(value)
    except ValidationError as error:
        raise bad_fields("design", error) from error
    if (fault := fault_of(design)) is not None:
        raise BadRequestError(f"design.{fault.field}", f"design.{fault.field}: {fault.detail}")
    return design


def bad_fields(where: str, error: ValidationError) -> BadRequestError:
    """The first thing that is wrong with some JSON."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join([where, *map(str, first["loc"])])
    return BadRequestError(field, f"{field}: {first['msg']}")


def judged(design: Design, brief: Brief) -> dict[str, Any]:
    """What the rules say of a design, whose openings and cost may be anybody's: violations, requirements, codes, cost
    and score."""
    design = priced(design, brief)
    costs = bill(design, brief)
    scored = score(design, brief)
    wrong = [*violations(design, brief), *misplaced(design, brief.plot.side_street)]
    return {
        "violations": [dict(zip(("kind", "where", "detail"), one, strict=True)) for one in wrong],
        "requirements": requirements(design, brief),
        "codes": [one._asdict() for one in check_codes(design, brief)],
        "cost": costs.model_dump(mode="json") | {"within_budget": costs.within_budget},
        "score": {"total": scored.total, "parts": [part._asdict() for part in scored.parts]},
    }


def _designed(
    engine: Engine, request: DesignRequest, read: Read, check: Callable[[], None]
) -> tuple[Read, list[House]]:
    """Asks an engine; where words leave the floors open, for more of them if need be."""
    asked, houses = on_enough_floors(
        read.asked,
        lambda brief: engine.houses(brief, request.alternatives, request.seed, request.temperature, check),
    )
    return Read(asked), houses


class Studio:
    """Designs houses for requests.

    Args:
        engines: by name; the first is taken where a request names none.
        metrics: told of every house.
    """

    def __init__(self, engines: Mapping[str, Engine], metrics: Metrics) -> None:
        self.engines = dict(engines)
        self.metrics = metrics

    def engine(self, name: str | None) -> Engine:
        """The engine that a request asks for.

        Raises:
            BadRequestError: this service does not have it.
        """
        if name is None:
            return next(iter(self.engines.values()))
        if name not in self.engines:
            raise BadRequestError("engine", f"engine: this service has no {name}. Leave it out.")
        return self.engines[name]

    def design(
        self, request: DesignRequest, read: Read, check: Callable[[], None], trace: Trace | None = None
    ) -> dict[str, Any]:
        """Answers a request, as JSON.

        Raises:
            BadRequestError: there is no such engine.
            Rejected: no house can be built.
        """
        engine = self.engine(request.engine)
        trace = trace or Trace()
        started = time.perf_counter()
        with trace.step("houses"):
            read, houses = _designed(engine, request, read, check)
        check()
        with trace.step("judged"):
            answers = [self._house(house, read.brief) for house in houses]
        trace.note(
            model=engine.about,
            tokens=sum(house.tokens for house in houses),
            designs=[{"source": house.source, "score": house.score.total} for house in houses],
        )
        seconds = time.perf_counter() - started
        self.metrics.design_seconds.labels(engine.name).observe(seconds)
        for house in houses:
            self._count(engine, house)
        return {**read.as_json(), "model": engine.about, "seconds": round(seconds, 4), "designs": answers}

    def _house(self, house: House, brief: Brief) -> dict[str, Any]:
        changed = house.changed
        return {
            "design": house.design.model_dump(mode="json"),
            "source": house.source,
            "changed": None
            if changed is None
            else {
                "replaced": changed.replaced,
                "edits": changed.edits,
                "moved_ft": {f"{level}:{room}": round(feet, 2) for (level, room), feet in changed.moved_ft.items()},
                "too_small": list(changed.too_small),
            },
            **judged(house.design, brief),
        }

    def _count(self, engine: Engine, house: House) -> None:
        self.metrics.designs.labels(engine.name, house.source).inc()
        self.metrics.tokens.inc(house.tokens)
        if house.changed is None or house.changed.replaced:
            return
        moved = list(house.changed.moved_ft.values())
        if moved:
            self.metrics.moved_ft.observe(sum(moved) / len(moved))
        if not house.changed.edits and not house.changed.too_small and not any(moved):
            self.metrics.as_answered.inc()
