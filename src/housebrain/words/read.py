"""The one way in: a person's words to a brief, with what was assumed and what was not understood."""

import re
from typing import Any, NamedTuple

from housebrain.errors import UserError
from housebrain.house.brief import Brief
from housebrain.words.compass import read_facing, read_road_width
from housebrain.words.facts import Assumed, Facts
from housebrain.words.fill import fill, place_note
from housebrain.words.lexicon import HOUSE, NO_HOUSE, common
from housebrain.words.look import left_words, read_l_shape, read_look
from housebrain.words.money import read_money
from housebrain.words.places import Place, read_climate, read_place
from housebrain.words.plot import read_measures, read_setbacks, refuse_no_house
from housebrain.words.programme import read_programme
from housebrain.words.rooms import read_rooms
from housebrain.words.spelling import corrected
from housebrain.words.storeys import read_storeys
from housebrain.words.text import LONGEST, Text

# Flags, by the sentence that each is read in and what it settles.
_FLAGS = {
    "plot": ("plot of {}", ("plot", "plot_sqft", "width", "depth", "axes")),
    "area": ("built up area of {}", ("built_sqft",)),
    "floors": ("{}", ("floors", "floor_seen")),
    "bedrooms": ("{}", ("bedrooms",)),
    "bathrooms": ("{}", ("bathrooms", "half_baths")),
    "city": ("in {}", ("place",)),
    "climate": ("{} climate", ("climate",)),
    "facing": ("facing {}", ("facing",)),
    "budget": ("budget {}", ("budget", "budget_rate")),
    "style": ("{} style", ("style",)),
    "setbacks": ("setbacks {}", ("setbacks",)),
    "walls": ("party walls on {}", ("attached",)),
}
FLAGS = tuple(_FLAGS)
_EXAMPLES = {
    "plot": "40x60 ft", "area": "1800 sqft", "floors": "2", "bedrooms": "3", "bathrooms": "2", "city": "Bengaluru",
    "climate": "hot and dry", "facing": "east",
    "budget": "60 lakh", "style": "modern", "setbacks": "front 10 ft, sides 3 ft",
    "walls": "left",
}  # fmt: skip
# What speaks of a country where no place is named.
_HINTS = (
    ("GB", r"£|\bgbp\b|\bpounds?\b|\bquid\b"),
    (
        "IN",
        r"\brs\b|\binr\b|rupee|\blakhs?\b|\blacs?\b|crores?|\d\s*cr\b|\bbhk\b|\bgaj\b|\bvas[th]+u|pooja|"
        r"puja|mandir|\bmarla|\bkanal\b|\bcents?\b|\bsqft site|\bg ?\+ ?\d|\bguntha?s?\b|\bsft\b|\brk\b|"
        r"\bduplex\b(?!.*\$)",
    ),
    ("DE", r"€|\beuros?\b|\beur\b|\bqm\b|zimmer|\bhaus\b|grundstuck|geschoss|stockig|\bkuche\b|\bbader?\b"),
    ("AU", r"\ba\$|\baud\b"),
    ("SG", r"\bs\$|\bsgd\b"),
    ("CA", r"\bc\$|\bcad\b"),
    ("US", r"\$|\busd\b|dollars?|\b(?:raised |split )?ranch(?:er)?\b"),
    (
        "IN",
        r"\b(?:north|south|east|west|ne|nw|se|sw) ?facing\b|\bfacing (?:north|south|east|west)|"
        r"\b(?:north|south|east|west) (?:side )?road|washroom|car porch|sit ?out|store room",
    ),
    (
        "GB",
        r"\ben ?suite\b|\bstorey|\bwc\b|\blounge\b|\bmetres?\b|cloakroom|semi detached|"
        r"\bbed (?:semi|detached|terraced?|bungalow)\b|\b(?:detached|terraced) (?:house|property|bungalow)",
    ),
)
# Whose English it is, of a name that is a place's in both: 3 bed bungalow, Norfolk.
_BRITISH = r"\b(?:semi|terraced?|detached(?! (?:\w+ )?(?:garage|carport|workshop))|bungalow)\b"
_AMERICAN = r"\bbaths?\b|\branch\b|\blots?\b|\bacres?\b|craftsman"
# Where these do not come first, they stand beside the house.
_BESIDES_THE_HOUSE = r"(?:granny (?:flat|annexe?)|annexe?|adu|guest ?house|in ?law (?:unit|apartment)|out ?house)"
_HOMES = {
    "IN": Place("India", "IN", "Asia_India", "Hot_Dry", "IN"),
    "GB": Place("the UK", "GB", "EU_UK", "Temperate", "GB"),
    "DE": Place("Germany", "DE", "EU_Germany", "Temperate", "DE"),
    "US": Place("the US", "US", "US_Midwest", "Temperate", "US"),
    "AU": Place("Australia", "AU", "Asia_Australia", "Temperate", "AU"),
    "SG": Place("Singapore", "SG", "Asia_Singapore", "Tropical", "SG"),
    "CA": Place("Canada", "CA", "US_Northeast", "Cold", "CA"),
}


class Reading(NamedTuple):
    """What came of a person's words.

    Attributes:
        brief: whole, ready for the solver or a model.
        assumed: what the words leave open, and what was taken; a field that is a flag's name is set by that flag.
        not_understood: the words that nothing was made of.
    """

    brief: Brief
    assumed: list[Assumed]
    not_understood: list[str]


def read_words(text: str, **flags: Any) -> Reading:
    """Reads a person's words into a brief, by rules.

    Args:
        text: such as `3 bedroom house, 40x60 ft plot facing east, Bengaluru, 60 lakh`.
        flags: by the names in `FLAGS`, in words too (`plot="40x60 ft"`, `floors=2`): they stand whatever the text
            says. None leaves one to the text.

    Raises:
        UserError: the words name no house, contradict each other, or ask for what can't be built; or a flag is
            unknown or not understood.
    """
    if len(text) > LONGEST:
        raise UserError(f"The words are {len(text):,} characters long: say it in at most {LONGEST:,}.")
    facts = Facts()
    read = Text(text, corrected)
    settled = _settle(facts, {name: value for name, value in flags.items() if value is not None})
    _note_spelling(text, facts)
    hint = next((country for country, pattern in _HINTS if re.search(pattern, read.whole)), None)
    read_l_shape(read, facts)
    read_money(read, facts)
    read_climate(read, facts)
    is_british = re.search(_BRITISH, read.whole) and re.search(r"\bbed\b", read.whole)
    leaning = "GB" if is_british and not re.search(_AMERICAN, read.whole) else None
    read_place(read, facts, hint or leaning)
    place: Place = facts.get("place") or _HOMES[hint or "US"]
    country = place.country if "place" in facts.said or hint else None
    has_house = re.search(rf"\b(?:{HOUSE})\b|\bbhk\b|bed ?room|\bbed\b", read.whole) is not None
    refuse_no_house(read, has_house, NO_HOUSE)
    read_road_width(read, facts)
    read_storeys(read, facts, country)
    read_facing(read, facts)
    read_setbacks(read, facts)
    mentions = read_rooms(read, facts, country)
    read_measures(read, facts, country)
    read_look(read, facts)
    read_programme(read, facts, mentions)
    for match in read.take(
        r"\b(?:in|at|on|to|towards)\s+(?:the\s+)?(?:north|south)?\s?(?:north|south|east|west)(?:\s*"
        r"(?:corner|side|direction|zone))?\b"
    ):
        facts.assume(match[0].strip(), "left out", "a brief does not say where rooms lie")
    for match in read.take(rf"(?:(?<=[a-z,\x01] )|^)\b{_BESIDES_THE_HOUSE}\b"):
        if _is_besides(read, match):
            facts.assume(match[0], "left out", "one house is designed; ask for it by itself")
    for _ in read.take(rf"\b(?:{HOUSE})\b"):
        pass
    _refuse_empty(text, facts, settled)
    if facts.get("vastu"):
        facts.assume("vastu", "left out", "a brief has no place for it")
    if "place" not in facts.said:
        why = "the words hint at it" if hint else "no place was said"
        facts.assume("city", place.region, why)
    if "place" not in facts.said and "climate" not in facts.said:
        facts.assume("climate", place.climate, "that of the region")
    place_note(facts, place)
    left = left_words(read, common("passed_over"))
    return Reading(fill(facts, place), facts.assumed, left)


def _is_besides(read: Text, match: re.Match[str]) -> bool:
    """Whether a granny flat and the like stands beside the house, and is not itself what is asked for: 2 bed ADU."""
    before, after = read.whole[: match.start()], read.whole[match.end() :]
    if not before:  # ADU in the back yard, 3 bed 2 bath
        return re.match(r" in (?:the |my |our |a )?(?:back ?yard|garden)\b.*,.*\bbed", after) is not None
    is_asked = re.search(r"\d (?:bed|bath|bhk)(?: ?rooms?)?s? $", before) is not None
    others = re.sub(rf"\b{_BESIDES_THE_HOUSE}\b", "", before + after)
    return not is_asked or re.search(r"\b(?:house|home|bungalow|villa|cottage)\b", others) is not None


def _settle(facts: Facts, flags: dict[str, Any]) -> set[str]:
    """Reads the flags first; what they settle, no later words change."""
    for name, value in flags.items():
        if name not in _FLAGS:
            raise UserError(f"There is no flag '{name}'. Known: {', '.join(FLAGS)}.")
        sentence, fields = _FLAGS[name]
        written = str(value).strip()
        # A number of its own, in words too: two, two and a half.
        counted = f"{written} {name}"
        if name in ("floors", "bedrooms", "bathrooms") and re.fullmatch(rf"\d+(?:\.50?)? {name}", Text(counted).whole):
            written = counted
        own = Facts()
        text = Text(sentence.format(written), corrected)
        read_money(text, own) if name == "budget" else None
        if name in ("city", "climate"):
            read_place(text, own, None) if name == "city" else read_climate(text, own)
        elif name == "floors":
            read_storeys(text, own, None)
        elif name == "facing":
            read_facing(text, own)
        elif name == "setbacks":
            read_setbacks(text, own)
        elif name in ("plot", "area"):
            read_measures(text, own, None)
        elif name in ("style", "walls"):
            read_look(text, own)
        elif name in ("bedrooms", "bathrooms"):
            read_programme(text, own, read_rooms(text, own, None))
        kept = {field: said for field, said in own.said.items() if field in fields}
        if not kept:
            raise UserError(f"--{name} '{value}' was not understood. Write it as in --{name} '{_EXAMPLES[name]}'.")
        facts.said.update(kept)
        facts.assumed += [one for one in own.assumed if one.field not in ("currency",)]
        facts.settled |= set(fields)
    return facts.settled


def _note_spelling(text: str, facts: Facts) -> None:
    for word in dict.fromkeys(re.findall(r"[a-z]+", Text(text).whole)):
        if corrected(word) != word:
            facts.assume("spelling", corrected(word), f"of '{word}'")


def _refuse_empty(text: str, facts: Facts, settled: set[str]) -> None:
    """Refuses words of which no house can be made.

    Raises:
        UserError: they name neither rooms nor plot nor area.
    """
    known = {"bedrooms", "plot", "plot_sqft", "built_sqft", "width", "axes", "people", "bathrooms"} & set(facts.said)
    if not known and len(facts.rooms) < 2:
        shown = text.strip()[:60] or "nothing"
        raise UserError(
            f"'{shown}' does not say what house: name its bedrooms, its plot or its area, "
            "as in '3 bedroom house, 40x60 ft plot facing east, Bengaluru, 60 lakh'."
        )
