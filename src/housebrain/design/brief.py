"""What is asked for: the brief, and how a record of the v5 dataset becomes one.

Lengths are feet, areas square feet, money US dollars. `plot.width_ft` runs along the street, `plot.length_ft` away
from it; `orientation` is the compass direction that the street side faces.
"""

import hashlib
import math
import re
from functools import cached_property
from typing import Annotated, Any, Literal, NamedTuple, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

RoomType = Literal[
    "living_room",
    "dining_room",
    "kitchen",
    "master_bedroom",
    "bedroom",
    "bathroom",
    "utility",
    "home_office",
    "balcony",
    "family_room",
    "guest_room",
    "laundry",
    "store",
    "pooja",
    "garage",
    "corridor",
    "stairs",
    "terrace",
]
# Made by the solver, never asked for: they take no minimum area from a brief.
CIRCULATION: frozenset[str] = frozenset({"corridor", "stairs", "terrace"})
HABITABLE: frozenset[str] = frozenset(
    {"living_room", "dining_room", "master_bedroom", "bedroom", "home_office", "family_room", "guest_room"}
)

Climate = Literal["Cold", "Temperate", "Mediterranean", "Hot_Dry", "Hot_Humid", "Tropical"]
Compass = Literal["N", "NE", "E", "SE", "S", "SW", "W", "NW"]

# The name of a room in prompts and answers; rooms of which there can be several are numbered.
SHORT_NAMES: dict[str, str] = {
    "living_room": "living",
    "dining_room": "dining",
    "kitchen": "kitchen",
    "master_bedroom": "master",
    "bedroom": "bed",
    "bathroom": "bath",
    "utility": "utility",
    "home_office": "office",
    "balcony": "balcony",
    "family_room": "family",
    "guest_room": "guest",
    "laundry": "laundry",
    "store": "store",
    "pooja": "pooja",
    "garage": "garage",
    "corridor": "hall",
    "stairs": "stairs",
    "terrace": "terrace",
}
TYPE_OF_SHORT_NAME: dict[str, str] = {short: room_type for room_type, short in SHORT_NAMES.items()}

FT_PER_M = 3.28084
SQFT_PER_SQM = FT_PER_M**2
DEFAULT_BATHROOM_SQFT = 40.0


class Rejected(Exception):  # noqa: N818 - an outcome, not a fault
    """A well-formed brief that contradicts itself or can't be built: `reason` is a slug, `detail` a sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class BadRecord(Exception):  # noqa: N818 - names the record, like Rejected
    """A record with a missing or mistyped field: `field` is its dotted path, `message` what is wrong with it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class Frozen(BaseModel):
    """Base of all schemas here: immutable, no unknown keys, no NaN or infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Setbacks(Frozen):
    front_ft: Annotated[float, Field(ge=0)]
    rear_ft: Annotated[float, Field(ge=0)]
    left_ft: Annotated[float, Field(ge=0)]
    right_ft: Annotated[float, Field(ge=0)]


class Plot(Frozen):
    length_ft: Annotated[float, Field(gt=0)]
    width_ft: Annotated[float, Field(gt=0)]
    shape: str
    orientation: Compass
    slope_degrees: Annotated[float, Field(ge=0, lt=90)]
    is_corner: bool
    setbacks: Setbacks


class RoomRequest(Frozen):
    """`count` rooms of one type, each of at least `min_area_sqft`."""

    type: RoomType
    count: Annotated[int, Field(ge=1)]
    min_area_sqft: Annotated[float, Field(gt=0)]


class WantedRoom(NamedTuple):
    """One room of the brief under its short name (`bed2`)."""

    name: str
    type: str
    min_area_sqft: float


class Brief(Frozen):
    """A house brief, contradictions resolved."""

    style: str
    bedrooms: Annotated[int, Field(ge=0)]
    bathrooms: Annotated[int, Field(ge=0)]
    floors: Annotated[int, Field(ge=1)]
    budget_usd: Annotated[float, Field(gt=0)]
    plot: Plot
    rooms: Annotated[tuple[RoomRequest, ...], Field(min_length=1)]
    region: str
    climate_zone: Climate

    def key(self) -> str:
        """16 hex digits of the SHA-256 of the content: equal briefs have equal keys."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

    @property
    def envelope_ft(self) -> tuple[int, int]:
        """Width and depth of what the setbacks leave of the plot, in whole feet."""
        plot, setbacks = self.plot, self.plot.setbacks
        # A hundredth of a foot is added before rounding down, so that 52.4 - 4.2 - 5.2 is 43 and not 42.
        return (
            math.floor(plot.width_ft - setbacks.left_ft - setbacks.right_ft + 0.01),
            math.floor(plot.length_ft - setbacks.front_ft - setbacks.rear_ft + 0.01),
        )

    @cached_property
    def wanted_rooms(self) -> tuple[WantedRoom, ...]:
        """Every single room asked for, in the brief's order; `bed1`, `bed2`, ... where a type occurs more than once."""
        totals: dict[str, int] = {}
        for request in self.rooms:
            totals[request.type] = totals.get(request.type, 0) + request.count
        seen: dict[str, int] = {}
        wanted = []
        for request in self.rooms:
            for _ in range(request.count):
                seen[request.type] = number = seen.get(request.type, 0) + 1
                short = SHORT_NAMES[request.type]
                name = short if totals[request.type] == 1 else f"{short}{number}"
                wanted.append(WantedRoom(name, request.type, request.min_area_sqft))
        return tuple(wanted)


# --- the v5 record as it really is ---------------------------------------------------------------------------------

_LETTERS = re.compile(r"[^a-z]")
_KNOWN_TYPES = {_LETTERS.sub("", name): name for name in get_args(RoomType) if name not in CIRCULATION}
_KNOWN_TYPES |= {"living": "living_room", "dining": "dining_room", "study": "home_office", "office": "home_office"}
_KNOWN_TYPES |= {"master": "master_bedroom", "bath": "bathroom", "toilet": "bathroom", "storage": "store"}
_KNOWN_TYPES |= {"guestbedroom": "guest_room", "prayerroom": "pooja", "poojaroom": "pooja", "puja": "pooja"}


def _room_type(value: Any) -> Any:
    """`livingRoom`, `Living Room` and `living_room` are the same."""
    if not isinstance(value, str):
        return value
    return _KNOWN_TYPES.get(_LETTERS.sub("", value.lower()), value)


class _Lenient(BaseModel):
    """Unknown keys of a record are passed over: the dataset's owner may add some."""

    model_config = ConfigDict(allow_inf_nan=False)


Size = Annotated[float, Field(strict=True, gt=0)]
Setback = Annotated[float, Field(strict=True, ge=0)]
Number = Annotated[int, Field(strict=True, ge=0)]


class _RawRoom(_Lenient):
    type: Annotated[RoomType, BeforeValidator(_room_type)]
    count: Number
    minArea: Size  # noqa: N815 - the dataset's spelling


class _RawDetails(_Lenient):
    unit: Literal["sqft", "sqm"] = "sqft"
    bedrooms: Number
    bathrooms: Number
    floors: Annotated[int, Field(strict=True, ge=1)]
    budget: Size
    style: Annotated[str, Field(min_length=1)]


class _RawSetbacks(_Lenient):
    front: Setback
    rear: Setback
    left: Setback
    right: Setback


class _RawPlot(_Lenient):
    length: Size
    width: Size
    unit: Literal["ft", "m"] = "ft"
    shape: str
    orientation: Compass
    slope_degrees: Annotated[float, Field(strict=True, ge=0, lt=90)] = 0.0
    is_corner_plot: Literal[0, 1] | bool = False
    setbacks_ft: _RawSetbacks


class _RawInput(_Lenient):
    basicDetails: _RawDetails  # noqa: N815
    plot: _RawPlot
    roomBreakdown: Annotated[list[_RawRoom], Field(min_length=1)]  # noqa: N815


class _RawMetadata(_Lenient):
    region: Annotated[str, Field(min_length=1)]
    climate_zone: Climate


class _RawRecord(_Lenient):
    id: Annotated[str, Field(min_length=1)]
    input: _RawInput
    metadata: _RawMetadata


def parse_record(record: Any) -> tuple[str, Brief]:
    """Reads one record `{id, input, metadata, ...}` of the v5 dataset; `output` is not looked at.

    Where `basicDetails` and `roomBreakdown` disagree (bathrooms do in 79% of the dataset), **the room list wins**,
    since it carries areas; the counts of `basicDetails` only stand in for bathrooms that the list leaves out
    altogether. Metres are turned into feet.

    Returns:
        The record's id and its brief.

    Raises:
        BadRecord: a field is missing, mistyped, out of range or not finite.
        Rejected: `bedrooms_contradict` (the list has another number of bedrooms than `basicDetails`, which decides
            nothing about their areas) or `setbacks_over_plot`.
    """
    try:
        raw = _RawRecord.model_validate(record)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "record"
        raise BadRecord(field, first["msg"]) from error
    details, plot = raw.input.basicDetails, raw.input.plot
    feet = FT_PER_M if plot.unit == "m" else 1.0
    sqft = SQFT_PER_SQM if details.unit == "sqm" else 1.0
    rooms = [
        RoomRequest(type=room.type, count=room.count, min_area_sqft=room.minArea * sqft)
        for room in raw.input.roomBreakdown
        if room.count
    ]
    bedrooms = sum(room.count for room in rooms if room.type in ("master_bedroom", "bedroom", "guest_room"))
    if bedrooms != details.bedrooms:
        raise Rejected(
            "bedrooms_contradict", f"basicDetails asks for {details.bedrooms} bedrooms, the room list has {bedrooms}"
        )
    bathrooms = sum(room.count for room in rooms if room.type == "bathroom")
    if not bathrooms and details.bathrooms:
        bathrooms = details.bathrooms
        rooms.append(RoomRequest(type="bathroom", count=bathrooms, min_area_sqft=DEFAULT_BATHROOM_SQFT))
    setbacks = plot.setbacks_ft  # in feet whatever the plot's unit, as the field's name says
    brief = Brief(
        style=details.style,
        bedrooms=bedrooms,
        bathrooms=bathrooms,
        floors=details.floors,
        budget_usd=details.budget,
        plot=Plot(
            length_ft=round(plot.length * feet, 2),
            width_ft=round(plot.width * feet, 2),
            shape=plot.shape,
            orientation=plot.orientation,
            slope_degrees=plot.slope_degrees,
            is_corner=bool(plot.is_corner_plot),
            setbacks=Setbacks(
                front_ft=setbacks.front, rear_ft=setbacks.rear, left_ft=setbacks.left, right_ft=setbacks.right
            ),
        ),
        rooms=tuple(rooms),
        region=raw.metadata.region,
        climate_zone=raw.metadata.climate_zone,
    )
    width_ft, depth_ft = brief.envelope_ft
    if width_ft <= 0 or depth_ft <= 0:
        raise Rejected(
            "setbacks_over_plot",
            f"the setbacks take all of the {brief.plot.width_ft} x {brief.plot.length_ft} ft plot",
        )
    return raw.id, brief
