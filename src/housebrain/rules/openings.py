"""Doors and windows, derived from where the rooms are.

Doors grow a tree of least awkwardness from the entrance: a bedroom opens to the hall rather than through the
kitchen, and nothing is reached through a bathroom. Windows go in outer walls, as large as the floor area asks for.
"""

import heapq

from housebrain.house.design import OUTSIDE, Door, Rect, Room, Window
from housebrain.house.rooms import HABITABLE, OPEN_AIR

DOOR_FT = 3.0
BATH_DOOR_FT = 2.5
# Glass area per floor area: 1/6 satisfies the strictest ruleset here (NBC 2016, warm-humid).
GLAZING_SHARE = 1 / 6
WINDOW_HEIGHT_FT, SILL_FT = 4.5, 3.0
SMALL_WINDOW_HEIGHT_FT, SMALL_SILL_FT = 2.0, 5.5
CORNER_FT = 0.5  # kept free at both ends of a wall
SMALL_WINDOWED = frozenset({"bathroom", "utility", "laundry", "store", "pooja", "stairs", "corridor"})

# How awkward it is to enter a room of the second kind through one of the first; the rest is DEFAULT.
_PASSAGES = ("corridor", "stairs")
_DEAD_ENDS = frozenset({"bathroom", "balcony", "store", "utility", "laundry", "pooja", "garage"})
_AWKWARDNESS = {
    ("living_room", "dining_room"): 2,
    ("living_room", "kitchen"): 3,
    ("dining_room", "kitchen"): 2,
    ("living_room", "balcony"): 2,
    ("living_room", "terrace"): 2,
    ("master_bedroom", "bathroom"): 2,
    ("master_bedroom", "balcony"): 2,
    ("bedroom", "bathroom"): 3,
    ("bedroom", "balcony"): 3,
    ("guest_room", "bathroom"): 3,
    ("kitchen", "utility"): 2,
    ("kitchen", "store"): 2,
}
_DEFAULT_AWKWARDNESS = 8

_ENTRANCE_ORDER = ("corridor", "living_room", "family_room", "dining_room", "stairs")


def awkwardness(through: str, room: str) -> int | None:
    """How awkward it is to enter a `room` through a room of type `through`; None where nobody would."""
    if through in _DEAD_ENDS:
        return None
    if through in _PASSAGES:
        return 1
    return _AWKWARDNESS.get((through, room), _DEFAULT_AWKWARDNESS)


def shared_wall(a: Rect, b: Rect) -> tuple[str, float, float, int] | None:
    """The wall between two rooms: its direction, its middle and its length in feet; None if they don't touch."""
    if a.x + a.w == b.x or b.x + b.w == a.x:
        low, high = max(a.y, b.y), min(a.y + a.d, b.y + b.d)
        if high > low:
            return "y", float(max(a.x, b.x)), (low + high) / 2, high - low
    elif a.y + a.d == b.y or b.y + b.d == a.y:
        low, high = max(a.x, b.x), min(a.x + a.w, b.x + b.w)
        if high > low:
            return "x", (low + high) / 2, float(max(a.y, b.y)), high - low
    return None


def entrance_room(rooms: tuple[Room, ...], footprint: Rect) -> Room | None:
    """The room on the street side that is entered from outside: the hall, else the living room, else as it comes."""
    front = [room for room in rooms if room.y == footprint.y and room.w >= DOOR_FT and room.type not in _DEAD_ENDS]
    rank = {room_type: index for index, room_type in enumerate(_ENTRANCE_ORDER)}
    return min(front, key=lambda room: rank.get(room.type, len(rank)), default=None)


def place_doors(rooms: tuple[Room, ...], footprint: Rect, is_ground: bool) -> tuple[Door, ...]:
    """Doors of one level: from the entrance on the ground floor, from the stairs above, by least total awkwardness.

    Rooms that can't be reached get no door; `check.violations` names them.
    """
    root = (
        entrance_room(rooms, footprint) if is_ground else next((room for room in rooms if room.type == "stairs"), None)
    )
    if root is None:
        return ()
    doors = []
    if is_ground:
        middle = root.x + root.w / 2
        doors.append(Door(a=root.name, b=OUTSIDE, x=middle, y=float(root.y), along="x", width_ft=DOOR_FT))
    # Prim's algorithm over the walls wide enough for a door, most convenient first; ties by the rooms' order.
    index = {id(room): number for number, room in enumerate(rooms)}
    reached = {index[id(root)]}
    frontier: list[tuple[int, int, int, str, float, float]] = []

    def open_up(source: Room) -> None:
        for number, room in enumerate(rooms):
            if number in reached:
                continue
            cost = awkwardness(source.type, room.type)
            if cost is None:
                continue
            wall = shared_wall(source, room)
            if wall is not None and wall[3] >= DOOR_FT:
                heapq.heappush(frontier, (cost, index[id(source)], number, wall[0], wall[1], wall[2]))

    open_up(root)
    while frontier:
        _, source, number, along, x, y = heapq.heappop(frontier)
        if number in reached:
            continue
        reached.add(number)
        room = rooms[number]
        width_ft = BATH_DOOR_FT if room.type == "bathroom" else DOOR_FT
        doors.append(Door(a=rooms[source].name, b=room.name, x=x, y=y, along=along, width_ft=width_ft))
        open_up(room)
    return tuple(doors)


def outer_walls(room: Rect, footprint: Rect) -> list[tuple[str, float, float, int]]:
    """The room's walls on the outline of the house, longest first: direction, middle, length in feet."""
    walls: list[tuple[str, float, float, int]] = []
    if room.y == footprint.y:
        walls.append(("x", room.x + room.w / 2, float(room.y), room.w))
    if room.y + room.d == footprint.y + footprint.d:
        walls.append(("x", room.x + room.w / 2, float(room.y + room.d), room.w))
    if room.x == footprint.x:
        walls.append(("y", float(room.x), room.y + room.d / 2, room.d))
    if room.x + room.w == footprint.x + footprint.w:
        walls.append(("y", float(room.x + room.w), room.y + room.d / 2, room.d))
    walls.sort(key=lambda wall: -wall[3])
    return walls


def place_windows(rooms: tuple[Room, ...], footprint: Rect, entrance: str | None) -> tuple[Window, ...]:
    """Windows of one level: each room with an outer wall gets the glass its floor area asks for, as far as it fits.

    The wall of the `entrance` door keeps half its length for the door.
    """
    windows = []
    for room in rooms:
        if room.type in OPEN_AIR:
            continue
        small = room.type in SMALL_WINDOWED
        height_ft, sill_ft = (SMALL_WINDOW_HEIGHT_FT, SMALL_SILL_FT) if small else (WINDOW_HEIGHT_FT, SILL_FT)
        wanted_sqft = 4.0 if small else room.area_sqft * GLAZING_SHARE
        for along, x, y, wall_ft in outer_walls(room, footprint):
            if room.name == entrance and along == "x" and y == footprint.y:
                # The door stands in the middle; the window takes the right-hand part.
                x += (wall_ft + DOOR_FT) / 4
                wall_ft = (wall_ft - DOOR_FT) / 2  # type: ignore[assignment]
            # Rounded up to a tenth of a foot, so that rounding never costs the required area.
            width_ft = min(-(-wanted_sqft / height_ft * 10 // 1) / 10, wall_ft - 2 * CORNER_FT)
            if width_ft < 1.0:
                continue
            windows.append(
                Window(room=room.name, x=x, y=y, along=along, width_ft=width_ft, height_ft=height_ft, sill_ft=sill_ft)
            )
            wanted_sqft -= width_ft * height_ft
            if wanted_sqft <= 0.01:
                break
    return tuple(windows)


def needs_window(room: Room) -> bool:
    """Whether the codes want daylight in the room."""
    return room.type in HABITABLE or room.type == "kitchen"
