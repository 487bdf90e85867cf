"""How much of a plot may be built over, how much floor there may be, and how high: `tables/massing.yaml`.

The solver keeps to these limits from the start; `rulesets.py` has them among the other rules.
"""

import math
from typing import Any, NamedTuple

from housebrain.house.brief import Brief
from housebrain.house.design import FLOOR_TO_FLOOR_FT, Design, covered_sqft
from housebrain.house.land import area_sqft
from housebrain.house.units import FT_PER_M, SQFT_PER_SQM
from housebrain.rules.rates import city_key
from housebrain.rules.tables import table

TOLERANCE_SQFT = 0.5
ROUNDING = 1e-3  # what a fact may be over a band's end, as a share: feet come in hundredths, and 7.5 m are 24.61 ft


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


def massing_of(brief: Brief) -> Massing:
    """What may be built on a brief's plot."""
    plot_sqft = area_sqft(brief.plot.corners_ft)
    limits = dict.fromkeys(("coverage", "floor_area_ratio", "height"), math.inf)
    for rule in _rules(brief):
        limits[rule["check"]] = min(limits[rule["check"]], _most(rule, plot_sqft / SQFT_PER_SQM))
    return Massing(limits["coverage"] * plot_sqft, limits["floor_area_ratio"] * plot_sqft, limits["height"] * FT_PER_M)


def exceeded(design: Design, brief: Brief) -> list[str]:
    """What a design has too much of, in words; empty where it keeps to the limits."""
    most = massing_of(brief)
    found = []
    if (covered := covered_sqft(design)) > most.covered_sqft + TOLERANCE_SQFT:
        found.append(f"{covered:,.0f} sqft of the plot are built over, {most.covered_sqft:,.0f} are allowed")
    if (floor := design.built_area_sqft) > most.floor_sqft + TOLERANCE_SQFT:
        found.append(f"all floors have {floor:,.0f} sqft, {most.floor_sqft:,.0f} are allowed")
    if (high := height_ft(len(design.levels))) > most.height_ft:
        found.append(f"it is {high:g} ft high, {most.height_ft:.1f} ft are allowed")
    return found


def height_ft(floors: int) -> float:
    """How high a house is, to the top of its roof slab."""
    return floors * FLOOR_TO_FLOOR_FT


def _rules(brief: Brief) -> list[dict[str, Any]]:
    tables: dict[str, Any] = table("massing")
    city = tables["cities"].get(city_key(brief.city)) if brief.city else None
    name = city["rules"] if city and city["region"] == brief.region else tables["regions"].get(brief.region)
    rules: list[dict[str, Any]] = tables["rules"].get(name, [])
    return rules


def _most(rule: dict[str, Any], plot_sqm: float) -> float:
    if "max" in rule:
        return float(rule["max"])
    bound = of_bands(rule["max_of"], plot_sqm)
    return math.inf if bound is None else bound


def of_bands(bands: dict[str, Any], value: float) -> float | None:
    """The bound of the first band that reaches as far as `value`.

    With `carry`, shares of a plot's area are never worth less than the largest plot of any band before gets.
    """
    carried = 0.0
    for limit, bound in bands["bands"]:
        if limit is None or value <= limit * (1 + ROUNDING):
            return float(max(bound, carried / value)) if bands.get("carry") else float(bound)
        carried = max(carried, limit * bound)
    return None
