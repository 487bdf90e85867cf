"""Which way a house looks: the sun by hemisphere and climate, and Vastu; by `tables/sides.yaml`, as in `use.py`."""

from math import cos, radians, sin
from typing import Any

from housebrain.house.brief import Brief
from housebrain.rules.score.use import Facts, Found
from housebrain.rules.tables import table

_BEARING = {name: 45.0 * step for step, name in enumerate(("N", "NE", "E", "SE", "S", "SW", "W", "NW"))}
_HOT = frozenset({"Hot_Dry", "Hot_Humid", "Tropical"})
_SUNNY = {"living": 2.0, "family": 1.5, "dining": 1.0, "master": 1.0, "bed": 1.0, "guest": 1.0, "kitchen": 1.0}
_SUNNY |= {"office": 1.0}
MORNING = 20.0  # degrees that the best side is turned from the noon sun to the east: evenings are warm anyway


def bearing_of(brief: Brief, side: str) -> float:
    """The compass bearing that a side of the house faces, in degrees from north by east.

    The street is in front; seen from there, looking at the house, left is at the left wall.
    """
    turned = {"front": 0.0, "left": 90.0, "rear": 180.0, "right": 270.0}[side]
    return (_BEARING[brief.plot.orientation] + turned) % 360


def compass(bearing: float) -> str:
    """The nearest of the eight points of the compass."""
    return list(_BEARING)[round(bearing / 45) % 8]


def _warmth(brief: Brief, bearing: float) -> float:
    """How well glass faces there, 0 to 1: the winter sun in cool climates, no low sun from the west in hot ones."""
    south = brief.region in table("sides")["southern"]
    if brief.climate_zone in _HOT:
        west, east = cos(radians(bearing - 270)), cos(radians(bearing - 90))
        return 1 - max(0.0, west) - 0.4 * max(0.0, east)
    best = MORNING if south else 180 - MORNING
    return 0.5 + 0.5 * cos(radians(bearing - best))


def sun(facts: Facts) -> Found:
    """Rooms to live in look to the sun in cool climates and away from the low sun in hot ones."""
    brief = facts.brief
    good = {side: _warmth(brief, bearing_of(brief, side)) for side in ("front", "left", "rear", "right")}
    total = weights = 0.0
    worst = (1.0, "")
    for space in facts.plan.spaces:
        if space.kind not in _SUNNY or not space.openings:
            continue
        glass = sum(opening.sqft for opening in space.openings)
        value = sum(opening.sqft * good[opening.side] for opening in space.openings) / glass
        weight = _SUNNY[space.kind]
        total += weight * value
        weights += weight
        if weight * (1 - value) > weight * (1 - worst[0]) or not worst[1]:
            side = max(space.openings, key=lambda opening: opening.sqft).side
            worst = (value, f"{space.said} looks {compass(bearing_of(brief, side))}")
    if not weights:
        return None
    wish = "away from the low western sun" if brief.climate_zone in _HOT else "towards the winter sun"
    value = total / weights
    return value, f"{worst[1]}, least {wish} of the rooms to live in"


def vastu(facts: Facts) -> Found:
    """Where rooms stand in the nine fields of the plot, turned to true north."""
    rules: dict[str, Any] = table("sides")["vastu"]
    plan, brief = facts.plan, facts.brief
    spots = [(space.kind, space.said, _field(brief, *space.middle)) for space in plan.spaces]
    spots += [("entrance", "the entrance", _field(brief, door.x, door.y)) for door in plan.entrances()[:1]]
    total = weights = 0.0
    worst: tuple[float, str] = (0.0, "")
    for kind, name, field in spots:
        rule = rules.get(kind)
        if rule is None:
            continue
        value = 1.0 if field in rule["best"] else 0.8 if field in rule.get("good", ()) else 0.5
        value = 0.0 if field in rule.get("avoid", ()) else value
        weight = float(rule["weight"])
        total += weight * value
        weights += weight
        places = ", ".join(rule["best"])
        worst = max(worst, (weight * (1 - value), f"{name} is in the {field}, where {places} would be best"))
    if not weights:
        return None
    return total / weights, worst[1] or "entrance and rooms stand where Vastu would have them"


def _field(brief: Brief, x: float, y: float) -> str:
    """Which of the plot's nine fields a place in the envelope lies in: a point of the compass, or `centre`."""
    plot = brief.plot
    across, along = radians(bearing_of(brief, "right")), radians(bearing_of(brief, "rear"))
    half_w, half_l = plot.width_ft / 2, plot.length_ft / 2
    dx, dy = x + plot.setbacks.left_ft - half_w, y + plot.setbacks.front_ft - half_l
    east = (dx * sin(across) + dy * sin(along)) / (abs(half_w * sin(across)) + abs(half_l * sin(along)))
    north = (dx * cos(across) + dy * cos(along)) / (abs(half_w * cos(across)) + abs(half_l * cos(along)))
    point = ("N" if north > 1 / 3 else "S" if north < -1 / 3 else "") + (
        "E" if east > 1 / 3 else "W" if east < -1 / 3 else ""
    )
    return point or "centre"
