"""Whether a design's doors and windows are where its rooms are, whoever placed them."""

from collections.abc import Iterator

from housebrain.house.design import OUTSIDE, Design, Door, Level, Rect, Room, Window, lacking
from housebrain.house.land import Side
from housebrain.house.rooms import OPEN_AIR
from housebrain.rules.checks import Violation
from housebrain.rules.doors import BATH_DOOR_FT
from housebrain.rules.walls import Wall, outer_walls, shared

# Nothing but their own bath, balcony or terrace lies behind these.
_NO_WAY_THROUGH = frozenset({"bathroom", "master_bedroom", "bedroom", "guest_room", "store", "pooja", "garage"})
_OWN = frozenset({"bathroom", "balcony", "terrace"})
SLACK_FT = 1e-6


def openings_fit(design: Design, side_street: Side | None = None) -> bool:
    """Whether every door lies in a wall of both its rooms, every window in an outer one, and ways lead to all rooms.

    Nobody passes through a bath, and through a bedroom only to its own bath, balcony or terrace.

    Args:
        design: whole.
        side_street: the side at which a corner plot has its second street; one may come in from there too.
    """
    return all(
        _level_fits(level, design.footprint, index == 0, side_street) for index, level in enumerate(design.levels)
    )


def misplaced(design: Design, side_street: Side | None = None) -> Iterator[Violation]:
    """The doors that lie in no wall of both their rooms, and the windows that lie in no outer one: kind `opening`.

    Args:
        design: whose doors and windows name rooms of their level.
        side_street: as for `openings_fit`.
    """
    for index, level in enumerate(design.levels):
        yield from _misplaced(level, design.footprint, index == 0, side_street)


def _level_fits(level: Level, footprint: Rect, is_ground: bool, side_street: Side | None) -> bool:
    rooms = {room.name: room for room in level.rooms}
    if any(door.a not in rooms or door.width_ft < BATH_DOOR_FT for door in level.doors):
        return False
    if any(door.b not in rooms and door.b != OUTSIDE for door in level.doors):
        return False
    if any(window.room not in rooms for window in level.windows):
        return False
    if any(_misplaced(level, footprint, is_ground, side_street)):
        return False
    return _all_reached(level, rooms, is_ground)


def _misplaced(level: Level, footprint: Rect, is_ground: bool, side_street: Side | None) -> Iterator[Violation]:
    rooms = {room.name: room for room in level.rooms}
    open_air = [room for room in level.rooms if room.type in OPEN_AIR]
    corner = lacking(footprint, [box for room in level.rooms for box in room.boxes])
    for door in level.doors:
        if door.b == OUTSIDE:
            fits = is_ground and any(_in(wall, door) for wall in _at_streets(rooms[door.a], footprint, side_street))
        else:
            fits = _between(rooms[door.a], rooms[door.b], door)
        if not fits:
            yield Violation("opening", door.a, f"its door to {door.b} at {door.x:g}, {door.y:g} is in no wall of both")
    for window in level.windows:
        walls = outer_walls(rooms[window.room], footprint, open_air, corner)
        if not any(_in(wall, window) for wall in walls):
            at = f"{window.x:g}, {window.y:g}"
            yield Violation("opening", window.room, f"its window at {at} is in no outer wall of it")


def _at_streets(room: Room, footprint: Rect, side_street: Side | None) -> list[Wall]:
    """The room's walls that face a street, box by box."""
    walls = [Wall("x", box.y, box.x, box.right) for box in room.boxes if box.y == footprint.y]
    if side_street is not None:
        at = footprint.x if side_street == "left" else footprint.right
        sides = [(box, box.x if side_street == "left" else box.right) for box in room.boxes]
        walls += [Wall("y", at, box.y, box.rear) for box, side in sides if side == at]
    return walls


def _between(one: Room, other: Room, door: Door) -> bool:
    walls = (shared(a, b) for a in one.boxes for b in other.boxes)
    return any(wall is not None and _in(wall, door) for wall in walls)


def _in(wall: Wall, opening: Door | Window) -> bool:
    at, middle = (opening.y, opening.x) if opening.along == "x" else (opening.x, opening.y)
    if wall.along != opening.along or abs(wall.at - at) > SLACK_FT:
        return False
    return _covers(wall.low, wall.high, middle, opening.width_ft)


def _covers(low: float, high: float, middle: float, width_ft: float) -> bool:
    return low - SLACK_FT <= middle - width_ft / 2 and middle + width_ft / 2 <= high + SLACK_FT


def _all_reached(level: Level, rooms: dict[str, Room], is_ground: bool) -> bool:
    links: dict[str, set[str]] = {name: set() for name in rooms}
    pending = set() if is_ground else {name for name, room in rooms.items() if room.type == "stairs"}
    for door in level.doors:
        if door.b == OUTSIDE:
            pending.add(door.a)
        else:
            links[door.a].add(door.b)
            links[door.b].add(door.a)
    if not any(rooms[name].type != "garage" for name in pending):
        return False
    reached = set(pending)
    while pending:
        room = rooms[pending.pop()]
        for name in links[room.name] - reached:
            own = rooms[name].type in _OWN and room.type not in ("bathroom", "garage")
            if room.type not in _NO_WAY_THROUGH or own:
                reached.add(name)
                pending.add(name)
    return len(reached) == len(rooms)
