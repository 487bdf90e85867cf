"""The smallest changes of a level that make it one that can stand on the levels below."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from housebrain.answering.mending.edits import edits
from housebrain.answering.mending.fitness import DEEP, FINE, NEVER, TIGHT, Below, faults
from housebrain.house.brief import Brief

STEPS = 4  # changes, one after the other
LOOKED_AT = 240  # changes of each arrangement
FIRST = 4  # arrangements of each candidate that go on after the first change
BEAM = 4  # arrangements of all candidates together that go on after later ones
WORTH_FT = 25.0  # what it is worth that a topology lacks less by one
TRIED = 20  # arrangements that are given sizes
HOPELESS = 2  # changes after which something must fit


class Candidate(NamedTuple):
    """A level that may be mended, cuts in feet, and the width and depth that are wished for, in feet."""

    tree: Any
    size: tuple[float, float]


class Mended(NamedTuple):
    """A changed level, cuts in feet; which of the candidates it was, and how many changes it took."""

    tree: Any
    number: int
    edits: int


class _Way(NamedTuple):
    """A candidate after some changes, and by how many feet they moved its rooms."""

    cost: float
    tree: Any
    number: int


def mend_level(
    candidates: Sequence[Candidate], brief: Brief, below: Below | None, stands: Callable[[int, Any], bool]
) -> Mended | None:
    """The level after the least changes of any of its candidates that were found; None where none was.

    Args:
        candidates: of one level, the likeliest first.
        brief: what the house is for.
        below: what the floors below make; None for the ground floor.
        stands: whether a candidate, by its number, can be built as its tree was changed.
    """
    search = _Search(candidates, brief, below)
    left = TRIED
    for step in range(1, STEPS + 1):
        fine = search.change()
        for way in fine[:left]:
            if stands(way.number, way.tree):
                return Mended(way.tree, way.number, step)
        left -= len(fine)
        if left <= 0 or (step == HOPELESS and search.nearest >= TIGHT):
            return None
    return None


def is_hopeless(candidates: Sequence[Candidate], brief: Brief, below: Below | None) -> bool:
    """Whether `HOPELESS` changes of no candidate lead to anything that fits the envelope, whatever it else lacks."""
    search = _Search(candidates, brief, below)
    for _ in range(HOPELESS):
        search.change()
        if search.nearest < TIGHT:
            return False
    return True


class _Search:
    """Candidates that are changed side by side, one change more at a time.

    Attributes:
        nearest: the least that anything lacks after the last change.
    """

    def __init__(self, candidates: Sequence[Candidate], brief: Brief, below: Below | None) -> None:
        self.sizes, self.brief, self.below = [one.size for one in candidates], brief, below
        self.beam = [_Way(0.0, one.tree, number) for number, one in enumerate(candidates)]
        # Stairs that are in no one's way stay where they are.
        self.fixed = [frozenset({"stairs"} if lack < DEEP else ()) for lack in self._lacks(self.beam)]
        self.seen = {(way.number, str(way.tree)) for way in self.beam}
        self.each = FIRST
        self.nearest = NEVER

    def change(self) -> list[_Way]:
        """Makes one more change; returns what lacks nothing then, the least changed first."""
        ahead = [way for one in sorted(self.beam, key=lambda one: one.number) for way in self._changed(one)]
        lacks = self._lacks(ahead)
        self.nearest = min(lacks, default=NEVER)
        order = sorted(range(len(ahead)), key=lambda at: ahead[at].cost + WORTH_FT * lacks[at])
        taken: Counter[int] = Counter()
        first: list[_Way] = []
        others: list[_Way] = []
        for way in (ahead[at] for at in order if lacks[at] != FINE):
            taken[way.number] += 1
            (first if taken[way.number] <= self.each else others).append(way)
        self.beam = [*first, *others[: max(0, BEAM - len(first))]]
        self.each = 0
        return sorted((ahead[at] for at in order if lacks[at] == FINE), key=lambda way: way.cost)

    def _changed(self, way: _Way) -> Iterator[_Way]:
        """What is one change away, and was not looked at before."""
        for edit in edits(way.tree, self.sizes[way.number], self.fixed[way.number], LOOKED_AT):
            if (key := (way.number, str(edit.tree))) not in self.seen:
                self.seen.add(key)
                yield _Way(way.cost + edit.cost, edit.tree, way.number)

    def _lacks(self, ways: Sequence[_Way]) -> list[float]:
        """What each of some ways lacks; they come in the order of their candidates."""
        found: list[float] = []
        for number, own in groupby(ways, key=lambda way: way.number):
            found += faults([way.tree for way in own], self.brief, self.sizes[number], self.below).tolist()
        return found
