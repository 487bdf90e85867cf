"""A draft's rooms, with those that it lacks, read into slicing trees of the brief's size: where the search begins."""

from collections.abc import Iterator
from itertools import islice
from math import dist
from typing import Any, NamedTuple

from housebrain.answering.mending.arrange import Leaf, arrange
from housebrain.answering.mending.draft import Box, Change, Draft, DraftRoom
from housebrain.answering.mending.edits import SIDES, beside, placed
from housebrain.answering.mending.gaps import gaps
from housebrain.answering.mending.matching import Matched
from housebrain.house.brief import Brief, WantedRoom
from housebrain.house.rooms import SHORT_NAMES
from housebrain.house.units import GRID_FT
from housebrain.rules.limits import STAIRS_LONG_FT, STAIRS_SHORT_FT

MOST_LEAVES = 40  # of a level; a house of 20 rooms has about 25
MOST_MISSING = 15  # rooms without a gap for them; the search's time grows with the cube of the rooms of a level
STARTS = 8  # ways to put missing rooms in
WIDE_FT = 9.0  # a gap wider than this was no hall
# Beside what a missing room is put, best first.
_HOSTS: dict[str, tuple[str, ...]] = {
    "bath": ("hall", "master", "bed", "utility", "living"),
    "utility": ("kitchen", "bath", "hall"),
    "laundry": ("kitchen", "utility", "bath", "hall"),
    "store": ("kitchen", "utility", "hall"),
    "pooja": ("living", "dining", "hall"),
    "dining": ("kitchen", "living"),
    "kitchen": ("dining", "living", "utility"),
    "living": ("dining", "hall", "kitchen"),
    "garage": ("living", "utility", "hall"),
    "balcony": ("bed", "master", "living", "family"),
}
_HOSTS_ELSE = ("hall", "bed", "master", "living", "bath")


class Starts(NamedTuple):
    """Arrangements to begin with, each a tree a level with cuts in feet; their size; and what was added for them."""

    trees: list[list[Any]]
    size: tuple[float, float]
    added: list[Change]


def starts_of(draft: Draft, matched: Matched, brief: Brief) -> Starts | None:
    """The arrangements that a draft suggests, the likeliest first.

    None where a level has no room or is all shreds, or where most of the house is missing.
    """
    if any(all(room.kind == "stairs" for room in level.values()) for level in matched.levels):
        return None
    width_ft, depth_ft = brief.envelope_ft
    size = min(max(draft.size[0], GRID_FT), width_ft), min(max(draft.size[1], GRID_FT), depth_ft)
    levels, added = _with_stairs(matched.levels, draft.size, brief)
    leaves = [_leaves(level, draft.size, size) for level in levels]
    if max(map(len, leaves)) > MOST_LEAVES:
        return None
    missing = _into_gaps(leaves, matched.missing, size)
    if len(missing) > MOST_MISSING:
        return None
    trees = _filled([arrange(one) for one in leaves], missing, size)
    return Starts(
        trees, size, [*added, *(Change("added", room.name, "the draft has none") for room in matched.missing)]
    )


def _into_gaps(leaves: list[list[Leaf]], missing: list[WantedRoom], size: tuple[float, float]) -> list[WantedRoom]:
    """Puts missing rooms into gaps of about their size, and halls into those of levels without; returns the others."""
    empty = [(number, box) for number, level in enumerate(leaves) for box in gaps([leaf.box for leaf in level], size)]
    left = []
    for room in sorted(missing, key=lambda room: -room.min_area_sqft):
        fits = [spot for spot in empty if room.min_area_sqft / 2 < spot[1][2] * spot[1][3] < 2 * room.min_area_sqft]
        if not fits:
            left.append(room)
            continue
        spot = min(fits, key=lambda spot: abs(spot[1][2] * spot[1][3] - room.min_area_sqft))
        empty.remove(spot)
        leaves[spot[0]].append(Leaf(room.name, spot[1]))
    for number in [number for number, level in enumerate(leaves) if not any(leaf.name == "hall" for leaf in level)]:
        leaves[number] += [Leaf("hall", box) for at, box in empty if at == number and min(box[2], box[3]) < WIDE_FT]
    return left


def _with_stairs(
    levels: list[dict[str, DraftRoom]], size: tuple[float, float], brief: Brief
) -> tuple[list[dict[str, DraftRoom]], list[Change]]:
    """The levels with stairs at one place in all of them: where most have them, or at the left wall where none has."""
    if brief.floors == 1:
        return levels, []
    drawn = [_bounds(level["stairs"].boxes) for level in levels if "stairs" in level]
    wide, deep = (STAIRS_SHORT_FT, STAIRS_LONG_FT) if size[0] < size[1] else (STAIRS_LONG_FT, STAIRS_SHORT_FT)
    at_side = (0.0, max(0.0, (size[1] - deep) / 2), wide, deep)
    box = min(drawn, key=lambda one: sum(dist(one, other) for other in drawn), default=at_side)
    changes = [
        Change("added", "stairs", f"level {number} has none")
        for number, level in enumerate(levels)
        if "stairs" not in level
    ]
    return [level | {"stairs": DraftRoom(number, "stairs", "stairs", (box,))} for number, level in enumerate(levels)], (
        changes
    )


def _bounds(boxes: tuple[Box, ...]) -> Box:
    x, y = min(box[0] for box in boxes), min(box[1] for box in boxes)
    return x, y, max(box[0] + box[2] for box in boxes) - x, max(box[1] + box[3] for box in boxes) - y


def _leaves(level: dict[str, DraftRoom], drawn: tuple[float, float], size: tuple[float, float]) -> list[Leaf]:
    """A level's boxes as they should come: made smaller with the house where that must be, none outside of it."""
    found = []
    for name, room in level.items():
        kind = "hall" if room.kind == "hall" else name
        for box in room.boxes:
            sides: list[float] = []
            for axis in (0, 1):
                scale = min(1.0, size[axis] / drawn[axis])
                side = min(max(box[axis + 2] * scale, GRID_FT), size[axis])
                sides += [min(max(box[axis] * scale, 0.0), size[axis] - side), side]
            found.append(Leaf(kind, (sides[0], sides[2], sides[1], sides[3])))
    return found


def _filled(trees: list[Any], missing: list[WantedRoom], size: tuple[float, float]) -> list[list[Any]]:
    """The trees with missing rooms put beside rooms they belong to: some ways to do so, the likeliest first."""
    ways = [trees]
    for room in sorted(missing, key=lambda room: -room.min_area_sqft):
        ways = [
            [*one[:index], tree, *one[index + 1 :]]
            for one in ways
            for index, tree in islice(_added(one, room, size), STARTS if len(ways) == 1 else 2)
        ][:STARTS]
    return ways


def _added(trees: list[Any], room: WantedRoom, size: tuple[float, float]) -> Iterator[tuple[int, Any]]:
    """The trees of one level with a room added: beside what it belongs to, on the emptiest level first."""
    kind = SHORT_NAMES[room.type]
    hosts = _HOSTS.get(kind, _HOSTS_ELSE)
    order = sorted(range(len(trees)), key=lambda index: (kind == "garage" and index > 0, len(repr(trees[index]))))
    spots = []
    for rank, index in enumerate(order):
        for leaf in placed(trees[index], (0.0, 0.0, *size)):
            beside_ = leaf.name.rstrip("0123456789")
            if beside_ != "stairs":
                belongs = hosts.index(beside_) if beside_ in hosts else len(hosts)
                spots.append((belongs, rank, -leaf.area, index, leaf))
    for *_, index, leaf in sorted(spots):
        for side in SIDES:
            yield index, beside(trees[index], leaf, room.name, room.min_area_sqft, side)
