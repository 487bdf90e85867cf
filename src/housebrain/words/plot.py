"""The plot and the house on it: sides, areas, frontage and depth, setbacks."""

import re

from housebrain.errors import UserError
from housebrain.words import measures
from housebrain.words.compass import direction
from housebrain.words.facts import Facts
from housebrain.words.text import NUMBER, Text

_PLOT = (
    r"(?:plots?|sites?|lots?|lands?|parcel|grundstucks?(?:grosse)?|grundstueck|grund|baugrundstuck|grundstucksflache|"
    r"plot area|land area|lot size|plot size|site area|zameen|ground area)"
)
_BUILT = (
    r"(?:built ?up(?: area)?|builtup|bua|carpet(?: area)?|super built ?up(?: area)?|covered area|"
    r"living (?:area|space)|floor (?:area|space)|floorspace|wohnflache|wohnflaeche|wfl\.?|nutzflache|house|"
    r"home|villa|bungalow|internal(?: area)?|gia|gross internal area|heated|finished|total area|"
    r"build|construction|haus|einfamilienhaus|cottage|ranch|craftsman|residence|plinth area|built "
    r"area|constructed area|construction area|flat|apartment|duplex)"
)
_HOME = (
    r"(?:house|home|haus|einfamilienhaus|bungalow|cottage|cabin|ranch|residence|villa|barndominium|hausgrosse|"
    r"footprint)"
)
_LINK = (
    r"\s*(?:of|is|:|=|-|measuring|sized?|area|with|mit|von|in|\(|about|around|approx\.?|"
    r"approximately|ca\.?|roughly|total|size|dimensions?|an?|the|my|our|having|has|at|as|"
    r"dimension){0,8}\s*"
)
# What an area may be of besides plot and house: a brief has no place for it.
_BESIDES = (
    r"(?:gardens?|garten|(?:back|front|rear|side|court)? ?yards?|lawns?|(?:dach)?terrasse|terraces?|patios?|"
    r"decks?|pools?|porch(?:es)?|verandah?s?|basements?|keller|sit ?outs?|workshops?|sheds?|attic|loft)"
)
_SIDES = (
    r"(?:front|rear|back|left|right|sides?|all (?:4 |four )?sides|all around|all round|each side|"
    r"every side|both sides|either side)"
)
# What both side setbacks are together.
_SUM = r"\b(?:total(?:l?ing|s)?|combined|together|altogether|in all|sum(?: to| of)?)\b"
_YARD = r"(?:\s*(?:yards?|building|property|boundary|minimum|min\b\.?))*"  # front yard setback
_M_COUNTRIES = ("GB", "DE", "FR", "IT", "ES", "AT", "CH", "NL", "BE", "IE", "AU", "SG", "CN", "JP")
_LAND_COUNTRIES = ("IN", "PK", "BD", "LK", "NP")  # where land is bought by the square foot
_LARGE_HOUSE_SQFT = 5500.0  # what is larger and not said to be built is land
_MOST_BARE_M = 35  # a number alone that is larger is one of feet, where both units are in use
LEAST_FT = 8.0
_WIDE, _DEEP = r"(?:w(?:idth)?|b(?:readth)?|front\w*|wide)", r"(?:d(?:epth)?|l(?:ength)?|deep)"
_AREA = re.sub(r"\?P<\w+>", "?:", measures.AREA)
# What has a width or depth that is no plot's, and no house's.
_THINGS = (
    r"(?:gates?|balcon(?:y|ies)|driveways?|drive ?way|stair\w*|hall ?ways?|halls?|corridors?|passages?|passageways?|"
    r"porch(?:es)?|verandah?s?|sit ?outs?|doors?|windows?|garages?|terraces?|decks?|patios?|foyers?|lobb(?:y|ies)|"
    r"paths?|pathways?|walkways?|drains?|walls?|openings?|islands?|counters?|gardens?|lawns?|yards?|kitchens?|"
    r"(?:bed|bath|living|dining|drawing|store|pooja)? ?rooms?|closets?|wardrobes?|ramps?|alley\w*|stilts?)"
)


def read_setbacks(text: Text, facts: Facts) -> None:
    """Reads `setbacks`, a part of (front, rear, left, right) in feet by side."""
    length = rf"({measures.LENGTH}|{NUMBER})"
    name = r"(?:set ?backs?|offsets?|margins?|grenzabstand|abstand|open space)"
    link = rf"{_LINK}(?:{_SUM}\s*)?(?:{_LINK})"
    sides: dict[str, float] = {}
    words = ""
    takes = (
        (rf"\b({_SIDES}){_YARD}\s*{name}{link}{length}", 1, 2),
        (rf"{length}\s*(?:wide\s*)?({_SIDES}){_YARD}\s*{name}", 2, 1),
        (rf"\b(?:{name}){link}({_SIDES}){_YARD}{link}{length}", 1, 2),
        (rf"\b{name}{link}{length}\s*(?:(?:on|from|at|in|for|to)?\s*(?:the\s*)?({_SIDES}){_YARD})?", 2, 1),
        (rf"{length}\s*(?:of\s*)?{name}\s*(?:(?:on|from|at|in|to)?\s*(?:the\s*)?({_SIDES}){_YARD})?", 2, 1),
        (rf"\b(?:leave|leaving)\s*{length}\s*(?:(?:on|from|at|in)?\s*(?:the\s*)?({_SIDES}){_YARD})", 2, 1),
        (rf"\b(front|rear|back|side)s?\s*yards?{link}({measures.LENGTH})(?!\s*(?:x|by)\b)", 1, 2),
        (rf"\b(no|without|ohne)\s+(?:any\s+)?{name}(?:\s*(?:on|from|at|in)?\s*(?:the\s*)?({_SIDES}){_YARD})?", 2, 1),
    )  # fmt: skip
    for pattern, side, size in takes:
        for match in text.take(pattern):
            feet = 0.0 if match[size].isalpha() else round(measures.feet(match[size]), 2)
            _set(sides, match[side], feet, _is_together(text, match[0], match.end()))
            words = words or match[0]
            # 10 ft front setback, 5 ft rear and 3 ft sides
            while more := re.match(
                rf"\s*(?:,|and|/|;)?\s*(?:and\s*)?(?:{length}\s*(?:on|at|from|in)?\s*(?:the\s*)?({_SIDES}){_YARD}|"
                rf"({_SIDES}){_YARD}{_LINK}{length})(?!\s*{name})\b",
                text.rest[match.end() :],
            ):
                end = match.end() + more.end()
                feet = round(measures.feet(more[1] or more[4]), 2)
                text.strike(match.end(), end)
                _set(sides, more[2] or more[3], feet, _is_together(text, more[0], end))
                match = _Moved(end)  # type: ignore[assignment]
    if sides:
        if max(sides.values()) > measures.MOST_FT:
            raise UserError(f"'{words}' is no setback of a house; at most {measures.MOST_FT:,.0f} ft are taken.")
        facts.say("setbacks", tuple(sorted(sides.items())), words)


def _is_together(text: Text, words: str, end: int) -> bool:
    """Whether a setback is that of both sides together, by its words or those that follow; these are struck out."""
    after = re.match(rf"\s*(?:in )?{_SUM}(?! (?:area|built|plot|house))", text.rest[end:])
    if after:
        text.strike(end, end + after.end())
    return bool(after or re.search(_SUM, words))


class _Moved:
    """Stands for a match of which only the end matters."""

    def __init__(self, end: int) -> None:
        self._end = end

    def end(self) -> int:
        return self._end


def _set(sides: dict[str, float], name: str | None, feet: float, together: bool) -> None:
    """Notes a setback by its side's name; where it is what both sides have `together`, each has half of it."""
    name = name or "all"
    if name in ("front", "left", "right"):
        sides[name] = feet
    elif name in ("rear", "back"):
        sides["rear"] = feet
    elif name in ("side", "sides", "both sides", "either side"):
        sides["left"] = sides["right"] = round(feet / 2, 2) if together else feet
    else:
        for side in ("front", "rear", "left", "right"):
            sides.setdefault(side, feet)


def read_measures(text: Text, facts: Facts, country: str | None) -> None:
    """Reads `plot` (width, depth), `width`, `depth`, `plot_sqft` and `built_sqft`, in feet.

    Raises:
        UserError: a plot of no size, of one that no house stands on, or of two.
    """
    measures.refuse_unclear(text.rest)
    _compass_sides(text, facts)
    unit = "m" if country in _M_COUNTRIES else "ft"
    own: tuple[float, float, str] | None = None
    for match in text.take(rf"(?:\b{_PLOT}{_LINK})?{measures.PAIR}"):
        one, two = match["one"], match["two"]
        guessed = unit
        longest = max(measures.feet(one), measures.feet(two))
        if longest > _MOST_BARE_M and country in ("GB", None, "AU", "IE"):
            guessed = "ft"
        width, depth, named = measures.pair_ft(match, guessed)
        after = re.match(rf"\s*({'|'.join(f'(?:{key})' for key in measures.SQFT)})", text.rest[match.end() :])
        if after:  # 40 x 60 sq ft: what is meant are the sides
            text.strike(match.end(), match.end() + after.end())
        words = match[0].strip()
        turned = re.match(rf"\s*\(?\s*{_DEEP}\s*(?:x|by|and|/)\s*{_WIDE}\b\s*\)?", text.rest[match.end() :])
        if turned:  # 60 x 40, length x width
            text.strike(match.end(), match.end() + turned.end())
            width, depth = depth, width
        if _is_of_house(text, match, country, facts.get("plot") not in (None, (width, depth))):
            own = own or (width, depth, words)
            continue
        if not named:
            facts.assume("plot", f"{words} {guessed}", "no unit was said")
        facts.say("plot", (_checked(width, words), _checked(depth, words)), words)
        order = re.match(
            rf"\s*\(?\s*{_WIDE}?\s*(?:x|by|and|/)\s*{_DEEP}\b\s*\)?",
            text.rest[match.end() :],
        )
        if order:
            text.strike(match.end(), match.end() + order.end())
    _one_side(text, facts, unit)
    _areas(text, facts, country)
    if own is not None:
        _say_house(facts, *own)


def _is_of_house(text: Text, match: re.Match[str], country: str | None, has_other: bool) -> bool:
    """Whether two sides are the house's own, as in `house 9m x 8m`.

    Where land is sold by its sides they are the plot's, unless that has others (`has_other`).
    """
    if (country is None or country in _LAND_COUNTRIES) and not has_other:
        return False
    if re.match(rf"\b{_PLOT}", match[0]):
        return False
    if re.match(rf"[\s,]*(?:\w+\s+){{0,2}}{_PLOT}\b", text.whole[match.end() :]):
        return False
    before = rf"\b{_HOME}(?:\s*(?:of|is|:|-|measuring|sized?|dimensions?|mit|von|about|ca\.?|should be|to be))*\s*$"
    after = rf"\s*(?:\w+\s+)?{_HOME}\b"
    return bool(re.search(before, text.whole[: match.start()]) or re.match(after, text.whole[match.end() :]))


def _say_house(facts: Facts, width: float, depth: float, words: str) -> None:
    """Notes a house's sides as the area of its floors: a brief has no place for the sides."""
    if "built_sqft" in facts.said:
        facts.assume(words, "left out", "a brief has no place for a house's own sides; its area is said")
        return
    floors = facts.get("floors") or 1
    sqft = _checked(width, words) * _checked(depth, words) * floors
    on = f", on {floors} floors" if floors > 1 else ""
    facts.assume("area", f"{sqft:,.0f} sqft", f"'{words}' are the house's own sides{on}; a brief has no place for them")
    facts.say("built_sqft", sqft, words)


def _compass_sides(text: Text, facts: Facts) -> None:
    """East-west 40 ft, north-south 30 ft: the width lies along the street."""
    sides: dict[str, float] = {}
    behind = (
        rf"({measures.LENGTH}|{NUMBER})\s*\(?\s*\b(north|east|south|west|[nesw])\s*(?:-|to|/)?\s*"
        rf"(north|east|south|west|[nesw])\b\s*\)?(?:\s*(?:x|by|and)\b)?"
    )
    if len({frozenset(found[-2:]) for found in re.findall(behind, text.rest)}) == 2:  # 45' (N-S) x 60' (E-W)
        for match in text.take(behind):
            sides["ns" if direction(match[2]) in "NS" else "ew"] = measures.feet(match[1])
            words = match[0]
    for match in text.take(
        rf"\b(north|east|south|west)\s*(?:-|to|by|:)?\s*(north|east|south|west)\s*(?:is|:|=|-|side|of)*\s*"
        rf"({measures.LENGTH}|{NUMBER})(?!\s*(?:{_PLOT}))"
    ):
        axis = "ns" if direction(match[1]) in "NS" else "ew"
        sides[axis] = measures.feet(match[3])
        words = match[0]
    if len(sides) == 2:
        facts.say("axes", (sides["ew"], sides["ns"]), words)


def _one_side(text: Text, facts: Facts, unit: str) -> None:
    length = rf"({measures.LENGTH}|{NUMBER})"
    wide = r"(?:frontage|front|wide|width|breadth|breit(?:e[rsn]?)?|across|facade|road frontage|street frontage)"
    deep = r"(?:deep|depth|long|length|tief(?:e[rsn]?)?|lang|lange)"
    behind = r"{length}\s*(?:of\s*|in\s*|-\s*|plot\s*|lot\s*)*\b{noun}\b"
    ahead = r"\b(?:{plot}\s*)?{noun}\b{link}{length}"
    forms = {"length": length, "plot": _PLOT, "link": _LINK}
    # Length 60 ft width 40 ft, or 60 ft long 40 ft wide: which it is, the first of them says.
    first = [re.search(form.format(noun=rf"(?:{wide}|{deep})", **forms), text.rest) for form in (ahead, behind)]
    is_ahead = first[0] is not None and (first[1] is None or first[0].start() < first[1].start())
    for name, noun in (("width", wide), ("depth", deep)):
        for form in (ahead, behind) if is_ahead else (behind, ahead):
            for match in text.take(form.format(noun=noun, **forms)):
                number = next(group for group in match.groups() if group)
                if thing := _thing(text, match):
                    facts.assume(
                        f"{match[0].strip()} {thing}", "left out", "a brief does not say how wide or deep one is"
                    )
                    continue
                facts.say(name, _checked(measures.feet(number, unit), match[0]), match[0])


def _thing(text: Text, match: re.Match[str]) -> str:
    """What a width or depth is of, where it is neither the plot's nor the house's."""
    after = re.match(rf"\s+({_THINGS})\b(?!\s*(?:{_PLOT}|{_HOME})\b)", text.whole[match.end() :])
    before = re.search(rf"\b({_THINGS})\s*(?:of|is|:|-|with|about)*\s*$", text.whole[: match.start()])
    found = after or before
    return found[1] if found else ""


def _checked(feet: float, words: str) -> float:
    words = words.strip()
    if feet <= 0:
        raise UserError(f"'{words}': a plot has two sides that are longer than nothing.")
    if feet < LEAST_FT:
        raise UserError(
            f"'{words}': a side of {feet:.1f} ft is too short for any house; at least {LEAST_FT:g} ft are needed."
        )
    if feet > measures.MOST_FT:
        raise UserError(
            f"'{words}': a side of {feet:,.0f} ft is no plot for one house; "
            f"at most {measures.MOST_FT:,.0f} ft are taken."
        )
    return feet


def _areas(text: Text, facts: Facts, country: str | None) -> None:
    for match in text.take(rf"(?:({NUMBER})\s*(?:-|to|bis)\s*)?{measures.AREA}"):
        sqft, words = measures.sqft(match), match[0].strip()
        if _is_besides(text, match):
            facts.assume(words, "left out", "it is the size of what a brief has no place for")
            continue
        sqft = _local(sqft, match["unit"], country)
        if match[1]:
            facts.assume("area", words, "the upper end of the range is taken")
        is_each = not measures.is_land(match["unit"]) and _is_each(text, match)
        name = "built_sqft" if is_each else _of_what(text, match, country, facts)
        if sqft <= 0:
            raise UserError(f"'{words}': an area is more than nothing.")
        floors = facts.get("floors") or 1
        if is_each and floors > 1:
            facts.assume("area", f"{floors * sqft:,.0f} sqft", f"'{words}' on each of {floors} floors")
            sqft *= floors
        if name == "plot_sqft" and sqft < 150:
            raise UserError(f"'{words}': {sqft:,.0f} sqft are too few for a house; at least 150 are needed.")
        if sqft > (measures.MOST_FT**2 if name == "plot_sqft" else 50_000):
            raise UserError(f"'{words}': {sqft:,.0f} sqft are beyond a house for one family.")
        if name == "plot_sqft" and re.match(r"yards?\b", match["unit"]):
            facts.assume("plot", f"{sqft:,.0f} sqft", f"'{words}' is read as square yards")
        if match["unit"].startswith(("marla", "kanal")):
            facts.assume("plot", f"{sqft:,.0f} sqft", f"'{words}' at {sqft / float(match['amount']):,.2f} sqft each")
        facts.say(name, sqft, words)


def _is_besides(text: Text, match: re.Match[str]) -> bool:
    """Whether an area is that of a garden, a terrace and the like."""
    before, after = text.whole[: match.start()], text.whole[match.end() :]
    plot_or_house = rf"(?:{_PLOT}|{_BUILT}|home|flat)"
    if re.match(rf"[\s,]*(?:\w+ ){{0,2}}{plot_or_house}\b", after) or re.search(rf"\b{_PLOT}\b,?{_LINK}$", before):
        return False
    if re.match(rf"\s*(?:of |large |big |roof |wooden )?{_BESIDES}\b", after):
        return True
    leading = rf"\b{_BESIDES}\s*(?:of|is|:|=|-|with|mit|von|about|around|ca\.?|area|sized?)*\s*$"
    return re.search(leading, before) is not None


def _is_each(text: Text, match: re.Match[str]) -> bool:
    """Whether an area is that of each floor; what says so is struck out."""
    floor = r"(?:floors?|storeys?|story|stories|levels?|etagen?|geschosse?|stockwerke?)"
    after = re.match(rf"\s*(?:on |auf )?(?:each|every|per|pro|je|jede[rsm]?)\s*{floor}\b", text.rest[match.end() :])
    if after:
        text.strike(match.end(), match.end() + after.end())
    before = re.search(
        rf"\b(?:(?:each|every|per|pro|jede[rs]?)\s*{floor}{_LINK}|je(?:weils)?\s*)$", text.rest[: match.start()]
    )
    if before:
        text.strike(before.start(), before.end())
    return bool(after or before)


def _local(sqft: float, unit: str, country: str | None) -> float:
    """Pakistan's cities count 225 sqft to the marla."""
    return sqft * 225 / 272.25 if country == "PK" and unit.startswith(("marla", "kanal")) else sqft


def _of_what(text: Text, match: re.Match[str], country: str | None, facts: Facts) -> str:
    """Whether an area is that of the plot or of what is built."""
    before, after, unit = text.whole[: match.start()], text.whole[match.end() :], match["unit"]
    gap = (
        r"[\s,]*(?:of|total|net|each|in|size|sized|large|big|(?:\d|single|double|two|one)[ -]*(?:storey|"
        r"story|floor|bed(?:room)?s?|bhk|zimmer)|modern|traditional|rectangular|corner|\w+ facing|new|"
        r"independent|residential|brick|luxury|family|detached|contemporary)*[\s,]*"
    )
    if measures.is_land(unit):
        return "plot_sqft"
    # Behind a quarter acre lot, 2,200 sq ft: the lot has an area already.
    is_plots = re.search(rf"\b{_PLOT}\b,?{_LINK}$", before) and not re.search(
        rf"{_AREA}\s*(?:\w+\s+)?{_PLOT}\b,?{_LINK}$", before
    )
    if is_plots and re.match(rf"[\s,]*{_BUILT}\b{_LINK}{_AREA}", after):  # plot 500 sqm house 150 sqm
        return "plot_sqft"
    if _repeats(facts, measures.sqft(match), before):
        return "plot_sqft"
    if re.match(rf"(?!\s*,){gap}{_BUILT}\b(?! plot)", after):
        return "built_sqft"
    # 140 sqm, 4 rooms, plot 600 sqm: the plot has a number of its own. 1,650 sf, south facing lot: where land is not
    # bought by the square foot the comma parts them.
    apart = "" if country in _LAND_COUNTRIES else r"(?!\s*,)"
    if re.match(rf"{apart}{gap}{_PLOT}\b(?!,?{_LINK}{_AREA}(?!{gap}{_BUILT}))", after):
        return "plot_sqft"
    if is_plots or re.search(r"(?:\bauf|grundstuck)\b[^,]{0,12}$", before):
        return "plot_sqft"
    if re.match(rf"{gap}{_BUILT}\b(?! plot)", after):
        return "built_sqft"
    if re.search(rf"\b{_BUILT}\b{_LINK}$", before) and not re.search(r"\b(?:on|in)\s+(?:an?\s+)?$", before):
        return "built_sqft"
    if re.search(r"\b(?:on|over|auf)\s+(?:an?\s+|about\s+|my\s+|ca\.?\s+)*$", before):
        return "plot_sqft"
    # Nothing says which: in India land is bought by the square foot, elsewhere houses are.
    has_plot = bool({"plot", "plot_sqft", "width"} & set(facts.said))
    has_plot |= re.search(rf"\b{_PLOT}\b,?{_LINK}{measures.AREA}", after) is not None
    is_land = country in _LAND_COUNTRIES or measures.sqft(match) > _LARGE_HOUSE_SQFT
    name = "plot_sqft" if is_land and not has_plot else "built_sqft"
    facts.assume(
        "area", "plot" if name == "plot_sqft" else "built area", "the words do not say which of them the area is of"
    )
    return name


def _repeats(facts: Facts, sqft: float, before: str) -> bool:
    """Whether an area is the plot's, said once more: `30x40 (1200 sqft)`."""
    pair, plot_sqft = facts.get("plot"), facts.get("plot_sqft")
    known = plot_sqft or (pair[0] * pair[1] if pair else None)
    is_aside = re.search(r"(?:\(|=|\bi\.?e\.?,?|\bequals?)\s*$", before) is not None
    return known is not None and is_aside and abs(sqft - known) <= 0.02 * known


def refuse_no_house(text: Text, has_house: bool, pattern: str) -> None:
    """Refuses what is no house for one family.

    Args:
        text: what was written.
        has_house: whether it speaks of a house too, so that a hotel may only be its neighbour.
        pattern: what is none.

    Raises:
        UserError: the words ask for one.
    """
    several = re.search(
        r"\b[2-9]\d?\s+(?:\d(?:\.5)?\s*(?:bhk|bed(?:room)?)s?\s+)?(?:(?:rental|dwelling|living) )?"
        r"(?:units|flats|apartments|dwellings|wohnungen|wohneinheiten)\b",
        text.whole,
    )
    nearby = r"\b(?:near|beside|opposite|close to|next to|behind|between|from)\s+(?:\w+\s+){0,2}$"
    if several and not re.search(nearby, text.whole[: several.start()]):
        raise UserError(f"'{several[0]}': one house for one family is designed here. Ask for one of them.")
    asked = [rf"^(?P<what>{pattern})\b", rf"\b(?:an?|design|build|the)\s+(?:\w+\s+){{0,3}}?(?P<what>{pattern})\b"]
    asked.append(rf"\b(?P<what>{pattern})\s+(?:building|complex|tower|block)\b")
    if not has_house:
        asked.append(rf"\b(?P<what>{pattern})\b")
    for form in asked:
        found = re.search(form, text.whole)
        if not found:
            continue
        before = text.whole[: found.start("what")]
        near = re.search(r"\b(?:near|beside|opposite|close to|next to|behind|of|from)\s+(?:\w+\s+){0,3}$", before)
        if not near and not (
            has_house and re.search(r"\b(?:houses?|homes?|villas?|bungalows?|haus|bhk|bed ?rooms?)\b", before)
        ):
            raise UserError(
                f"'{found['what']}': houses for one family are designed here. Say what rooms your house should have."
            )
