"""Which way the street side faces: east facing, plot facing NE, west road, road to the south, corner plots."""

import re

from housebrain.errors import UserError
from housebrain.words import measures
from housebrain.words.facts import Facts
from housebrain.words.text import NUMBER, Text

_NAMES = {
    "NE": r"north ?east(?:ern)?|n ?e|nord ?ost(?:en)?|ishan(?:ya)?",
    "NW": r"north ?west(?:ern)?|n ?w|nord ?west(?:en)?",
    "SE": r"south ?east(?:ern)?|s ?e|sue?d ?ost(?:en)?",
    "SW": r"south ?west(?:ern)?|s ?w|sue?d ?west(?:en)?",
    "N": r"north(?:ern|wards?)?|norden|nord|uttar|n",
    "S": r"south(?:ern|wards?)?|suden|sud|sueden|sued|dakshin|s",
    "E": r"east(?:ern|wards?)?|osten|ost|purv|purab|poorv|poorva|e",
    "W": r"west(?:ern|wards?)?|westen|paschim|pashchim|w",
}
_LONG = "|".join(pattern for pattern in _NAMES.values())
# Single letters only where the word beside them leaves no doubt.
DIRECTION = rf"(?:{_LONG})"
_WORD = (
    r"(?:north ?(?:east|west)(?:ern)?|south ?(?:east|west)(?:ern)?|north(?:ern)?|south(?:ern)?|"
    r"east(?:ern)?|west(?:ern)?|"
    r"nord ?ost(?:en)?|nord ?west(?:en)?|sue?d ?ost(?:en)?|sue?d ?west(?:en)?|"
    r"norden|nord|sue?den|sue?d|osten|ost|westen|ne|nw|se|sw|uttar|dakshin|purv|purab|poorva?|paschim)"
)
_OPPOSITE = {"N": "S", "S": "N", "E": "W", "W": "E", "NE": "SW", "SW": "NE", "NW": "SE", "SE": "NW"}
_ROAD = r"(?:roads?|streets?|lanes?|strasse|highway|avenue|rasta)"
_FACING = r"(?:facing|faced|faces|face|fronting|fronted|mukhi|entrance|entry|front|frontage|gate|plot|site)"
_INDOORS = (
    r"(?:garden|yard|backyard|back garden|rear garden|patio|terrace|balcony|living(?: room)?|lounge|bedrooms?|kitchen|"
    r"windows?|deck|roof|terrasse|master bedroom|pooja(?: room)?|garten|conservatory|rear)"
)
_ROOMS = (
    r"(?:balkone?|balcon(?:y|ies)|loggia|wohnzimmer|kuche|schlafzimmer|living(?: room)?|kitchen|dining(?: room)?|"
    r"(?:pooja|puja|prayer|guest|drawing|store|family|master bed) ?room|pooja|puja|mandir|study|(?:home )?office|"
    r"master(?: bed ?room)?|lounge|windows?|deck|patio|verandah?|toilets?|bath ?rooms?|conservatory|arbeitszimmer)"
)
_JOIN = (
    r"(?:is|are|it|to|on|at|in|from|along|towards?|the|its|side|of|direction|should|be|nach|im|am|"
    r"liegt|runs?|has|a|:|=|-|\s){0,8}"
)


def direction(words: str) -> str:
    """The compass point that words name, such as `NE`."""
    return next(point for point, pattern in _NAMES.items() if re.fullmatch(pattern, words.strip()))


def read_road_width(text: Text, facts: Facts) -> None:
    """Reads how wide the road is, `road_ft`: of two roads the one that is named first.

    Raises:
        UserError: no road is as wide as that.
    """
    length = rf"({NUMBER}\s*(?:'|ft\b\.?|feet\b|foot\b|m\b|mtrs?\b|meters?\b|metres?\b))"
    before = rf"{length}\s*(?:wide\s+)?(?={_ROAD}|(?:{_WORD})\s*(?:side\s+)?{_ROAD})"
    after = rf"(?<=road)\s*(?:is\s+|of\s+|width\s*(?:of|is|:)?\s*)?{length}(?:\s*wide)?(?!\s*(?:x|by))"
    for pattern in (before, after):
        for match in text.take(pattern):
            feet = measures.feet(match[1])
            if feet > measures.MOST_FT:
                raise UserError(f"'{match[0].strip()}': no road is {feet:,.0f} ft wide.")
            if feet > 0 and "road_ft" not in facts.said:
                facts.say("road_ft", round(feet, 2), match[0])


def read_facing(text: Text, facts: Facts) -> None:
    """Reads `facing`, one of eight points, and `corner`.

    Raises:
        UserError: the words have the plot face two ways, and it is no corner plot.
    """
    corners: list[tuple[str, str]] = []
    for match in text.take(
        rf"\b(?:no|not|non|never|avoid)\s+(?:an?\s+|to\s+)?(?:{_WORD}\s*(?:side\s*)?(?:facing|facade|entrance|road)|"
        rf"facing\s+{_WORD}|corner\s*(?:plot|site|lot|house)?)\b"
    ):
        facts.assume(match[0], "left out", "a brief does not say what is not wanted")
        if "facing" in match[0] and (named := re.search(rf"\b{_WORD}\b", match[0])):
            facts.say("not_facing", direction(named[0]), match[0])
    for match in text.take(
        rf"(?:\b({_WORD})\s*(?:facing\s*)?)?\b(?:corner\s*(?:-|/)?\s*(?:plot|site|lot|property|house|"
        rf"parcel|land|piece|grundstuck|bit|position)s?|eckgrundstuck|ecklage|eckhaus|corner facing)\b|"
        rf"\b(?:plot|site|lot|land)\s+(?:is|on|at|in)\s+(?:a\s+|the\s+)?corner\b|\bon (?:a|the) corner\b|"
        rf"\b(?:2|two|both|double)\s*(?:side|sides|sided)\s*(?:open|road|roads)\b|\b(?:2|two) roads\b"
    ):
        facts.say("corner", True, match[0])
        if match[1]:
            corners.append((direction(match[1]), match[0].strip()))
    for _ in text.take(rf"\b(?:{_WORD})\s+(?:side\s+)?open\b"):
        pass
    for match in text.take(rf"(?:^|(?<=, )|(?<=; ))({_WORD})\s+corner\b(?=\s*(?:,|;|\.|$))"):
        facts.say("corner", True, match[0])
        corners.append((direction(match[1]), match[0].strip()))
    gardens: list[tuple[str, str]] = []
    # A garden to the south: then the street is to the north.
    for match in text.take(
        rf"\b({_WORD})\s*(?:facing|mukhi)\s+(?:rear\s+|back\s+|sunny\s+)?(?:garden|yard|backyard|back "
        rf"yard|terrasse)\b|\b(?:garden|backyard|garten|terrasse|terrace)\s+(?:facing|faces|to|nach|on|im|"
        rf"im|in)\s*(?:the\s+)?({_WORD})\b|\b(sue?d|west|ost|nord)(?:garten|terrasse)\b"
    ):
        point = _OPPOSITE[direction(match[1] or match[2] or match[3])]
        facts.assume("facing", point, f"'{match[0].strip()}': the street is opposite the garden")
        gardens.append((point, match[0].strip()))
    # Where rooms lie is no matter of the street.
    for match in text.take(
        rf"\b(?:{_WORD})\s*(?:facing|side)\s+{_INDOORS}\b|(?<=bedroom )(?:in |at |"
        rf"on )?(?:the )?{_WORD}\b(?! (?:facing|road|street))"
    ):
        facts.assume(match[0].strip(), "left out", "a brief does not say where rooms lie")
    # The room itself is still to be read: only where it lies is struck out.
    for match in re.finditer(
        rf"\b{_ROOMS}"
        rf"(\s+(?:facing|to|towards|nach|im|on|in)\s+(?:the\s+)?{_WORD}\b)(?! (?:facing|road|street))",
        text.rest,
    ):
        text.strike(match.start(1), match.end(1))
        facts.assume(match[0].strip(), "left out", "a brief does not say where rooms lie")
    roads: list[tuple[str, str]] = []
    facings: list[tuple[str, str]] = []
    point = rf"(?:{_WORD}|\b[nsew]\b)"
    also = rf"(?:\s*(?:,|and|/|\+)\s*(?:the\s+)?({_WORD}|\b[nsew]\b)(?:\s+sides?)?)?"
    wide = rf"(?:\s*\(?{NUMBER}\s*(?:'|ft\b|feet\b|m\b|mtrs?\b)(?:\s*wide)?(?!\s*(?:x|by))\)?)?"
    takes = (
        (roads, rf"\b{_ROAD}\b{_JOIN}\b({point})\b(?:\s+sides?)?{wide}{also}{wide}"),
        (
            roads,
            rf"\b({point})(?:\s*(?:side|sided|ern))?\s*(?:,|and|/|\+)\s*({point})(?:\s*(?:side|"
            rf"sided))?\s*{_ROAD}\b",
        ),
        (roads, rf"\b({point})(?:\s*(?:side|sided))?\s*{_ROAD}\b"),
        (facings, rf"\b({_WORD})\s*(?:ist|is)\s*(?:die\s*|the\s*)?(?:strassenseite|street side|road side|front)\b"),
        (facings, rf"\b({point})(?:\s*(?:side))?\s*(?:,|and|/|\+)\s*({point})\s*(?:facing|mukhi)\b"),
        (facings, rf"\b({point})\s*(?:side\s*|direction\s*|ern\s*)?{_FACING}\b(?:\s+side)?"),
        (facings, rf"\b{_FACING}\b{_JOIN}\b({point})\b(?:\s+sides?)?{also}"),
        (
            facings,
            rf"\b(?:ausrichtung|orientation|oriented|orientated|ausgerichtet|strassenseite|looking|towards)"
            rf"\b{_JOIN}\b({_WORD})\b",
        ),
        (
            facings,
            rf"\b({_WORD})(?:ausrichtung|lage|seite|orientation)\b(?:\s+zur\s+strasse)?|\b({_WORD})\s+(?:ausrichtung|orientation|"
            rf"oriented)\b",
        ),
    )
    for kept, pattern in takes:
        for match in text.take(pattern):
            kept += [(direction(group), match[0].strip()) for group in match.groups() if group]
    if not (roads or facings):  # 30x40 east
        for match in text.take(
            rf"(?<=[\d a-z,])(?:^|(?<=[\d'] )|(?<=ft )|(?<=feet )|(?<=plot )|(?<=site )|(?<=bhk )|(?<=, ))"
            rf"({_WORD})(?=\s*(?:$|,|;))"
        ):
            facings.append((direction(match[1]), match[0].strip()))
    if roads:  # Sudausrichtung is where the sun comes from
        facings = [(point, words) for point, words in facings if "ausricht" not in words or point == roads[0][0]]
    corner = facts.get("corner")
    points = [*facings, *roads] or corners or gardens
    if len({name for name, _ in roads}) > 1 and not corner:
        facts.say("corner", True, roads[0][1])
        corner = True
    if not points:
        return
    first, words = points[0]
    for other, others in points[1:]:
        if other != first and not corner:
            raise UserError(f"'{words}' and '{others}' contradict each other (facing): leave out one of them.")
    facts.say("facing", first, words)
    if corner and len({name for name, _ in points}) > 1:
        facts.assume("facing", first, "of the corner plot's two streets the one named first")
