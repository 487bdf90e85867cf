"""What a record of the dataset can have wrong, or in common with others: a list of checks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from housebrain.dataset.v5 import room_type
from housebrain.house.rooms import BEDROOMS
from housebrain.house.units import FT_PER_M, SQFT_PER_SQM

# A packer's rule of thumb: a fifth of the rooms' area for walls and halls, a tenth of the envelope lost, and no side
# too short for a room and a hall.
CIRCULATION_FACTOR, USABLE_SHARE, MIN_ENVELOPE_FT = 1.2, 0.9, 15.0


@dataclass(slots=True)
class Entry:
    """A record's parts, and the areas that several checks need (square feet; envelope sides in feet)."""

    details: dict[str, Any]
    plot: dict[str, Any]
    rooms: list[dict[str, Any]]
    output: dict[str, Any]
    echo: bool
    needed_sqft: float
    width_ft: float
    depth_ft: float

    @property
    def envelope_sqft(self) -> float:
        """What the setbacks leave of the plot, on all floors."""
        return max(self.width_ft, 0.0) * max(self.depth_ft, 0.0) * float(self.details["floors"])


def entry(record: dict[str, Any]) -> Entry:
    """Takes a record apart; its `input` must have passed `parse_record`'s schema."""
    details, plot, rooms = (record["input"][key] for key in ("basicDetails", "plot", "roomBreakdown"))
    output = record.get("output")
    output = output if isinstance(output, dict) else {}
    feet = FT_PER_M if plot.get("unit") == "m" else 1.0
    sqft = SQFT_PER_SQM if details.get("unit") == "sqm" else 1.0
    setbacks = plot["setbacks_ft"]
    return Entry(
        details=details,
        plot=plot,
        rooms=rooms,
        output=output,
        echo=output.get("input") == record["input"],
        needed_sqft=sum(room["count"] * room["minArea"] for room in rooms) * sqft,
        width_ft=plot["width"] * feet - setbacks["left"] - setbacks["right"],
        depth_ft=plot["length"] * feet - setbacks["front"] - setbacks["rear"],
    )


def _rooms(entry: Entry, *types: str) -> int:
    """How many rooms of some types are asked for, in whatever spelling `prepare` takes."""
    return sum(room["count"] for room in entry.rooms if room_type(room["type"]) in types)


def _part(entry: Entry, name: str) -> dict[str, Any]:
    """A part of the answer; nobody checks answers, so whatever else stands there counts as nothing."""
    part = entry.output.get(name)
    return part if isinstance(part, dict) else {}


def _buildable_sqft(entry: Entry) -> float:
    value = _part(entry, "building_codes").get("max_buildable_area")
    return value if isinstance(value, int | float) else float("inf")


class Check(NamedTuple):
    """Something that records can be: what, how to tell, and what follows from it."""

    what: str
    holds: Callable[[Entry], bool]
    so: str


BRIEF_CHECKS = (
    Check(
        "bathrooms differ from the room list",
        lambda e: e.details["bathrooms"] != _rooms(e, "bathroom"),
        "the room list wins: it carries areas",
    ),
    Check(
        "bedrooms differ from the room list",
        lambda e: e.details["bedrooms"] != _rooms(e, *BEDROOMS),
        "rejected by `prepare`",
    ),
    Check(
        "several floors and no stairs in the room list",
        lambda e: e.details["floors"] > 1 and not _rooms(e, "stairs"),
        "the solver adds stairs",
    ),
    Check(
        "setbacks take all of the plot's width or length",
        lambda e: e.width_ft <= 0 or e.depth_ft <= 0,
        "rejected by `prepare`",
    ),
    Check(
        "least room areas sum to more than the setback envelope times the floors",
        lambda e: e.needed_sqft > e.envelope_sqft,
        "rejected by `prepare`: no house can hold them",
    ),
    Check(
        "a packer has room: 1.2 x the least areas fit in 0.9 x envelope x floors, sides of 15 ft or more",
        lambda e: (
            e.needed_sqft * CIRCULATION_FACTOR <= e.envelope_sqft * USABLE_SHARE
            and min(e.width_ft, e.depth_ft) >= MIN_ENVELOPE_FT
        ),
        "about this many can be solved",
    ),
)
OUTPUT_CHECKS = (
    Check("`levels` is empty", lambda e: not e.output.get("levels"), "no room has coordinates: designs must be made"),
    Check("`output.input` repeats `input`", lambda e: e.echo, "almost half of an answer copies its question"),
    Check(
        "`construction_cost` is int(budget x 0.6)",
        lambda e: e.output.get("construction_cost") == int(e.details["budget"] * 0.6),
        "not a cost of any design",
    ),
    Check(
        "`total_area` is int(length x width)",
        lambda e: e.output.get("total_area") == int(e.plot["length"] * e.plot["width"]),
        "the plot's area, not the house's",
    ),
    Check(
        "garage type None, but with spaces",
        lambda e: (
            _part(e, "exterior_specifications").get("garage_type") == "None"
            and bool(_part(e, "exterior_specifications").get("garage_spaces"))
        ),
        "contradicts itself",
    ),
    Check(
        "least room areas sum to more than `max_buildable_area`",
        lambda e: e.needed_sqft > _buildable_sqft(e),
        "the permitted area is random, and passed over",
    ),
)
