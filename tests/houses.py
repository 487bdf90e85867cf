"""Solved houses that tests look at: solving takes long enough to do it once."""

from functools import cache
from typing import Any, NamedTuple

import orjson

from housebrain.dataset.generate import generate_records
from housebrain.dataset.v5 import parse_record
from housebrain.house.brief import Brief, Rejected
from housebrain.house.design import Design
from housebrain.solver.solve import solve


class Solved(NamedTuple):
    """A record with its brief and a design for it."""

    record: dict[str, Any]
    brief: Brief
    design: Design


@cache
def solved_houses() -> tuple[Solved, ...]:
    """Designs for what can be solved of forty generated briefs: one to four floors, one to six bedrooms."""
    found = []
    for raw in generate_records(40, seed=3):
        record = orjson.loads(raw.text)
        try:
            brief = parse_record(record)[1]
            found.append(Solved(record, brief, solve(brief, seed=0)))
        except Rejected:
            continue
    assert len(found) >= 30
    return tuple(found)
