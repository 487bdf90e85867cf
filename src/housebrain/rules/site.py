"""Materials and site choices: stated rules from style, climate and slope to what is built with."""

from functools import cache
from typing import Any

from housebrain.house.brief import Brief
from housebrain.house.design import Materials, Site
from housebrain.rules.tables import table


def choose_materials(brief: Brief) -> Materials:
    """Materials by `tables/site.yaml`: style decides, climate overrules."""
    rules: dict[str, Any] = table("site")
    exterior, floor, doors = rules["styles"].get(brief.style, rules["default_style"])
    climate = brief.climate_zone
    return Materials(
        exterior=rules["exterior_exceptions"].get(climate, {}).get(exterior, exterior),
        roof=rules["roof_of_climate"][climate],
        floor=floor,
        windows=rules["windows_of_climate"][climate],
        doors=doors,
    )


def choose_site(brief: Brief) -> Site:
    """Foundation by slope; insulation, cooling and heating by climate, by `tables/site.yaml`."""
    rules: dict[str, Any] = table("site")
    climate, slope_degrees = brief.climate_zone, brief.plot.slope_degrees
    return Site(
        foundation=next(kind for limit, kind in rules["foundation_of_slope"] if slope_degrees <= limit),
        insulation=rules["insulation_of_climate"][climate],
        cooling=rules["cooling_of_climate"][climate],
        heating=rules["heating_of_climate"][climate],
    )


@cache
def vocabulary() -> dict[str, frozenset[str]]:
    """Every choice that `choose_materials` and `choose_site` can make, by field."""
    rules: dict[str, Any] = table("site")
    styles = [*rules["styles"].values(), rules["default_style"]]
    replaced = {kind for exceptions in rules["exterior_exceptions"].values() for kind in exceptions.values()}
    return {
        "exterior": frozenset(style[0] for style in styles) | replaced,
        "floor": frozenset(style[1] for style in styles),
        "doors": frozenset(style[2] for style in styles),
        "roof": frozenset(rules["roof_of_climate"].values()),
        "windows": frozenset(rules["windows_of_climate"].values()),
        "foundation": frozenset(kind for _, kind in rules["foundation_of_slope"]),
        "insulation": frozenset(rules["insulation_of_climate"].values()),
        "cooling": frozenset(rules["cooling_of_climate"].values()),
        "heating": frozenset(rules["heating_of_climate"].values()),
    }
