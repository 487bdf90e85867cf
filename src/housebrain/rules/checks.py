"""Whether a design holds together, and how much of its brief it meets. Both look at the geometry alone."""

from collections import Counter
from typing import NamedTuple

from housebrain.house.brief import Brief
from housebrain.house.design import OUTSIDE, Design, Level, Rect, lacking
from housebrain.house.rooms import ADDED, DAYLIT
from housebrain.house.units import GRID_FT
from housebrain.rules.limits import STAIRS_LONG_FT, STAIRS_SHORT_FT
from housebrain.rules.walls import hangs_together
from housebrain.rules.windows import glazed_doors


class Violation(NamedTuple):
    """What is wrong (`kind`), where (level or room), and in words."""

    kind: str
    where: str
    detail: str


def overlaps(level: Level) -> list[tuple[str, str]]:
    """The pairs of rooms of a level that overlap; a room may also overlap itself."""
    boxes = [(room.name, box.x, box.y, box.right, box.rear) for room in level.rooms for box in room.boxes]
    pairs = [
        (a, b)
        for i, (a, x, y, right, rear) in enumerate(boxes)
        for b, x2, y2, right2, rear2 in boxes[i + 1 :]
        if x < right2 and x2 < right and y < rear2 and y2 < rear
    ]
    return list(dict.fromkeys(pairs))


def unreachable(design: Design, index: int) -> list[str]:
    """The rooms of level `index` to which no chain of doors leads from the entrance, or from the stairs above it."""
    level = design.levels[index]
    names = [room.name for room in level.rooms]
    if index == 0:
        reached = {door.a for door in level.doors if door.b == OUTSIDE}
    else:
        reached = {room.name for room in level.rooms if room.type == "stairs"}
    pending = [(door.a, door.b) for door in level.doors if door.b != OUTSIDE]
    grew = True
    while grew:
        grew = False
        for a, b in pending:
            if (a in reached) != (b in reached):
                reached |= {a, b}
                grew = True
    return [name for name in names if name not in reached]


def _inside(box: Rect, other: Rect) -> bool:
    return box.x >= other.x and box.y >= other.y and box.right <= other.right and box.rear <= other.rear


def _berths(brief: Brief) -> list[Rect]:
    """The rectangles of the envelope in which a house may stand, in feet."""
    return [Rect(x=berth.x * GRID_FT, y=0, w=berth.w * GRID_FT, d=berth.d * GRID_FT) for berth in brief.berths]


def _dark(level: Level) -> list[str]:
    """The rooms to live in that have neither a window nor a glazed door."""
    lit = {window.room for window in level.windows} | set(glazed_doors(level.rooms, level.doors))
    return [room.name for room in level.rooms if room.type in DAYLIT and room.name not in lit]


def _stairs_violations(design: Design) -> list[Violation]:
    if len(design.levels) == 1:
        return []
    found = []
    places = set()
    for index, level in enumerate(design.levels):
        stairs = [room for room in level.rooms if room.type == "stairs"]
        if len(stairs) != 1:
            found.append(Violation("stairs", f"level {index}", f"{len(stairs)} stairs where one is needed"))
            continue
        places.add(stairs[0].boxes)
        box = stairs[0].main
        short, long = sorted((box.w, box.d))
        if len(stairs[0].boxes) > 1:
            found.append(Violation("stairs", f"level {index}", "the stairs are no rectangle"))
        elif short < STAIRS_SHORT_FT or long < STAIRS_LONG_FT:
            found.append(
                Violation(
                    "stairs", f"level {index}", f"{short:g} x {long:g} ft is too small for two flights and a landing"
                )
            )
    if len(places) > 1:
        found.append(Violation("stairs", "house", "the stairs stand in different places on different levels"))
    return found


def violations(design: Design, brief: Brief) -> list[Violation]:
    """Everything that makes a design invalid for its brief; an empty list for a valid one.

    Kinds: `floors`, `outside` (of the envelope or the footprint), `overlap`, `gap`, `apart` (the boxes of a room don't
    hang together), `missing_room`, `extra_room`, `wrong_type` (a room of that name is of another kind), `undersized`,
    `unreachable`, `dark` (no daylight where people live), `party_wall` (a window or a door in it, or the house
    away from it), `stairs`.
    """
    found = []
    if len(design.levels) != brief.floors:
        found.append(Violation("floors", "house", f"{len(design.levels)} levels where {brief.floors} are asked for"))
    print_ = design.footprint
    berths = _berths(brief)
    walled = {side: print_.x if side == "left" else print_.right for side in brief.plot.party_walls or ()}
    if brief.plot.land.form == "rectangle" and berths:
        found += [
            Violation("party_wall", "house", f"it does not stand at its party wall at the {side}")
            for side, at in walled.items()
            if at != (berths[0].x if side == "left" else berths[0].right)
        ]
    boxes = [[box for room in level.rooms for box in room.boxes] for level in design.levels]
    corners: set[Rect | None] = {None}
    if not any(_inside(print_, berth) for berth in berths):
        # It may still turn round the corner that the plot lacks: then all levels lack the same.
        corners = {lacking(print_, own) for own in boxes}
        beyond = any(not any(_inside(box, berth) for berth in berths) for own in boxes for box in own)
        if None in corners or len(corners) > 1 or beyond:
            size = f"{print_.w:g} x {print_.d:g} ft"
            held = " or ".join(f"{berth.w:g} x {berth.d:g} ft" for berth in berths)
            found.append(Violation("outside", "house", f"{size} is over the {held} envelope"))
    for index, level in enumerate(design.levels):
        where = f"level {index}"
        for room in level.rooms:
            if not _inside(room.bounds, print_):
                found.append(Violation("outside", room.name, "the room reaches over the footprint"))
            if not hangs_together(room.boxes):
                found.append(Violation("apart", room.name, "the parts of the room don't hang together"))
        clashes = overlaps(level)
        found += [Violation("overlap", f"{a}, {b}", "the rooms overlap") for a, b in clashes]
        if not clashes and corners == {None} and sum(room.area_sqft for room in level.rooms) < print_.area_sqft:
            found.append(Violation("gap", where, "part of the footprint belongs to no room"))
        found += [
            Violation("unreachable", name, "no chain of doors leads there") for name in unreachable(design, index)
        ]
        found += [Violation("dark", name, "no daylight reaches the room") for name in _dark(level)]
        found += [
            Violation("party_wall", window.room, f"its window at {window.x:g}, {window.y:g} is in a neighbour's wall")
            for window in level.windows
            if window.along == "y" and window.x in walled.values()
        ]
        found += [
            Violation("party_wall", door.a, f"its street door at {door.x:g}, {door.y:g} is in a neighbour's wall")
            for door in level.doors
            if door.b == OUTSIDE and door.along == "y" and door.x in walled.values()
        ]
    found += _stairs_violations(design)
    counts = Counter(room.name for level in design.levels for room in level.rooms if room.type not in ADDED)
    rooms = design.wanted_rooms
    for name, room_type, min_area_sqft in brief.wanted_rooms:
        number = counts.pop(name, 0)
        if not number:
            found.append(Violation("missing_room", name, f"the {room_type} is missing"))
            continue
        if number > 1:
            found.append(Violation("extra_room", name, f"there are {number} of it"))
        if rooms[name].type != room_type:
            found.append(Violation("wrong_type", name, f"it is a {rooms[name].type} where a {room_type} is asked for"))
        if rooms[name].area_sqft < min_area_sqft:
            found.append(
                Violation("undersized", name, f"{rooms[name].area_sqft:g} sqft where {min_area_sqft:g} is asked for")
            )
    found += [Violation("extra_room", name, "the brief has no such room") for name in counts]
    return found


def requirements(design: Design, brief: Brief) -> dict[str, bool]:
    """Each thing that the brief asks for, and whether the design has it.

    `floors`, `envelope`, `budget` (met, or nothing cheaper than `basic`, or than what the brief chose, could be had),
    `room:NAME` (there is exactly one, of its kind, all of it in one place, it does not overlap another and can be
    reached) and `area:NAME` (it is as large as asked for).
    """
    wrong: dict[str, set[str]] = {}
    for violation in violations(design, brief):
        for name in violation.where.split(", "):
            wrong.setdefault(name, set()).add(violation.kind)
    house = wrong.get("house", set())
    met = {
        "floors": "floors" not in house,
        "envelope": "outside" not in house,
        "budget": design.cost.total_usd <= brief.budget_usd
        or design.quality in ("basic", brief.choices.get("quality")),
    }
    for room in brief.wanted_rooms:
        kinds = wrong.get(room.name, set())
        met[f"room:{room.name}"] = not kinds & {
            "missing_room",
            "extra_room",
            "wrong_type",
            "overlap",
            "unreachable",
            "outside",
            "apart",
        }
        met[f"area:{room.name}"] = not kinds & {"missing_room", "undersized"}
    return met
