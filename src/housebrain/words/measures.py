"""Lengths and areas as people write them: 40' x 60', 12.5m x 18m, 30'6" x 45', 200 gaj, 5 marla, 10 cents, 1 kanal."""

import re

from housebrain.errors import UserError
from housebrain.house.units import FT_PER_M, SQFT_PER_SQM
from housebrain.words.text import NUMBER

FT = {
    r"'|ft\b\.?|fts\b|feets?\b|foot\b|fuss\b": 1.0,
    r"m\b\.?|mtrs?\b\.?|met(?:er|re)s?\b|metern\b|mt\b|mts\b": FT_PER_M,
    r"yds?\b|yards?\b": 3.0,
    r"cm\b|centimet(?:er|re)s?\b": FT_PER_M / 100,
}
SQFT = {
    r"sq\.? ?f(?:ee|oo)?t\b\.?|sq\.? ?fts?\b|sqfts?\b|sfts?\b|square f(?:ee|oo)t\b|ft ?2\b|sf\b|"
    r"sq\b(?!\.? ?(?:m|y|f))|square\b(?! ?(?:m|y|f))|feet square\b": 1.0,
    r"sq\.? ?m(?:trs?|ts?|et(?:er|re)s?)?\b\.?|sqm(?:trs?|ts?)?\b|square met(?:er|re)s?\b|m ?2\b|qm\b|"
    r"quadratmetern?\b": SQFT_PER_SQM,
    r"sq\.? ?y(?:ar)?ds?\b|sqyds?\b|square yards?\b|sqy\b|gaj\b|gajj?\b|guz\b|gaz\b|yards?\b": 9.0,
    r"marlas?\b": 272.25,
    r"kanals?\b": 5445.0,
    r"cents?\b|decimals?\b|dismils?\b": 435.6,
    r"grounds?\b(?! ?(?:floor|\+|plus|and))": 2400.0,
    r"gunthas?\b|guntas?\b": 1089.0,
    r"acres?\b": 43560.0,
    r"hectares?\b|ha\b|hektar\b": 107639.0,
    r"ankanams?\b": 72.0,
    r"perch(?:es)?\b": 272.25,
    r"ar\b": 100 * SQFT_PER_SQM,
    r"cottahs?\b|kathas?\b|kottahs?\b": 720.0,
}
# Which of the units only land is measured in.
OF_LAND = (
    r"gaj|guz|gaz|yard|sq\.? ?y|square y|marla|kanal|cent|decimal|dismil|ground|gunt|acre|hectare|ha|hektar|ankanam|"
    r"perch|ar|kat|cot|kot"
)
# Units that differ from state to state by far.
UNCLEAR = r"\b(bighas?|biswas?|killas?)\b"
# No side, setback or road of a house's plot is longer.
MOST_FT = 5000.0
_FT = "|".join(f"(?:{unit})" for unit in FT)
_SQFT = "|".join(f"(?:{unit})" for unit in SQFT)
_INCHES = r'(?:"|\'\'|in\b|inch(?:es)?\b)'
LENGTH = rf"(?:{NUMBER}\s*(?:'|ft\b\.?|feet\b|foot\b)\s*{NUMBER}\s*{_INCHES}|{NUMBER}\s*(?:{_FT}))"
_ONE = rf"(?:{NUMBER}\s*(?:'|ft\b\.?|feet\b|foot\b)\s*{NUMBER}\s*{_INCHES}|{NUMBER}\s*(?:{_FT})?)"
PAIR = rf"(?P<one>{_ONE})\s*(?:x|by|into|auf|mal|/(?=\s*\d\d))\s*(?P<two>{_ONE})"
AREA = rf"(?P<amount>{NUMBER})\s*(?P<unit>{_SQFT})"


def feet(length: str, unit: str | None = None) -> float:
    """A length in feet. `unit` is that of a number without one, feet where it is None."""
    both = re.fullmatch(rf"({NUMBER})\s*(?:'|ft\b\.?|feet|foot)\s*({NUMBER})\s*{_INCHES}", length)
    if both:
        return float(both[1]) + float(both[2]) / 12
    found = re.match(NUMBER, length)
    assert found is not None
    return float(found[0]) * _factor(FT, length[found.end() :].strip() or unit or "ft")


def unit_of(length: str) -> str | None:
    """The unit that a length is written in, None for a number alone."""
    found = re.search(rf"(?:{_FT})\s*$|{_INCHES}\s*$", length)
    if found is None:
        return None
    return "ft" if re.search(r"ft|feet|foot|'|\"|in", length) else found[0].strip()


def pair_ft(match: re.Match[str], unit: str) -> tuple[float, float, bool]:
    """Both sides of a `PAIR` in feet; `unit` where it names none; and whether it names one."""
    one, two = match["one"].strip(), match["two"].strip()
    own = unit_of(two) or unit_of(one)
    used = own or unit
    return feet(one, used), feet(two, used), own is not None


def sqft(match: re.Match[str]) -> float:
    """The area of an `AREA` in square feet."""
    return float(match["amount"]) * _factor(SQFT, match["unit"].strip())


def is_land(unit: str) -> bool:
    """Whether only land is measured in this unit."""
    return re.match(rf"(?:{OF_LAND})", unit.strip()) is not None


def refuse_unclear(text: str) -> None:
    """Refuses units that mean another area in each state.

    Raises:
        UserError: there is one.
    """
    if found := re.search(r"\d\s*(?:km|kilomet(?:er|re)s?|miles?)\s*(?:x|by|plot|site|lot|land)\b", text):
        raise UserError(
            f"'{found[0]}': no plot for a house has sides of kilometres or miles. Give them in feet or metres."
        )
    if found := re.search(UNCLEAR, text):
        raise UserError(
            f"'{found[0]}': how large one is differs from state to state. Give the plot in sqft, gaj, acres or metres."
        )


def _factor(units: dict[str, float], unit: str) -> float:
    return next(factor for pattern, factor in units.items() if re.fullmatch(pattern, unit))
