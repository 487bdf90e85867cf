"""Where rooms touch each other and the outside: the walls that doors and windows are put in."""

from collections.abc import Collection, Iterable
from typing import Literal, NamedTuple

from housebrain.house.design import Door, Rect, Room
from housebrain.house.land import Side
from housebrain.rules.limits import DOOR_WALL_FT


class Wall(NamedTuple):
    """A straight wall: `along` x from `low` to `high` at y = `at`, or `along` y at x = `at`; in feet."""

    along: Literal["x", "y"]
    at: float
    low: float
    high: float

    @property
    def length_ft(self) -> float:
        return self.high - self.low

    @property
    def middle(self) -> tuple[float, float]:
        """Its x and y."""
        half = (self.low + self.high) / 2
        return (half, self.at) if self.along == "x" else (self.at, half)


def shared(a: Rect, b: Rect) -> Wall | None:
    """The wall between two boxes; None if they don't touch along one."""
    # Written out, without properties, `min` and `max`: this is asked for all pairs of boxes.
    ax, ay, bx, by = a.x, a.y, b.x, b.y
    right, rear, b_right, b_rear = ax + a.w, ay + a.d, bx + b.w, by + b.d
    if right == bx or b_right == ax:
        low, high = ay if ay > by else by, rear if rear < b_rear else b_rear
        if high > low:
            return Wall("y", right if right == bx else ax, low, high)
    if rear == by or b_rear == ay:
        low, high = ax if ax > bx else bx, right if right < b_right else b_right
        if high > low:
            return Wall("x", rear if rear == by else ay, low, high)
    return None


def between(one: Iterable[Rect], other: Iterable[Rect]) -> Wall | None:
    """The longest wall between two rooms, given their boxes; None if they don't touch."""
    others = list(other)
    best: Wall | None = None
    for a in one:
        for b in others:
            wall = shared(a, b)
            if wall is not None and (best is None or wall.high - wall.low > best.high - best.low):
                best = wall
    return best


def hangs_together(boxes: tuple[Rect, ...]) -> bool:
    """Whether one can walk between all boxes of a room through openings that are wide enough."""
    reached, pending = {0}, [0]
    while pending:
        box = boxes[pending.pop()]
        for index, other in enumerate(boxes):
            if index not in reached and (wall := shared(box, other)) is not None and wall.length_ft >= DOOR_WALL_FT:
                reached.add(index)
                pending.append(index)
    return len(reached) == len(boxes)


def front(room: Room, footprint: Rect) -> Wall | None:
    """The room's longest wall at the street."""
    walls = [Wall("x", box.y, box.x, box.right) for box in room.boxes if box.y == footprint.y]
    return max(walls, key=lambda wall: wall.length_ft, default=None)


def flank(room: Room, footprint: Rect, side: Side) -> Wall | None:
    """The room's longest wall at one side of the house."""
    at = footprint.x if side == "left" else footprint.right
    walls = [Wall("y", at, box.y, box.rear) for box in room.boxes if at == (box.x if side == "left" else box.right)]
    return max(walls, key=lambda wall: wall.length_ft, default=None)


def outer_walls(
    room: Room,
    footprint: Rect,
    open_air: Iterable[Room],
    corner: Rect | None = None,
    party_walls: Collection[Side] = (),
) -> list[Wall]:
    """The room's walls on the outline of the house and towards outdoor spaces, box by box.

    Args:
        room: whose walls.
        footprint: of the house.
        open_air: the level's outdoor spaces.
        corner: what the house lacks of its footprint.
        party_walls: the sides at which a neighbour's house stands.
    """
    walls = []
    for box in room.boxes:
        if box.y == footprint.y:
            walls.append(Wall("x", box.y, box.x, box.right))
        if box.rear == footprint.rear:
            walls.append(Wall("x", box.rear, box.x, box.right))
        if box.x == footprint.x and "left" not in party_walls:
            walls.append(Wall("y", box.x, box.y, box.rear))
        if box.right == footprint.right and "right" not in party_walls:
            walls.append(Wall("y", box.right, box.y, box.rear))
        if corner is not None and (wall := shared(box, corner)) is not None:
            walls.append(wall)
        walls += [
            wall
            for space in open_air
            if space is not room
            for other in space.boxes
            if (wall := shared(box, other)) is not None
        ]
    return walls


def beside_doors(wall: Wall, doors: Iterable[Door]) -> list[Wall]:
    """What doors leave of a wall: one piece for each side of each door in it."""
    pieces = [wall]
    for door in doors:
        at, middle = (door.y, door.x) if door.along == "x" else (door.x, door.y)
        if door.along != wall.along or at != wall.at:
            continue
        start, end = middle - door.width_ft / 2, middle + door.width_ft / 2
        pieces = [
            part
            for piece in pieces
            for part in (piece._replace(high=min(piece.high, start)), piece._replace(low=max(piece.low, end)))
            if part.length_ft > 0
        ]
    return pieces
