"""What is built: the one schema of a house design.

A design stands on an integer grid of feet inside the setback envelope: x runs along the street from the envelope's
left side, y from the street towards the rear. Areas are measured to the walls' centre lines.
"""

from typing import Annotated, Literal

from pydantic import Field

from housebrain.house.brief import Frozen
from housebrain.house.rooms import CIRCULATION, OPEN_AIR, RoomType

Feet = Annotated[int, Field(ge=0)]
Length = Annotated[int, Field(ge=1)]
Quality = Literal["basic", "good", "premium", "luxury"]
# The outside, as a door's other side.
OUTSIDE = "outside"

# How every house here is built, where the grid doesn't say.
CEILING_FT = 9.5
FLOOR_TO_FLOOR_FT = 10.5
WALL_FT = 0.5
RISER_FT = 7 / 12  # 18 of them to a floor
TREAD_FT = 10 / 12
DOOR_FRAME_FT = 2 / 12  # what frame and leaf take of a door's clear width
OPENABLE_SHARE = 0.75  # of a window's area, when open


class Rect(Frozen):
    """An axis-parallel rectangle: lower left corner `x`, `y`, width `w` along x, depth `d` along y, in feet."""

    x: Feet
    y: Feet
    w: Length
    d: Length

    @property
    def area_sqft(self) -> int:
        return self.w * self.d


class Room(Rect):
    """A room; `name` is unique in the house (`bed2`), but for circulation, which is unique on its level."""

    name: str
    type: RoomType


class Door(Frozen):
    """A door in the wall between rooms `a` and `b` (`b` is `outside` for the entrance), its middle at `x`, `y`."""

    a: str
    b: str
    x: float
    y: float
    along: Literal["x", "y"]
    width_ft: float


class Window(Frozen):
    """A window in an outer wall of `room`, its middle at `x`, `y`."""

    room: str
    x: float
    y: float
    along: Literal["x", "y"]
    width_ft: float
    height_ft: float
    sill_ft: float

    @property
    def area_sqft(self) -> float:
        return self.width_ft * self.height_ft


class Level(Frozen):
    rooms: Annotated[tuple[Room, ...], Field(min_length=1)]
    doors: tuple[Door, ...]
    windows: tuple[Window, ...]


class Materials(Frozen):
    exterior: str
    roof: str
    floor: str
    windows: str
    doors: str


class Site(Frozen):
    """Choices that follow from the ground and the climate."""

    foundation: str
    insulation: str
    cooling: str
    heating: str


class CostLine(Frozen):
    item: str
    usd: float


class Cost(Frozen):
    """What the design costs to build; `total_usd` is the sum of `lines`."""

    total_usd: float
    lines: tuple[CostLine, ...]


class Design(Frozen):
    """A whole house. `footprint` is the outline of every level; doors, windows and cost are derived from the rest."""

    footprint: Rect
    levels: Annotated[tuple[Level, ...], Field(min_length=1)]
    materials: Materials
    site: Site
    quality: Quality
    cost: Cost

    @property
    def built_area_sqft(self) -> int:
        """The sum of all enclosed rooms: open terraces and balconies are left out."""
        return sum(room.area_sqft for level in self.levels for room in level.rooms if room.type not in OPEN_AIR)

    @property
    def wanted_rooms(self) -> dict[str, Room]:
        """The rooms that a brief can ask for, by name."""
        return {room.name: room for level in self.levels for room in level.rooms if room.type not in CIRCULATION}
