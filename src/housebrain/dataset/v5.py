"""A record of the user's dataset, HouseBrain v5, and how it becomes a brief.

A record is one JSON object `{"id", "input": {"basicDetails", "plot", "roomBreakdown"}, "output", "metadata"}`;
docs/design.md shows a whole one. Only `input` and `metadata` are read. Four things may be said that the dataset does
not have: `input.choices` is what a house is built of where that is not to follow by rule (`{"exterior": "Brick",
"quality": "good"}`), `metadata.city` has rules and prices of its own, `input.plot.street_width_ft` matters to codes,
`input.plot.party_walls` names the sides at which a neighbour's house stands (`["left"]`).
"""

import re
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from housebrain.house.brief import Brief, Choice, Climate, Compass, Plot, Rejected, RoomRequest, Setbacks
from housebrain.house.land import Side
from housebrain.house.rooms import ADDED, BEDROOMS, RoomType
from housebrain.house.units import FT_PER_M, SQFT_PER_SQM
from housebrain.rules.site import vocabulary

DEFAULT_BATHROOM_SQFT = 40.0


class BadRecord(Exception):  # noqa: N818 - names the record, like Rejected
    """A record with a missing or mistyped field: `field` is its dotted path, `message` what is wrong with it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


_LETTERS = re.compile(r"[^a-z]")
# Every house has these where it needs them: a list that names them asks for nothing more.
_GIVEN = frozenset({"stairs", "corridor"})
_KNOWN_TYPES = {_LETTERS.sub("", name): name for name in get_args(RoomType) if name not in ADDED - _GIVEN}
_KNOWN_TYPES |= {"living": "living_room", "dining": "dining_room", "study": "home_office", "office": "home_office"}
_KNOWN_TYPES |= {"master": "master_bedroom", "bath": "bathroom", "toilet": "bathroom", "storage": "store"}
_KNOWN_TYPES |= {"guestbedroom": "guest_room", "prayerroom": "pooja", "poojaroom": "pooja", "puja": "pooja"}


def room_type(value: Any) -> Any:
    """`livingRoom`, `Living Room` and `living_room` are the same."""
    if not isinstance(value, str):
        return value
    return _KNOWN_TYPES.get(_LETTERS.sub("", value.lower()), value)


def _whole(text: str) -> str:
    """JSON may hold halves of characters, which nothing can store."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("it holds half a character (a lone surrogate)")
    return text


class _Lenient(BaseModel):
    """Unknown keys of a record are passed over: the dataset's owner may add some."""

    model_config = ConfigDict(allow_inf_nan=False)


Text = Annotated[str, AfterValidator(_whole)]
Name = Annotated[Text, Field(min_length=1)]
# Bounds far beyond any house: past them the arithmetic of the solver overflows, or takes hours.
Size = Annotated[float, Field(strict=True, ge=0.01, le=1e9)]
Setback = Annotated[float, Field(strict=True, ge=0, le=1e9)]
Number = Annotated[int, Field(strict=True, ge=0, le=1000)]


class _RawRoom(_Lenient):
    type: Annotated[RoomType, BeforeValidator(room_type)]
    count: Number
    minArea: Size  # noqa: N815 - the dataset's spelling


class _RawDetails(_Lenient):
    unit: Literal["sqft", "sqm"] = "sqft"
    bedrooms: Number
    bathrooms: Number
    floors: Annotated[int, Field(strict=True, ge=1, le=1000)]
    budget: Annotated[float, Field(strict=True, gt=0, le=1e12)]
    style: Name


class _RawSetbacks(_Lenient):
    front: Setback
    rear: Setback
    left: Setback
    right: Setback


class _RawPlot(_Lenient):
    length: Size
    width: Size
    unit: Literal["ft", "m"] = "ft"
    shape: Text
    orientation: Compass
    slope_degrees: Annotated[float, Field(strict=True, ge=0, lt=90)] = 0.0
    is_corner_plot: Literal[0, 1] | bool = False
    setbacks_ft: _RawSetbacks
    street_width_ft: Size | None = None
    party_walls: tuple[Side, ...] | None = None


class _RawInput(_Lenient):
    basicDetails: _RawDetails  # noqa: N815
    plot: _RawPlot
    roomBreakdown: Annotated[list[_RawRoom], Field(min_length=1)]  # noqa: N815
    choices: dict[Choice, str] = {}


class _RawMetadata(_Lenient):
    region: Name
    city: Name | None = None
    climate_zone: Climate


class _RawRecord(_Lenient):
    id: Name
    input: _RawInput
    metadata: _RawMetadata


def parse_record(record: Any) -> tuple[str, Brief]:
    """Reads one record `{id, input, metadata, ...}` of the v5 dataset; `output` is not looked at.

    Where `basicDetails` and `roomBreakdown` disagree (bathrooms do in 79% of the dataset), **the room list wins**,
    since it carries areas; the counts of `basicDetails` only stand in for bathrooms that the list leaves out
    altogether. Stairs and corridors in the list are passed over: the solver adds them. Metres are turned into feet.

    Returns:
        The record's id and its brief.

    Raises:
        BadRecord: a field is missing, mistyped, out of range or not finite, or no room is asked for.
        Rejected: `bedrooms_contradict` (the list has another number of bedrooms than `basicDetails`, which decides
            nothing about their areas) or `setbacks_over_plot`.
    """
    try:
        raw = _RawRecord.model_validate(record)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "record"
        raise BadRecord(field, first["msg"]) from error
    for name, choice in raw.input.choices.items():
        if choice not in vocabulary()[name]:
            known = ", ".join(sorted(vocabulary()[name]))
            raise BadRecord(f"input.choices.{name}", f"unknown choice '{choice}'. Known: {known}")
    details, plot = raw.input.basicDetails, raw.input.plot
    feet = FT_PER_M if plot.unit == "m" else 1.0

    def sqft(area: float) -> float:  # rounded as lengths are: each digit is a token of the prompt
        return area if details.unit == "sqft" else round(area * SQFT_PER_SQM, 2)

    rooms = [
        RoomRequest(type=room.type, count=room.count, min_area_sqft=sqft(room.minArea))
        for room in raw.input.roomBreakdown
        if room.count and room.type not in _GIVEN
    ]
    bedrooms = sum(room.count for room in rooms if room.type in BEDROOMS)
    if bedrooms != details.bedrooms:
        raise Rejected(
            "bedrooms_contradict", f"basicDetails asks for {details.bedrooms} bedrooms, the room list has {bedrooms}"
        )
    bathrooms = sum(room.count for room in rooms if room.type == "bathroom")
    if not bathrooms and details.bathrooms:
        bathrooms = details.bathrooms
        rooms.append(RoomRequest(type="bathroom", count=bathrooms, min_area_sqft=DEFAULT_BATHROOM_SQFT))
    if not rooms:
        raise BadRecord("input.roomBreakdown", "no room is asked for")
    setbacks = plot.setbacks_ft  # in feet whatever the plot's unit, as the field's name says
    try:
        ground = Plot(
            length_ft=round(plot.length * feet, 2),
            width_ft=round(plot.width * feet, 2),
            shape=plot.shape,
            orientation=plot.orientation,
            slope_degrees=plot.slope_degrees,
            is_corner=bool(plot.is_corner_plot),
            setbacks=Setbacks(
                front_ft=setbacks.front, rear_ft=setbacks.rear, left_ft=setbacks.left, right_ft=setbacks.right
            ),
            street_width_ft=plot.street_width_ft,
            party_walls=plot.party_walls,
        )
    except ValidationError as error:
        raise BadRecord("input.plot", error.errors()[0]["msg"]) from error
    brief = Brief(
        style=details.style,
        bedrooms=bedrooms,
        bathrooms=bathrooms,
        floors=details.floors,
        budget_usd=details.budget,
        plot=ground,
        rooms=tuple(rooms),
        region=raw.metadata.region,
        city=raw.metadata.city,
        climate_zone=raw.metadata.climate_zone,
        choices=dict(sorted(raw.input.choices.items())),
    )
    width_ft, depth_ft = brief.envelope_ft
    if width_ft <= 0 or depth_ft <= 0:
        raise Rejected(
            "setbacks_over_plot",
            f"the setbacks take all of the {brief.plot.width_ft} x {brief.plot.length_ft} ft plot",
        )
    return raw.id, brief
