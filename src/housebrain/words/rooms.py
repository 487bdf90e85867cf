"""The rooms that words name, how many of each and how large: each mention by itself."""

import re
from dataclasses import dataclass
from itertools import pairwise

from housebrain.errors import UserError
from housebrain.words import measures
from housebrain.words.facts import Facts
from housebrain.words.lexicon import HOUSE, LEFT_OUT, MADE, ROOMS
from housebrain.words.text import NUMBER, Text

MOST = 20  # of one kind
# What no room of a kind is larger than: a size beyond it is that of house or plot.
LARGEST_SQFT = {"bathroom": 200.0, "half_bath": 80.0, "ensuite": 200.0, "shared_bath": 200.0, "bedroom": 450.0}
_LARGEST = 900.0
_SMALLEST_HOUSE_SQFT = 250.0  # what is smaller, and stands between a room and `house`, is the room's
# What no room of a kind is smaller than; 30 of others.
_LEAST_SQFT = dict.fromkeys(("bathroom", "half_bath", "ensuite", "shared_bath"), 8.0)
_LEAST_SQFT |= dict.fromkeys(("store", "pooja", "balcony", "utility", "laundry", "walk_in", "box_room"), 6.0)
CAR_SQFT = 170.0  # that a car takes in a garage
_NO = (
    r"(?P<no>\b(?:no|without|not|avoid(?:ing)?|neither|nor|don'?t (?:need|want)|do not (?:need|want)|"
    r"keine?n?|ohne|0|skip|"
    r"exclude|excluding)\s+(?:any\s+|a\s+|an\s+|the\s+|need (?:for|of)\s+(?:a\s+)?|want\s+(?:a\s+)?|"
    r"eine?n?\s+|separate\s+)*)?"
)
_ADJECTIVES = (
    r"(?:(?:separate|large|big|small|spacious|nice|good|modern|extra|additional|more|common|full|"
    r"independent|cozy|cosy|comfortable|"
    r"dedicated|proper|decent|huge|tiny|private|sized|size|good-sized|open|attached|detached|bright|"
    r"beautiful|other|new|formal|"
    r"covered|closed|integral|grosse[ns]?|kleine[ns]?|helle[ns]?|offene[ns]?|nos?\.?|numbers?|x|of|"
    r"the|front|rear|smaller|larger|generous|ample|compact|outdoor)\s+){0,4}"
)
_NOT_NEEDED = (
    r"\s*(?:(?:is|are)\s+)?(?:not\s+(?:needed|required|necessary|wanted|compulsory|a must)|"
    r"(?:isn'?t|aren'?t)\s+(?:needed|required|wanted))\b"
)
_COUNT = (
    rf"(?:(?:\d+\s*(?:-|to|or|bis)\s*)?(?P<count>(?<![\w.])(?<!x ){NUMBER})\s*|(?P<one>\b(?:an?|"
    rf"single|eine?n?m?r?)\s+))?"
)
_WHERE = (
    r"\s*(?:(?:on|in|at|im|auf)\s+(?:the\s+|dem\s+)?(?:ground|first|second|upper|top|main|lower|\d)|"
    r"upstairs|downstairs|up\b|down\b|on (?:gf|ff|g\b|f\b)|oben|unten|(?:ground|first|second)\b)"
)
_ALWAYS = ("kitchen", "bathroom", "living_room", "bedroom")  # that no house lacks because it has none of some sort
_CARS = r"(?:cars?|vehicles?|suvs?|autos?|pkw)"
_PARKING = (
    r"(?:garages?|car ?ports?|car ?porch(?:es)?|parkings?|car ?parks?|parking (?:spaces?|spots?|"
    r"slots?|lots?|area)|bays?|stellplatze?n?|stellplaetze?n?)"
)


@dataclass
class Mention:
    """Rooms of one kind where they are named.

    Attributes:
        kind: a key of `lexicon.ROOMS`, or `garage`.
        count: None where the words give no number.
        start, end: where in the text.
        words: what is said.
        sqft: the least area of each where the words give one.
        is_named_size: `double bedroom` and the like.
        is_located: a floor follows.
        is_each: every bedroom has one.
        absent: `no garage`.
    """

    kind: str
    count: float | None
    start: int
    end: int
    words: str
    sqft: float | None = None
    is_named_size: bool = False
    is_located: bool = False
    is_each: bool = False
    absent: bool = False


def read_rooms(text: Text, facts: Facts, country: str | None) -> list[Mention]:
    """Finds all mentions of rooms, in their order; things that a brief has no place for are noted as left out."""
    if country not in (None, "IN", "PK", "BD", "LK", "NP"):
        for _ in text.take(r"(?<!dining )(?<!living )\b(?:entrance |entry )?halls?\b(?! ?way)(?! (?:bath|toilet))"):
            pass
    # 2-1/2 baths: as long as before, for places in both agree.
    for half in re.finditer(r"(?<![\d./-])(\d)[ -]1/2(?=\s*(?:full )?(?:bath|ba\b|car\b|cars\b))", text.rest):
        written = f"{half[1]}.5".ljust(len(half[0]))
        text.rest = text.rest[: half.start()] + written + text.rest[half.end() :]
        text.whole = text.whole[: half.start()] + written + text.whole[half.end() :]
    mentions = _bhk(text, facts) + _listed(text, facts) + _garages(text, facts)
    for kind, pattern in ROOMS.items():
        for match in text.take(rf"{_NO}{_COUNT}{_ADJECTIVES}\b(?P<room>(?:{pattern}))(?![a-z])"):
            mentions.append(_mention(text, kind, match))
    mentions.sort(key=lambda mention: mention.start)
    for mention in mentions:
        if denied := re.match(_NOT_NEEDED, text.rest[mention.end :]):
            mention.absent = True
            text.strike(mention.end, mention.end + denied.end())
            at = mentions.index(mention)
            if at and re.fullmatch(r"\s*(?:and|or|nor|/)\s*", text.whole[mentions[at - 1].end : mention.start]):
                mentions[at - 1].absent = True
    _deny_lists(text, mentions)
    for match in text.take(rf"{_NO}{_COUNT}{_ADJECTIVES}\b(?P<room>{LEFT_OUT})(?![a-z])"):
        if not match["no"]:
            facts.assume(match["room"].strip(), "left out", "a brief has no place for it")
    for _ in text.take(rf"\b(?:{MADE})\b"):
        pass
    return mentions


def _denies_adjective(text: Text, match: re.Match[str]) -> bool:
    """`no open kitchen` has a kitchen: what is denied is how it is."""
    if after := re.match(r"\s*(?:attached|en ?suite)\b", text.rest[match.end() :]):
        text.strike(match.end(), match.end() + after.end())
        return True
    return re.search(r"\b(?:open(?: plan)?|separate|attached|closed|shared|common)\b", match[0]) is not None


def _mention(text: Text, kind: str, match: re.Match[str]) -> Mention:
    count = float(match["count"]) if match["count"] else 1.0 if match["one"] else None
    if count and re.search(r"(?:^|[\s,;(])(?:-|minus\s)$", text.whole[: match.start("count")]) and match["count"]:
        raise UserError(
            f"'-{match[0].strip()}': a house has more than nothing of a room, or says that it has no such room."
        )
    mention = Mention(
        kind, count, match.start(), match.end(), match[0].strip(" ,"),
        absent=(bool(match["no"]) and not (kind in _ALWAYS and _denies_adjective(text, match))) or count == 0,
    )  # fmt: skip
    if kind == "bedroom":
        mention.is_named_size = (
            re.search(r"\b(?:double|single|twin|king|queen|small|smaller|box ?room)\b", match["room"]) is not None
        )
    if count is None:
        after = re.match(
            rf"\s*(?::|=|-|nos?\.?)\s*(\d(?:\.5)?)\b(?!\s*(?:x\b|by\b|ft|m\b|sq|'|\.|bed|bath|toilet|bhk|"
            rf"floor|stor|car|kitchen|{NUMBER}))",
            text.rest[match.end() :],
        )
        # Beds 3 | baths 2; bed room 3, bath room 2. Not: bedroom 1, bedroom 2, which are names.
        if not after and len(re.findall(rf"\b{re.escape(match['room'])}\s+\d\s*(?:[|,;]|$)", text.whole)) == 1:
            after = re.match(r"\s+(\d(?:\.5)?)(?=\s*(?:[|,;]|$))", text.rest[match.end() :])
        if after and kind in ("bedroom", "bathroom", "balcony", "kitchen", "half_bath"):
            mention.count = float(after[1])
            text.strike(match.end(), match.end() + after.end())
            mention.end += after.end()
    mention.is_located = _is_located(text, mention.start, mention.end)
    each = r"\s*(?:in|for|to|with|off|attached to)\s*(?:each|every|all)\s*(?:of )?(?:the\s*)?(?:bed|room)"
    mention.is_each = re.match(each, text.whole[mention.end :]) is not None
    mention.sqft = _size(text, mention, match)
    return mention


def _is_located(text: Text, start: int, end: int) -> bool:
    """Whether a floor stands beside a room."""
    floor = r"\b(?:ground|first|second|third|upper|top|main|lower) floor"
    # First floor 2 bedrooms; or as a heading: first floor: hall, 2 bedrooms, 2 baths.
    before = re.search(rf"{floor}\s*(?:[:-]?\s*$|(?::|- )[^.;:]*$)", text.whole[:start])
    return before is not None or re.match(_WHERE, text.whole[end:]) is not None


def _size(text: Text, mention: Mention, match: re.Match[str]) -> float | None:
    """The size that stands right after a room or right before it."""
    largest = LARGEST_SQFT.get(mention.kind, _LARGEST)
    joined = (
        r"\s*(?:of|is|:|-|=|at least|atleast|min\.?|minimum|sized?|about|around|approx\.?|approximately|"
        r"ca\.?|should be|measuring|mit|with|each|\()*\s*"
    )
    of_plot = rf"\s*\)?\s*(?:(?P<plot>plots?|sites?|lands?|lots?)|{HOUSE})\b"
    own = rf"(?:\s|of|is|size|area|:|=|-)*(?:{measures.PAIR}|{measures.AREA})"
    for pattern in (measures.PAIR, measures.AREA):
        # A digit may not follow: else less of a number would do.
        after = re.match(rf"{joined}{pattern}(?!\d)\s*(?:each|minimum|min|at least|\))*", text.rest[mention.end :])
        if after:
            sqft = _area(after)
            plot = re.match(of_plot, text.rest[mention.end + after.end() :])
            # Kitchen 10x12 plot 30x40: a plot with a size of its own leaves the one before it to the room.
            has_own = plot and re.match(own, text.rest[mention.end + after.end() + plot.end() :])
            is_rooms = (
                plot is None or has_own or (not plot["plot"] and sqft is not None and sqft < _SMALLEST_HOUSE_SQFT)
            )
            if sqft is not None and sqft <= largest and is_rooms:
                text.strike(mention.end, mention.end + after.end())
                return _checked(mention, sqft, after[0])
        before = re.search(rf"{pattern}\s*(?:large|sized|size)?\s*$", text.rest[: match.start()])
        if before and not re.search(
            r"(?:plot|site|land|lot|on|area|house|home)\s*(?:of|is|size|:|a)*\s*$", text.rest[: before.start()]
        ):
            sqft = _area(before)
            if sqft is not None and sqft <= largest and (mention.count or 1) == 1:
                text.strike(before.start(), before.end())
                return _checked(mention, sqft, before[0])
    return None


def _checked(mention: Mention, sqft: float, words: str) -> float:
    """A room's size.

    Raises:
        UserError: no room of the kind is as small.
    """
    least = _LEAST_SQFT.get(mention.kind, 30.0)
    if sqft < least:
        raise UserError(
            f"'{mention.words} {words.strip()}': {sqft:.3g} sqft are too few for such a room, at least {least:g} are "
            "needed."
        )
    return sqft


def _area(match: re.Match[str]) -> float | None:
    if "unit" in match.groupdict():
        return None if measures.is_land(match["unit"]) else measures.sqft(match)
    one, two, _ = measures.pair_ft(match, "ft")
    return one * two if max(one, two) <= 40 else None


def _bhk(text: Text, facts: Facts) -> list[Mention]:
    """3 BHK, 2.5 BHK, 1 RK, studio."""
    found = []
    for match in text.take(
        r"(?:\d\s*(?:-|to|or)\s*|(?P<more>\d)\s*\+\s*)?(\d+(?:\.5)?)\s*(?:bhk'?s?|b h k|b\.h\.k\.?|b/h/k|"
        r"bed(?:room)? hall "
        r"kitchen|bed(?:room)? living kitchen)(?![a-z])"
    ):
        is_located = _is_located(text, match.start(), match.end())
        count = float(match[2]) + int(match["more"] or 0)
        if match["more"]:
            facts.assume("bedrooms", f"{count:g}", f"'{match[0]}' has one room more to sleep or work in")
        found.append(Mention("bhk", count, match.start(), match.end(), match[0], is_located=is_located))
    for match in text.take(r"(?:1\s*)?\b(?:rk|room kitchen|studio(?! ?room)(?: apartment| house| flat)?)\b"):
        found.append(Mention("rk", 0, match.start(), match.end(), match[0]))
    return found


def _listed(text: Text, facts: Facts) -> list[Mention]:
    """3/2, 3b2b, 3 bed/2 bath as in listings; `4 Zimmer`, `5 rooms`, which count the living room."""
    found = []
    for match in text.take(r"(?<![\d.])([1-4]) up,?(?: and)? ([1-4]) down\b"):
        if not re.search(r"\b(?:bed|bhk|br\b)", text.whole):
            found.append(Mention("bedroom", float(match[1]), match.start(), match.end(), match[0]))
            facts.say("floors", 2, match[0])
    for match in text.take(
        rf"(?<![\d./])(\d)\s*b\s*[/,]?\s*({NUMBER})\s*b(?:a|ath)?\b|(?<![\d./+])([1-9])/([1-9](?:\.5)?)"
        rf"(?![\d/])(?!\s*(?:acre|kanal|{NUMBER}))"
    ):
        beds, baths = (match[1] or match[3]), (match[2] or match[4])
        found.append(Mention("bedroom", float(beds), match.start(), match.end(), match[0]))
        found.append(Mention("bathroom", float(baths), match.start(), match.end(), match[0]))
    for match in text.take(
        r"(?<![\d.])(\d+(?:\.5)?)\s*(?:zimmer(?:n)?\b|zimmer ?haus|rooms\b|room\b(?! kitchen)|roomed\b|zi\b\.?)"
    ):
        found.append(Mention("rooms", float(match[1]), match.start(), match.end(), match[0]))
    return found


def _garages(text: Text, facts: Facts) -> list[Mention]:
    """Garages by the cars they hold: the count is that of cars."""
    cars = {"double": 2, "twin": 2, "triple": 3, "single": 1, "doppel": 2, "einzel": 1, "dual": 2}
    named = "|".join(cars)
    found = []
    patterns = (
        r"(?P<cars>\d)\s*fach(?:garage|carport)\b",
        rf"{_NO}(?:\b(?P<times>an?|1|2|two)\s+)?\b(?P<named>{named})\s*(?:{_CARS}\s*)?{_PARKING}\b",
        rf"{_NO}(?P<cars>(?<![\d.])\d+(?:\.5)?)\s*(?:or more\s*)?{_CARS}\s*(?:covered\s+|attached\s+|"
        rf"detached\s+|open\s+|stilt\s+|tandem\s+|oversized\s+|heated\s+|side (?:entry|load\w*)\s+)*{_PARKING}\b",
        rf"{_NO}(?:\b(?:an?|1|covered|attached|detached|integral|stilt)\s+)*(?:{_CARS}\s*)?{_PARKING}\s*"
        rf"(?:space\s*)?(?:for|of|fur|fuer|:|-)\s*(?:at least\s*)?(?P<cars>\d+)\s*(?:{_CARS})?\b(?!\s*"
        rf"(?:x|ft|sq))",
        rf"{_NO}\b{_PARKING}\s+(?P<cars>\d)(?=\s*(?:[|,;]|$))",
        rf"{_NO}\b(?:park|room for|space for)\s+(?P<cars>\d+)\s*{_CARS}\b",
        rf"{_NO}(?P<cars>(?<![\d.])\d+(?:\.5)?)\s*(?:covered\s+|attached\s+|open\s+)*(?:{_CARS}\s*)?{_PARKING}\b",
        rf"{_NO}(?:\b(?:an?|covered|attached|detached|integral|stilt|open|"
        rf"eine?)\s+)*\b(?:{_CARS}\s*)?{_PARKING}\b(?:\s*(?:for (?:my|a|the|our) {_CARS}))?|\b(?:to|space "
        rf"to|place to) park (?:a|my|the|our|his|her) {_CARS}\b",
    )
    # 20 x 20 garage: a size, and no twenty cars.
    for match in text.take(rf"{measures.PAIR}\s*(?:(?:attached|detached|integral)\s+)?{_PARKING}\b"):
        one, two, _ = measures.pair_ft(match, "ft")
        cars_in = max(1.0, one * two // CAR_SQFT)
        found.append(Mention("garage", cars_in, match.start(), match.end(), match[0].strip(), one * two))
    for pattern in patterns:
        for match in text.take(pattern):
            groups = match.groupdict()
            said = float(cars[groups["named"]] if groups.get("named") else groups.get("cars") or 1)
            count = float(int(said))
            if said != count:
                facts.assume("garage", f"{count:g} cars", f"'{' '.join(match[0].split())}': for the whole cars of it")
            found.append(
                Mention(
                    "garage",
                    count,
                    match.start(),
                    match.end(),
                    match[0].strip(),
                    absent=bool(groups.get("no")) or count == 0,
                )
            )
    return found


def _deny_lists(text: Text, mentions: list[Mention]) -> None:
    """`no garage or balcony` denies both, and so does `garage and study not needed`."""
    for before, mention in pairwise(mentions):
        if (
            before.absent
            and re.fullmatch(r"\s*(?:,|or|nor|oder|/)\s*", text.whole[before.end : mention.start])
            and mention.count in (None, 1)
        ):
            mention.absent = True
