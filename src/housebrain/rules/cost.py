"""The cost model: built area x regional rate x quality, split over trades, plus contingency (`tables/costs.yaml`)."""

from typing import Any, get_args

from housebrain.house.brief import Brief
from housebrain.house.design import Cost, CostLine, Level, Materials, Quality, Site
from housebrain.house.rooms import OPEN_AIR
from housebrain.rules.tables import table

QUALITIES: tuple[Quality, ...] = get_args(Quality)


def estimate(levels: tuple[Level, ...], materials: Materials, site: Site, quality: Quality, brief: Brief) -> Cost:
    """What a house costs to build in the brief's region, in US dollars.

    Args:
        levels: the geometry, of which areas are taken.
        materials: exterior and floor have factors on their trades.
        site: the foundation has one too.
        quality: factor on everything.
        brief: names the region; an unknown one takes the default rate.
    """
    rates: dict[str, Any] = table("costs")
    area_sqft = 0.0
    for level in levels:
        for room in level.rooms:
            open_air = room.type in OPEN_AIR
            area_sqft += room.area_sqft * (rates["open_air_share"] if open_air else 1.0)
    rate = rates["rates_usd_per_sqft"].get(brief.region, rates["default_rate_usd_per_sqft"])
    factors = {
        "foundation": rates["foundation_factors"].get(site.foundation, 1.0),
        "framing": 1 + rates["framing_per_upper_floor"] * (len(levels) - 1),
        "exterior": rates["exterior_factors"].get(materials.exterior, 1.0),
        "interior": rates["floor_factors"].get(materials.floor, 1.0),
    }
    whole = area_sqft * rate * rates["quality_factors"][quality] / sum(rates["trades"].values())
    usd = {trade: round(whole * share * factors.get(trade, 1.0), 2) for trade, share in rates["trades"].items()}
    usd["contingency"] = round(rates["contingency"] * sum(usd.values()), 2)
    return Cost(
        total_usd=round(sum(usd.values()), 2),
        lines=tuple(CostLine(item=item, usd=amount) for item, amount in usd.items()),
    )


def choose_quality(levels: tuple[Level, ...], materials: Materials, site: Site, brief: Brief) -> tuple[Quality, Cost]:
    """The quality that the brief chose, or the best that its budget pays for, and its cost.

    It is `basic` where the budget pays for none.
    """
    qualities = [quality for quality in QUALITIES if brief.choices.get("quality", quality) == quality]
    for quality in reversed(qualities):
        cost = estimate(levels, materials, site, quality, brief)
        if cost.total_usd <= brief.budget_usd:
            break
    return quality, cost
