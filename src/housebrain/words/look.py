"""How the house should look and be built, and the ground: style, quality, materials, shape and slope of the plot."""

import math
import re

from housebrain.errors import UserError
from housebrain.words.facts import Facts
from housebrain.words.text import NUMBER, Text

# By the styles that the tables know: what people call them.
STYLES = {
    "Mid-Century Modern": r"mid ?century(?: modern)?",
    "Art Deco": r"art ?deco",
    "Contemporary": r"contemporary|zeitgenossisch\w*",
    "Craftsman": r"craftsman|arts and crafts",
    "Mediterranean": r"mediterran(?:ean)?\w*|tuscan|spanish(?: style)?|spanish revival|mediterrane\w*",
    "Rustic": r"rustic|farm ?house(?: style)?|country(?: style| cottage)|cottage(?: style)|landhaus(?:stil)?|"
    r"log cabin|barn style|cabin style",
    "Minimalist": r"minimalist(?:ic)?|minimal|minimalistisch\w*|japandi|zen",
    "Scandinavian": r"scandinavian|scandi|nordic|skandinavisch\w*|schwedenhaus",
    "Victorian": r"victorian|edwardian|queen anne",
    "Colonial": r"colonial|georgian|cape cod|neoclassical",
    "Tropical": r"tropical|balinese|bali style|kerala(?= style)",
    "Gothic": r"gothic|neo gothic",
    "Industrial": r"industrial|loft style",
    "Traditional": r"traditional|ethnic|vernacular|tudor(?: style)?|classic(?:al)?|chettinad|rajasthani|haveli "
    r"style|heritage|period|traditionell\w*|klassisch\w*|south indian style|indian style",
    "Modern": r"modern(?:e|es|en|er|ist|istic)?|bauhaus(?:stil)?|ultra modern",
}
_STYLE_WORD = r"(?:\s*(?:-\s*)?(?:styled?|look|looking|design|architecture|stil|type|theme|elevation|exterior|facade))*"
QUALITIES = {
    "luxury": r"luxur(?:y|ious)|high end|ultra luxury|lavish|gehoben\w*|luxurios\w*",
    "premium": r"premium|upscale|high quality|upmarket",
    "basic": r"basic|economy|economical|low ?cost|low budget|cheap|affordable|budget friendly|inexpensive|"
    r"gunstig\w*|guenstig\w*|preiswert\w*",
    "good": r"good quality|standard quality|medium quality|mid range",
}
MATERIALS = (
    (
        "exterior",
        "Brick",
        r"(?:red |exposed |face )?brick(?:work)?(?: (?:exterior|facade|walls?|house|home|built|cladding|"
        r"finish))?|klinker(?:fassade|haus)?|backstein",
    ),
    ("exterior", "Stone", r"stone (?:exterior|facade|walls?|house|cladding|finish|built)|stone clad"),
    (
        "exterior",
        "Wood",
        r"(?:wood(?:en)?|timber) (?:exterior|facade|siding|cladding|house|frame|framed|home|clad)|"
        r"holzhaus|holzfassade|timber frame",
    ),
    ("exterior", "Stucco", r"stucco(?: (?:exterior|finish))?|rendered(?: walls)?|putzfassade"),
    ("exterior", "Concrete", r"(?:exposed )?concrete (?:exterior|facade|house|walls)|sichtbeton"),
    ("roof", "Flat_Roof", r"flat roof(?:ed)?|flachdach|rcc roof|terraced roof"),
    ("roof", "Metal", r"metal roof(?:ing)?|tin roof|standing seam"),
    ("roof", "Slate", r"slate(?:d)? roof|schieferdach"),
    ("roof", "Tile", r"(?:terracotta |clay |mangalore )?tiled? roof(?:ing)?|ziegeldach"),
    ("roof", "Asphalt_Shingles", r"(?:asphalt )?shingles?(?: roof)?"),
    ("floor", "Hardwood", r"(?:hardwood|wooden|wood|parquet|oak) floor(?:s|ing)?|parkett(?:boden)?"),
    ("floor", "Tile", r"(?:tile|tiled|vitrified|ceramic) floor(?:s|ing)?|vitrified tiles|fliesen(?:boden)?"),
    ("floor", "Terrazzo", r"terrazzo(?: floor(?:s|ing)?)?"),
    ("floor", "Stone", r"(?:marble|granite|stone|kota stone) floor(?:s|ing)?"),
    ("floor", "Concrete", r"(?:polished )?concrete floor(?:s|ing)?"),
)
SHAPES = {
    "Irregular": r"irregular(?:ly)?(?: shaped?)?(?: (?:plot|site|lot|land))?|trapez\w+(?: (?:plot|site))?|"
    r"triangular(?: (?:plot|site))?|odd shaped?(?: (?:plot|site))?|tapering(?: plot)?|pie shaped(?: "
    r"lot)?",
    "Square": r"square (?:plot|site|lot|land)",
    "Rectangle": r"rectang\w+(?: shaped?)?(?: (?:plot|site|lot|land))?|rechteckig\w*",
}
# Its sides may stand between, or behind: 40 x 60 L-shaped plot has no 60 lakh.
_LAND = r"(?:plot|site|lot|land)"
_L_SHAPED = (
    rf"\bl ?shaped?(?= (?:corner )?(?:[\d.]+ (?:[a-z]+ )?(?:x|by) [\d.]+ (?:[a-z]+ )?)?(?:corner )?{_LAND}\b)",
    r"(?:(?<=\bplot )|(?<=\bsite )|(?<=\bland )|(?<=\blot ))(?:is )?(?:an? )?l ?shaped?\b"
    r"(?! (?:\w+ )?(?:house|home|villa|building|kitchen|living|dining|hall|room|sofa|stair\w*|counter|layout)\b)",
)
# Houses that share walls, and at how many sides.
_ATTACHED = {
    "one side": r"semi(?: detached)?(?! (?:independent|furnished|modern|open))|doppelhaus(?:halfte|haelfte)|"
    r"end(?: of)? terraced?|reihen(?:end|eck)haus|twin house",
    "both sides": r"(?:mid )?terraced?(?= (?:house|home|property))|mid terraced?|reihen(?:mittel)?haus|row ?house",
    "no side": r"(?<!semi )detached(?! (?:\w+ )?(?:garage|car ?port|workshop|parking))|freistehend\w*",
}
_SIDES = {"both": "both sides", "either side": "both sides", "none": "no side", "neither side": "no side"}
_ELSEWHERE = re.compile(
    r"\b(?:no|not|kein\w*|nicht|near|beside|behind|opposite|facing|between|next to|close to|adjacent to)"
    r"(?: (?:an?|the|two|other|some|my|our))*(?: mid| end)? $"
)
_WALL_AT = re.compile(
    r"\b(?:(?:party|common|shared|adjoining|neighbou?r\W?s?\W?) walls?|attached(?: to (?:the |a |my )?neighbou?r\w*"
    r"(?: house)?)?)(?: is| are)? (?:on|at|to|along) (?:the |its )?(left|right|both|either side|one side|none|"
    r"neither side|no side)(?: (?:hand )?sides?)?\b"
)
_NOT = r"(?:no|not|without|nothing|never|avoid|ohne|kein\w*|nicht)\s+(?:an?\s+|too\s+|the\s+|very\s+|any\s+)*"
_STEEP_DEGREES, _SLOPE_DEGREES = 12.0, 5.0


def read_l_shape(text: Text, facts: Facts) -> None:
    """Reads whether the plot is L-shaped (`shape`), before amounts of money are looked for."""
    for pattern in _L_SHAPED:
        for match in text.take(pattern):
            facts.say("shape", "L_Shape", match[0])


def _read_attached(text: Text, facts: Facts) -> None:
    """Reads at how many sides, or at which, the house is built against a neighbour's (`attached`)."""
    for match in _WALL_AT.finditer(text.whole):
        facts.say("attached", _SIDES.get(match[1], match[1]), match[0])
        text.strike(match.start(), match.end())
    for sides, pattern in _ATTACHED.items():
        for match in re.finditer(rf"\b(?:{pattern})\b", text.whole):
            if _ELSEWHERE.search(text.whole[: match.start()]):
                continue
            text.strike(match.start(), match.end())
            if "attached" not in facts.said:
                facts.say("attached", sides, match[0])


def read_look(text: Text, facts: Facts) -> None:
    """Reads `style`, `quality`, `choices`, `shape`, `slope` and how many people there are (`people`).

    Raises:
        UserError: two styles, or a slope that nothing stands on.
    """
    denied = "|".join((*(pattern for *_, pattern in MATERIALS), *QUALITIES.values(), *STYLES.values()))
    for match in text.take(rf"\b{_NOT}(?:{denied})\b{_STYLE_WORD}(?:\s+(?:finish(?:es)?|quality|fittings))*"):
        facts.assume(match[0].strip(), "left out", "a brief does not say what is not wanted")
    for field, choice, pattern in MATERIALS:
        for match in text.take(rf"\b(?:{pattern})\b"):
            facts.say(field, choice, match[0])
    for shape, pattern in SHAPES.items():
        for match in text.take(rf"\b(?:{pattern})"):
            facts.say("shape", shape, match[0])
    _read_attached(text, facts)
    _slope(text, facts)
    for match in text.take(
        r"\b(?:family|familie|household) (?:of|with|mit|von)?\s*(\d+)(?:\s*(?:people|persons?|members?|"
        r"personen|adults?))?\b|\b(\d+)\s*(?:people|persons?|members?|family members|personen|residents|"
        r"occupants)\b|\b(\d+) (?:person|member)\b"
    ):
        facts.say("people", int(match[1] or match[2] or match[3]), match[0])
    for match in text.take(
        r"\b(?:couple|parents|wife)?\s*(?:and|with)?\s*(\d+) (?:small |young |little |teenage |school "
        r"age )?(?:kids|children|kinder|sons|daughters)\b"
    ):
        if "people" not in facts.said:
            facts.say("people", int(match[1]) + 2, match[0])
    for match in text.take(
        r"\b(?:as per |according to |following |with |fully |strictly |no )*(?:vas[th]+u|vaasth?u)(?: "
        r"shastra)?(?: (?:compliant|compliance|friendly|principles|rules|based|complaint|guidelines))*\b"
    ):
        facts.say("vastu", "no " not in match[0], match[0])
    for quality, pattern in QUALITIES.items():
        for match in text.take(
            rf"\b(?:{pattern})\b(?:\s*(?:finish(?:es)?|quality|construction|fittings|specification|build))*"
        ):
            facts.say("quality", quality, match[0])
    found: list[tuple[int, str, str]] = []
    for style, pattern in STYLES.items():
        for match in text.take(rf"\b(?:{pattern})\b{_STYLE_WORD}"):
            found.append((match.start(), style, match[0].strip()))
    _style(facts, sorted(found))


def _style(facts: Facts, found: list[tuple[int, str, str]]) -> None:
    """One style; `modern` beside another only says how it is meant."""
    named = list(dict.fromkeys(style for _, style, _ in found))
    if len(named) > 1:
        named = [style for style in named if style not in ("Modern", "Contemporary", "Traditional")] or named[:1]
        words = " and ".join(words for *_, words in found)
        if len(named) > 1:
            raise UserError(f"'{words}' are several styles: name one of them.")
        facts.assume("style", named[0], f"of '{words}'")
    if named:
        facts.say("style", named[0], next(words for _, style, words in found if style == named[0]))


def _slope(text: Text, facts: Facts) -> None:
    place = r"(?:plot|site|lot|land|ground|terrain|grundstuck)"
    for match in text.take(
        rf"\b(?:slop(?:e|es|ed|ing)|gradient|hanglage|gefalle|inclin\w+)(?: {place})?(?:\s*(?:of|by|is|:|"
        rf"about|around|mit|von|at))*\s*({NUMBER})\s*(%|percent|prozent|°|deg\w*|grad)|({NUMBER})\s*(%|"
        rf"percent|prozent|°|deg\w*|grad)\s*(?:slop(?:e|ed|ing)|gradient|gefalle|hanglage)(?: {place})?"
    ):
        value = float(match[1] or match[3])
        unit = match[2] or match[4]
        degrees = math.degrees(math.atan(value / 100)) if unit[0] in "%p" else value
        if degrees >= 45:
            raise UserError(f"'{match[0]}': no house stands on a slope like that. Give one below 45 degrees.")
        facts.say("slope", round(degrees, 1), match[0])
    for match in text.take(
        rf"\b(?:(?:very |quite )?(steep(?:ly)?)\s*)?(?:gently )?(?:slop(?:e|es|ed|ing)|hill ?side|on a "
        rf"hill|hanglage|hanggrundstuck|am hang)(?: {place})?|\bsteep {place}"
    ):
        if "slope" not in facts.said:
            degrees = _STEEP_DEGREES if "steep" in match[0] else _SLOPE_DEGREES
            facts.say("slope", degrees, match[0])
            facts.assume("slope", f"{degrees:g} degrees", f"'{match[0].strip()}' gives no number")
    for match in text.take(rf"\b(?:flat|level|ebenes?|plain|leveled|levelled) {place}\b"):
        facts.say("slope", 0.0, match[0])


def left_words(text: Text, stop: frozenset[str]) -> list[str]:
    """What nobody read, without words that carry no meaning of their own and single signs."""
    return [
        word
        for word in text.words_left()
        if word not in stop
        and not (len(word) == 1 and not word.isdigit())
        and word != "1"
        and not re.fullmatch(r"(?:st|nd|rd|th)", word)
    ]
