"""What things cost where: the rate files of `tables/rates` and the regions of `tables/regions.yaml`.

A rate file has its own currency; here all is in the region's, with the region's and the city's index in it.
"""

from functools import lru_cache
from typing import Any, NamedTuple, get_args

from housebrain.house.design import Materials, Quality, Site
from housebrain.rules.quantities import Quantities
from housebrain.rules.tables import table, tables

QUALITIES: tuple[Quality, ...] = get_args(Quality)


class Rates(NamedTuple):
    """The rates of a region or a city.

    Attributes:
        name, year, source: of the rate file.
        certainty: of `plinth`, `rates` and `region`: S read in a source, 2 second-hand, M estimated (unverified).
        city: whose index is in the rates; None where the region's own hold.
        place_index: the region's and the city's index together.
        currency: in which the rates are, such as INR.
        per_usd: of that currency for a US dollar.
        unit: by quality and item, for one unit of the item.
        plinth: by quality, for one square foot of built area, by the plinth-area method.
        plinth_house: the house that `plinth` is for (`reference_sqft`, `reference_floors`, `sqft_a_bath`), and
            what others cost beside it (`size_exponent`, `bath_worth_sqft`, `spread_over_floors`).
        overheads: share of the sum of all items.
        services, contingency: shares of the sum before each.
        kinds, climate, per_upper_floor: as in the rate file; `factors` reads them.
    """

    name: str
    year: int
    source: str
    certainty: dict[str, str]
    city: str | None
    place_index: float
    currency: str
    per_usd: float
    unit: dict[Quality, Quantities]
    plinth: dict[Quality, float]
    plinth_house: dict[str, Any]
    overheads: float
    services: float
    contingency: float
    kinds: dict[str, dict[str, dict[str, float]]]
    climate: dict[str, dict[str, float]]
    per_upper_floor: dict[str, float]


def city_key(city: str) -> str:
    """A city's name as the tables have it: `New Delhi` is `delhi`."""
    name = " ".join(city.lower().split())
    key: str = table("regions")["cities"].get(name, name)
    return key


@lru_cache(maxsize=256)
def rates_of(region: str, city: str | None = None) -> Rates:
    """The rates of a region; an unknown one takes those of the United States, an unknown city its region's."""
    regions: dict[str, Any] = table("regions")
    place = regions["regions"].get(region, regions["default"])
    file = tables("rates")[place["rates"]]
    key = None if city is None else city_key(city)
    city_index = file["cities"].get(key)
    index = place["index"] * (city_index or 1.0)
    factor = index * place["per_usd"] / file["per_usd"]
    unit = {
        quality: {item: rates[number] * factor for item, rates in file["rates"].items()}
        for number, quality in enumerate(QUALITIES)
    }
    plinth_house = dict(file["plinth"])
    per_sqft = plinth_house.pop("per_sqft")
    return Rates(
        name=file["name"],
        year=file["year"],
        source=file["source"],
        certainty=file["certainty"] | {"region": place["certainty"]},
        city=key if city_index else None,
        place_index=index,
        currency=place["currency"],
        per_usd=place["per_usd"],
        unit=unit,
        plinth={quality: rate * factor for quality, rate in zip(QUALITIES, per_sqft, strict=True)},
        plinth_house=plinth_house,
        overheads=file["overheads"],
        services=file["services"],
        contingency=file["contingency"],
        kinds=file["kinds"],
        climate=file["climate"],
        per_upper_floor=file["per_upper_floor"],
    )


def factors(rates: Rates, materials: Materials, site: Site, upper_floors: int) -> dict[str, float]:
    """By what each item's rate is multiplied, for what was chosen and for storeys above the ground; 1 if left out."""
    chosen = {
        "exterior": materials.exterior,
        "roof": materials.roof,
        "floor": materials.floor,
        "windows": materials.windows,
        "doors": materials.doors,
        "foundation": site.foundation,
        "insulation": site.insulation,
    }
    found = {item: 1 + share * upper_floors for item, share in rates.per_upper_floor.items()}
    for field, kind in chosen.items():
        for item, factor in rates.kinds[field].get(kind, {}).items():
            found[item] = found.get(item, 1.0) * factor
    climate = rates.climate
    found["conditioned"] = climate["heating"].get(site.heating, 1.0) + climate["cooling"].get(site.cooling, 0.0)
    return found
