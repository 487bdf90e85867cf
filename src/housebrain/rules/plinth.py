"""The plinth-area method: built area at a rate by square foot. It checks the cost by quantities from another side."""

from typing import Any

from housebrain.house.design import Design
from housebrain.house.rooms import OPEN_AIR
from housebrain.rules.rates import Rates
from housebrain.rules.tables import table


def plinth_cost(design: Design, rates: Rates) -> float:
    """Built area x rate of the quality x trades' factors + services + contingency, in the rates' currency."""
    rules: dict[str, Any] = table("plinth")
    area_sqft = 0.0
    for level in design.levels:
        for room in level.rooms:
            area_sqft += room.area_sqft * (rules["open_air_share"] if room.type in OPEN_AIR else 1.0)
    factors = {
        "foundation": rules["foundation_factors"].get(design.site.foundation, 1.0),
        "framing": 1 + rules["framing_per_upper_floor"] * (len(design.levels) - 1),
        "exterior": rules["exterior_factors"].get(design.materials.exterior, 1.0),
        "interior": rules["floor_factors"].get(design.materials.floor, 1.0),
    }
    shares: dict[str, float] = rules["trades"]
    factor = sum(share * factors.get(trade, 1.0) for trade, share in shares.items()) / sum(shares.values())
    return area_sqft * rates.plinth[design.quality] * factor * (1 + rates.services) * (1 + rates.contingency)
