"""Where the house stands: cities, states and countries to the regions of the dataset and a climate."""

import json
import re
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

from housebrain.errors import UserError
from housebrain.words.facts import Facts
from housebrain.words.lexicon import common, vocabulary
from housebrain.words.text import Text

# Countries that have no costs and codes of their own here: they take a neighbour's.
BORROWED = {
    "PK": "Pakistan", "BD": "Bangladesh", "LK": "Sri Lanka", "NP": "Nepal", "CA": "Canada", "IE": "Ireland",
    "AT": "Austria", "CH": "Switzerland", "NL": "the Netherlands", "BE": "Belgium", "NZ": "New Zealand",
}  # fmt: skip
CLIMATES = {
    r"hot (?:and |& |, )?humid|warm (?:and )?humid|humid|muggy": "Hot_Humid",
    r"hot (?:and |& |, )?(?:dry|arid)|desert|arid|composite": "Hot_Dry",
    r"mediterranean": "Mediterranean", r"tropical": "Tropical", r"temperate|moderate|mild": "Temperate",
    r"cold|snowy|alpine|freezing": "Cold",
}  # fmt: skip
REGIONS = (
    "US_West", "US_Northeast", "US_Midwest", "US_Southeast", "US_Southwest", "EU_UK", "EU_Germany", "EU_France",
    "EU_Italy", "EU_Spain", "Asia_India", "Asia_China", "Asia_Japan", "Asia_Singapore", "Asia_Australia",
)  # fmt: skip
_AT = (
    r"(?:\b(?:in|near|at|around|outside|from|nahe|bei|im|city|town|of|suburbs?|close to|raum)\b|,|;|\(|"
    r":|\.|^|-)\s*(?:the\s+|greater\s+|north\s+|south\s+|east\s+|west\s+|central\s+|downtown\s+|"
    r"rural\s+|city\s+of\s+|suburban\s+|inner\s+)*$"
)
# Behind a place's name: then it says of what sort a thing is.
_OF_SOMETHING = (
    r"\s+(?:(?:tile|stone|marble|granite|brick|wood|teak|slate|sand ?stone|oak)[sd]?|floors?|flooring|cabinets?|"
    r"roof(?:ing)?|panel\w*|furniture|(?:in|for) (?:the |my |our )?kitchen|plots?|lots?|cabins?|trees?|view)\b"
)
# Names that people mean another place by than the largest town of the list.
_LIKELIEST = {"dublin": "IE", "windsor": "GB", "surrey": "GB", "essex": "GB", "kent": "GB", "wellington": "NZ"}
# Cities that the list has not.
_MORE = {
    "richmond": ("GB", "EU_UK"), "wellington": ("NZ", "Asia_Australia"), "auckland": ("NZ", "Asia_Australia"),
    "christchurch": ("NZ", "Asia_Australia"),
}  # fmt: skip
# A house may stand near one that is in no city of that name.
_LANDMARKS = ("temple", "station", "college", "lake", "hall", "mission", "garden", "grove", "ridge", "summit", "spring")
_BED_HOUSE = r"\b\d+ ?bed(?:room)?s?\b[^,;.]*\b(?:house|home|cottage|flat|bungalow|townhouse|villa|terrace|semi),?\s*$"
_NEVER_ALONE = ("bath", "hall", "brick", "lawn", "store", "keller", "garden grove")
_SHORT = ("us", "la", "sf", "up", "mp", "ap", "nj", "tx", "ny", "fl", "az")
# Countries whose money or language a hint of the first speaks of.
_KIN = {"DE": ("DE", "AT", "CH", "IE", "FR", "IT", "ES", "NL", "BE")}
_PARTS = r"(?:greater|north|south|east|west|central|downtown|rural|suburban|inner|new)"
_LONGEST = 4  # words of a name


class Place(NamedTuple):
    """A place: its name, country code, region of the dataset, climate, state, and whether it is a city."""

    name: str
    country: str
    region: str
    climate: str
    state: str
    is_city: bool = False


@cache
def _places() -> tuple[dict[str, list[Place]], dict[str, list[Place]]]:
    """Cities, the likeliest first, and states with countries, by name."""
    content = json.loads(files(__package__).joinpath("places.json").read_text(encoding="utf-8"))
    cities: dict[str, list[Place]] = {}
    states: dict[str, list[Place]] = {}
    for code, entry in content.items():
        country, region = code[:2], entry["region"]
        for name in entry["names"]:
            states.setdefault(name, []).append(Place(name, country, region, entry["climate"], code))
        for climate, names in entry["cities"].items():
            for name in names:
                place = Place(name.lstrip("~"), country, region, climate, code, True)
                known = cities.setdefault(place.name, [])
                known.insert(len(known) if name.startswith("~") else 0, place)
    # Provinces and countries that the list has not; Ontario is a city of California as well.
    ontario = Place("ontario", "CA", "US_Northeast", "Cold", "CA")
    states["ontario"] = [ontario]
    cities["ontario"].insert(0, ontario)
    states["new zealand"] = [Place("new zealand", "NZ", "Asia_Australia", "Temperate", "NZ")]
    for name, (country, region) in _MORE.items():
        cities.setdefault(name, []).append(Place(name, country, region, "Temperate", country, True))
    for name, country in _LIKELIEST.items():
        cities[name].sort(key=lambda place: place.country != country)
    return cities, states


def is_place(word: str) -> bool:
    """Whether a word is part of a place's name."""
    return word in _name_words()


@cache
def _name_words() -> frozenset[str]:
    cities, states = _places()
    return frozenset(part for name in (*cities, *states) for part in name.split())


def read_place(text: Text, facts: Facts, hint: str | None) -> None:
    """Reads the place: `place` becomes a `Place`.

    Args:
        text: what was written.
        facts: take it.
        hint: the country that money or units speak of, for names that several countries have.

    Raises:
        UserError: two places that are not one in the other.
    """
    cities, states = _places()
    found: list[tuple[int, str, bool]] = []
    words = list(re.finditer(r"[a-z][a-z.]*", text.rest))
    at = 0
    while at < len(words):
        for count in range(min(_LONGEST, len(words) - at), 0, -1):
            start, end = words[at].start(), words[at + count - 1].end()
            if not re.fullmatch(r"[a-z. ]+", text.rest[start:end]):
                continue
            name = text.rest[start:end].replace(".", "").strip()
            if (name in cities or name in states) and _is_meant(text, name, start, end, bool(found)):
                found.append((start, name, name in cities))
                if part := re.search(rf"(?:\b{_PARTS}\s+)+$", text.rest[:start]):
                    start = part.start()
                text.strike(start, end)
                at += count - 1
                break
        at += 1
    if not found:
        _misspelt(text, facts, found, cities)
    for _ in text.take(r"\b(?:in|near|at|around|outside|from|nahe|bei)\s*(?:the\s+)?(?=\x01)"):
        pass
    named_states = [place for _, name, is_city in found if not is_city for place in states[name]]
    named_states += [place for _, name, is_city in found if is_city for place in states.get(name, [])]
    chosen: Place | None = None
    for start, name, is_city in found:
        if chosen is not None and any(_within(chosen, one) for one in states.get(name, [])):
            continue
        own = cities[name] if is_city else states[name]
        others = [cities.get(other, []) + states.get(other, []) for _, other, _ in found if other != name]
        # Of several places of a name, one that is where the others are: Rochester, Kent.
        agreeing = [one for one in own if all(any(_agree(one, other) for other in names) for names in others)]
        place = _choose(agreeing or own, named_states, hint)
        if chosen is None:
            chosen = place
        elif chosen.state != place.state and not _within(chosen, place):
            if _within(place, chosen):
                chosen = place
                continue
            if name in states and _is_behind(text, start, chosen.name):  # London, Ontario: one that is not known here
                chosen = _choose(states[name], named_states, hint)
                continue
            raise UserError(f"'{chosen.name.title()}' and '{place.name.title()}' are two places: name one of them.")
    if chosen is not None:
        facts.say("place", chosen, chosen.name)


def _misspelt(text: Text, facts: Facts, found: list[tuple[int, str, bool]], cities: dict[str, list[Place]]) -> None:
    """Finds a city whose name is misspelt, among the words that are no other, and stand where a place does."""
    for match in re.finditer(r"[a-z]{6,}", text.rest):
        word = match[0]
        known = {
            word,
            word.removesuffix("s"),
            word.removesuffix("es"),
            word.removesuffix("ed"),
            word.removesuffix("ing"),
            word.removesuffix("er"),
        }
        if word.endswith(("ed", "ing")):  # thatched, banking: what is done, and hardly ever a city
            continue
        if known & vocabulary() or known & common("passed_over") or known & common("right"):
            continue
        closes = re.match(r"\s*(?:$|[,;.\d])", text.rest[match.end() :]) is not None
        introduced = re.search(r"(?:\b(?:in|near|at|around|outside|from|nahe|bei)|,)\s*$", text.rest[: match.start()])
        if not closes and not introduced:  # a raised ranch
            continue
        near = process.extractOne(word, list(cities), scorer=OSA.distance, score_cutoff=2 if len(word) > 7 else 1)
        if near is not None and near[0][0] == word[0]:
            found.append((match.start(), near[0], True))
            text.strike(match.start(), match.end())
            facts.assume("spelling", near[0], f"of '{word}'")
            return


def _is_meant(text: Text, name: str, start: int, end: int, after_place: bool) -> bool:
    """Whether a name is a place here: after `in` and the like, or by itself a name that is no other word."""
    before = text.rest[:start].rstrip()
    if re.match(_OF_SOMETHING, text.rest[end:]):  # Mangalore tiles, walnut cabinets
        return False
    introduced = re.search(_AT, text.rest[:start]) is not None or (after_place and before.endswith(("\x01", ",")))
    if len(name) <= 2:
        closes = re.match(r"\s*(?:$|[,;.)])", text.rest[end:])
        opens = re.search(r"\b(?:in|near)\s*(?:the\s*)?$|,\s*$", text.rest[:start])
        behind_place = after_place and before.rstrip(" ,").endswith("\x01")
        if text.rest[start:end] == "ca.":  # ca. 600.000
            return False
        return name == "uk" or behind_place or bool(name in _SHORT and opens and closes)
    if name == "bath" and re.search(_BED_HOUSE, before) and re.match(r"\s*(?:$|[.!\x01])", text.rest[end:]):
        return True  # 4 bed house Bath, with no more than a budget behind it
    if name in _LANDMARKS and re.search(r"\b(?:near|at|outside|around)$", before):
        return False
    if name in common("places") or name in vocabulary():
        if re.search(r"(?:\d|\b(?:half|full|guest|family|private|shared|common|attached|main|master))\s*$", before):
            # 2 bath, Texas; 1 half bath, Texas
            return False
        following = re.match(r"[\s,]*([a-z]+(?: [a-z]+)?)", text.rest[end:])
        if (
            following
            and {following[1], following[1].split()[0]} & set(_places()[1])
            and len(following[1].split()[0]) > 2
        ):
            return True
        if (
            name not in _NEVER_ALONE
            and re.search(r",\s*$", text.rest[:start])
            and re.match(r"[\s.!]*$", text.rest[end:])
        ):
            return True
        is_last = re.match(r"\s*(?:$|[,;.)\x01]|with\b|for\b|on\b|\d)", text.rest[end:]) is not None
        return (
            is_last and re.search(r"\b(?:in|near|at|outside|from|around|nahe|bei)\s*$", text.rest[:start]) is not None
        )
    if len(name) <= 4 and name not in (
        "pune",
        "goa",
        "usa",
        "nyc",
        "leh",
        "bonn",
        "kiel",
        "ulm",
        "koln",
        "rome",
        "agra",
        "ooty",
    ):
        return introduced or re.match(r"\s*(?:$|[,;.])", text.rest[end:]) is not None
    return True


def _is_behind(text: Text, start: int, name: str) -> bool:
    """Whether what starts there stands right behind a place's name."""
    return re.search(rf"\b{re.escape(name)}[\s,]*$", text.whole[:start]) is not None


def _agree(one: Place, other: Place) -> bool:
    return one.state == other.state or _within(one, other) or _within(other, one)


def _within(city: Place, other: Place) -> bool:
    """Whether `other` is the state or country of `city`, or a city of the same place by another name."""
    return other.state in (city.state, city.country)


def _choose(places: list[Place], states: list[Place], hint: str | None) -> Place:
    """The one in a state that was named, else in the country that is hinted at, else the likeliest."""
    for codes in ([state.state for state in states], _KIN.get(hint, (hint,)) if hint else ()):
        for code in codes:
            for place in places:
                if place.state == code or place.country == code:
                    return place
    return places[0]


def read_climate(text: Text, facts: Facts) -> None:
    """Reads `hot and humid climate` and the like: `climate`."""
    for pattern, climate in CLIMATES.items():
        for match in text.take(
            rf"\b(?:{pattern})\s+(?:climate|weather|zone|region|area)s?\b|\bclimate\s*(?:is|:|zone)?\s*(?:{pattern})\b"
        ):
            facts.say("climate", climate, match[0])
    for match in text.take(r"\bhot (?:and |& |, )?(?:humid|dry)\b"):
        facts.say("climate", "Hot_Humid" if "humid" in match[0] else "Hot_Dry", match[0])
