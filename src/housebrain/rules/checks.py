"""Whether a design holds together, and how much of its brief it meets. Both look at the geometry alone."""

from collections import Counter
from typing import NamedTuple

from housebrain.house.brief import Brief
from housebrain.house.design import OUTSIDE, Design, Level, Room
from housebrain.house.rooms import CIRCULATION
from housebrain.rules.limits import STAIRS_LONG_FT, STAIRS_SHORT_FT


class Violation(NamedTuple):
    """What is wrong (`kind`), where (level or room), and in words."""

    kind: str
    where: str
    detail: str


def overlap(a: Room, b: Room) -> bool:
    """Whether two rooms share more than a wall."""
    return a.x < b.x + b.w and b.x < a.x + a.w and a.y < b.y + b.d and b.y < a.y + a.d


def overlaps(level: Level) -> list[tuple[str, str]]:
    """The pairs of rooms of a level that overlap."""
    rooms = level.rooms
    return [(a.name, b.name) for i, a in enumerate(rooms) for b in rooms[i + 1 :] if overlap(a, b)]


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
        places.add((stairs[0].x, stairs[0].y, stairs[0].w, stairs[0].d))
        short, long = sorted((stairs[0].w, stairs[0].d))
        if short < STAIRS_SHORT_FT or long < STAIRS_LONG_FT:
            found.append(
                Violation("stairs", f"level {index}", f"{short} x {long} ft is too small for two flights and a landing")
            )
    if len(places) > 1:
        found.append(Violation("stairs", "house", "the stairs stand in different places on different levels"))
    return found


def violations(design: Design, brief: Brief) -> list[Violation]:
    """Everything that makes a design invalid for its brief; an empty list for a valid one.

    Kinds: `floors`, `outside` (of the envelope or the footprint), `overlap`, `gap`, `missing_room`, `extra_room`,
    `undersized`, `unreachable`, `stairs`.
    """
    found = []
    if len(design.levels) != brief.floors:
        found.append(Violation("floors", "house", f"{len(design.levels)} levels where {brief.floors} are asked for"))
    print_, (width_ft, depth_ft) = design.footprint, brief.envelope_ft
    if print_.x + print_.w > width_ft or print_.y + print_.d > depth_ft:
        found.append(
            Violation("outside", "house", f"{print_.w} x {print_.d} ft is over the {width_ft} x {depth_ft} ft envelope")
        )
    for index, level in enumerate(design.levels):
        where = f"level {index}"
        for room in level.rooms:
            if (
                room.x < print_.x
                or room.y < print_.y
                or room.x + room.w > print_.x + print_.w
                or room.y + room.d > print_.y + print_.d
            ):
                found.append(Violation("outside", room.name, "the room reaches over the footprint"))
        clashes = overlaps(level)
        found += [Violation("overlap", f"{a}, {b}", "the rooms overlap") for a, b in clashes]
        if not clashes and sum(room.area_sqft for room in level.rooms) < print_.area_sqft:
            found.append(Violation("gap", where, "part of the footprint belongs to no room"))
        found += [
            Violation("unreachable", name, "no chain of doors leads there") for name in unreachable(design, index)
        ]
        names = Counter(room.name for room in level.rooms if room.type in CIRCULATION)
        found += [Violation("extra_room", name, f"{n} of them on {where}") for name, n in names.items() if n > 1]
    found += _stairs_violations(design)
    counts = Counter(room.name for level in design.levels for room in level.rooms if room.type not in CIRCULATION)
    rooms = design.wanted_rooms
    for name, room_type, min_area_sqft in brief.wanted_rooms:
        number = counts.pop(name, 0)
        if not number:
            found.append(Violation("missing_room", name, f"the {room_type} is missing"))
            continue
        if number > 1:
            found.append(Violation("extra_room", name, f"there are {number} of it"))
        if rooms[name].area_sqft < min_area_sqft:
            found.append(
                Violation("undersized", name, f"{rooms[name].area_sqft} sqft where {min_area_sqft:g} is asked for")
            )
    found += [Violation("extra_room", name, "the brief has no such room") for name in counts]
    return found


def requirements(design: Design, brief: Brief) -> dict[str, bool]:
    """Each thing that the brief asks for, and whether the design has it.

    `floors`, `envelope`, `budget` (met, or nothing cheaper than `basic` could be had), `room:NAME` (there is exactly
    one, it does not overlap another and can be reached) and `area:NAME` (it is as large as asked for).
    """
    wrong: dict[str, set[str]] = {}
    for violation in violations(design, brief):
        for name in violation.where.split(", "):
            wrong.setdefault(name, set()).add(violation.kind)
    house = wrong.get("house", set())
    met = {
        "floors": "floors" not in house,
        "envelope": "outside" not in house,
        "budget": design.cost.total_usd <= brief.budget_usd or design.quality == "basic",
    }
    for room in brief.wanted_rooms:
        kinds = wrong.get(room.name, set())
        met[f"room:{room.name}"] = not kinds & {"missing_room", "extra_room", "overlap", "unreachable", "outside"}
        met[f"area:{room.name}"] = not kinds & {"missing_room", "undersized"}
    return met
