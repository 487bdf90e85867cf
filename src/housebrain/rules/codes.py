"""Whether a design keeps to a building code: each rule of a ruleset, and what came of it.

Rules are data (`tables/codes/`); `rulesets.py` reads them and `measures.py` measures. This is a check of a sketch, not
a permit.
"""

from typing import Any, Literal, NamedTuple

from housebrain.house.brief import Brief
from housebrain.house.design import Design
from housebrain.rules.bounds import bound_of
from housebrain.rules.measures import MEASURES, ROOM_SETS, Case, Missing, bedspaces, people
from housebrain.rules.rulesets import ruleset, ruleset_for

Outcome = Literal["passed", "failed", "not applicable", "unverified"]
# Where a rule's bound was read, in words; shown wherever a verdict is shown.
CERTAINTY: dict[str, str] = {"S": "source read", "2": "second-hand", "M": "unverified, from memory"}
# Measured lengths are rounded to the millimetre, so that 0.25 m is not missed by a binary fraction.
TOLERANCE = 5e-4


class RuleResult(NamedTuple):
    """One rule applied to one place.

    Attributes:
        rule, clause, edition: what is asked for, and by which code.
        source: where the bound was read: S in the code, 2 second-hand, M from memory (unverified).
        where: a room's name, `stairs`, `house` or `plot`.
        outcome: `unverified` where a fact is missing that the rule asks for.
        measured: what the design has; None where there is nothing to measure.
        bound: what the rule asks for; None where it asks for nothing here.
        is_least: whether `bound` is the least that is allowed, or the most.
        unit: of both: m, m2, degrees, or nothing for a share.
        note: why a rule is not applicable or unverified.
        given: whether the brief's plot and setbacks decide it rather than the design.
    """

    rule: str
    clause: str
    edition: str
    source: str
    where: str
    outcome: Outcome
    measured: float | None
    bound: float | None
    is_least: bool
    unit: str
    note: str
    given: bool

    @property
    def passed(self) -> bool:
        return self.outcome == "passed"

    @property
    def decided(self) -> bool:
        """Whether it was measured: passed or failed."""
        return self.outcome in ("passed", "failed")

    @property
    def certainty(self) -> str:
        """`source` in words."""
        return CERTAINTY[self.source]


def check_codes(design: Design, brief: Brief | None, name: str = "auto") -> list[RuleResult]:
    """Applies every rule of a ruleset to a design: one result for each rule and place, at least one a rule.

    Args:
        design: any, valid or not.
        brief: whose city or region picks the ruleset, and whose plot and climate some rules ask for. Without one those
            rules are `unverified`.
        name: a ruleset, or `auto` for the one of the brief's city or region.

    Raises:
        KeyError: there is no such ruleset.
        ValueError: `auto` without a brief.
    """
    if name == "auto":
        if brief is None:
            raise ValueError("without a brief a ruleset must be named")
        name = ruleset_for(brief.region, brief.city).name
    rules = ruleset(name)
    every_room = [room for level in design.levels for room in level.rooms]
    ground = {id(room) for room in design.levels[0].rooms}
    results = []
    for rule in rules.rules:
        types = ROOM_SETS[rule["rooms"]] if isinstance(rule.get("rooms"), str) else frozenset(rule.get("rooms", ()))
        rooms = [room for room in every_room if (not types or room.type in types)]
        if "level" in rule:
            rooms = [room for room in rooms if (id(room) in ground) == (rule["level"] == "ground")]
        results += _apply(rule, rule.get("edition", rules.edition), Case(rooms, design, brief))
    return results


def _apply(rule: dict[str, Any], edition: str, case: Case) -> list[RuleResult]:
    """What comes of one rule."""
    source = str(rule["source"])
    if case.brief is not None:
        source = rule.get("source_of_climate", {}).get(case.brief.climate_zone, source)
    is_least = not any(key.startswith("max") for key in rule)

    def result(outcome: Outcome, where: str = "house", measured: float | None = None, note: str = "") -> RuleResult:
        return RuleResult(
            rule["rule"],
            str(rule["clause"]),
            edition,
            source,
            where,
            outcome,
            measured,
            bound,
            is_least,
            unit,
            note,
            rule.get("given", False),
        )

    bound, unit = None, ""
    if reason := rule.get("not_applicable") or _unmet(rule.get("when", {}), case):
        return [result("not applicable", note=reason)]
    measure, unit = MEASURES[rule["check"]]
    try:
        bound, reason = _bound(rule, case)
        if bound is None:
            return [result("not applicable", note=reason)]
        measured = list(measure(case))
    except Missing as missing:
        return [result("unverified", note=f"not known: {missing}")]
    if not measured:
        what = "stairs" if rule["check"].startswith(("stair", "headroom")) else "such room"
        return [result("not applicable", note=f"the house has no {what}")]
    least = bound if is_least else -bound
    results = []
    for where, value in measured:
        kept = value is not None and (value if is_least else -value) >= least - TOLERANCE
        results.append(result("passed" if kept else "failed", where, value))
    return results


def _unmet(when: dict[str, Any], case: Case) -> str:
    """Why a rule's condition does not hold; empty where it holds."""
    types = {room.type for level in case.design.levels for room in level.rooms}
    names = {room_type: room_type.replace("_", " ") for room_type in (*when.get("has", ()), *when.get("lacks", ()))}
    for room_type in when.get("has", ()):
        if room_type not in types:
            return f"the house has no {names[room_type]}"
    for room_type in when.get("lacks", ()):
        if room_type in types:
            return f"the house has a {names[room_type]}"
    floors = len(case.design.levels)
    if "floors" in when and floors != when["floors"]:
        return f"it is for houses of {when['floors']} floors"
    if "rooms" in when and len(case.rooms) != when["rooms"]:
        return f"it is for houses with {when['rooms']} such room"
    if "people" in when and people(case.design) < when["people"]:
        return f"it is for homes of {when['people']} people or more"
    return ""


def _bound(rule: dict[str, Any], case: Case) -> tuple[float | None, str]:
    """The rule's bound here; None where it asks for nothing, and why.

    Raises:
        Missing: it depends on a fact that is not known.
    """
    if "min_of_bedspaces" not in rule:
        return bound_of(rule, case.brief)
    home = bedspaces(case.design)
    return rule["min_of_bedspaces"].get(home), f"the standard has no row for {home}"
