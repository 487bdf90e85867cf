"""Materials and site choices: stated rules from style, climate and slope to what is built with."""

from functools import cache
from typing import Any

from housebrain.house.brief import Brief, Rejected
from housebrain.house.design import Materials, Site
from housebrain.house.rooms import BEDROOMS
from housebrain.rules.rates import QUALITIES
from housebrain.rules.tables import table


def choose_materials(brief: Brief) -> Materials:
    """Materials by `tables/site.yaml`: style decides, climate overrules, and what the brief chose stands."""
    rules: dict[str, Any] = table("site")
    exterior, floor, doors = rules["styles"].get(brief.style, rules["default_style"])
    climate = brief.climate_zone
    return Materials(
        exterior=brief.choices.get("exterior", rules["exterior_exceptions"].get(climate, {}).get(exterior, exterior)),
        roof=brief.choices.get("roof", rules["roof_of_climate"][climate]),
        floor=brief.choices.get("floor", floor),
        windows=brief.choices.get("windows", rules["windows_of_climate"][climate]),
        doors=brief.choices.get("doors", doors),
    )


def choose_site(brief: Brief) -> Site:
    """By `tables/site.yaml` foundation from the slope, the rest from the climate; what the brief chose stands."""
    rules: dict[str, Any] = table("site")
    climate, slope_degrees = brief.climate_zone, brief.plot.slope_degrees
    foundation = next(kind for limit, kind in rules["foundation_of_slope"] if slope_degrees <= limit)
    return Site(
        foundation=brief.choices.get("foundation", foundation),
        insulation=brief.choices.get("insulation", rules["insulation_of_climate"][climate]),
        cooling=brief.choices.get("cooling", rules["cooling_of_climate"][climate]),
        heating=brief.choices.get("heating", rules["heating_of_climate"][climate]),
    )


def check_choices(brief: Brief) -> None:
    """Refuses a choice that the tables don't know: it would be priced as something else.

    Raises:
        Rejected: `unknown_choice`.
    """
    for field, kind in brief.choices.items():
        if kind not in (known := vocabulary()[field]):
            detail = f"choices.{field}: '{kind}' is not known. Known: {', '.join(sorted(known))}."
            raise Rejected("unknown_choice", detail)


def check_asked(brief: Brief) -> None:
    """Refuses what a person's brief says that the tables don't know, or that contradicts itself.

    The dataset's records are read without this: what their region lacks is a neighbour's.

    Raises:
        Rejected: `unknown_choice` or `bedrooms_contradict`.
    """
    if brief.region not in (known := table("regions")["regions"]):
        raise Rejected("unknown_choice", f"region: '{brief.region}' is not known. Known: {', '.join(known)}.")
    listed = sum(room.count for room in brief.rooms if room.type in BEDROOMS)
    if brief.bedrooms != listed:
        raise Rejected(
            "bedrooms_contradict", f"the brief asks for {brief.bedrooms} bedrooms, its room list has {listed}"
        )
    check_choices(brief)


@cache
def vocabulary() -> dict[str, frozenset[str]]:
    """Every choice that a brief can make, by field: those that the tables know."""
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
        "quality": frozenset(QUALITIES),
    }
