"""What building codes measure on a design. `codes.py` holds the measures against a ruleset's bounds.

Areas and widths are to the walls' centre lines, as the grid has them. A room of several boxes is measured as one: its
area is that of all of them, its side that of the largest, a hall's that of the narrowest. Results are in metres, square
metres, degrees or shares.
"""

import math
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import NamedTuple

from housebrain.house.brief import Brief
from housebrain.house.design import (
    CEILING_FT,
    DOOR_FRAME_FT,
    DOOR_HEIGHT_FT,
    FLOOR_TO_FLOOR_FT,
    GLAZED_DOOR_HEIGHT_FT,
    HEADROOM_FT,
    OPENABLE_SHARE,
    OUTSIDE,
    PARAPET_FT,
    RISER_FT,
    TREAD_FT,
    WALL_FT,
    Design,
    Door,
    Rect,
    Room,
    Window,
    covered_sqft,
)
from housebrain.house.land import area_sqft
from housebrain.house.rooms import BEDROOMS, DAYLIT, HABITABLE, OPEN_AIR
from housebrain.house.units import FT_PER_M, SQFT_PER_SQM
from housebrain.rules.windows import glazed_doors

ROOM_SETS: dict[str, frozenset[str]] = {"habitable": HABITABLE, "bedrooms": BEDROOMS, "daylit": DAYLIT}
DOUBLE_SQM = 11.5  # from this area on a bedroom is for two (NDSS 10d)


class Missing(Exception):  # noqa: N818 - an outcome, not a fault
    """A fact that neither the design nor the brief has; the message names it."""


class Case(NamedTuple):
    """What a rule is applied to: the rooms that it speaks of, in their design, and the brief where there is one."""

    rooms: list[Room]
    design: Design
    brief: Brief | None

    @property
    def known_brief(self) -> Brief:
        """The brief.

        Raises:
            Missing: there is none.
        """
        if self.brief is None:
            raise Missing("the plot, which only the brief has")
        return self.brief


# Where (a room's name, or `house`) and how much; None where there is nothing to measure, such as a window's size.
Measured = Iterable[tuple[str, float | None]]


def _area(case: Case) -> Measured:
    return [(room.name, room.area_sqft / SQFT_PER_SQM) for room in case.rooms]


def _side(case: Case) -> Measured:
    return [(room.name, _side_ft(room) / FT_PER_M) for room in case.rooms]


def _long_side(case: Case) -> Measured:
    return [(room.name, max(room.main.w, room.main.d) / FT_PER_M) for room in case.rooms]


def _side_ft(room: Room) -> float:
    boxes = room.boxes if room.type == "corridor" else (room.main,)
    return min(min(box.w, box.d) for box in boxes)


def _largest_area(case: Case) -> Measured:
    return [("house", max(room.area_sqft for room in case.rooms) / SQFT_PER_SQM)] if case.rooms else []


def _is_double(room: Room) -> bool:
    return room.area_sqft / SQFT_PER_SQM >= DOUBLE_SQM


def _widest_double_side(case: Case) -> Measured:
    """The side of the widest room for two; nothing where there is none."""
    doubles = [_side_ft(room) for room in case.rooms if _is_double(room)]
    return [("house", max(doubles) / FT_PER_M)] if doubles else []


def _other_double_side(case: Case) -> Measured:
    """The sides of all rooms for two but the widest."""
    doubles = sorted((room for room in case.rooms if _is_double(room)), key=lambda room: -_side_ft(room))
    return [(room.name, _side_ft(room) / FT_PER_M) for room in doubles[1:]]


def bedspaces(design: Design) -> str:
    """Bedrooms and the people that they are for, as the space standard counts them: `3b5p`."""
    bedrooms = sum(room.type in BEDROOMS for level in design.levels for room in level.rooms)
    return f"{bedrooms}b{people(design)}p"


def people(design: Design) -> int:
    """How many people the bedrooms are for: two in a double one."""
    bedrooms = [room for level in design.levels for room in level.rooms if room.type in BEDROOMS]
    return sum(2 if _is_double(room) else 1 for room in bedrooms)


def _glass(design: Design) -> dict[str, float]:
    """The glass of each room in square feet: of windows and of glazed doors."""
    glass_sqft: dict[str, float] = {}
    for level in design.levels:
        for window in level.windows:
            glass_sqft[window.room] = glass_sqft.get(window.room, 0.0) + window.area_sqft
        for name, sqft in glazed_doors(level.rooms, level.doors).items():
            glass_sqft[name] = glass_sqft.get(name, 0.0) + sqft
    return glass_sqft


def _glazing(case: Case) -> Measured:
    glass_sqft = _glass(case.design)
    return [(room.name, glass_sqft.get(room.name, 0.0) / room.area_sqft) for room in case.rooms]


def _openable(case: Case) -> Measured:
    glass_sqft = _glass(case.design)
    return [(room.name, glass_sqft.get(room.name, 0.0) / room.area_sqft * OPENABLE_SHARE) for room in case.rooms]


def _lit_depth(case: Case) -> Measured:
    """How deep the box behind a room's best-placed window or glazed door is; None for a room that has neither."""
    depth_ft: dict[str, float] = {}
    by_name = {room.name: room for room in case.rooms}
    for level in case.design.levels:
        glazed = glazed_doors(level.rooms, level.doors)
        openings: list[tuple[str, Window | Door]] = [(window.room, window) for window in level.windows]
        openings += [(name, door) for door in level.doors for name in (door.a, door.b) if name in glazed]
        for name, opening in openings:
            if room := by_name.get(name):
                for box in room.boxes:
                    if _is_in_wall(opening, box):
                        deep = box.d if opening.along == "x" else box.w
                        depth_ft[name] = min(depth_ft.get(name, math.inf), deep)
    return [(name, depth_ft[name] / FT_PER_M if name in depth_ft else None) for name in by_name]


def _is_in_wall(opening: Window | Door, box: Rect) -> bool:
    if opening.along == "x":
        return opening.y in (box.y, box.rear) and box.x < opening.x < box.right
    return opening.x in (box.x, box.right) and box.y < opening.y < box.rear


class _Egress(NamedTuple):
    """An opening that one can leave a room by: what of it opens, in square metres and metres."""

    area: float
    width: float
    height: float
    sill: float


def _egress(case: Case) -> dict[str, _Egress | None]:
    """The best opening of each room: a glazed door if there is one, else the largest window; None for none.

    A window opens in three quarters of its width and all of its height.
    """
    best: dict[str, _Egress | None] = {room.name: None for room in case.rooms}
    for level in case.design.levels:
        for window in level.windows:
            if window.room in best:
                width, height = window.width_ft * OPENABLE_SHARE / FT_PER_M, window.height_ft / FT_PER_M
                found = _Egress(width * height, width, height, window.sill_ft / FT_PER_M)
                best[window.room] = max(best[window.room] or found, found)
        outside = {room.name for room in level.rooms if room.type in OPEN_AIR}
        for door in level.doors:
            inner = door.b if door.a in outside else door.a
            if inner in best and outside & {door.a, door.b}:
                width, height = (door.width_ft - DOOR_FRAME_FT) / FT_PER_M, GLAZED_DOOR_HEIGHT_FT / FT_PER_M
                best[inner] = _Egress(width * height, width, height, 0.0)
    return best


def _egress_area(case: Case) -> Measured:
    return [(name, best and best.area) for name, best in _egress(case).items()]


def _egress_width(case: Case) -> Measured:
    return [(name, best and best.width) for name, best in _egress(case).items()]


def _egress_height(case: Case) -> Measured:
    return [(name, best and best.height) for name, best in _egress(case).items()]


def _egress_sill(case: Case) -> Measured:
    return [(name, None if best is None else best.sill) for name, best in _egress(case).items()]


def _entrance_width(case: Case) -> Measured:
    ground = case.design.levels[0]
    garages = {room.name for room in ground.rooms if room.type == "garage"}
    ways_in = [door for door in ground.doors if door.b == OUTSIDE and door.a not in garages]
    return [("house", max((door.width_ft - DOOR_FRAME_FT for door in ways_in), default=0.0) / FT_PER_M)]


def _door_height(_: Case) -> Measured:
    return [("house", DOOR_HEIGHT_FT / FT_PER_M)]


def _gross_area(case: Case) -> Measured:
    """What is lived in: a garage does not count."""
    garages = sum(room.area_sqft for level in case.design.levels for room in level.rooms if room.type == "garage")
    return [("house", (case.design.built_area_sqft - garages) / SQFT_PER_SQM)]


def _ceiling(case: Case) -> Measured:
    return [("house", CEILING_FT / FT_PER_M)] if case.rooms else []


def _parapet(case: Case) -> Measured:
    """Of spaces in the open air above the ground."""
    high = {room.name for level in case.design.levels[1:] for room in level.rooms}
    return [(room.name, PARAPET_FT / FT_PER_M) for room in case.rooms if room.name in high]


def _stairs(design: Design) -> int:
    """How many storeys are climbed."""
    return sum(any(room.type == "stairs" for room in level.rooms) for level in design.levels[:-1])


def _stair_width(case: Case) -> Measured:
    """Two flights side by side between walls."""
    stairs = [room for level in case.design.levels[:-1] for room in level.rooms if room.type == "stairs"]
    return [("stairs", (_side_ft(room) - WALL_FT) / 2 / FT_PER_M) for room in stairs[:1]]


def _stair(value: float) -> Callable[[Case], Measured]:
    """A measure that all stairs here share."""
    return lambda case: [("stairs", value)] if _stairs(case.design) else []


def _plot_sqft(brief: Brief) -> float:
    return area_sqft(brief.plot.corners_ft)


def _floor_area_ratio(case: Case) -> Measured:
    return [("house", case.design.built_area_sqft / _plot_sqft(case.known_brief))]


def _coverage(case: Case) -> Measured:
    """What the house takes of the plot."""
    return [("house", covered_sqft(case.design) / _plot_sqft(case.known_brief))]


def _height(case: Case) -> Measured:
    """Of the top floor's slab over the ground."""
    return [("house", len(case.design.levels) * FLOOR_TO_FLOOR_FT / FT_PER_M)]


class _Spaces(NamedTuple):
    """What is open around a house, in metres, to the centimetre: a house may stand a hair over its setback lines."""

    front: float
    rear: float
    left: float
    right: float


def _spaces(case: Case) -> _Spaces:
    """The least distances from the boxes of all floors to the plot's outline, which may lack a corner at the rear."""
    plot = case.known_brief.plot
    corners = plot.corners_ft
    walls = list(pairwise([*corners, corners[0]]))
    front = rear = left = right = math.inf
    for box in (box for level in case.design.levels for room in level.rooms for box in room.boxes):
        x0, x1 = plot.setbacks.left_ft + box.x, plot.setbacks.left_ft + box.right
        y0, y1 = plot.setbacks.front_ft + box.y, plot.setbacks.front_ft + box.rear
        front, rear = min(front, y0), min(rear, plot.length_ft - y1)
        left, right = min(left, x0), min(right, plot.width_ft - x1)
        for (ax, ay), (bx, by) in walls:  # counter-clockwise
            length = math.hypot(bx - ax, by - ay)
            if ax == bx or (ay == 0) != (by == 0):  # at a side
                low, high = max(y0, min(ay, by)), min(y1, max(ay, by))
                across = [(ax + (bx - ax) * (y - ay) / (by - ay), abs(by - ay) / length) for y in (low, high)]
                if low < high and by > ay:
                    right = min(right, *((x - x1) * share for x, share in across))
                elif low < high:
                    left = min(left, *((x0 - x) * share for x, share in across))
            elif by > 0:
                low, high = max(x0, bx), min(x1, ax)
                if low < high:
                    up = [ay + (by - ay) * (x - ax) / (bx - ax) for x in (low, high)]
                    rear = min(rear, *((y - y1) * (ax - bx) / length for y in up))
    return _Spaces(*(round(feet / FT_PER_M, 2) for feet in (front, rear, left, right)))


def _front_space(case: Case) -> Measured:
    return [("plot", _spaces(case).front)]


def _rear_space(case: Case) -> Measured:
    return [("plot", _spaces(case).rear)]


def _side_space(case: Case) -> Measured:
    spaces = _spaces(case)
    return [("plot", max(spaces.left, spaces.right))]


def _other_side_space(case: Case) -> Measured:
    spaces = _spaces(case)
    return [("plot", min(spaces.left, spaces.right))]


# Each measure with its unit; a share has none.
MEASURES: dict[str, tuple[Callable[[Case], Measured], str]] = {
    "area": (_area, "m2"),
    "side": (_side, "m"),
    "long_side": (_long_side, "m"),
    "largest_area": (_largest_area, "m2"),
    "widest_double_side": (_widest_double_side, "m"),
    "other_double_side": (_other_double_side, "m"),
    "glazing": (_glazing, ""),
    "openable": (_openable, ""),
    "lit_depth": (_lit_depth, "m"),
    "egress_area": (_egress_area, "m2"),
    "egress_width": (_egress_width, "m"),
    "egress_height": (_egress_height, "m"),
    "egress_sill": (_egress_sill, "m"),
    "entrance_width": (_entrance_width, "m"),
    "door_height": (_door_height, "m"),
    "gross_area": (_gross_area, "m2"),
    "ceiling": (_ceiling, "m"),
    "parapet": (_parapet, "m"),
    "stair_width": (_stair_width, "m"),
    "stair_riser": (_stair(RISER_FT / FT_PER_M), "m"),
    "stair_tread": (_stair(TREAD_FT / FT_PER_M), "m"),
    "stair_pitch": (_stair(math.degrees(math.atan2(RISER_FT, TREAD_FT))), "degrees"),
    "stair_step": (_stair((2 * RISER_FT + TREAD_FT) / FT_PER_M), "m"),
    "headroom": (_stair(HEADROOM_FT / FT_PER_M), "m"),
    "floor_area_ratio": (_floor_area_ratio, "of the plot"),
    "coverage": (_coverage, ""),
    "height": (_height, "m"),
    "front_space": (_front_space, "m"),
    "rear_space": (_rear_space, "m"),
    "side_space": (_side_space, "m"),
    "other_side_space": (_other_side_space, "m"),
}
