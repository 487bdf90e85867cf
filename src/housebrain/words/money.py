"""A budget as people write it: 60 lakh, 1.2 cr, $450k, £300,000, 350.000 €, 50-60 lakhs."""

import re

from housebrain.errors import UserError
from housebrain.words.facts import Facts
from housebrain.words.text import NUMBER, Text

# How much of a currency one US dollar is; rounded, of 2025. The cost tables are made with the same.
PER_USD = {
    "USD": 1.0, "INR": 84.0, "GBP": 0.79, "EUR": 0.92, "AUD": 1.52, "SGD": 1.34, "CAD": 1.38, "PKR": 280.0, "AED": 3.67,
    "JPY": 150.0, "CNY": 7.2, "CHF": 0.88, "BDT": 120.0, "LKR": 300.0, "NPR": 134.4,
}  # fmt: skip
OF_COUNTRY = {
    "US": "USD", "IN": "INR", "GB": "GBP", "AU": "AUD", "SG": "SGD", "CA": "CAD", "PK": "PKR", "JP": "JPY", "CN": "CNY",
    "CH": "CHF", "BD": "BDT", "LK": "LKR", "NP": "NPR", "DE": "EUR", "FR": "EUR", "IT": "EUR", "ES": "EUR",
    "IE": "EUR", "AT": "EUR", "NL": "EUR", "BE": "EUR",
}  # fmt: skip
_CURRENCIES = {
    r"us ?\$|usd|us dollars?": "USD", r"au?d?\$|aud|australian dollars?": "AUD", r"s\$|sgd|singapore dollars?": "SGD",
    r"c(?:ad)? ?\$|cad|canadian dollars?": "CAD", r"\$|dollars?|bucks": "$",
    r"rs\b\.?|inr|rupees?|rupaye|rupee|indian rupees?": "RS",
    r"pkr|pakistani rupees?": "PKR", r"lkr": "LKR", r"npr": "NPR",
    r"£|gbp|pounds?(?: sterling)?|quid": "GBP", r"€|eur|euros?": "EUR", r"aed|dirhams?|dhs": "AED",
    r"¥|jpy|yen": "JPY", r"cny|rmb|yuan": "CNY", r"chf|franken|swiss francs?": "CHF", r"bdt|taka": "BDT",
}  # fmt: skip
_CURRENCY = "|".join(f"(?<![a-z])(?:{one})" for one in _CURRENCIES)
_TIMES = {
    r"k|thousand|tsd\.?|tausend|grand": 1e3, r"lakhs?|lacs?|lakh?s?|l": 1e5, r"crores?|cr\.?|crs": 1e7,
    r"millions?|mn|mio\.?|mill\.?|millionen|mil|m": 1e6, r"billions?|bn": 1e9,
}  # fmt: skip
_TIME = "|".join(f"(?:{one})" for one in _TIMES)
_LARGE = r"lakhs?|lacs?|crores?|cr|crs|k|millions?|mn|mio\.?|mill\.?|tsd\.?|tausend|thousand|grand|billions?|bn"
_ABOUT = r"(?<![a-z])(?:budget(?:ed)?|kosten|baukosten|cost(?:s|ing)?|spend(?:ing)?|price|afford|worth)(?![a-z])"
_FILL = (
    r"(?:\s*(?:of|is|:|=|-|,|approx\.?|approximately|about|around|roughly|ca\.?|circa|etwa|max\.?|"
    r"maximum|maximal|under|"
    r"below|within|upto|up|to|at most|not more than|less than|less|between|bis zu|bis|von|the|"
    r"total|our|my|only|a|"
    r"should be|limit|limited|construction|building|build|range|~|<)){0,8}\s*"
)
_RANGE = r"\s*(?:-|to|bis)\s*"
LEAST_USD, MOST_USD = 2_000, 200_000_000


def read_money(text: Text, facts: Facts) -> None:
    """Reads the budget: `budget` becomes (amount, currency or None).

    Raises:
        UserError: two budgets, one that is zero or beyond any house, or a number of no unit.
    """
    amount, times = NUMBER, rf"(?:{_TIME})(?![a-z])"
    lone = rf"(?<![a-z\d.]){amount}"  # 420 m2: its 2 is no amount
    signed = rf"(?:{_CURRENCY})"
    # 1 crore 20 lakh
    for match in text.take(
        rf"(?:{signed}\s*)?({amount})\s*(?:crores?|cr)\b\.?\s*(?:and\s*)?({amount})\s*(?:lakhs?|lacs?|l)"
        rf"\b(?:\s*{signed})?"
    ):
        _note(text, facts, match, float(match[1]) * 1e7 + float(match[2]) * 1e5, "RS")
    patterns = (
        # 450.000 EUR 5 Zimmer, 75 lakh rupees 3 bhk: a currency between two numbers is that of an amount before it,
        # if what follows is none itself, as in 10 m x 30 m £ 300,000 or Pune 411001 Rs 50 lakh.
        rf"(?:(?P<low>{lone})(?:\s*(?P<lowtimes>{times}))?{_RANGE})?(?=(?:[5-9]\d{{3}}|\d{{5,}})(?![\d.])|{amount}\s*"
        rf"{times})(?P<high>{lone})\s*(?P<hightimes>{times})?\s*(?P<cur>{signed})(?=\s+\d)(?!\s*{amount}\s*"
        rf"(?:{_LARGE}|l)(?![a-z]))(?!\s*(?:[5-9]\d{{3}}|\d{{5,}})(?!\d)(?!\s*(?:sq|sf\b|sft|square|m2|m 2|qm|ft\b)))",
        rf"(?P<cur>{signed})\s*(?P<low>{amount})(?:\s*(?P<lowtimes>{times}))?(?:{_RANGE}(?:{signed})?\s*"
        rf"(?P<high>{amount})(?:\s*(?P<hightimes>{times}))?(?!\s*(?:bed|bath|bhk|floor|stor|x\b)))?",
        rf"(?P<low>{lone})(?:\s*(?P<lowtimes>{times}))?{_RANGE}(?P<high>{amount})\s*"
        rf"(?P<hightimes>{times})?\s*(?P<cur>{signed})(?![a-z])",
        rf"(?P<low>{lone})\s*(?P<lowtimes>{times})?\s*(?:of\s*)?(?P<cur>{signed})(?![a-z])",
        rf"(?P<low>{lone})(?:\s*(?P<lowtimes>{_LARGE}|l)\b)?{_RANGE}(?P<high>{amount})\s*"
        rf"(?P<hightimes>(?:{_LARGE}|l(?! ?shape)))(?![a-z])",
        rf"(?P<low>{lone})\s*(?P<lowtimes>(?:{_LARGE}))(?![a-z])",
        rf"{_ABOUT}{_FILL}(?P<low>{amount})\s*(?P<lowtimes>{times})?(?!\s*(?:x|by|bed|bath|bhk|floor|stor|"
        rf"marla|gaj|cent|kanal|acre|sq|s\.|ft|feet|'))",
        rf"(?P<low>{lone})\s*(?P<lowtimes>l)\b",
        rf"(?P<low>{lone})\s*(?P<lowtimes>{times})?\s*{_ABOUT}",
    )
    for pattern in patterns:
        for match in text.take(pattern):
            _read(text, facts, match)
    if "budget" not in facts.said:  # 1.1M between commas: no side of a house is as short
        for match in text.take(r"(?<=[,;] )(?P<low>\d(?:\.\d+)?) ?(?P<lowtimes>m)(?=\s*(?:$|[,;]|\.(?:\s|$)))"):
            _read(text, facts, match)
    for _ in text.take(rf"(?<!low )\b{_ABOUT}{_FILL}"):
        pass


def _read(text: Text, facts: Facts, match: re.Match[str]) -> None:
    groups = match.groupdict()
    low, high = groups["low"] or groups["high"], groups.get("high")
    own, other = groups.get("lowtimes"), groups.get("hightimes")
    if groups["low"] is None:  # no range
        high, own = None, other
    times = (other or own) if high else own
    amount = float(high or low) * _factor(times)
    if amount > 0 and _per_area(text, facts, match, amount, _currency(groups.get("cur"), times)):
        return
    if high and float(low) * _factor(own or times) < amount:
        facts.assume("budget", match[0].strip(), "the upper end of the range is taken")
    _note(text, facts, match, amount, _currency(groups.get("cur"), times), bare=not times and not groups.get("cur"))


def _per_area(text: Text, facts: Facts, match: re.Match[str], amount: float, currency: str | None) -> bool:
    """Whether the amount is one for each square foot; it is noted as such."""
    after = re.match(
        r"\s*(?:per|/|a|pro|je)\s*(?:sq\.? ?f(?:ee)?t\.?|sqft|sft|sf\b|square f(?:oo|ee)t|sq\.? ?m\b|sqm|m2|qm)",
        text.rest[match.end() :],
    )
    if not after:
        return False
    text.strike(match.end(), match.end() + after.end())
    square_metre = re.search(r"m2?$|qm", after[0]) is not None
    facts.say("budget_rate", (amount / (10.7639 if square_metre else 1.0), currency), match[0] + after[0])
    return True


def _note(
    text: Text, facts: Facts, match: re.Match[str], amount: float, currency: str | None, bare: bool = False
) -> None:
    words = match[0].strip()
    if re.search(r"-\s*$|\bminus\s*$", text.whole[: match.start()][-8:]) and not re.search(
        r"[a-z0-9] ?-\s*$", text.whole[: match.start()]
    ):
        raise UserError(f"'-{words}': a budget is more than nothing. Leave it out to have one assumed.")
    if amount <= 0:
        raise UserError(f"'{words}': a budget is more than nothing. Leave it out to have one assumed.")
    if bare and amount < 5000:
        raise UserError(f"'{words}': a budget of {amount:g} needs a unit, such as {amount:g} lakh or {amount:g}k USD.")
    facts.say("budget", (amount, currency), words)


def _factor(times: str | None) -> float:
    if times is None:
        return 1.0
    return next(factor for pattern, factor in _TIMES.items() if re.fullmatch(pattern, times.strip()))


def _currency(sign: str | None, times: str | None) -> str | None:
    """A code; `$` and `RS` where the country decides; None where the words name none."""
    if sign:
        return next(code for pattern, code in _CURRENCIES.items() if re.fullmatch(pattern, sign.strip()))
    return "RS" if times and re.fullmatch(r"lakhs?|lacs?|crores?|cr\.?|crs|l", times) else None


def currency_of(said: str | None, country: str | None) -> str:
    """The currency that is meant: that of the country where the words leave it open, US dollars where it has none."""
    home = OF_COUNTRY.get(country or "", "USD")
    if said == "RS":
        return home if home in ("PKR", "LKR", "NPR") else "INR"
    if said == "$":
        return home if home in ("AUD", "SGD", "CAD") else "USD"
    return said or home
