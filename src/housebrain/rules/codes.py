"""Building codes: rules as data (`tables/codes.yaml`), measured on a design.

Areas and widths are to the walls' centre lines, as the grid has them. A room of several boxes is measured as one: its
area is that of all of them, its side that of the largest, a hall's that of the narrowest.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from housebrain.house.brief import Brief
from housebrain.house.design import (
    CEILING_FT,
    DOOR_FRAME_FT,
    OPENABLE_SHARE,
    OUTSIDE,
    RISER_FT,
    TREAD_FT,
    WALL_FT,
    Design,
    Door,
    Rect,
    Room,
    Window,
)
from housebrain.house.rooms import BEDROOMS, HABITABLE
from housebrain.house.units import FT_PER_M, SQFT_PER_SQM
from housebrain.rules.massing import shares
from housebrain.rules.tables import table
from housebrain.rules.windows import glazed_doors

_ROOM_SETS: dict[str, frozenset[str]] = {"habitable": HABITABLE, "bedrooms": BEDROOMS}
# Measured lengths are rounded to the millimetre, so that 0.25 m is not missed by a binary fraction.
TOLERANCE = 5e-4


class RuleResult(NamedTuple):
    """One rule applied to one place.

    Attributes:
        rule, clause, edition: what is asked for, and by which code.
        source: S read in the code, 2 second-hand, M from memory (unverified).
        where: a room's name, or `house`.
        measured, bound: in m, m2, degrees or as a share, as the rule has it.
        passed: whether `measured` keeps to `bound`.
    """

    rule: str
    clause: str
    edition: str
    source: str
    where: str
    measured: float
    bound: float
    passed: bool


Measured = Iterable[tuple[str, float]]


def _area(rooms: list[Room], _: Design) -> Measured:
    return ((room.name, room.area_sqft / SQFT_PER_SQM) for room in rooms)


def _side(rooms: list[Room], _: Design) -> Measured:
    return ((room.name, _side_ft(room) / FT_PER_M) for room in rooms)


def _side_ft(room: Room) -> float:
    boxes = room.boxes if room.type == "corridor" else (room.main,)
    return min(min(box.w, box.d) for box in boxes)


def _largest_area(rooms: list[Room], _: Design) -> Measured:
    return [("house", max(room.area_sqft for room in rooms) / SQFT_PER_SQM)] if rooms else []


def _largest_side(rooms: list[Room], _: Design) -> Measured:
    return [("house", max(_side_ft(room) for room in rooms) / FT_PER_M)] if rooms else []


def _glazing(rooms: list[Room], design: Design) -> Measured:
    glass_sqft: dict[str, float] = {}
    for level in design.levels:
        for window in level.windows:
            glass_sqft[window.room] = glass_sqft.get(window.room, 0.0) + window.area_sqft
        for name, sqft in glazed_doors(level.rooms, level.doors).items():
            glass_sqft[name] = glass_sqft.get(name, 0.0) + sqft
    return ((room.name, glass_sqft.get(room.name, 0.0) / room.area_sqft) for room in rooms)


def _openable(rooms: list[Room], design: Design) -> Measured:
    return ((name, share * OPENABLE_SHARE) for name, share in _glazing(rooms, design))


def _lit_depth(rooms: list[Room], design: Design) -> Measured:
    """How deep the box behind a room's best-placed window or glazed door is; without one a room is lit nowhere."""
    depth_ft = {room.name: math.inf for room in rooms}
    by_name = {room.name: room for room in rooms}
    for level in design.levels:
        glazed = glazed_doors(level.rooms, level.doors)
        openings: list[tuple[str, Window | Door]] = [(window.room, window) for window in level.windows]
        openings += [(name, door) for door in level.doors for name in (door.a, door.b) if name in glazed]
        for name, opening in openings:
            if room := by_name.get(name):
                for box in room.boxes:
                    if _is_in_wall(opening, box):
                        depth_ft[name] = min(depth_ft[name], box.d if opening.along == "x" else box.w)
    return ((name, depth / FT_PER_M) for name, depth in depth_ft.items())


def _is_in_wall(opening: Window | Door, box: Rect) -> bool:
    if opening.along == "x":
        return opening.y in (box.y, box.rear) and box.x < opening.x < box.right
    return opening.x in (box.x, box.right) and box.y < opening.y < box.rear


def _best_egress(rooms: list[Room], design: Design) -> dict[str, tuple[float, float]]:
    """The largest window of each room: its openable area in m2 and its sill in m."""
    best = {room.name: (0.0, math.inf) for room in rooms}
    for level in design.levels:
        for window in level.windows:
            if window.room in best:
                opening = (window.area_sqft * OPENABLE_SHARE / SQFT_PER_SQM, window.sill_ft / FT_PER_M)
                best[window.room] = max(best[window.room], opening)
    return best


def _egress_opening(rooms: list[Room], design: Design) -> Measured:
    return ((name, opening) for name, (opening, _) in _best_egress(rooms, design).items())


def _egress_sill(rooms: list[Room], design: Design) -> Measured:
    return ((name, sill) for name, (_, sill) in _best_egress(rooms, design).items())


def _entrance_width(_: list[Room], design: Design) -> Measured:
    garages = {room.name for room in design.levels[0].rooms if room.type == "garage"}
    ways_in = [door for door in design.levels[0].doors if door.b == OUTSIDE and door.a not in garages]
    entrances = [door.width_ft - DOOR_FRAME_FT for door in ways_in]
    return [("house", max(entrances, default=0.0) / FT_PER_M)]


def _gross_area(_: list[Room], design: Design) -> Measured:
    return [("house", design.built_area_sqft / SQFT_PER_SQM)]


def _ceiling(_: list[Room], __: Design) -> Measured:
    return [("house", CEILING_FT / FT_PER_M)]


def _stairs(design: Design) -> list[Room]:
    return [room for level in design.levels[:-1] for room in level.rooms if room.type == "stairs"]


def _stair_width(_: list[Room], design: Design) -> Measured:
    """Two flights side by side between walls."""
    return (("stairs", (_side_ft(room) - WALL_FT) / 2 / FT_PER_M) for room in _stairs(design))


def _stair_riser(_: list[Room], design: Design) -> Measured:
    return (("stairs", RISER_FT / FT_PER_M) for _ in _stairs(design))


def _stair_tread(_: list[Room], design: Design) -> Measured:
    return (("stairs", TREAD_FT / FT_PER_M) for _ in _stairs(design))


def _stair_pitch(_: list[Room], design: Design) -> Measured:
    return (("stairs", math.degrees(math.atan2(RISER_FT, TREAD_FT))) for _ in _stairs(design))


CHECKS: dict[str, Callable[[list[Room], Design], Measured]] = {
    "area": _area,
    "side": _side,
    "largest_area": _largest_area,
    "largest_side": _largest_side,
    "glazing": _glazing,
    "openable": _openable,
    "lit_depth": _lit_depth,
    "egress_opening": _egress_opening,
    "egress_sill": _egress_sill,
    "entrance_width": _entrance_width,
    "gross_area": _gross_area,
    "ceiling": _ceiling,
    "stair_width": _stair_width,
    "stair_riser": _stair_riser,
    "stair_tread": _stair_tread,
    "stair_pitch": _stair_pitch,
}


def _bound(rule: dict[str, Any], brief: Brief) -> tuple[float | None, bool]:
    """The rule's bound for a brief, None where it asks for nothing, and whether it is a least value."""
    if "max" in rule:
        return rule["max"], False
    if "min_of_climate" in rule:
        return rule["min_of_climate"][brief.climate_zone], True
    if "min_of_bedrooms" in rule:
        return max(
            (area for count, area in rule["min_of_bedrooms"].items() if count <= brief.bedrooms), default=None
        ), True
    return rule["min"], True


def check_codes(design: Design, brief: Brief, ruleset: str = "auto") -> list[RuleResult]:
    """Applies a ruleset to a design, one result for each rule and room.

    Args:
        ruleset: a name in `tables/codes.yaml`, or `auto` for the one of the brief's region, with what may be built on
            its plot (`massing.py`).

    Raises:
        KeyError: there is no such ruleset.
    """
    tables: dict[str, Any] = table("codes")
    name = tables["regions"].get(brief.region, tables["default"]) if ruleset == "auto" else ruleset
    rules = tables["rulesets"][name]
    every_room = [room for level in design.levels for room in level.rooms]
    results = []
    for rule in rules["rules"]:
        bound, is_least = _bound(rule, brief)
        if bound is None:
            continue
        wanted = rule.get("rooms", [])
        types = _ROOM_SETS[wanted] if isinstance(wanted, str) else frozenset(wanted)
        rooms = [room for room in every_room if room.type in types]
        for where, measured in CHECKS[rule["check"]](rooms, design):
            passed = measured >= bound - TOLERANCE if is_least else measured <= bound + TOLERANCE
            results.append(
                RuleResult(
                    rule["rule"], str(rule["clause"]), rules["edition"], rule["source"], where, measured, bound, passed
                )
            )
    if ruleset == "auto":
        results += [
            RuleResult(
                share.rule, share.clause, share.edition, share.source, "house", share.measured, share.bound,
                share.measured <= share.bound + TOLERANCE,
            )
            for share in shares(design, brief)
        ]  # fmt: skip
    return results
