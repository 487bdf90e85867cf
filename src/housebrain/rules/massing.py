"""How much of a plot may be built over, how much floor there may be, and how high: `tables/massing.yaml` as data."""

import math
from typing import Any, NamedTuple

from housebrain.house.brief import Brief
from housebrain.house.design import FLOOR_TO_FLOOR_FT, Design, Level
from housebrain.house.land import area_sqft
from housebrain.house.rooms import OPEN_AIR
from housebrain.house.units import FT_PER_M, SQFT_PER_SQM
from housebrain.rules.tables import table

TOLERANCE = 5e-4


class Massing(NamedTuple):
    """The limits for one plot, infinite where there are none.

    Attributes:
        covered_sqft: of the largest level's enclosed area.
        floor_sqft: of all levels' together.
        height_ft: of the house.
    """

    covered_sqft: float = math.inf
    floor_sqft: float = math.inf
    height_ft: float = math.inf


class Share(NamedTuple):
    """One limit as a rule has it: `measured` and `bound` are shares of the plot's area, or metres."""

    rule: str
    clause: str
    edition: str
    source: str
    measured: float
    bound: float


def massing_of(brief: Brief) -> Massing:
    """What may be built on a brief's plot."""
    rules = _rules(brief)
    if rules is None:
        return Massing()
    plot_sqft = area_sqft(brief.plot.corners_ft)
    height = rules.get("height")
    return Massing(
        _share(rules, "coverage", plot_sqft) * plot_sqft,
        _share(rules, "floor_area_ratio", plot_sqft) * plot_sqft,
        math.inf if height is None else height * FT_PER_M,
    )


def shares(design: Design, brief: Brief) -> list[Share]:
    """Coverage, floor-area ratio and height of a design beside their limits; empty where its region has none."""
    rules = _rules(brief)
    if rules is None:
        return []
    plot_sqft = area_sqft(brief.plot.corners_ft)
    covered = max(_enclosed_sqft(level) for level in design.levels) / plot_sqft
    measured = [
        ("coverage", covered, _share(rules, "coverage", plot_sqft)),
        ("floor-area ratio", design.built_area_sqft / plot_sqft, _share(rules, "floor_area_ratio", plot_sqft)),
    ]
    if "height" in rules:
        measured.append(("height", height_ft(len(design.levels)) / FT_PER_M, rules["height"]))
    cited = (rules["clause"], rules["edition"], rules["source"])
    return [Share(name, *cited, value, bound) for name, value, bound in measured]


def exceeded(design: Design, brief: Brief) -> list[Share]:
    """The limits that a design does not keep to."""
    return [share for share in shares(design, brief) if share.measured > share.bound + TOLERANCE]


def height_ft(floors: int) -> float:
    """How high a house is, to the top of its roof slab."""
    return floors * FLOOR_TO_FLOOR_FT


def _rules(brief: Brief) -> dict[str, Any] | None:
    tables: dict[str, Any] = table("massing")
    name = tables["regions"].get(brief.region)
    rules: dict[str, Any] | None = tables["sets"][name] if name else None
    return rules


def _share(rules: dict[str, Any], name: str, plot_sqft: float) -> float:
    """The share of the plot's area that may be built: its class's, or what a smaller plot's class would let it have."""
    plot_sqm = plot_sqft / SQFT_PER_SQM
    best_sqm = 0.0
    for row in rules["plots"]:
        best_sqm = max(best_sqm, row[name] * min(plot_sqm, row.get("up_to", math.inf)))
        if plot_sqm <= row.get("up_to", math.inf):
            break
    return best_sqm / plot_sqm


def _enclosed_sqft(level: Level) -> float:
    return sum(room.area_sqft for room in level.rooms if room.type not in OPEN_AIR)
