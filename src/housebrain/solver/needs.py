"""From a brief to the programme that the solver works on: the one place that knows the brief's schema."""

import math
from typing import NamedTuple

from housebrain.house.brief import Brief, Rejected
from housebrain.house.land import Berth, Side
from housebrain.house.limits import check_brief
from housebrain.house.rooms import SHORT_NAMES
from housebrain.house.units import GRID_FT
from housebrain.rules.massing import massing_of
from housebrain.rules.stairs import stairs_ft
from housebrain.solver.kinds import STAIRS_FT


class Room(NamedTuple):
    """A room that is asked for: unique name (`bed2`), type (`bed`) and least area."""

    name: str
    type: str
    area_sqft: float


class Corner(NamedTuple):
    """What a rectangle lacks at a rear corner: width and depth in feet, and whether it is the left corner."""

    width_ft: float
    depth_ft: float
    at_left: bool


NO_CORNER = Corner(0.0, 0.0, False)


class Programme(NamedTuple):
    """What has to be built: rooms, floors, the rectangle for it in feet, and where the street side faces."""

    rooms: tuple[Room, ...]
    floors: int
    width_ft: float
    depth_ft: float
    facing: str
    key: str
    covered_sqft: float = math.inf  # that a floor may have at most
    floor_sqft: float = math.inf  # that all floors may have at most
    corner: Corner = NO_CORNER  # that the rectangle lacks
    party_walls: tuple[Side, ...] = ()  # the sides at which a neighbour's house stands
    stairs_ft: tuple[float, float] = STAIRS_FT  # the sides of the stairs' box, where there is more than one floor

    @property
    def stairs_sqft(self) -> float:
        """What the stairs' box takes of a floor."""
        return self.stairs_ft[0] * self.stairs_ft[1]

    @property
    def all_stairs_sqft(self) -> float:
        """What the stairs take of all floors."""
        return self.stairs_sqft * self.floors if self.floors > 1 else 0.0

    @property
    def holds_sqft(self) -> float:
        """What all floors can hold."""
        return min(min(self.envelope_sqft, self.covered_sqft) * self.floors, self.floor_sqft)

    @property
    def envelope_sqft(self) -> float:
        """The rectangle without the corner that it lacks."""
        return self.width_ft * self.depth_ft - self.corner.width_ft * self.corner.depth_ft


def programme_of(brief: Brief, berth: Berth | None = None) -> Programme:
    """Reads a brief, for a house in one of its envelope's rectangles; None takes the largest.

    Raises:
        Rejected: the setbacks leave no rectangle, or the brief is larger than any house.
    """
    check_brief(brief)
    if berth is None:
        if not brief.berths:
            raise Rejected("area_over_envelope", "the setbacks leave no room for a house")
        berth = largest_first(brief)[0]
    rooms = tuple(Room(name, SHORT_NAMES[kind], area) for name, kind, area in brief.wanted_rooms)
    most = massing_of(brief)
    return Programme(
        rooms, brief.floors, berth.w * GRID_FT, berth.d * GRID_FT, brief.plot.orientation, brief.key(),
        most.covered_sqft, most.floor_sqft, party_walls=brief.plot.party_walls or (), stairs_ft=stairs_ft(brief),
    )  # fmt: skip


def around_corner(brief: Brief) -> Programme | None:
    """A programme for a house that turns round the corner that a plot lacks; None where it lacks none."""
    wide, deep = brief.envelope
    lacking_w, lacking_d = brief.plot.land.corner()
    if not lacking_w:
        return None
    corner = Corner(lacking_w * GRID_FT, lacking_d * GRID_FT, brief.plot.land.lacking == "left")
    return programme_of(brief, Berth(0, wide, deep))._replace(corner=corner)


def largest_first(brief: Brief) -> list[Berth]:
    """The envelope's rectangles, by area."""
    return sorted(brief.berths, key=lambda berth: -berth.w * berth.d)
