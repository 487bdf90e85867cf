"""Looks at the levels of an answer while it is written: those that can't be built are written again, or mended.

A level is kept as the model wrote it where the solver finds sizes for it and the levels below. Of several that can be
kept, the one is taken whose rooms are moved the least.
"""

import json
from collections.abc import Sequence
from math import dist, fsum
from typing import Any, NamedTuple

from housebrain.answering.finish import Proposal, in_feet
from housebrain.answering.mending.fitness import Below
from housebrain.answering.mending.level import mend_level
from housebrain.house.brief import Brief
from housebrain.house.tree import boxes
from housebrain.house.units import GRID_FT
from housebrain.language.grammar import Grammar
from housebrain.language.levels import Begun, read_levels
from housebrain.model.writing import Choice
from housebrain.solver.house import House, Infeasible
from housebrain.solver.solve import begun, dimension

MENDED = 4  # candidates, the likeliest first, that are mended where none can be kept
PENALTY_FT = 0.1  # what a point of the solver's penalty counts like, in feet that a room is moved


class _Built(NamedTuple):
    """The levels so far as a house: its size in steps, its trees with cuts in steps, and what the solver made."""

    size: tuple[int, int]
    trees: list[Any]
    house: House


class LevelCritic:
    """A critic (see `model.writing`) that asks the solver.

    Args:
        brief: what is answered.
        grammar: the brief's.
    """

    def __init__(self, brief: Brief, grammar: Grammar) -> None:
        self.brief, self.grammar = brief, grammar
        self._own: list[Any] = []  # the levels as the model wrote them
        self._edits = 0
        self._below: _Built | None = None  # of the levels that were taken; None where they can't be built
        self._seen: dict[str, tuple[float, _Built] | None] = {}  # of this level's candidates

    def choose(self, texts: Sequence[str], last: bool) -> Choice | None:
        """As `Critic` has it."""
        read = [read_levels(text) for text in texts]
        if self._own and self._below is None:
            return self._taken(read[0], Choice(0), None)  # nothing can be built on what is below
        found = [(one[0], number) for number, begin in enumerate(read) if (one := self._look(begin)) is not None]
        if found:
            number = min(found)[1]
            looked = self._look(read[number])
            assert looked
            return self._taken(read[number], Choice(number), looked[1])
        if not last:
            return None
        first = {str(one.levels[-1]): number for number, one in reversed(list(enumerate(read)))}  # of equal ones
        mended = []
        for number in sorted(first.values())[:MENDED]:
            if (made := self._mended(read[number])) is not None:
                mended.append((made[0], number, made[1]))
        if not mended:
            return self._taken(read[0], Choice(0), None)  # finishing has the last word
        edits, number, built = min(mended, key=lambda one: one[:2])
        self._edits += edits
        return self._taken(read[number], self._rewritten(texts[number], read[number], number, built), built)

    def proposal(self, text: str, chosen: int) -> Proposal:
        """The answer of which this critic has seen all levels.

        Args:
            text: as it went on.
            chosen: how many tokens the model chose for it.
        """
        own = _text(read_levels(text).size, self._own)
        return Proposal(own, self._below and _text(self._below.size, self._below.trees), self._edits, chosen)

    def _taken(self, answer: Begun, choice: Choice, built: _Built | None) -> Choice:
        self._own.append(answer.levels[-1])
        self._below, self._seen = built, {}
        return choice

    def _look(self, answer: Begun) -> tuple[float, _Built] | None:
        """What a candidate comes to, and by how many feet its rooms are moved in all; None for what can't be built."""
        level = answer.levels[-1]
        key = f"{answer.size}{level}"
        if key not in self._seen:
            built = self._build(answer.size, answer.levels) if self._edits == 0 else None
            if built is None and self._below is not None:
                # From the sizes that the levels below have now.
                size = self._below.size
                built = self._build(size, [*self._below.trees, _scaled(level, answer.size, size)])
            self._seen[key] = None if built is None else (_worth(answer.size, level, built), built)
        return self._seen[key]

    def _build(self, size: tuple[int, int], levels: list[Any]) -> _Built | None:
        """Levels as near to what is wished as can be; None where they can't be built, or the whole breaks a rule."""
        house = begun(levels, self.brief, size)
        if isinstance(house, Infeasible):
            return None
        built = _on_grid(house)
        if len(built.trees) < self.brief.floors:
            return built
        whole = dimension(built.trees, self.brief, built.size, replace=False)
        return None if isinstance(whole, Infeasible) else built

    def _mended(self, answer: Begun) -> tuple[int, _Built] | None:
        """A candidate mended: by how many changes, and what it comes to; None where no small change helps."""
        size, lower = (self._below.size, self._below.trees) if self._below else (answer.size, [])
        found: list[_Built] = []

        def stands(changed: Any) -> bool:
            built = self._build(size, [*lower, _steps(changed)])
            found.extend([built] if built else [])
            return built is not None

        tree = in_feet(_scaled(answer.levels[-1], answer.size, size))
        below = self._below and _below(self._below)
        made = mend_level(tree, (size[0] * GRID_FT, size[1] * GRID_FT), self.brief, below, stands)
        return None if made is None else (made.edits, found[-1])

    def _rewritten(self, text: str, answer: Begun, number: int, built: _Built) -> Choice:
        """The text with its last level as it is built, in the answer's own size."""
        start = answer.ends[-2] + 1 if len(answer.ends) > 1 else answer.start
        level = _merged(_scaled(built.trees[-1], built.size, answer.size))
        written = text[:start] + json.dumps(level, separators=(",", ":"))
        return Choice(number, written, self.grammar.behind(answer.size, [*answer.levels[:-1], level]))


def _text(size: tuple[int, int], levels: list[Any]) -> str:
    return json.dumps({"size": list(size), "levels": levels}, separators=(",", ":"))


def _worth(size: tuple[int, int], wished: Any, built: _Built) -> float:
    """By how many feet the middles of the last level's leaves are moved, and what the solver objects to in it."""
    one, other = boxes(wished, (0, 0, *size)), boxes(built.trees[-1], (0, 0, *built.size))
    moved = fsum(
        dist((a[0] + a[2] / 2, a[1] + a[3] / 2), (b[0] + b[2] / 2, b[1] + b[3] / 2))
        for (_, a), (_, b) in zip(one, other, strict=True)
    )
    return GRID_FT * moved + PENALTY_FT * fsum(built.house.storeys[-1].score.values())


def _below(built: _Built) -> Below:
    box = next(box for name, box in boxes(built.trees[0], (0, 0, *built.size)) if name == "stairs")
    return Below(*built.size, box)


def _on_grid(house: House) -> _Built:
    size = round(house.width_ft / GRID_FT), round(house.depth_ft / GRID_FT)
    return _Built(size, [_steps(storey.tree) for storey in house.storeys], house)


def _steps(node: Any) -> Any:
    """A tree with its cuts in steps of the grid."""
    if isinstance(node, str):
        return node
    return [_steps(part) if isinstance(part, str | list) else round(part / GRID_FT) for part in node]


def _scaled(node: Any, sides: tuple[int, int], size: tuple[int, int]) -> Any:
    """A tree of a box in a box of another size."""
    if isinstance(node, str):
        return node
    axis = 0 if node[0] == "v" else 1
    return [
        node[0],
        *(
            round(part * size[axis] / sides[axis]) if isinstance(part, int) else _scaled(part, sides, size)
            for part in node[1:]
        ),
    ]


def _merged(node: Any) -> Any:
    """A tree as answers have it: all cuts of a direction in one list, halls called `hall`."""
    if isinstance(node, str):
        return "hall" if node.startswith("hall") else node
    written: list[Any] = [node[0]]
    for part in node[1:]:
        inner = _merged(part) if not isinstance(part, int) else part
        written += inner[1:] if isinstance(inner, list) and inner[0] == node[0] else [inner]
    return written
