"""A design as the score reads it: spaces with plain boxes, and the doors between them by number."""

from collections.abc import Collection
from typing import NamedTuple

from housebrain.house.brief import Brief
from housebrain.house.design import OUTSIDE, Design, Level
from housebrain.house.land import Side
from housebrain.house.rooms import SHORT_NAMES
from housebrain.rules.windows import glazed_doors

Box = tuple[float, float, float, float]  # left, front, right and rear edge, in feet

DAY = frozenset({"living", "dining", "kitchen", "family"})
SLEEPING = frozenset({"master", "bed", "guest"})
WET = frozenset({"bath", "kitchen", "utility", "laundry"})
SERVICE = frozenset({"utility", "laundry", "store"})
OUTDOOR = frozenset({"balcony", "terrace", "porch", "court"})
_SAID = {"living": "living room", "dining": "dining room", "master": "master bedroom", "bed": "bedroom"}
_SAID |= {"guest": "guest room", "family": "family room", "utility": "utility room", "pooja": "pooja room"}
LIVED_IN = frozenset({"living", "dining", "kitchen", "master", "bed", "guest", "family", "office"})


def called(name: str) -> str:
    """A room's name in a sentence: `bed2`, `the living room`."""
    return name if name[-1:].isdigit() else f"the {_SAID.get(name, name)}"


class Opening(NamedTuple):
    """Glass in a wall: its area in square feet and the side it faces, `front`, `rear`, `left` or `right`."""

    sqft: float
    side: str
    depth_ft: float  # of the box behind it


class Space(NamedTuple):
    """A room, hall, stairs or outdoor space of one level; `doors` are numbers in `Plan.doors`."""

    name: str
    kind: str
    level: int
    boxes: tuple[Box, ...]
    area: float
    doors: list[int]
    openings: list[Opening]

    @property
    def said(self) -> str:
        """Its name in a sentence: `bed2`, `the living room`."""
        return called(self.name)

    @property
    def main(self) -> Box:
        """The largest box."""
        return max(self.boxes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]))

    @property
    def middle(self) -> tuple[float, float]:
        """Of the largest box."""
        left, front, right, rear = self.main
        return (left + right) / 2, (front + rear) / 2


class Way(NamedTuple):
    """A door, or an open side, between two spaces by number; `b` is None for a way to the outside."""

    a: int
    b: int | None
    x: float
    y: float
    width_ft: float
    open: bool

    def other(self, space: int) -> int | None:
        return self.b if self.a == space else self.a


class Plan(NamedTuple):
    """A whole house: its outline, how many levels it has, and all spaces and doors of all levels."""

    outline: Box
    levels: int
    spaces: list[Space]
    doors: list[Way]

    def of(self, *kinds: str) -> list[int]:
        """The numbers of the spaces of some kinds."""
        return [number for number, space in enumerate(self.spaces) if space.kind in kinds]

    def joined(self, space: int) -> list[int]:
        """The spaces with a door to this one."""
        others = (self.doors[door].other(space) for door in self.spaces[space].doors)
        return [other for other in others if other is not None]

    def entrances(self) -> list[Way]:
        """The doors by which people come in from the outside; gates of garages are none."""
        return [door for door in self.doors if door.b is None and self.spaces[door.a].kind != "garage"]


def read_plan(design: Design) -> Plan:
    """Reads a design; doors and windows that name no room of their level are passed over."""
    spaces: list[Space] = []
    doors: list[Way] = []
    for index, level in enumerate(design.levels):
        first = len(spaces)
        for room in level.rooms:
            boxes = tuple((box.x, box.y, box.x + box.w, box.y + box.d) for box in room.boxes)
            area = sum((right - left) * (rear - front) for left, front, right, rear in boxes)
            spaces.append(Space(room.name, SHORT_NAMES[room.type], index, boxes, area, [], []))
        numbers = {spaces[number].name: number for number in range(first, len(spaces))}
        for door in level.doors:
            a, b = (door.a, door.b) if door.a != OUTSIDE else (door.b, door.a)
            if a not in numbers or (b != OUTSIDE and b not in numbers):
                continue
            way = Way(numbers[a], numbers.get(b), door.x, door.y, door.width_ft, door.open)
            for number in {way.a, way.a if way.b is None else way.b}:
                spaces[number].doors.append(len(doors))
            doors.append(way)
        _glaze(level, spaces, numbers)
    print_ = design.footprint
    outline = (print_.x, print_.y, print_.x + print_.w, print_.y + print_.d)
    return Plan(outline, len(design.levels), spaces, doors)


def _glaze(level: Level, spaces: list[Space], numbers: dict[str, int]) -> None:
    """Gives a level's spaces their windows and glazed doors."""
    for window in level.windows:
        if window.room in numbers:
            space = spaces[numbers[window.room]]
            _open(space, window.along, window.x, window.y, window.area_sqft)
    for name, sqft in glazed_doors(level.rooms, level.doors).items():
        if name in numbers:
            space = spaces[numbers[name]]
            door = next(door for door in level.doors if name in (door.a, door.b) and _leads_out(door.a, door.b, spaces))
            _open(space, door.along, door.x, door.y, sqft)


def _leads_out(a: str, b: str, spaces: list[Space]) -> bool:
    return any(space.name in (a, b) and space.kind in OUTDOOR for space in spaces)


def _open(space: Space, along: str, x: float, y: float, sqft: float) -> None:
    """Adds an opening to a space, where it lies in a wall of it."""
    for left, front, right, rear in space.boxes:
        if along == "x" and y in (front, rear) and left <= x <= right:
            space.openings.append(Opening(sqft, "front" if y == front else "rear", rear - front))
            return
        if along == "y" and x in (left, right) and front <= y <= rear:
            space.openings.append(Opening(sqft, "left" if x == left else "right", right - left))
            return


def wall_ft(one: Space, other: Space) -> float:
    """The longest straight wall between two spaces of a level; 0 where they don't touch."""
    longest = 0.0
    for left, front, right, rear in one.boxes:
        for left2, front2, right2, rear2 in other.boxes:
            if right == left2 or right2 == left:
                longest = max(longest, min(rear, rear2) - max(front, front2))
            if rear == front2 or rear2 == front:
                longest = max(longest, min(right, right2) - max(left, left2))
    return longest


def edge_ft(space: Space, outline: Box, party_walls: Collection[Side] = ()) -> float:
    """The longest wall of a space on the outline of the house, where no neighbour's house stands."""
    longest = 0.0
    for left, front, right, rear in space.boxes:
        if front == outline[1] or rear == outline[3]:
            longest = max(longest, right - left)
        at_left = left == outline[0] and "left" not in party_walls
        if at_left or (right == outline[2] and "right" not in party_walls):
            longest = max(longest, rear - front)
    return longest


def asked_sqft(brief: Brief) -> dict[str, float]:
    """The least area of each room that a brief asks for, by name."""
    return {room.name: room.min_area_sqft for room in brief.wanted_rooms}
