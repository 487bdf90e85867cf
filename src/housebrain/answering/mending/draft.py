"""Whatever a model or a person wrote as a house, read as rooms with rectangles; never raises.

A draft may be a design's JSON, an answer in either codec, or the text of one, with wrong sizes, overlaps, unknown rooms
and what not. What can't be used is left out and named.
"""

import json
import math
from typing import Any, NamedTuple

from housebrain.dataset.v5 import room_type
from housebrain.house.design import Design
from housebrain.house.rooms import SHORT_NAMES, type_of
from housebrain.house.units import GRID_FT
from housebrain.solver.house import Infeasible

Box = tuple[float, float, float, float]  # x, y, width, depth in feet

MAX_LEVELS, MAX_ROOMS = 12, 60  # of a draft; more than that is no house
MAX_DEPTH = 60  # of a tree
UNKNOWN = ""  # the kind of a room that is called by no known name
LEAST_FT, FAR_FT = 0.05, 1e4  # no room is smaller, no house reaches farther
_SIDES = {"w": ("w", "width", "width_ft"), "d": ("d", "depth", "length", "h", "height", "depth_ft", "length_ft")}


class Change(NamedTuple):
    """One thing that was changed, or could not be used: a slug, the room or level it is about, and a sentence."""

    kind: str
    where: str
    detail: str


class DraftRoom(NamedTuple):
    """A room as drawn: level, name, kind (a type's short name, or UNKNOWN) and boxes; none where it has no place."""

    level: int
    name: str
    kind: str
    boxes: tuple[Box, ...]

    @property
    def area(self) -> float:
        return sum(w * d for _, _, w, d in self.boxes)

    @property
    def middle(self) -> tuple[float, float]:
        """The centre of its area."""
        area = self.area
        x = sum(w * d * (x + w / 2) for x, _, w, d in self.boxes) / area
        y = sum(w * d * (y + d / 2) for _, y, w, d in self.boxes) / area
        return x, y


class Draft(NamedTuple):
    """A draft's rooms, its width and depth, and what of it could not be used. The front left corner is at 0, 0."""

    levels: int
    rooms: list[DraftRoom]
    size: tuple[float, float]
    notes: list[Change]


def read_draft(value: Any) -> Draft | Infeasible:
    """Reads a draft; or says why there is nothing to read."""
    content = _content(value)
    if isinstance(content, Infeasible):
        return content
    levels = content.get("levels")
    if not isinstance(levels, list | tuple) or not levels:
        return Infeasible("no_levels", "a design needs `levels`, a list with the rooms of each floor")
    if len(levels) > MAX_LEVELS:
        return Infeasible("too_large", f"{len(levels)} levels are too many to be a house: {MAX_LEVELS} at most")
    reader = _Reader()
    answer = "size" in content
    size = _size(content["size"], GRID_FT) if answer else _footprint(content.get("footprint"))
    for number, level in enumerate(levels):
        reader.read_level(number, level, size)
        if reader.full:
            return Infeasible("too_large", f"level {number} has more than {MAX_ROOMS} rooms")
    if not any(room.boxes for room in reader.rooms):
        return Infeasible("no_rooms", "no level has a room with a place, a width and a depth")
    return _framed(len(levels), reader, None if answer else content.get("footprint"), size)


def _content(value: Any) -> dict[str, Any] | Infeasible:
    if isinstance(value, Design):
        return value.model_dump()
    if isinstance(value, bytes | bytearray):
        value = bytes(value).decode("utf-8", "replace")
    if isinstance(value, str):
        text = value
        for part in (text, text[text.find("{") : text.rfind("}") + 1]):  # a model may have written words around it
            try:
                value = json.loads(part)
                break
            except (ValueError, RecursionError):
                continue
        else:
            return Infeasible("no_json", "the text is not JSON")
    if not isinstance(value, dict):
        return Infeasible("no_design", "a design is a JSON object with `levels`")
    return value


def _number(value: Any) -> float | None:
    """A finite number that can be a place in a house; None for anything else."""
    if type(value) not in (int, float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and abs(number) < FAR_FT else None


def _size(value: Any, unit_ft: float) -> tuple[float, float] | None:
    sides = [_number(side) for side in value] if isinstance(value, list | tuple) and len(value) == 2 else []
    if len(sides) == 2 and sides[0] and sides[1] and min(sides[0], sides[1]) > 0:
        return sides[0] * unit_ft, sides[1] * unit_ft
    return None


def _footprint(value: Any) -> tuple[float, float] | None:
    return _size([value.get("w"), value.get("d")], 1.0) if isinstance(value, dict) else None


def _framed(levels: int, reader: "_Reader", footprint: Any, size: tuple[float, float] | None) -> Draft:
    """The draft from its front left corner: of the size that it gives, or of all its rooms where that can't be."""
    boxes = [box for room in reader.rooms for box in room.boxes]
    corner = min(x for x, _, _, _ in boxes), min(y for _, y, _, _ in boxes)
    hull = max(x + w for x, _, w, _ in boxes) - corner[0], max(y + d for _, y, _, d in boxes) - corner[1]
    own = (0.0, 0.0)
    if isinstance(footprint, dict):
        own = _number(footprint.get("x")) or 0.0, _number(footprint.get("y")) or 0.0
    if size is not None and _holds(own, size, boxes) and all(2 * hull[axis] > size[axis] for axis in (0, 1)):
        corner = own
    else:
        size = hull
    rooms = [
        room._replace(boxes=tuple((x - corner[0], y - corner[1], w, d) for x, y, w, d in room.boxes))
        for room in reader.rooms
    ]
    return Draft(levels, rooms, size, reader.notes)


def _holds(corner: tuple[float, float], size: tuple[float, float], boxes: list[Box]) -> bool:
    """Whether most of the boxes have their middle in a rectangle."""
    inside = sum(0 < x + w / 2 - corner[0] < size[0] and 0 < y + d / 2 - corner[1] < size[1] for x, y, w, d in boxes)
    return inside > 0.6 * len(boxes)


class _Reader:
    """Collects rooms; boxes of one name on one level are one room."""

    def __init__(self) -> None:
        self.found: dict[tuple[int, str], DraftRoom] = {}
        self.boxes = 0
        self.notes: list[Change] = []

    @property
    def rooms(self) -> list[DraftRoom]:
        return list(self.found.values())

    @property
    def full(self) -> bool:
        """Whether the level being read has more boxes than a house can have."""
        return self.boxes > MAX_ROOMS

    def note(self, kind: str, where: Any, detail: str) -> None:
        self.notes.append(Change(kind, _plain(where) or "a room", detail))

    def add(self, level: int, name: Any, type_: Any, boxes: list[Box]) -> None:
        label = _plain(name) or _plain(type_) or "a room"
        kind = _kind(name) or _kind(type_) or UNKNOWN
        self.boxes += len(boxes)
        before = self.found.get((level, label))
        if before is not None and before.kind == kind:
            boxes = [*before.boxes, *boxes]
        elif before is not None:
            label = f"{label} ({kind})"
            if (same := self.found.get((level, label))) is not None:
                boxes = [*same.boxes, *boxes]
        self.found[level, label] = DraftRoom(level, label, kind, tuple(boxes))

    def read_level(self, number: int, level: Any, size: tuple[float, float] | None) -> None:
        """Reads a level: `{"rooms": [...]}`, a list of `[name, x, y, w, d]`, or a slicing tree."""
        self.boxes = 0
        if isinstance(level, dict):
            rooms = level.get("rooms")
            for room in rooms if isinstance(rooms, list | tuple) else []:
                if not self.full:
                    self.read_room(number, room)
            return
        wide, deep = size or (40.0, 40.0)
        if isinstance(level, str) or (isinstance(level, list | tuple) and level and level[0] in ("v", "h")):
            self.read_tree(number, level, (0.0, 0.0, wide, deep), 0)
            return
        for room in level if isinstance(level, list | tuple) else []:
            if self.full:
                return
            if isinstance(room, dict):
                self.read_room(number, room)
            elif isinstance(room, list | tuple) and len(room) == 5:
                box = self.read_box(room[0], dict(zip("xywd", room[1:], strict=True)), GRID_FT)
                self.add(number, room[0], None, [] if box is None else [box])
            else:
                self.note("unreadable", f"level {number}", "a room must be [name, x, y, width, depth]: left out")

    def read_room(self, number: int, room: Any) -> None:
        if not isinstance(room, dict):
            self.note("unreadable", f"level {number}", "a room must be an object with name, type and boxes: left out")
            return
        name = room.get("name")
        label = name if isinstance(name, str) else room.get("type")
        parts = room.get("boxes")
        boxes = [self.read_box(label, part, 1.0) for part in (parts if isinstance(parts, list | tuple) else [room])]
        self.add(number, name, room.get("type"), [box for box in boxes if box is not None])

    def read_box(self, label: Any, part: Any, unit_ft: float) -> Box | None:
        """A box in feet; turned over where a side is negative, None where it is none."""
        if not isinstance(part, dict):
            self.note("no_place", label, "it has no box of x, y, w and d")
            return None
        sides = [next((part[name] for name in _SIDES[side] if name in part), None) for side in "wd"]
        numbers = [_number(value) for value in (part.get("x"), part.get("y"), *sides)]
        x, y, w, d = numbers
        if x is None or y is None or w is None or d is None or min(abs(w), abs(d)) * unit_ft < LEAST_FT:
            self.note("no_place", label, "its box has no usable x, y, width and depth")
            return None
        if w < 0 or d < 0:
            self.note("negative", label, f"its sides were {w * unit_ft:g} x {d * unit_ft:g} ft: turned over")
        x, y = min(x, x + w), min(y, y + d)
        return x * unit_ft, y * unit_ft, abs(w) * unit_ft, abs(d) * unit_ft

    def read_tree(self, number: int, node: Any, box: Box, depth: int) -> None:
        """Lays a slicing tree out; cuts that are missing or cut nothing share their box out evenly."""
        if self.full:
            return
        if isinstance(node, str):
            self.add(number, node, None, [box])
            return
        rest = list(node[1:]) if isinstance(node, list | tuple) and depth < MAX_DEPTH else []
        if not rest or node[0] not in ("v", "h"):
            self.note("unreadable", f"level {number}", "a part is neither a room nor a cut: left out")
            return
        cuts: list[float | None]
        if len(rest) % 2 and all(type(cut) in (int, float) for cut in rest[1::2]):
            parts, cuts = rest[0::2], [_number(cut) for cut in rest[1::2]]
        else:
            parts, cuts = [part for part in rest if isinstance(part, str | list | tuple)], []
        axis = 0 if node[0] == "v" else 1
        low, end = box[axis], box[axis] + box[axis + 2]
        for index, part in enumerate(parts):
            cut = cuts[index] if index < len(cuts) else None
            high = end if index == len(parts) - 1 else low + (end - low) / (len(parts) - index)
            if index < len(parts) - 1 and cut is not None and low < cut * GRID_FT < end:
                high = cut * GRID_FT
            inner = list(box)
            inner[axis], inner[axis + 2] = low, high - low
            self.read_tree(number, part, (inner[0], inner[1], inner[2], inner[3]), depth + 1)
            low = high


def _plain(text: Any) -> str:
    """A name as it can be printed, empty where it is none: not endless, no halves of characters."""
    return text[:60].encode("utf-8", "replace").decode() if isinstance(text, str) else ""


def _kind(name: Any) -> str | None:
    """The short name of a room's type, by any of its names: `bed2`, `bedroom`, `Living Room`, `corridor`."""
    if not isinstance(name, str):
        return None
    if name in SHORT_NAMES:
        return SHORT_NAMES[name]
    known = room_type(name)
    if known in SHORT_NAMES:
        return SHORT_NAMES[known]
    plain = "".join(character for character in name.lower() if character.isalnum())
    try:
        return SHORT_NAMES[type_of(plain)]
    except ValueError:
        return None
