"""What makes an answer one that can be finished into a house, looked at while it is written.

- The stairs of all levels stand in one box.
- A further box of a room has an opening's length of wall in common with an earlier one.
- No part is a sliver: each box has the least sides of its kind, and rooms of one box nearly their area.
- What is missing finds room in what is not written yet.

These are wishes: the grammar prefers what keeps to them, wherever there is something that does.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

from housebrain.house.rooms import SHORT_NAMES
from housebrain.house.units import GRID_FT
from housebrain.language.written import OPEN, Leaf, Written, innermost, wished
from housebrain.rules.limits import DOOR_WALL_FT, STAIRS_LONG_FT, STAIRS_SHORT_FT

STAIRS = SHORT_NAMES["stairs"]
WALL = math.ceil(DOOR_WALL_FT / GRID_FT)  # the least side of a room's box, and of what two boxes of a room share
SHORT, LONG = math.ceil(STAIRS_SHORT_FT / GRID_FT), math.ceil(STAIRS_LONG_FT / GRID_FT)
# Rooms that may reach around a corner with a second box. All others have one, as large as they are asked for.
ANGLED = frozenset(
    SHORT_NAMES[kind]
    for kind in (
        "living_room", "dining_room", "master_bedroom", "bedroom", "guest_room", "family_room", "home_office",
    )
)  # fmt: skip
SIDE_SHARE, BALCONY_SHARE = 0.6, 0.4  # of the root of a room's area: its least side
AREA_SHARE = 0.9  # of its area that a room of one box has
MAIN_SHARE = 0.8  # of its area that the largest box of a room has
# The least side of a room's largest box, as a share of the root of its area.
MAIN_SIDES = {
    "living": 0.68, "dining": 0.69, "kitchen": 0.68, "master": 0.74, "bed": 0.73, "guest": 0.73, "family": 0.7,
    "office": 0.73, "balcony": 0.4,
}  # fmt: skip
MOST_ASPECT = 3.5  # of the house's sides
LEAST_SHARE = 1.02  # of the rooms' areas: what the house has at least

Span = tuple[int, int]


class Space(NamedTuple):
    """A part that is still to be written.

    Attributes:
        spans: from where to where it can reach, along x and y.
        starts: whether it starts where its span does, or anywhere behind.
        lists: the number of the list whose next cut ends it, or `OPEN`.
    """

    spans: tuple[Span, Span]
    starts: tuple[bool, bool]
    lists: tuple[int, int]


class Fitting:
    """The wishes for a brief.

    Args:
        areas: the brief's rooms with the least area of each, in steps by steps.
        floors: how many levels there are.
        stairs_ft: the sides of the box that the brief's building code asks for, where those are more than the least.
    """

    def __init__(
        self, areas: dict[str, float], floors: int, stairs_ft: tuple[float, float] = (STAIRS_SHORT_FT, STAIRS_LONG_FT)
    ) -> None:
        self.areas = areas
        short, long = (math.ceil(side / GRID_FT) for side in stairs_ft)
        self.flights = list(dict.fromkeys([(SHORT, LONG), (LONG, SHORT), (short, long), (long, short)]))
        self.floors = floors
        self.sides = {name: _side(name, area) for name, area in areas.items()}
        self.least_floor = LEAST_SHARE * (sum(areas.values()) / floors + SHORT * LONG * (floors > 1))
        self.least_part = min([WALL, *self.sides.values()])

    def _ends(self, low: Span) -> list[Span]:
        """Where stairs may end that start at a corner."""
        return [(low[0] + wide, low[1] + deep) for wide, deep in self.flights]

    def has_size(self, size: tuple[int, int]) -> bool:
        """Whether a house of a size is none of those that are too small or too narrow."""
        return max(size) <= MOST_ASPECT * min(size) and size[0] * size[1] >= self.least_floor

    def has_width(self, width: int, deepest: int) -> bool:
        """Whether there is such a size of a width, for depths up to one."""
        return self.has_size((width, min(deepest, math.floor(MOST_ASPECT * width))))

    def placed(self, at: Written) -> Written:
        """With what the last leaf wishes of the lists around it."""
        leaf = at.leaves[-1]
        for axis in (0, 1):
            at = wished(at, axis, leaf.by[axis], leaf.low[axis] + self._least_side(at, leaf, axis))
        return self.ended(at._replace(leaves=at.leaves[:-1]), at)

    def ended(self, before: Written, at: Written) -> Written:
        """With what leaves, of which one side is known now, wish of the other."""
        for leaf in _changed(before, at):
            for axis in (0, 1):
                if leaf.high[axis] == OPEN and leaf.high[1 - axis] != OPEN:
                    other = max(1, leaf.high[1 - axis] - leaf.low[1 - axis])
                    if leaf.name == STAIRS:
                        least = LONG if other == SHORT else SHORT
                    else:
                        least = math.ceil(self._least_area(leaf.name) / other)
                    at = wished(at, axis, leaf.by[axis], leaf.low[axis] + least)
        return at

    def keeps(self, before: Written, at: Written) -> bool:
        """Whether what was written last keeps to the wishes."""
        if any(frame.wish > self._reach(at, index) for index, frame in enumerate(at.frames)):
            return False
        cut = len(at.frames) == len(before.frames) > 0 and at.frames[-1].parts > before.frames[-1].parts
        if cut and at.frames[-1].start < before.frames[-1].wish:
            return False
        new = len(at.leaves) > len(before.leaves)
        if new and not self._may_be_there(at):
            return False
        stairs = next((leaf for leaf in at.leaves if leaf.name == STAIRS), None)
        if stairs and stairs.is_open and not self._can_end(at, stairs):
            return False
        return all(self._is_large_enough(at, leaf) for leaf in _changed(before, at))

    def _least_area(self, name: str) -> float:
        """Of a room of one box."""
        return 0.0 if _kind(name) in ANGLED else AREA_SHARE * self.areas.get(name, 0.0)

    def _least_side(self, at: Written, leaf: Leaf, axis: int) -> int:
        if leaf.name == STAIRS:
            return at.stairs[1][axis] - leaf.low[axis] if at.stairs else SHORT
        least = self.sides.get(leaf.name, WALL)
        near = [box for box in at.leaves[:-1] if box.name == leaf.name and _touches(box, leaf, 1 - axis)]
        if leaf.name in self.areas and near:
            least = max(least, min(max(box.low[axis] - leaf.low[axis], 0) + WALL for box in near))
        return least

    def _may_be_there(self, at: Written) -> bool:
        """Whether the last leaf may stand where it does."""
        *earlier, leaf = at.leaves
        if leaf.name == STAIRS:
            return at.stairs is None or leaf.low == at.stairs[0]
        same = [box for box in earlier if box.name == leaf.name]
        if leaf.name not in self.areas or not same:
            return True
        return _kind(leaf.name) in ANGLED and any(_touches(box, leaf, axis) for box in same for axis in (0, 1))

    def _can_end(self, at: Written, stairs: Leaf) -> bool:
        """Whether the stairs' box can still get its sides."""
        return any(
            all(
                (
                    stairs.high[axis] == end[axis]
                    if stairs.by[axis] == OPEN
                    else at.frames[stairs.by[axis]].wish <= end[axis] and self._may_cut(at, stairs.by[axis], end[axis])
                )
                for axis in (0, 1)
            )
            for end in ([at.stairs[1]] if at.stairs else self._ends(stairs.low))
        )

    def _is_large_enough(self, at: Written, leaf: Leaf) -> bool:
        """Whether what is known of a leaf's box does."""
        sides = [high - low for low, high in zip(leaf.low, leaf.high, strict=True) if high != OPEN]
        if leaf.name == STAIRS:
            if leaf.is_open:
                return True  # `_can_end` has looked at it
            return leaf.high in ([at.stairs[1]] if at.stairs else self._ends(leaf.low))
        if sides and min(sides) < self.sides.get(leaf.name, WALL):
            return False
        return len(sides) < 2 or sides[0] * sides[1] >= self._least_area(leaf.name)

    def has_room(self, at: Written) -> bool:
        """Whether what is missing finds room in what is not written yet."""
        has_stairs = STAIRS in at.here
        whole, flights = at.size[0] * at.size[1], SHORT * LONG * (self.floors > 1)
        free = whole - sum(_area(at, leaf) for leaf in at.leaves) - (0 if has_stairs else flights)
        above = self.floors - 1 - at.level
        if sum(self.areas[name] for name in at.left) > free + above * (whole - flights):
            return False
        spaces = list(self._spaces(at))
        if self.floors > 1 and not has_stairs and not any(self._takes_stairs(at, space) for space in spaces):
            return False
        if above == 0 and not all(any(self._takes(name, space) for space in spaces) for name in at.left):
            return False
        return all(
            any(self._takes(name, space) and _extends(box, space) for space in spaces for box in boxes)
            for name, boxes in self._owing(at)
        )

    def _takes(self, name: str, space: Space) -> bool:
        """Whether a space is large enough for a room."""
        wide, deep = (high - low for low, high in space.spans)
        return self._is_main(name, wide, deep)

    def _is_main(self, name: str, wide: float, deep: float) -> bool:
        """Whether a box is large enough for the main part of a room."""
        area = self.areas[name]
        side = MAIN_SIDES.get(_kind(name), SIDE_SHARE) * area**0.5
        return min(wide, deep) >= math.floor(side) and wide * deep >= max(self._least_area(name), MAIN_SHARE * area)

    def _owing(self, at: Written) -> Iterator[tuple[str, list[Leaf]]]:
        """The boxes of each room of this level none of which can become its main part."""
        for name in set(at.here) & self.areas.keys():
            boxes = [leaf for leaf in at.leaves if leaf.name == name]
            if not any(self._is_main(name, *self._most(at, box)) for box in boxes):
                yield name, boxes

    def _most(self, at: Written, leaf: Leaf) -> list[int]:
        """A leaf's sides, the most that they can be."""
        return [
            (self._reach(at, leaf.by[axis]) if leaf.high[axis] == OPEN else leaf.high[axis]) - leaf.low[axis]
            for axis in (0, 1)
        ]

    def _takes_stairs(self, at: Written, space: Space) -> bool:
        """Whether the stairs fit into a space, on upper levels at their place; with strips left beside them or none."""
        ends = [at.stairs[1]] if at.stairs else self._ends((space.spans[0][0], space.spans[1][0]))
        return any(all(self._takes_side(at, space, axis, end[axis]) for axis in (0, 1)) for end in ends)

    def _takes_side(self, at: Written, space: Space, axis: int, end: int) -> bool:
        """Whether the stairs' side along an axis fits into a space, if they end there."""
        low, high = space.spans[axis]
        gap = at.stairs[0][axis] - low if at.stairs else 0
        if gap < 0 or end > high:
            return False
        if not space.starts[axis]:
            # A cut can be made where they start; without a place they can stand at the end.
            return not at.stairs or _apart(high - end, self.least_part)
        return _apart(gap, self.least_part) and self._may_cut(at, space.lists[axis], end, at.size[axis])

    def _may_cut(self, at: Written, index: int, position: int, size: int = 0) -> bool:
        """Whether a list's current part may end at a position: at the list's end, or with a part's room before that."""
        if index == OPEN:
            return _apart(size - position, self.least_part)
        frame = at.frames[index]
        gap = frame.end - position
        return gap >= self.least_part or (gap == 0 and frame.parts > 1)

    def _spaces(self, at: Written) -> Iterator[Space]:
        """The parts that are still to be written.

        The current part, where no leaf has been written into it; and behind the current part of each open list.
        """
        frames = at.frames
        if self._is_fresh(at):
            spans = self._span(at, 0, len(frames)), self._span(at, 1, len(frames))
            yield Space(spans, (True, True), (innermost(frames, 0), innermost(frames, 1)))
        for index, frame in enumerate(frames):
            along, across = (frame.wish, frame.end), self._span(at, 1 - frame.axis, index)
            beside = innermost(frames[:index], 1 - frame.axis)
            if along[1] - along[0] >= self.least_part:
                if frame.axis == 0:
                    yield Space((along, across), (False, True), (index, beside))
                else:
                    yield Space((across, along), (True, False), (beside, index))

    def _is_fresh(self, at: Written) -> bool:
        """Whether the current part is empty: no leaf ends where it ends."""
        if not at.frames:
            return not at.leaves
        number = len(at.frames) - 1
        return not any(number in leaf.by for leaf in at.leaves)

    def _span(self, at: Written, axis: int, count: int) -> Span:
        """From where to where the current part of the first `count` lists can reach."""
        index = innermost(at.frames[:count], axis)
        return (0, at.size[axis]) if index == OPEN else (at.frames[index].start, self._reach(at, index))

    def _reach(self, at: Written, index: int) -> int:
        """How far the current part of a list can reach: a first part leaves room for a second."""
        frame = at.frames[index]
        return frame.end - self.least_part * (frame.parts == 1)


def _kind(name: str) -> str:
    return name.rstrip("0123456789")


def _side(name: str, area: float) -> int:
    if _kind(name) in ANGLED:
        return WALL
    return math.floor((BALCONY_SHARE if _kind(name) == "balcony" else SIDE_SHARE) * area**0.5)


def _apart(gap: int, least: int) -> bool:
    """Whether a gap is none at all or wide enough for a room."""
    return gap == 0 or gap >= least


def _touches(box: Leaf, leaf: Leaf, axis: int) -> bool:
    """Whether a leaf starts where an earlier box ends along an axis, with enough of that box beside it."""
    other = 1 - axis
    if box.high[axis] != leaf.low[axis]:
        return False
    return box.high[other] == OPEN or box.high[other] - max(box.low[other], leaf.low[other]) >= WALL


def _extends(box: Leaf, space: Space) -> bool:
    """Whether a further box of the same room can stand in a space and touch a box."""
    for axis in (0, 1):
        other = 1 - axis
        end = box.high[axis]
        beside = box.high[other] == OPEN or (
            min(box.high[other], space.spans[other][1]) - max(box.low[other], space.spans[other][0]) >= WALL
        )
        if beside and (end == OPEN or space.spans[axis][0] <= end <= space.spans[axis][1] - WALL):
            return True
    return False


def _changed(before: Written, at: Written) -> list[Leaf]:
    """The leaves that are new or of which more is known."""
    known = len(before.leaves)
    return [leaf for index, leaf in enumerate(at.leaves) if index >= known or leaf.high != before.leaves[index].high]


def _area(at: Written, leaf: Leaf) -> int:
    """A leaf's area, the least that it can be."""
    return math.prod(
        (at.frames[leaf.by[axis]].wish if leaf.high[axis] == OPEN else leaf.high[axis]) - leaf.low[axis]
        for axis in (0, 1)
    )
