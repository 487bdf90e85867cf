"""What is asked for: the brief.

Lengths are feet, areas square feet, money US dollars. `plot.width_ft` runs along the street, `plot.length_ft` away
from it; `orientation` is the compass direction that the street side faces.
"""

import hashlib
import math
from functools import cached_property
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

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
    street_width_ft: Annotated[float, Field(gt=0)] | None = None


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
    """A house brief, contradictions resolved; `choices` are those that it makes itself, the rest follow by rule.

    A `city` has rules and prices of its own where the tables know it; a street's width matters to some codes.
    """

    style: str
    bedrooms: Annotated[int, Field(ge=0)]
    bathrooms: Annotated[int, Field(ge=0)]
    floors: Annotated[int, Field(ge=1)]
    budget_usd: Annotated[float, Field(gt=0)]
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
    def envelope(self) -> tuple[int, int]:
        """Width and depth of what the setbacks leave of the plot, in whole steps of the grid."""
        plot, setbacks = self.plot, self.plot.setbacks
        # A hundredth of a foot is added before rounding down, so that 52.4 - 4.2 - 5.2 is 43 and not 42.5.
        return (
            math.floor((plot.width_ft - setbacks.left_ft - setbacks.right_ft + 0.01) / GRID_FT),
            math.floor((plot.length_ft - setbacks.front_ft - setbacks.rear_ft + 0.01) / GRID_FT),
        )

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
