"""What is built: the one schema of a house design.

A design stands on a grid of half a foot inside the setback envelope: x runs along the street from the envelope's left
side, y from the street towards the rear. Areas are measured to the walls' centre lines.
"""

from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from housebrain.house.brief import Frozen
from housebrain.house.rooms import ADDED, OPEN_AIR, RoomType
from housebrain.house.units import GRID_FT


def _on_grid(feet: float) -> float:
    # `multiple_of` lets what is nearly on the grid pass, and sums of such numbers are not.
    return round(feet / GRID_FT) * GRID_FT


# Farther out a double holds no half foot.
FARTHEST_FT = 1e6
Feet = Annotated[float, Field(ge=0, le=FARTHEST_FT, multiple_of=GRID_FT), AfterValidator(_on_grid)]
Length = Annotated[float, Field(ge=GRID_FT, le=FARTHEST_FT, multiple_of=GRID_FT), AfterValidator(_on_grid)]
Quality = Literal["basic", "good", "premium", "luxury"]
# The outside, as a door's other side.
OUTSIDE = "outside"

# How every house here is built, where the grid doesn't say.
CEILING_FT = 9.5
FLOOR_TO_FLOOR_FT = 10.5
WALL_FT = 0.5
HEADROOM_FT = CEILING_FT  # over the stairs: the flight above runs parallel to the one below
DOOR_HEIGHT_FT = 6 + 10 / 12  # clear
PARAPET_FT = 3.5  # of balconies, terraces and flat roofs
RISER_FT = FLOOR_TO_FLOOR_FT / 17
TREAD_FT = 10 / 12
DOOR_FRAME_FT = 2 / 12  # what frame and leaf take of a door's clear width
GLAZED_DOOR_HEIGHT_FT = 6.0  # of the glass in a door to a balcony, terrace, porch or court
OPENABLE_SHARE = 0.75  # of a window's area, when open


class Rect(Frozen):
    """An axis-parallel rectangle: lower left corner `x`, `y`, width `w` along x, depth `d` along y, in feet."""

    x: Feet
    y: Feet
    w: Length
    d: Length

    @property
    def right(self) -> float:
        return self.x + self.w

    @property
    def rear(self) -> float:
        return self.y + self.d

    @property
    def area_sqft(self) -> float:
        return self.w * self.d


def hull(boxes: tuple[Rect, ...]) -> Rect:
    """The smallest rectangle around some others."""
    x, y = min(box.x for box in boxes), min(box.y for box in boxes)
    # Not looked at again: it may be larger than one box may be.
    return Rect.model_construct(x=x, y=y, w=max(box.right for box in boxes) - x, d=max(box.rear for box in boxes) - y)


def lacking(footprint: Rect, boxes: list[Rect]) -> Rect | None:
    """The corner at the rear of a footprint that is all that some boxes leave free; None if it isn't so.

    The boxes must not overlap.
    """
    free_sqft = footprint.area_sqft - sum(box.area_sqft for box in boxes)
    if free_sqft <= 0:
        return None
    at_rear = [box for box in boxes if box.rear == footprint.rear]
    for at_left in (False, True):
        edge, at = (footprint.x, "x") if at_left else (footprint.right, "right")
        beside = [box for box in boxes if getattr(box, at) == edge]
        if not beside or not at_rear:
            continue
        y = max(box.rear for box in beside)
        x = min(box.x for box in at_rear) if at_left else max(box.right for box in at_rear)
        w, d = abs(edge - x), footprint.rear - y
        if w * d == free_sqft:
            return Rect(x=min(x, edge), y=y, w=w, d=d)
    return None


class Room(Frozen):
    """A room of one or several boxes, such as an L-shaped living room or a hall with a bend.

    `name` is unique in the house (`bed2`), but for what the solver adds, which is unique on its level.
    """

    name: str
    type: RoomType
    boxes: Annotated[tuple[Rect, ...], Field(min_length=1)]

    @property
    def area_sqft(self) -> float:
        return sum(box.area_sqft for box in self.boxes)

    @cached_property
    def main(self) -> Rect:
        """The largest box."""
        return max(self.boxes, key=lambda box: box.area_sqft)

    @cached_property
    def bounds(self) -> Rect:
        """The smallest rectangle around all boxes."""
        return self.boxes[0] if len(self.boxes) == 1 else hull(self.boxes)


class Door(Frozen):
    """A way between rooms `a` and `b` (`b` is `outside` for a way in), its middle at `x`, `y`; `open` has no leaf."""

    a: str
    b: str
    x: float
    y: float
    along: Literal["x", "y"]
    width_ft: float
    open: bool = False


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
    """What one trade costs."""

    item: str
    usd: float


class Cost(Frozen):
    """What the design costs to build; `total_usd` is the sum of `lines`, `per_usd` of `currency` are one US dollar."""

    total_usd: float
    currency: str = "USD"
    per_usd: Annotated[float, Field(gt=0)] = 1.0
    lines: tuple[CostLine, ...]

    @property
    def total(self) -> float:
        """In the region's own currency."""
        return self.total_usd * self.per_usd


class Design(Frozen):
    """A whole house. `footprint` is the rectangle around every level, of which an L-shaped house lacks a rear corner.

    Doors, windows and cost are derived from the rest.
    """

    footprint: Rect
    levels: Annotated[tuple[Level, ...], Field(min_length=1)]
    materials: Materials
    site: Site
    quality: Quality
    cost: Cost

    @property
    def built_area_sqft(self) -> float:
        """The sum of all enclosed rooms: what is in the open air is left out."""
        return sum(room.area_sqft for level in self.levels for room in level.rooms if room.type not in OPEN_AIR)

    @property
    def corner(self) -> Rect | None:
        """What a house lacks of its footprint at a rear corner, where it turns round a corner of its plot."""
        return lacking(self.footprint, [box for room in self.levels[0].rooms for box in room.boxes])

    @property
    def wanted_rooms(self) -> dict[str, Room]:
        """The rooms that a brief can ask for, by name."""
        return {room.name: room for level in self.levels for room in level.rooms if room.type not in ADDED}


def covered_sqft(design: Design) -> float:
    """What a house takes of its plot: the enclosed area of its largest level."""
    return max(sum(room.area_sqft for room in level.rooms if room.type not in OPEN_AIR) for level in design.levels)
