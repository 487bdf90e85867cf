"""What a phrasing of `phrasings.tsv` means, and how a reading compares with it.

A line is origin, phrasing and meaning, with tabs between. A meaning is `name=value` by gaps: only what it names is
compared, and that nothing is left that was not understood but what `left` names.
"""

import csv
import re
from pathlib import Path
from typing import NamedTuple

from housebrain.errors import UserError
from housebrain.words.money import PER_USD
from housebrain.words.read import Reading, read_words


class Phrasing(NamedTuple):
    """A phrasing, where it is from, and what it means by name."""

    origin: str
    words: str
    meaning: dict[str, str]


def phrasings(path: Path) -> list[Phrasing]:
    """Reads a table."""
    with path.open(encoding="utf-8") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [
            Phrasing(origin, words, dict(part.split("=", 1) for part in meaning.split()))
            for origin, words, meaning in rows
        ]


def wrong(phrasing: Phrasing) -> list[str]:
    """What of a phrasing is read in another way than it is meant."""
    meaning = phrasing.meaning
    try:
        reading = read_words(phrasing.words)
    except UserError as error:
        if "refused" not in meaning:
            return [f"refused: {error}"]
        return [] if re.search(meaning["refused"], str(error)) else [f"refused otherwise: {error}"]
    if "refused" in meaning:
        return ["not refused"]
    found = []
    for name, meant in meaning.items():
        if name != "left" and (got := _value(reading, name, meant)) != meant:
            found.append(f"{name}: {got} where {meant} is meant")
    left = ",".join(reading.not_understood)
    if left != meaning.get("left", ""):
        found.append(f"not understood: {left}")
    return found


def _value(reading: Reading, name: str, meant: str) -> str:
    """What a reading says of a name, written as the table does; numbers near to the meant one are written as it."""
    brief = reading.brief
    plot = brief.plot
    total = sum(room.count * room.min_area_sqft for room in brief.rooms)
    counts = {room.type: 0 for room in brief.rooms}
    for room in brief.rooms:
        counts[room.type] += room.count
    halves = sum(room.count for room in brief.rooms if room.type == "bathroom" and room.min_area_sqft <= 32)
    sides = {side: f"{getattr(plot.setbacks, f'{side}_ft'):g}" for side in ("front", "rear", "left", "right")}
    parts = meant.split("/") if name == "setbacks" else []
    setbacks = "/".join("-" if part == "-" else side for part, side in zip(parts, sides.values(), strict=False))
    wanted = [part.split(":") for part in meant.split(",")] if name in ("rooms", "sizes") else []
    sized = {room.type: room.min_area_sqft for room in brief.rooms}
    values = {
        "plot": f"{plot.width_ft:g}x{plot.length_ft:g}",
        "sqft": _near(plot.width_ft * plot.length_ft, meant, 0.01),
        "built": _near(total * 1.22 + 90 * (brief.floors - 1), meant, 0.12),
        "facing": plot.orientation,
        "corner": str(int(plot.is_corner)),
        "shape": plot.shape,
        "slope": f"{plot.slope_degrees:g}",
        "setbacks": setbacks,
        "walls": ",".join(plot.party_walls or ()),
        "floors": str(brief.floors),
        "beds": str(brief.bedrooms),
        "baths": str(brief.bathrooms - halves),
        "half": str(halves),
        "budget": f"{meant[:3]}{_near(brief.budget_usd * PER_USD.get(meant[:3], 1), meant[3:], 0.0005)}",
        "style": brief.style.replace(" ", "_"),
        "region": brief.region,
        "climate": brief.climate_zone,
        "rooms": ",".join(f"{kind}:{counts.get(kind, 0)}" for kind, *_ in wanted),  # type: ignore[call-overload]
        "sizes": ",".join(f"{kind}:{sized.get(kind, 0):g}" for kind, *_ in wanted),  # type: ignore[call-overload]
        "garage": f"{sized.get('garage', 0):g}",
    }
    return values[name] if name in values else brief.choices.get(name, "")  # type: ignore[call-overload]


def _near(got: float, meant: str, share: float) -> str:
    """The meant number where the one that was got is near it, else the one that was got."""
    try:
        return meant if abs(got - float(meant)) <= max(share * float(meant), 1) else f"{got:.0f}"
    except ValueError:
        return f"{got:.0f}"
