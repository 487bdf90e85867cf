"""What an answer to a brief may look like, a character at a time: the grammar of the `tree` codec, made from the brief.

An answer that keeps to it has as many levels as the brief has floors. Each room of the brief stands in it once, or in
the boxes of one space. Cuts lie inside what they cut. The grammar leads into no dead end: whatever was written can be
completed. What can be finished into a house is preferred (`fitting.py`), wherever something of that kind may follow.

The text is a chain of choices with fixed text between them:

    {"size":[ WIDTH , DEPTH ],"levels":[ NODE , NODE ]}       where NODE is "name" or ["v", NODE , CUT , NODE ]

Guided generation: B. Willard and R. Louf, "Efficient guided generation for large language models", arXiv 2307.09702.
"""

import math
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, NamedTuple

from housebrain.house.brief import Brief, Rejected
from housebrain.house.rooms import SHORT_NAMES
from housebrain.house.tree import boxes
from housebrain.house.units import GRID_FT
from housebrain.language.fitting import Fitting, Span
from housebrain.language.written import Frame, Written, unwished, with_cut, with_end, with_leaf, with_list
from housebrain.rules.stairs import stairs_ft

HALL, STAIRS = SHORT_NAMES["corridor"], SHORT_NAMES["stairs"]
OUTDOORS = tuple(SHORT_NAMES[kind] for kind in ("terrace", "porch", "court"))
HALL_BOXES = 4  # of a level's hall at most
ROOM_BOXES = 2  # of any other room
SECOND_BOXES = 4  # of a level's rooms together
ROOMS_SHARE = 0.9  # of a level's area that the least areas of its rooms may take

Then = Callable[[], "State"]


class State:
    """A place in an answer. It remembers where each character leads, so that walking there again costs nothing.

    Args:
        choices: the texts that may follow, each with what comes behind it; no text is the start of another. Empty at
            the answer's end.
    """

    def __init__(self, choices: list[tuple[str, Then]]) -> None:
        self.choices = choices
        self._after: dict[str, State | None] = {}

    def step(self, character: str) -> "State | None":
        """Where a character leads; None where it may not stand here."""
        if character not in self._after:
            rest = [(text[1:], then) for text, then in self.choices if text[0] == character]
            if not rest:
                self._after[character] = None
            elif rest[0][0]:
                self._after[character] = State(rest)
            else:
                self._after[character] = rest[0][1]()
        return self._after[character]

    def steps(self, text: str) -> "State | None":
        """Where a text leads; None where it may not stand here."""
        state: State | None = self
        for character in text:
            state = state and state.step(character)
        return state

    @property
    def finished(self) -> bool:
        """Whether the answer is complete."""
        return not self.choices

    @cached_property
    def forced(self) -> tuple[str, "State"]:
        """The text that must follow, up to the next choice or the end; and the state behind it."""
        text, state = "", self
        while len(firsts := {choice[0] for choice, _ in state.choices}) == 1:
            (character,) = firsts
            following = state.step(character)
            assert following
            text, state = text + character, following
        return text, state


class Choice(NamedTuple):
    """A text that may follow, what comes behind it, and what is written then."""

    text: str
    then: Callable[[Written], State]
    after: Written


class Grammar:
    """The grammar of answers to one brief.

    Args:
        brief: what is asked for.

    Raises:
        Rejected: the envelope is too small for as many rooms, even if each were a strip of half a foot.
    """

    def __init__(self, brief: Brief) -> None:
        self.floors = brief.floors
        self.areas = {room.name: room.min_area_sqft / GRID_FT**2 for room in brief.wanted_rooms}  # in steps by steps
        self.leaves = len(self.areas) + 2
        self.fitting = Fitting(self.areas, brief.floors, stairs_ft(brief))
        self.berths = [one for one in brief.berths if min(one.w, one.d) >= 2 and max(one.w, one.d) >= self.leaves]
        if not self.berths:
            raise Rejected("no_layout_found", "the setbacks leave no space for a house with so many rooms")
        self.wide, self.deep = max(berth.w for berth in self.berths), max(berth.d for berth in self.berths)

    @cached_property
    def start(self) -> State:
        """Where an answer begins."""
        floor = sum(self.areas.values()) / self.floors
        sides = range(self._least(floor, self.deep, self.wide), self.wide + 1)
        # On a plot that is no rectangle some widths leave too little depth for the rooms.
        held = [side for side in sides if self._deepest(side) >= self._least(floor, side, self.deep)] or [self.wide]
        fitting = [side for side in held if self.fitting.has_width(side, self._deepest(side))]
        return State([(f'{{"size":[{side},', partial(self._depth, floor, side)) for side in fitting or held])

    def behind(self, size: tuple[int, int], levels: list[Any]) -> State:
        """Where an answer is behind some levels; they may be such as this grammar would not have written.

        Args:
            size: the answer's.
            levels: trees of the brief's rooms, from the ground up.
        """
        placed = [boxes(level, (0, 0, *size)) for level in levels]
        left = frozenset(self.areas) - {name for level in placed for name, _ in level}
        corners = [((x, y), (x + w, y + d)) for name, (x, y, w, d) in placed[-1] if name == STAIRS]
        return self._next(Written(size, len(levels) - 1, left), corners[0] if corners else None)

    def _next(self, at: Written, stairs: tuple[Span, Span] | None) -> State:
        """Behind a level's tree: the next one, with its stairs in the same box; or the answer's end."""
        if self._is_last(at):
            return State([("]}", partial(State, []))])
        return State([(",", partial(self._node, Written(at.size, at.level + 1, at.left, stairs=stairs)))])

    def _least(self, floor: float, other: int, most: int) -> int:
        """The least side of a house with an area for its rooms' and a strip for each, if its other side is `other`."""
        enough = 2 if other >= self.leaves else self.leaves  # one side has to take a strip a room
        return min(most, max(enough, math.ceil(floor / other)))

    def _deepest(self, width: int) -> int:
        """The greatest depth of a house of a width."""
        return max(berth.d for berth in self.berths if berth.w >= width)

    def _depth(self, floor: float, width: int) -> State:
        deep = self._deepest(width)
        depths = range(self._least(floor, width, deep), deep + 1)
        fitting = [side for side in depths if self.fitting.has_size((width, side))]
        first = [Written((width, side), 0, frozenset(self.areas)) for side in fitting or depths]
        return State([(f'{at.size[1]}],"levels":[', partial(self._node, at)) for at in first])

    def _node(self, at: Written) -> State:
        """Where a part starts: a room, or a list of parts."""
        choices: list[Choice] = []
        must, owed = self._must(at), _owed(at.frames)
        for name in self._names(at):
            after = with_leaf(at, name)
            # Behind it there has to be room for what is missing, and something to fill the open lists with.
            if self._must(after) <= _places(after.frames) and owed <= self._supply(after):
                choices.append(Choice(f'"{name}"', self._behind, self.fitting.placed(after)))
        for axis, mark in enumerate("vh"):
            low, high = _span(at, axis)
            # A list has all cuts of its direction.
            other = not at.frames or at.frames[-1].axis != axis
            if other and high - low >= max(2, must) and owed + 2 <= self._supply(at):
                inside = with_list(at, axis, low, high, self.fitting.least_part)
                choices.append(Choice(f'["{mark}",', self._node, inside))
        others = [choice for choice in choices if choice.text != f'"{at.last}"']
        return self._among(at, others or choices)

    def _behind(self, at: Written) -> State:
        """Behind a part: a cut and another part, or the end of the list. Behind a level's tree: the next one."""
        if not at.frames:
            return self._next(at, next(((leaf.low, leaf.high) for leaf in at.leaves if leaf.name == STAIRS), None))
        choices: list[Choice] = []
        frame, must, supply = at.frames[-1], self._must(at), self._supply(at)
        for position in range(frame.least, frame.end):
            after = with_cut(at, position, self.fitting.least_part)
            # The part behind the cut takes one leaf, and the rest goes behind that.
            if must <= _places(after.frames) + 1 and _owed(after.frames) + 1 <= supply:
                choices.append(Choice(f",{position},", self._node, self.fitting.ended(at, after)))
        outer = with_end(at)
        if frame.parts > 1 and must <= _places(outer.frames) and (outer.frames or self._may_end(at)):
            choices.append(Choice("]", self._behind, self.fitting.ended(at, outer)))
        return self._among(at, choices)

    def _among(self, at: Written, choices: list[Choice]) -> State:
        """Those of some choices from which a house can come best: such as keep to all wishes, or to most."""
        kept = [choice for choice in choices if self.fitting.keeps(at, choice.after)]
        roomy = [choice for choice in kept if self.fitting.has_room(choice.after)]
        best = roomy or kept or [choice._replace(after=unwished(choice.after)) for choice in choices]
        return State([(choice.text, partial(choice.then, choice.after)) for choice in best])

    def _names(self, at: Written) -> list[str]:
        """What the next leaf may be."""
        names = []
        if self._spare(at) > 0:
            left = [name for name in self.areas if name in at.left]
            names += [name for name in left if self._holds(at, name)] or left[:1]
        rooms = [name for name in at.here if name in self.areas]
        if len(rooms) - len(set(rooms)) < SECOND_BOXES:
            names += [name for name in self.areas if 0 < rooms.count(name) < ROOM_BOXES]
        if self._needs_stairs(at):
            names.append(STAIRS)
        if at.here.count(HALL) < HALL_BOXES:
            names.append(HALL)
        return names + [name for name in OUTDOORS if name not in at.here]

    def _is_last(self, at: Written) -> bool:
        return at.level == self.floors - 1

    def _needs_stairs(self, at: Written) -> bool:
        return self.floors > 1 and STAIRS not in at.here

    def _spare(self, at: Written) -> int:
        """How many more of the brief's rooms this level may take: each level above gets one."""
        return len(at.left) - (self.floors - 1 - at.level)

    def _must(self, at: Written) -> int:
        """How many leaves this level lacks."""
        if self._is_last(at):
            return self._needs_stairs(at) + len(at.left)
        empty = not any(name in self.areas for name in at.here)
        return self._needs_stairs(at) + (empty and self._spare(at) > 0)

    def _supply(self, at: Written) -> int:
        """How many leaves this level can surely be given."""
        return self._needs_stairs(at) + max(0, self._spare(at)) + HALL_BOXES - at.here.count(HALL)

    def _holds(self, at: Written, name: str) -> bool:
        """Whether the level's area holds one room more. The last level takes what is left."""
        area = sum(self.areas.get(one, 0) for one in {*at.here, name})
        return self._is_last(at) or area <= ROOMS_SHARE * at.size[0] * at.size[1]

    def _may_end(self, at: Written) -> bool:
        """Whether a level may end before its outermost list is full: the levels above have to hold what is left."""
        above = (self.floors - 1 - at.level) * ROOMS_SHARE * at.size[0] * at.size[1]
        (frame,) = at.frames
        can_take = frame.least < frame.end and self._spare(at) > 0 and any(self._holds(at, name) for name in at.left)
        return not can_take or sum(self.areas[name] for name in at.left) <= above


def _owed(frames: tuple[Frame, ...]) -> int:
    """How many leaves the open lists lack behind the current part: each has two parts or more."""
    return sum(frame.parts < 2 for frame in frames)


def _places(frames: tuple[Frame, ...]) -> int:
    """How many leaves surely fit behind the current part: those that are owed, or a strip of one step each.

    The innermost list of an axis takes strips up to its end, and what encloses it takes them from there on.
    """
    count = _owed(frames)
    for axis in (0, 1):
        along = [frame for frame in frames if frame.axis == axis]
        if along:
            count = max(count, max(frame.end for frame in along) - along[-1].least)
    return count


def _span(at: Written, axis: int) -> tuple[int, int]:
    """From where to where the next part can reach."""
    along = [frame for frame in at.frames if frame.axis == axis]
    return (along[-1].start, along[-1].reach) if along else (0, at.size[axis])
