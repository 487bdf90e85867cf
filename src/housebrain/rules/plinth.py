"""The plinth-area method: built area at a rate by square foot. It checks the cost by quantities from another side."""

from typing import Any

from housebrain.house.design import Design
from housebrain.house.rooms import OPEN_AIR
from housebrain.rules.rates import Rates
from housebrain.rules.tables import table


def plinth_cost(design: Design, rates: Rates) -> float:
    """Built area x rate of the quality x trades' factors + services + contingency, in the rates' currency.

    Small houses cost more by the square foot, and so do those with many baths or few floors: the rate is that of the
    house that `rates.plinth_house` tells of.
    """
    rules: dict[str, Any] = table("plinth")
    built_sqft = open_air_sqft = 0.0
    baths = 0
    for level in design.levels:
        for room in level.rooms:
            if room.type in OPEN_AIR:
                open_air_sqft += room.area_sqft
            else:
                built_sqft += room.area_sqft
                baths += room.type == "bathroom"
    house = rates.plinth_house
    baths_more = baths - built_sqft / house["sqft_a_bath"]
    area_sqft = built_sqft + rules["open_air_share"] * open_air_sqft + house["bath_worth_sqft"] * baths_more
    size = (max(built_sqft, 1.0) / house["reference_sqft"]) ** house["size_exponent"]
    floors = len(design.levels)
    fewer = house["reference_floors"] / floors - 1
    spread = {trade: 1 + share * fewer for trade, share in house["spread_over_floors"].items()}
    factors = {
        "foundation": rules["foundation_factors"].get(design.site.foundation, 1.0),
        "framing": 1 + rules["framing_per_upper_floor"] * (floors - 1),
        "exterior": rules["exterior_factors"].get(design.materials.exterior, 1.0),
        "interior": rules["floor_factors"].get(design.materials.floor, 1.0),
    }
    shares: dict[str, float] = rules["trades"]
    parts = [share * factors.get(trade, 1.0) * spread.get(trade, 1.0) for trade, share in shares.items()]
    factor = sum(parts) / sum(shares.values())
    on_top = (1 + rates.services) * (1 + rates.contingency)
    return area_sqft * size * rates.plinth[design.quality] * factor * on_top
