"""Openings in walls: doors with their leaves, ways without one, gates and windows."""

from collections.abc import Sequence
from dataclasses import replace

from housebrain.drawing.elements import EXACT_FT, SOLID, Leaf, Opening, Wall
from housebrain.drawing.sweeps import apart, inside, moved
from housebrain.drawing.walls import Placed, Run
from housebrain.house.design import OUTSIDE, Door, Rect, Window
from housebrain.house.rooms import OPEN_AIR

LEAF_FT = 4.0  # a wider way from the street is a gate
PAIR_FT = 3.5  # a wider glazed door has two leaves
DOOR_HEAD_FT, WAY_HEAD_FT, GATE_HEAD_FT = 7.0, 8.0, 7.5
NIB_FT = 0.3  # a piece of wall beside a way that is too short to be built


def opened(
    found: Sequence[Run], rooms: Sequence[Placed], doors: Sequence[Door], windows: Sequence[Window]
) -> tuple[Wall, ...]:
    """The walls with their openings. What lies in no wall of its direction, as in a broken design, is left out."""
    types = {room.name: room.type for room in rooms}
    boxes = {room.name: room.boxes for room in rooms}
    walls = []
    for run in found:
        wall = run.wall
        openings = [_door(door, run, types, boxes) for door in doors if _lies_in(door, wall)]
        if wall.kind in SOLID:
            openings += [_window(window, wall) for window in windows if _lies_in(window, wall)]
        elif openings:
            openings = [replace(opening, kind="way", leaves=(), head=wall.height) for opening in openings]
        walls.append(replace(wall, openings=tuple(sorted(openings, key=lambda opening: opening.start))))
    return apart([_through_joints(wall, walls) for wall in walls], types, boxes)


def _through_joints(wall: Wall, walls: Sequence[Wall]) -> Wall:
    """The wall with ways that take the joint at its end with them, where the wall that it meets is open there too.

    Else half a post would be left in the middle of what is open all around.
    """
    axis = 0 if wall.along == "x" else 1
    openings = []
    for opening in wall.openings:
        low, high = opening.start[axis], opening.end[axis]
        met = [] if opening.kind != "way" else [one for one in walls if one.along != wall.along and one.kind in SOLID]
        for other in met:
            if other.is_open_at(wall.at, wall.thickness):
                if abs(other.at - low) < EXACT_FT and low - wall.low < other.thickness:
                    low = wall.low
                if abs(other.at - high) < EXACT_FT and wall.high - high < other.thickness:
                    high = wall.high
        openings.append(_spanning(opening, low, high))
    return replace(wall, openings=tuple(openings))


def _lies_in(opening: Door | Window, wall: Wall) -> bool:
    at, middle = (opening.y, opening.x) if opening.along == "x" else (opening.x, opening.y)
    half = opening.width_ft / 2
    return (
        opening.along == wall.along
        and at == wall.at
        and wall.low < middle < wall.high
        and wall.low <= middle - half + EXACT_FT
        and middle + half - EXACT_FT <= wall.high
    )


def _window(window: Window, wall: Wall) -> Opening:
    head = window.sill_ft + window.height_ft
    rooms = (OUTSIDE, window.room) if wall.outward <= 0 else (window.room, OUTSIDE)
    return Opening("window", window.x, window.y, window.along, window.width_ft, window.sill_ft, head, rooms)


def _door(door: Door, run: Run, types: dict[str, str], boxes: dict[str, tuple[Rect, ...]]) -> Opening:
    entered = door.a if door.b == OUTSIDE else door.b
    rooms = (door.b, door.a) if door.b == OUTSIDE else (door.a, door.b)
    opening = Opening("door", door.x, door.y, door.along, door.width_ft, 0.0, DOOR_HEAD_FT, rooms)
    if door.b == OUTSIDE and (door.open or door.width_ft > LEAF_FT):
        return replace(opening, kind="gate", head=GATE_HEAD_FT)
    if door.open:
        return _to_corners(replace(opening, kind="way", head=WAY_HEAD_FT), run.corners)
    glazed = any(types.get(name) in OPEN_AIR for name in rooms)
    leaves = _leaves(opening, boxes.get(entered, ()), glazed and door.width_ft > PAIR_FT)
    return replace(opening, kind="glazed" if glazed else "door", leaves=leaves, entrance=door.b == OUTSIDE)


def _to_corners(way: Opening, corners: tuple[float, ...]) -> Opening:
    """A way without the nibs that would be left between it and the walls at its ends."""
    low, high = (end[0 if way.along == "x" else 1] for end in (way.start, way.end))
    low = next((corner for corner in corners if 0 < low - corner <= NIB_FT), low)
    high = next((corner for corner in corners if 0 < corner - high <= NIB_FT), high)
    return _spanning(way, low, high)


def _spanning(opening: Opening, low: float, high: float) -> Opening:
    middle = (low + high) / 2
    x, y = (middle, opening.y) if opening.along == "x" else (opening.x, middle)
    return replace(opening, x=x, y=y, width=high - low)


def _leaves(door: Opening, entered: tuple[Rect, ...], pair: bool) -> tuple[Leaf, ...]:
    """They open into the room that is entered; a single one stands open towards the nearer corner of that room."""
    side, room_low, room_high = inside(door, entered)
    start, end = door.start, door.end
    if pair:
        middle = (door.x, door.y)
        half = door.width / 2 * side
        return (
            Leaf(start, middle, moved(start, door.along, half)),
            Leaf(end, middle, moved(end, door.along, half)),
        )
    low, high = (end[0 if door.along == "x" else 1] for end in (start, end))
    hinge, free = (start, end) if low - room_low <= room_high - high else (end, start)
    return (Leaf(hinge, free, moved(hinge, door.along, door.width * side)),)
