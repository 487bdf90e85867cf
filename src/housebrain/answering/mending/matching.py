"""A draft's rooms brought to the brief's: which is which, what is too much, and what is missing."""

from typing import NamedTuple

from housebrain.answering.mending.draft import UNKNOWN, Change, Draft, DraftRoom
from housebrain.house.brief import Brief, WantedRoom
from housebrain.house.rooms import ADDED, SHORT_NAMES

ADDED_KINDS = frozenset(SHORT_NAMES[name] for name in ADDED)
# Rooms that can stand for one another.
_ALIKE = (
    frozenset({"master", "bed", "guest"}),
    frozenset({"living", "family"}),
    frozenset({"utility", "laundry", "store", "pooja"}),
    frozenset({"office", "guest", "family"}),
)


class Matched(NamedTuple):
    """A draft's rooms under the brief's names, level by level; what is missing; and what was changed."""

    levels: list[dict[str, DraftRoom]]
    missing: list[WantedRoom]
    changes: list[Change]


def match(draft: Draft, brief: Brief) -> Matched:
    """Finds a room of the draft for each that the brief asks for: of its name, its type, alike, or of no known type.

    Rooms on levels that the brief doesn't have, or without a place, are missing; what is left over is left out. Halls,
    terraces and the like are kept, and the stairs of a house of several floors.
    """
    changes = list(draft.notes)
    spare = [room for room in draft.rooms if room.boxes and room.level < brief.floors and room.kind not in ADDED_KINDS]
    levels: list[dict[str, DraftRoom]] = [{} for _ in range(brief.floors)]
    waiting = list(brief.wanted_rooms)

    def take(wanted: WantedRoom, room: DraftRoom) -> None:
        spare.remove(room)
        waiting.remove(wanted)
        levels[room.level][wanted.name] = room
        if room.name != wanted.name:
            changes.append(Change("renamed", wanted.name, f"{room.name} is called {wanted.name}"))

    for wanted in brief.wanted_rooms:
        kind = SHORT_NAMES[wanted.type]
        named = [room for room in spare if room.name == wanted.name and room.kind == kind]
        if named:
            take(wanted, max(named, key=lambda room: room.area))
    for suits in (_equal, _alike, _unknown):
        for wanted in sorted(waiting, key=lambda room: -room.min_area_sqft):
            suited = [room for room in spare if suits(room.kind, SHORT_NAMES[wanted.type])]
            if suited:
                take(wanted, min(suited, key=lambda room: abs(room.area - wanted.min_area_sqft)))
    for room in spare:
        why = "nobody knows such a room" if room.kind == UNKNOWN else f"the brief asks for no {room.kind} more"
        changes.append(Change("left_out", room.name, why))
    if draft.levels > brief.floors:
        changes.append(Change("levels", "house", f"{draft.levels} levels, and the brief asks for {brief.floors}"))
    for room in draft.rooms:
        if room.boxes and room.kind in ADDED_KINDS and room.level < brief.floors:
            _keep(room, levels[room.level], brief, changes)
    return Matched(levels, waiting, changes)


def _equal(kind: str, wanted: str) -> bool:
    return kind == wanted


def _alike(kind: str, wanted: str) -> bool:
    return any(kind in group and wanted in group for group in _ALIKE)


def _unknown(kind: str, _: str) -> bool:
    return kind == UNKNOWN


def _keep(room: DraftRoom, level: dict[str, DraftRoom], brief: Brief, changes: list[Change]) -> None:
    """Keeps a space that no brief asks for; stairs only once, and where there is another floor."""
    name = room.kind
    if room.kind == "stairs":
        if brief.floors == 1 or "stairs" in level:
            changes.append(Change("left_out", room.name, f"stairs on level {room.level} that lead nowhere"))
            return
    else:
        number = 2
        while name in level:
            name, number = f"{room.kind}{number}", number + 1
    level[name] = room
