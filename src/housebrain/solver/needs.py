"""From a brief to the programme that the solver works on: the one place that knows the brief's schema."""

from typing import NamedTuple

from housebrain.house.brief import Brief
from housebrain.house.rooms import SHORT_NAMES


class Room(NamedTuple):
    """A room that is asked for: unique name (`bed2`), type (`bed`) and least area."""

    name: str
    type: str
    area_sqft: float


class Programme(NamedTuple):
    """What has to be built: rooms, floors, the envelope in feet, and where the street side faces."""

    rooms: tuple[Room, ...]
    floors: int
    width_ft: float
    depth_ft: float
    facing: str
    key: str


def programme_of(brief: Brief) -> Programme:
    """Reads a brief."""
    rooms = tuple(Room(name, SHORT_NAMES[kind], area) for name, kind, area in brief.wanted_rooms)
    width_ft, depth_ft = brief.envelope_ft
    return Programme(rooms, brief.floors, width_ft, depth_ft, brief.plot.orientation, brief.key())
