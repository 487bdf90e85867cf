"""What is asked for: the brief.

Lengths are feet, areas square feet, money US dollars. `plot.width_ft` runs along the street, `plot.length_ft` away
from it; `orientation` is the compass direction that the street side faces.
"""

import hashlib
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from housebrain.house.land import Berth, Land, Point, Side, form_of
from housebrain.house.rooms import SHORT_NAMES, RoomType
from housebrain.house.units import GRID_FT

Climate = Literal["Cold", "Temperate", "Mediterranean", "Hot_Dry", "Hot_Humid", "Tropical"]
# What a house is built of and how well: by rule, where the brief does not say.
Choice = Literal[
    "exterior", "roof", "floor", "windows", "doors", "foundation", "insulation", "cooling", "heating", "quality"
]
Compass = Literal["N", "NE", "E", "SE", "S", "SW", "W", "NW"]


class Rejected(Exception):  # noqa: N818 - an outcome, not a fault
    """A well-formed brief that contradicts itself or can't be built: `reason` is a slug, `detail` a sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Frozen(BaseModel):
    """Base of all schemas here: immutable, no unknown keys, no NaN or infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """As pydantic's, but what was computed from the fields before is not copied: it may be another now."""
        copied = super().model_copy(update=update, deep=deep)
        for computed in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[computed]
        return copied


# Bounds far beyond any house: past them sums of feet, areas and prices are infinite.
Setback = Annotated[float, Field(ge=0, le=1e10)]
Length = Annotated[float, Field(gt=0, le=1e10)]
Area = Annotated[float, Field(gt=0, le=1e12)]


class Setbacks(Frozen):
    front_ft: Setback
    rear_ft: Setback
    left_ft: Setback
    right_ft: Setback


class Plot(Frozen):
    """Where the house is to stand.

    Attributes:
        party_walls: the sides at which the house is built against a neighbour's: no window and no door is there. The
            setback is 0 there. None: no side. On a rectangle the house stands at them; on a plot that lacks something
            there it may not.
    """

    length_ft: Length
    width_ft: Length
    shape: str
    orientation: Compass
    slope_degrees: Annotated[float, Field(ge=0, lt=90)]
    is_corner: bool
    setbacks: Setbacks
    street_width_ft: Length | None = None
    party_walls: tuple[Side, ...] | None = None

    @field_validator("party_walls")
    @classmethod
    def _each_once(cls, sides: tuple[Side, ...] | None) -> tuple[Side, ...] | None:
        return tuple(sorted(set(sides))) if sides else None

    @model_validator(mode="after")
    def _check_party_walls(self) -> Self:
        for side in self.party_walls or ():
            if getattr(self.setbacks, f"{side}_ft"):
                raise ValueError(f"party_walls has {side}, where the setback is not 0: a party wall is on the boundary")
            if side == self.side_street:
                raise ValueError(f"party_walls has {side}, where the corner plot's second street is")
        return self

    @property
    def land(self) -> Land:
        """The plot's form, by `shape` and the setbacks as `land.py` reads them."""
        setbacks = self.setbacks
        return Land(
            self.width_ft, self.length_ft, setbacks.front_ft, setbacks.rear_ft, setbacks.left_ft, setbacks.right_ft,
            form_of(self.shape), "left" if setbacks.left_ft <= setbacks.right_ft else "right",
        )  # fmt: skip

    @property
    def corners_ft(self) -> tuple[Point, ...]:
        """The plot's outline in feet, counter-clockwise from the left end of the street."""
        return self.land.corners()

    @property
    def buildable_ft(self) -> tuple[Point, ...]:
        """What the setbacks leave of the plot; a design's own coordinates start at their left and front lines."""
        return self.land.envelope()

    @property
    def side_street(self) -> Side | None:
        """At which side a corner plot has its second street: where no party wall is, and nothing is lacking."""
        if not self.is_corner:
            return None
        if self.party_walls and len(self.party_walls) == 1:
            return "right" if self.party_walls[0] == "left" else "left"
        return "right" if self.land.lacking == "left" else "left"


class RoomRequest(Frozen):
    """`count` rooms of one type, each of at least `min_area_sqft`."""

    type: RoomType
    count: Annotated[int, Field(ge=1)]
    min_area_sqft: Area


class WantedRoom(NamedTuple):
    """One room of the brief under its short name (`bed2`)."""

    name: str
    type: str
    min_area_sqft: float


class Brief(Frozen):
    """A house brief, contradictions resolved; `choices` are those that it makes itself, the rest follow by rule.

    A `city` has rules and prices of its own where the tables know it; a street's width matters to some codes.
    """

    style: str
    bedrooms: Annotated[int, Field(ge=0)]
    bathrooms: Annotated[int, Field(ge=0)]
    floors: Annotated[int, Field(ge=1)]
    budget_usd: Annotated[float, Field(gt=0, le=1e15)]
    plot: Plot
    rooms: Annotated[tuple[RoomRequest, ...], Field(min_length=1)]
    region: str
    city: str | None = None
    climate_zone: Climate
    choices: dict[Choice, str] = {}

    def key(self) -> str:
        """16 hex digits of the SHA-256 of the content: equal briefs have equal keys."""
        # What a brief leaves open is left out, so that a new thing to say changes no key of the briefs before it.
        return hashlib.sha256(self.model_dump_json(exclude_none=True).encode()).hexdigest()[:16]

    @property
    def berths(self) -> tuple[Berth, ...]:
        """Where a house may stand: in one of one or two rectangles at the front setback line, the widest first."""
        return self.plot.land.berths()

    @property
    def envelope(self) -> tuple[int, int]:
        """Greatest width and depth of a house, in whole steps of the grid; (0, 0) where the setbacks leave nothing."""
        return max((berth.w for berth in self.berths), default=0), max((berth.d for berth in self.berths), default=0)

    def berth_of(self, width: int, depth: int) -> Berth | None:
        """The widest of the rectangles in which a house of that size, in steps of the grid, can stand; None if none."""
        return next((berth for berth in self.berths if berth.w >= width and berth.d >= depth), None)

    @property
    def envelope_ft(self) -> tuple[float, float]:
        """The same in feet."""
        width, depth = self.envelope
        return width * GRID_FT, depth * GRID_FT

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
