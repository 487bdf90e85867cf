"""Looks at the levels of an answer while it is written: those that can't be built are written again, or mended.

A level is kept as the model wrote it where the solver finds sizes for it and the levels below. Of several that can be
kept, the one is taken that is moved the least.
"""

import json
from collections.abc import Sequence
from math import dist, fsum
from typing import Any

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


class LevelCritic:
    """A critic (see `model.writing`) that asks the solver.

    Args:
        brief: what is answered.
        grammar: the brief's.

    Attributes:
        own: the levels as the model wrote them.
        edits: how often each of them was changed.
    """

    def __init__(self, brief: Brief, grammar: Grammar) -> None:
        self.brief, self.grammar = brief, grammar
        self.own: list[Any] = []
        self.edits: list[int] = []
        self._seen: dict[str, float | None] = {}  # of this level's candidates: by how much each is moved

    def choose(self, texts: Sequence[str], last: bool) -> Choice | None:
        """As `Critic` has it."""
        read = [read_levels(text) for text in texts]
        kept = [(cost, number) for number, one in enumerate(read) if (cost := self._cost(one)) is not None]
        if kept:
            return self._taken(read, Choice(min(kept)[1]), 0)
        if not last:
            return None
        distinct = list({str(one.levels[-1]): number for number, one in reversed(list(enumerate(read)))}.values())
        tried = [
            (made[1], number, made[0]) for number in sorted(distinct)[:MENDED] if (made := self._mended(texts[number]))
        ]
        if not tried:
            return self._taken(read, Choice(0), 0)  # finishing has the last word
        edits, number, text = min(tried)
        return self._taken(read, Choice(number, text), edits)

    def _taken(self, read: list[Begun], choice: Choice, edits: int) -> Choice:
        self.own.append(read[choice.number].levels[-1])
        self.edits.append(edits)
        self._seen = {}
        return choice

    def _cost(self, answer: Begun) -> float | None:
        """By how many feet rooms are moved in all; None for what can't be built."""
        key = str(answer.levels[-1])
        if key not in self._seen:
            self._seen[key] = self._moved(answer, answer.levels)
        return self._seen[key]

    def _moved(self, answer: Begun, levels: list[Any]) -> float | None:
        found = self._built(answer.size, levels)
        if found is None:
            return None
        return (
            fsum(
                _moved(answer.size, tree, storey.tree, found)
                for tree, storey in zip(levels, found.storeys, strict=True)
            )
            + PENALTY_FT * found.penalty
        )

    def _built(self, size: tuple[int, int], levels: list[Any]) -> House | None:
        """The house that the levels make; None where there is none, or the whole of it breaks a rule."""
        found = begun(levels, self.brief, size)
        if isinstance(found, Infeasible):
            return None
        if len(levels) == self.brief.floors and isinstance(
            dimension(levels, self.brief, size, replace=False), Infeasible
        ):
            return None
        return found

    def _mended(self, text: str) -> tuple[str, int] | None:
        """A text with its last level mended, and the number of changes; None where no small change helps."""
        answer = read_levels(text)
        *lower, tree = answer.levels
        size = answer.size[0] * GRID_FT, answer.size[1] * GRID_FT
        below = None
        if lower:
            house = begun(lower, self.brief, answer.size)
            if isinstance(house, Infeasible):
                return None
            below = _below(house)
        texts: list[str] = []

        def stands(changed: Any) -> bool:
            house = self._built(answer.size, [*lower, _steps(changed)])
            written = None if house is None else self._written(text, answer, house)
            texts.extend([written] if written else [])
            return written is not None

        made = mend_level(_feet(tree), size, self.brief, below, stands)
        return None if made is None else (texts[-1], made.edits)

    def _written(self, text: str, answer: Begun, house: House) -> str | None:
        """The text with the last level as it is built in a house; None where that is not in the grammar."""
        start = answer.ends[-2] + 1 if len(answer.ends) > 1 else text.index('"levels":[') + len('"levels":[')
        sides = house.width_ft, house.depth_ft
        level = _on_grid(house.storeys[-1].tree, sides, answer.size)
        written = text[:start] + json.dumps(level, separators=(",", ":"))
        return written if self.grammar.start.steps(written) else None


def _below(house: House) -> Below:
    box = next(space.boxes[0] for space in house.storeys[0].spaces if space.name == "stairs")
    x, y, w, d = (round(side / GRID_FT) for side in box)
    return Below(round(house.width_ft / GRID_FT), round(house.depth_ft / GRID_FT), (x, y, w, d))


def _moved(size: tuple[int, int], wished: Any, built: Any, house: House) -> float:
    """By how many feet the middles of a level's leaves are moved."""
    one = boxes(wished, (0, 0, *size))
    sides = round(house.width_ft / GRID_FT), round(house.depth_ft / GRID_FT)
    other = boxes(_steps(built), (0, 0, *sides))
    return GRID_FT * fsum(
        dist((a[0] + a[2] / 2, a[1] + a[3] / 2), (b[0] + b[2] / 2, b[1] + b[3] / 2))
        for (_, a), (_, b) in zip(one, other, strict=True)
    )


def _feet(node: Any) -> Any:
    """A tree with its cuts in feet."""
    return (
        [part * GRID_FT if isinstance(part, int) else _feet(part) for part in node] if isinstance(node, list) else node
    )


def _steps(node: Any) -> Any:
    """A tree with its cuts in steps of the grid."""
    if isinstance(node, str):
        return node
    return [_steps(part) if isinstance(part, str | list) else round(part / GRID_FT) for part in node]


def _on_grid(node: Any, sides: tuple[float, float], size: tuple[int, int]) -> Any:
    """A built level's tree as an answer of a size has it: steps, all cuts of a direction in one list, halls `hall`."""
    if isinstance(node, str):
        return node.rstrip("0123456789") if node.startswith("hall") else node
    axis = 0 if node[0] == "v" else 1
    written: list[Any] = [node[0]]
    for index, part in enumerate(node[1:]):
        if index % 2:
            written.append(round(part / sides[axis] * size[axis]))
            continue
        inner = _on_grid(part, sides, size)
        same = isinstance(inner, list) and inner[0] == node[0]
        written += inner[1:] if same else [inner]
    return written
