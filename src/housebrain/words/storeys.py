"""How many floors: G+1, ground plus two, 2 storey, duplex, zweigeschossig, ground and first floor."""

import re

from housebrain.errors import UserError
from housebrain.words.facts import Facts
from housebrain.words.text import NUMBER, Text

MOST = 6
_FLOOR = (
    r"(?:floors?|floored|floord|storeys?|storeyed|stories|storied|story|storys|levels?|level|etagen?|"
    r"stockwerke?n?|geschosse?n?|"
    r"vollgeschosse?n?|geschossig\w*|stockig\w*|stoeckig\w*|manzil|manzila)"
)
_ORDINALS = {"first": 1, "second": 2, "third": 3, "1 st": 1, "2 nd": 2, "3 rd": 3, "fourth": 4, "4 th": 4}
_ORDINAL = "|".join(_ORDINALS)
# Countries where the first floor is the one on the ground.
_GROUND_IS_FIRST = ("US", "CA", "JP", "CN")


def read_storeys(text: Text, facts: Facts, country: str | None) -> None:
    """Reads `floors`; a floor that is only mentioned becomes `floor_seen`, at least that many.

    Raises:
        UserError: two numbers, none, or more than a house has.
    """
    denied = None
    for match in text.take(
        r"\b(?:with (?:a |full |finished )*)?(basements?|cellars?|keller|unterkeller\w*|attic|loft(?: "
        r"conversion)?|dachgeschoss|dachboden|dg)\b"
    ):
        facts.assume(match[1], "left out", "houses here have neither basement nor attic")
    for match in text.take(
        rf"\b(?:no|not|without|avoid(?:ing)?)\s+(?:an?\s+|any\s+)?(?:(?P<two>duplex\w*|(?:2|double|multi)\s*{_FLOOR}|"
        rf"upstairs|stairs|upper floors?)|bungalows?|single\s*{_FLOOR}|triplex|(?:1|triple|[3-6])\s*{_FLOOR})\b|"
        r"\b(?P<after>duplex)\s+(?:is\s+)?not\s+(?:needed|required|wanted)\b"
    ):
        # What has two floors is not wanted: one is meant, if no other words say how many. Of others it may be any.
        if not match["two"] and not match["after"]:
            facts.assume(match[0], "left out", "a brief does not say what is not wanted")
        else:
            denied = match[0]
    for match in text.take(r"\bstilt\s*(?:parking\s*)?(?:\+|plus|and)\s*(\d+)(?:\s*" + _FLOOR + ")?"):
        facts.assume("stilt", "left out", "the floors above are designed")
        _say(facts, int(match[1]), match[0])
    patterns = (
        r"\b(?:b\s*\+\s*)?g\s*(?:\+|plus|and)\s*(\d+)(?:\s*" + _FLOOR + r")?",
        # Not: 1 bedroom on the ground floor and 3 upstairs.
        r"\bground\s*(?:floor\s*)?(?:\+|plus|and)\s*(\d+)\b(?!\s*(?:bhk|bed|bath|toilet|room|car|upstairs|"
        r"(?:on|in|up|at)\b(?! top)|(?:first|second|upper|top)\b(?! floors)|(?:more|other)\s+(?:bed|bath|room)|"
        r"above,? (?:bed|bath)))(?:\s*(?:(?:more|upper|other)?\s*" + _FLOOR + r"|above\b|on top\b))?",
        r"\b(?:eg|erdgeschoss)\s*(?:\+|plus|und|and)\s*(\d+)\s*(?:og|obergeschosse?)?",
    )
    for pattern in patterns:
        for match in text.take(pattern):
            _say(facts, 1 + int(match[1]), match[0])
    # Floors: 2; but not: first floor: 2 toilets.
    for match in text.take(
        rf"\b(?<!ground )(?<!first )(?<!second )(?<!upper )(?<!main )(?:(?:no\.?|number|nos\.?) of\s+)?{_FLOOR}"
        rf"\s*(?::|=|-|is|are)\s*(\d)\b"
        rf"(?!\s*(?:x\b|ft|m\b|sq|\d|[a-z]*\s*(?:bhk|bed|bath|toilet|room|kitchen|balcon|car|w ?c\b)))|"
        rf"\b(?:no\.?|number|nos\.?) of\s+{_FLOOR}\s*(\d)\b|"
        rf"\b(?:floors|storeys|stories|levels|etagen|geschosse)\s+(\d)(?=\s*(?:[|,;]|$))"
    ):
        _say(facts, int(match[1] or match[2] or match[3]), match[0])
    ordinals = rf"(?:{_ORDINAL})"
    for match in text.take(
        rf"\b(?:ground|gf)\s*(?:floor)?\s*(?:,|and|\+|plus|-|to)\s*(?:the\s+)?({ordinals})(?:\s*"
        rf"(?:floors?)?\s*(?:,|and|\+|plus)\s*(?:and\s+)?({ordinals}))?\s*floors?\b"
    ):
        _say(facts, 1 + max(_ORDINALS[group] for group in match.groups() if group), match[0])
    for match in text.take(rf"\b({ordinals})\s*(?:floor\s*)?(?:and|\+)\s*({ordinals})\s*floors?\b"):
        top = max(_ORDINALS[group] for group in match.groups())
        _say(facts, top if country in _GROUND_IS_FIRST else top + 1, match[0])
    for match in text.take(r"\b(?:eg|erdgeschoss)\s*(?:\+|plus|und|and|,)\s*(?:og|obergeschoss)\b"):
        _say(facts, 2, match[0])
    for match in text.take(
        rf"(?<![\w.-])(?:(?P<low>\d)\s*(?:-|to|or|bis|oder)\s*)?(-?\s?{NUMBER})\s*(?:full\s+|voll)?{_FLOOR}\b"
        rf"(?:\s*(?:house|home|high|building))?"
    ):
        if match["low"]:
            facts.assume("floors", match[2], f"'{match[0].strip()}': the upper end of the range is taken")
        number = float(match[2].replace(" ", ""))
        if number != int(number):
            facts.assume("floors", int(number) + 1, f"'{match[0].strip()}': a half floor is built as a whole one")
        _say(facts, int(number) + (number != int(number)), match[0])
    for words, number in (("single|ein|eine|eine?r|just 1", 1), ("double|dual", 2), ("triple", 3)):
        for match in text.take(rf"\b(?:{words})\s*(?:-\s*)?{_FLOOR}\b|\b(?:{words}){_FLOOR}"):
            _say(facts, number, match[0])
    for match in text.take(
        r"\bground floor only\b|\bonly (?:the )?ground floor\b|\ball on (?:the |one |1 )?(?:ground floor|"
        r"1 level|level)\b|\bground floor (?=house|home|plan)|\bebenerdig\w*\b|\brambler\b|"
        r"\bon (?:a )?single level\b"
    ):
        _say(facts, 1, match[0])
    for match in text.take(r"\bduplex(?:es)?\b"):
        if country in ("US", "CA"):
            raise UserError(
                f"'{match[0]}': it is two homes, and one is designed here. Say the rooms and floors of one of them."
            )
        _say(facts, 2, match[0])
        facts.assume("floors", 2, "a duplex has two floors")
    for match in text.take(r"\btriplex\b"):
        _say(facts, 3, match[0])
    if country not in ("IN", "PK", "BD", "LK", "NP", None) or re.search(r"£|€|\$|pound|eur", text.whole):
        for match in text.take(r"\bbungalows?\b|\branch(?: style| house)*\b"):
            if "floors" not in facts.said:
                facts.assume("floors", 1, f"a {match[0].split()[0]} has one floor")
                _say(facts, 1, match[0])
    _mentions(text, facts, country)
    if denied and not {"floors", "floor_seen"} & set(facts.said):
        _say(facts, 1, denied)


def _say(facts: Facts, number: int, words: str) -> None:
    words = words.strip()
    if number < 1:
        raise UserError(f"'{words}': a house has at least one floor.")
    if number > MOST:
        raise UserError(f"'{words}': houses of up to {MOST} floors are designed here.")
    facts.say("floors", number, words)


def _mentions(text: Text, facts: Facts, country: str | None) -> None:
    """Floors that are only mentioned, as in `bedrooms upstairs`: the house has that many at least."""
    seen = 0
    where = r"(?:(?:on|at|in|auf|im)\s+(?:the\s+|dem\s+)?)?"
    for match in text.take(
        rf"\b{where}(?:({_ORDINAL})\s*floor|upper\s*(?:floor|level)|upstairs|obergeschoss|og|top floor)\b"
    ):
        number = _ORDINALS.get(match[1] or "", 1)
        least = number if country in _GROUND_IS_FIRST and match[1] else number + 1
        if least > seen:
            seen = least
            words = match[0].strip()
        facts.assume(match[0].strip(), "left out", "a brief does not say on which floor a room lies")
    if seen > 1:
        facts.say("floor_seen", seen, words)
    for match in text.take(
        rf"\b{where}(?:ground\s*floor|main\s*(?:floor|level)|"
        rf"downstairs(?! ?(?:toilet|loo|w ?c|cloak|bath|shower))|erdgeschoss|eg)\b"
    ):
        facts.assume(match[0].strip(), "left out", "a brief does not say on which floor a room lies")
