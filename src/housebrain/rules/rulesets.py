"""The rulesets of `tables/codes`: which there are, what is in them, and which one a house is checked by.

An overlay is a ruleset of a city that `extends` a country's: its rules come on top, in place of those of the same name.
"""

from functools import cache
from typing import Any, NamedTuple

from housebrain.rules.rates import city_key
from housebrain.rules.tables import table, tables


class Ruleset(NamedTuple):
    """A building code as data: its rules are as `tables/codes/` has them, those of what it extends included."""

    name: str
    edition: str
    rules: tuple[dict[str, Any], ...]


class Chosen(NamedTuple):
    """The ruleset for a place, and whether it only stands in: the place has none of its own here."""

    name: str
    stands_in: bool


def names() -> list[str]:
    """All rulesets."""
    places: dict[str, Any] = table("codes")
    return list(dict.fromkeys([*places["regions"].values(), *places["cities"].values()]))


@cache
def ruleset(name: str) -> Ruleset:
    """Reads a ruleset.

    Raises:
        KeyError: there is none of that name.
    """
    content = tables("codes")[name]
    own = [*content["rules"], *table("massing")["rules"].get(name, [])]
    if "extends" not in content:
        return Ruleset(name, content["edition"], tuple(own))
    base = ruleset(content["extends"])
    replaced = {rule["rule"] for rule in own}
    kept = [{"edition": base.edition} | rule for rule in base.rules if rule["rule"] not in replaced]
    return Ruleset(name, content["edition"], (*kept, *own))


def ruleset_for(region: str, city: str | None = None) -> Chosen:
    """The ruleset of a city where there is one, else of its region, else the one that stands in."""
    places: dict[str, Any] = table("codes")
    own = places["regions"].get(region)
    overlay = None if city is None else places["cities"].get(city_key(city))
    if overlay is not None and tables("codes")[overlay]["extends"] == own:
        return Chosen(overlay, False)
    return Chosen(own or places["default"], own is None)
