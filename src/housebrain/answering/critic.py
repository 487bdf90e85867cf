"""Looks at the levels of an answer while it is written: those that can't be built are written again, or mended.

A level is kept as the model wrote it where the solver finds sizes for it and the levels below. Of several that can be
kept, the one is taken whose rooms are moved the least. Where a level can be neither kept nor mended the answer is lost:
the house will be the solver's own, and the model is asked for nothing more.
"""

import json
from collections.abc import Sequence
from math import dist, fsum
from typing import Any, NamedTuple

from housebrain.answering.finish import Proposal, in_feet
from housebrain.answering.mending.fitness import Below
from housebrain.answering.mending.level import Candidate, is_hopeless, mend_level
from housebrain.house.brief import Brief
from housebrain.house.tree import boxes
from housebrain.house.units import GRID_FT
from housebrain.language.grammar import Grammar
from housebrain.language.levels import Begun, read_levels
from housebrain.model.writing import Choice
from housebrain.solver.house import House, Infeasible
from housebrain.solver.solve import begun, dimension

MENDED = 4  # candidates, the likeliest first, that are mended where none can be kept
DESPAIR = 2  # candidates that, where they are hopeless, spare the others
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
        self._below: _Built | None = None  # of the levels that were taken
        self._is_lost = False
        self._seen: dict[str, tuple[float, _Built] | None] = {}  # of this level's candidates

    def choose(self, texts: Sequence[str], last: bool) -> Choice | None:
        """As `Critic` has it."""
        read = [read_levels(text) for text in texts]
        found = [(one[0], number) for number, begin in enumerate(read) if (one := self._look(begin)) is not None]
        if found:
            number = min(found)[1]
            looked = self._look(read[number])
            assert looked
            return self._taken(read[number], Choice(number), looked[1])
        if not last:
            # Two candidates that nothing can be made of say enough of what would be written again.
            return self._lost(read[0], texts[0]) if len(texts) == DESPAIR and self._is_hopeless(read) else None
        first = {str(one.levels[-1]): number for number, one in reversed(list(enumerate(read)))}  # of equal ones
        numbers = sorted(first.values())[:MENDED]
        mended = self._mended([read[number] for number in numbers])
        if mended is None:
            return self._lost(read[0], texts[0])
        number, edits, built = numbers[mended[0]], mended[1], mended[2]
        self._edits += edits
        return self._taken(read[number], self._rewritten(texts[number], read[number], number, built), built)

    def proposal(self, text: str, chosen: int) -> Proposal:
        """The answer of which this critic has seen all levels.

        Args:
            text: as it went on.
            chosen: how many tokens the model chose for it.
        """
        written = read_levels(text)
        own = _text(written.size, [*self._own, *written.levels[len(self._own) :]])
        built = self._below and _text(self._below.size, self._below.trees)
        return Proposal(own, built, self._edits, chosen, self._is_lost)

    def _taken(self, answer: Begun, choice: Choice, built: _Built) -> Choice:
        self._own.append(answer.levels[-1])
        self._below, self._seen = built, {}
        return choice

    def _lost(self, answer: Begun, text: str) -> Choice:
        """The text with its last level as it is; what follows is the grammar's, as no house will be made of it."""
        self._own.append(answer.levels[-1])
        self._below, self._is_lost = None, True
        text, state = text[: answer.ends[-1]], self.grammar.behind(answer.size, answer.levels)
        while not state.finished:
            step = state.choices[0][0]
            following = state.steps(step)
            assert following
            text, state = text + step, following
        return Choice(0, text, state)

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

    def _is_hopeless(self, answers: list[Begun]) -> bool:
        return is_hopeless(self._candidates(answers), self.brief, self._under())

    def _candidates(self, answers: list[Begun]) -> list[Candidate]:
        """The last levels of some answers, on what is below."""
        found = []
        for answer in answers:
            size = self._below.size if self._below else answer.size
            tree = in_feet(_scaled(answer.levels[-1], answer.size, size))
            found.append(Candidate(tree, (size[0] * GRID_FT, size[1] * GRID_FT)))
        return found

    def _under(self) -> Below | None:
        return self._below and _below(self._below)

    def _mended(self, answers: list[Begun]) -> tuple[int, int, _Built] | None:
        """One of some candidates mended: which, by how many changes, and what it comes to; None where none helps."""
        lower = self._below.trees if self._below else []
        found: list[_Built] = []

        def stands(number: int, changed: Any) -> bool:
            size = self._below.size if self._below else answers[number].size
            built = self._build(size, [*lower, _steps(changed)])
            found.extend([built] if built else [])
            return built is not None

        made = mend_level(self._candidates(answers), self.brief, self._under(), stands)
        return None if made is None else (made.number, made.edits, found[-1])

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
