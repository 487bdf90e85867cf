"""What answers a brief: one protocol, and who speaks it. The solver needs no model, a `Designer` brings one."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, Protocol

from housebrain.answering.alternatives import ranked
from housebrain.house.brief import Brief
from housebrain.house.design import Design
from housebrain.rules.score import Score

SPREAD = 0.8  # the temperature of a second answer and further ones, where less was asked for


class Changed(NamedTuple):
    """What finishing changed of a model's answer.

    Attributes:
        replaced: nothing of the answer could be kept: the house is the solver's.
        edits: how many small changes of the answer's arrangement it took.
        moved_ft: by level and room, how far its middle was moved.
        too_small: the rooms that the answer made smaller than the brief allows.
    """

    replaced: bool
    edits: int
    moved_ft: dict[tuple[int, str], float]
    too_small: tuple[str, ...]


class House(NamedTuple):
    """A house for a brief.

    Attributes:
        design: without violations.
        score: of the rules.
        source: whose topology it is.
        changed: of the model's answer; None where no model was asked.
        tokens: of the model's answer.
    """

    design: Design
    score: Score
    source: Literal["model", "solver"]
    changed: Changed | None = None
    tokens: int = 0


class Engine(Protocol):
    """Answers briefs.

    Attributes:
        name: `solver`, or the model's library.
        about: what it is, as JSON: a model's name, version and lineage.
    """

    name: str
    about: dict[str, Any]

    def houses(self, brief: Brief, count: int, seed: int, temperature: float, check: Callable[[], None]) -> list[House]:
        """Up to `count` different houses for a brief, the best first.

        Args:
            brief: what is asked for.
            count: how many; there are fewer where the brief leaves no choice.
            seed: other seeds give other houses.
            temperature: of a model's answers; 0 takes the likeliest for the first.
            check: called between steps; what it raises ends the work.

        Raises:
            Rejected: no house can be built for the brief.
        """
        ...


class SolverEngine:
    """The solver alone."""

    name = "solver"

    def __init__(self) -> None:
        self.about: dict[str, Any] = {"engine": self.name}

    def houses(self, brief: Brief, count: int, seed: int, temperature: float, check: Callable[[], None]) -> list[House]:
        check()
        return [House(one.design, one.score, "solver") for one in ranked(brief, count, seed, check=check)]
