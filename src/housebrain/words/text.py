"""What a person wrote, made ready to be read: one spelling for numbers and words, and a note of what was read."""

import re
import unicodedata
from collections.abc import Callable, Iterator

LONGEST = 1500  # characters
_READ = "\x01"  # stands where something was read: no pattern goes over it

_SIGNS = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u2032": "'",
        "\u00b4": "'",
        "`": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u2033": '"',
        "\u201e": '"',
        "\u00d7": " x ",
        "\u2715": " x ",
        "*": " x ",
        "\u2013": "-",
        "\u2014": " - ",
        "\u2212": "-",
        "\u20b9": " rs ",
        "\u00df": "ss",
        "\u00bd": "½",
        "&": " and ",
        "\t": " ",
        "\n": " ; ",
        "\r": " ",
        "\u2022": " ; ",
    }
)
_FRACTIONS = {"½": ".5", "¼": ".25", "¾": ".75", "⅓": ".33", "⅔": ".67"}
_UNITS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
    "zwei": 2, "drei": 3, "vier": 4, "funf": 5, "fuenf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90,
}  # fmt: skip
_GERMAN = "zwei|drei|vier|funf|fuenf|sechs|acht"
NUMBER = r"\d+(?:\.\d+)?"


class Text:
    """A person's words, of which readers take what they understand.

    Attributes:
        whole: all of it, in lower case, without accents; `3 1/2`, `3½` and `three and a half` are `3.5`, `1,20,000` is
            `120000`, `40x60ft` is `40 x 60 ft`.
        rest: the same, with what was read struck out. It keeps the length, so that places in both agree.
    """

    def __init__(self, words: str, corrected: Callable[[str], str] = lambda word: word) -> None:
        """Takes the words; `corrected` may mend the spelling of each."""
        self.whole = re.sub(r"[a-z]+", lambda match: corrected(match[0]), plain(words))
        self.whole = _number_words(self.whole)
        self.rest = self.whole

    def take(self, pattern: str) -> Iterator[re.Match[str]]:
        """Yields what matches in the rest, from left to right, and strikes out each match once it is yielded."""
        at = 0
        while match := re.compile(pattern).search(self.rest, at):
            at = max(match.end(), match.start() + 1)
            self.strike(match.start(), match.end())
            yield match

    def strike(self, start: int, end: int) -> None:
        """Notes that a part was read."""
        self.rest = self.rest[:start] + _READ * (end - start) + self.rest[end:]

    def words_left(self) -> list[str]:
        """The words and numbers that nobody read, in their order, each once."""
        return list(dict.fromkeys(re.findall(r"[^\W_]+(?:[.+/][^\W_]+)*", self.rest)))


def plain(words: str) -> str:
    """Lower case, no accents; numbers as Python writes them and apart from letters; hyphens between words are gaps."""
    text = words.lower().translate(_SIGNS)
    for sign, decimal in _FRACTIONS.items():
        text = re.sub(rf"(\d)\s?{sign}", rf"\g<1>{decimal}", text).replace(sign, f"0{decimal}")
    text = unicodedata.normalize("NFKD", text)
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    text = re.sub(r"[\x00-\x1f\x7f]", " ", text)
    text = re.sub(r"(\d)/-", r"\1 ", text)
    text = re.sub(r"(\d) ?t\.? ?(?=€|eur)", r"\1 tsd ", text)  # 450 TEUR, 300 T€
    text = re.sub(r"(?<![\d.,])\d{1,3}(?:,\d{2,3})*,\d{3}(?!\d)", lambda match: match[0].replace(",", ""), text)
    # Thousands as Germans write them: 350.000.
    text = re.sub(r"(?<![\d.,])[1-9]\d{0,2}(?:\.\d{3})+(?![\d.])", lambda match: match[0].replace(".", ""), text)
    text = re.sub(
        r"(?<![\d.,])\d{1,3}(?: \d{3})+(?= ?(?:€|eur|rs\b|\$|£|usd|pound|dollar|rupee))",
        lambda match: match[0].replace(" ", ""),
        text,
    )
    text = re.sub(r"(\d),(\d{1,2})(?!\d)", r"\1.\2", text)  # 12,5 m
    text = re.sub(r"\b(\d+) (\d)/(\d)(?=\s*(?:bath|ba\b|acre|kanal|stor|bhk))", _mixed, text)
    text = re.sub(r"(\d)(?=[a-z])", r"\1 ", text)
    text = re.sub(r"(?<=\d )(crores?|cr|lakhs?|lacs?|l|k|million)\s?-\s?(?=\d)", r"\1 - ", text)  # 1.5cr-2cr
    text = re.sub(r"\bgf\b(?: floor)?", "ground floor", text)
    text = re.sub(r"\bff\b(?: floor)?", "first floor", text)
    text = re.sub(r"(?<=[\d' \"])x\s*(?=\d)", " x ", text)
    text = re.sub(r"(?<=[a-z\d])-(?=[a-z])|(?<=[a-z])-(?=\d)|(?<=[a-z])- ", " ", text)
    text = re.sub(r"(?<=[a-z])/(?=[a-z])", " / ", text)
    return re.sub(r" +", " ", text).strip()


def _mixed(match: re.Match[str]) -> str:
    whole, over, under = (int(part) for part in match.groups())
    return f"{whole + over / under:.2f}" if under else match[0]


def _number_words(text: str) -> str:
    """Numbers in words become figures."""
    text = re.sub(rf"\b({_GERMAN})(?=geschoss|stock|familien|zimmer|etag|fach)", r"\1 ", text)
    units, tens = "|".join(_UNITS), "|".join(_TENS)
    text = re.sub(
        rf"\b({tens})(?: ({'|'.join(list(_UNITS)[1:10])}))?\b",
        lambda match: str(_TENS[match[1]] + _UNITS.get(match[2], 0)),
        text,
    )
    text = re.sub(rf"\b({units})\b", lambda match: str(_UNITS[match[1]]), text)
    text = re.sub(r"\b(\d+) and (?:a )?half\b(?! baths?(?:rooms?)? (?:and|,))", r"\1.5", text)
    text = re.sub(r"\b(\d+) (?:a )?half\b(?! bath| acre| million| crore| lakh)", r"\1.5", text)
    text = re.sub(r"\bhalf (?:an? )?(?=acre|million|crore|lakh|kanal|hectare|ground)", "0.5 ", text)
    text = re.sub(r"\bquarter (?:of an? )?(?=acre|million|crore|hectare)", "0.25 ", text)
    text = re.sub(r"\b1/([2-8]) ?(?:an? )?(?=acre|kanal|million|crore)", lambda m: f"{1 / int(m[1]):.3f} ", text)
    text = re.sub(r"\b3/4 ?(?=acre)", "0.75 ", text)
    text = re.sub(r"\b(?:an?|ek) (?=acre|million|crore|lakh|kanal|hectare)", "1 ", text)
    text = re.sub(r"\bbetween ([^ ]*\d[^ ]*(?: [a-z]+)?) and (?=[^ ]?\d)", r"\1 - ", text)
    text = re.sub(r"\ba couple of\b|\bcouple of\b", "2", text)
    return re.sub(r"(\d+) hundred\b", lambda match: f"{match[1]}00", text)
