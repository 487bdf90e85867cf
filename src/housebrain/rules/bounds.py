"""What a building code's rule asks for, where a brief decides it: the plot, its street, the climate, the city."""

import math
from typing import Any

from housebrain.house.brief import Brief, Setbacks
from housebrain.house.land import area_sqft
from housebrain.house.units import FT_PER_M, GRID_FT, SQFT_PER_SQM
from housebrain.rules.massing import of_bands
from housebrain.rules.measures import Missing
from housebrain.rules.rulesets import ruleset, ruleset_for
from housebrain.rules.tables import table


def bound_of(rule: dict[str, Any], brief: Brief | None) -> tuple[float | None, str]:
    """A rule's bound; None where it asks for nothing here, and why.

    Args:
        rule: with `min`, `max`, or one of these by band, by share or by climate, as `tables/codes/` has them.
        brief: of the house.

    Raises:
        Missing: the bound depends on a fact that is not known.
    """
    for key in ("min", "max"):
        if key in rule:
            return rule[key], ""
        if f"{key}_of" in rule:
            bands = rule[f"{key}_of"]
            return of_bands(bands, _fact(bands["by"], brief)), f"there is no bound for this {bands['by']}"
        if f"{key}_of_share" in rule:
            share = rule[f"{key}_of_share"]
            return max(share["least"], share["share"] * _fact(share["by"], brief)), ""
    if brief is None:
        raise Missing("the climate, which only the brief has")
    return rule["min_of_climate"][brief.climate_zone], ""


def open_spaces(brief: Brief) -> Setbacks | None:
    """What a city wants left open around a house, in steps of the grid; None for a place without rules of its own.

    A country's code is not asked: its towns have smaller plots in mind.
    """
    name = ruleset_for(brief.region, brief.city).name
    if name == table("codes")["regions"].get(brief.region, table("codes")["default"]):
        return None
    least_ft = dict.fromkeys(("front_space", "rear_space", "side_space", "other_side_space"), 0.0)
    for rule in ruleset(name).rules:
        if rule.get("check") in least_ft:
            try:
                bound = bound_of(rule, brief)[0] or 0.0
            except Missing:
                continue
            at_least = math.ceil(bound * FT_PER_M / GRID_FT - 1e-6) * GRID_FT
            least_ft[rule["check"]] = max(least_ft[rule["check"]], at_least)
    one, other = least_ft["side_space"], least_ft["other_side_space"]
    return Setbacks(
        front_ft=least_ft["front_space"], rear_ft=least_ft["rear_space"], left_ft=other, right_ft=max(one, other)
    )


def _fact(name: str, brief: Brief | None) -> float:
    """A fact that bounds depend on, in metres or square metres.

    Raises:
        Missing: the brief lacks it, or there is no brief.
    """
    if brief is None:
        raise Missing("the plot, which only the brief has")
    plot = brief.plot
    if name == "plot area":
        return area_sqft(plot.corners_ft) / SQFT_PER_SQM
    if name == "street width":
        if plot.street_width_ft is None:
            raise Missing("the street's width (`input.plot.street_width_ft`)")
        return plot.street_width_ft / FT_PER_M
    return {"plot depth": plot.length_ft, "plot width": plot.width_ft}[name] / FT_PER_M
