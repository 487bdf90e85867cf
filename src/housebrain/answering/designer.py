"""A model that designs houses: a brief in, its answer under the brief's grammar, finished into a valid house."""

from collections.abc import Callable
from typing import NamedTuple

from housebrain.answering.critic import LevelCritic
from housebrain.answering.finish import Finished, Proposal, finish
from housebrain.answering.writer import Writer
from housebrain.house.brief import Brief, Rejected
from housebrain.language.grammar import Grammar
from housebrain.model.writing import SPREAD
from housebrain.solver.house import Infeasible

TRIES = 3  # answers at most, where nothing can be made of the first
APART = 1_000_003  # between their seeds: callers count theirs by ones


class Designed(NamedTuple):
    """What came of a brief.

    Attributes:
        answer: the model's text, in the `tree` codec.
        finished: the house made from it, and what was changed.
        tokens: that the model chose for it, in all candidates and tries.
    """

    answer: str
    finished: Finished
    tokens: int


class Designer:
    """A model, ready to answer briefs.

    Args:
        writer: writes its answers.
    """

    def __init__(self, writer: Writer) -> None:
        self.writer = writer

    def design(
        self, brief: Brief, temperature: float = 0.0, seed: int = 0, check: Callable[[], None] = lambda: None
    ) -> Designed:
        """Designs a house for a brief.

        Args:
            brief: what is asked for.
            temperature: 0 takes the likeliest answer, more draws one by `seed`.
            seed: of the draw.
            check: called before each of the model's steps; what it raises ends the work.

        Raises:
            Rejected: no house can be built for the brief.
        """
        proposal = self.propose(brief, temperature, seed, check)
        check()
        finished = finish(proposal, brief)
        if isinstance(finished, Infeasible):
            raise Rejected(finished.reason, finished.detail)
        return Designed(proposal.text, finished, proposal.chosen)

    def propose(
        self, brief: Brief, temperature: float = 0.0, seed: int = 0, check: Callable[[], None] = lambda: None
    ) -> Proposal:
        """An answer that was not finished yet; `design` has the arguments.

        Where nothing can be made of it others are drawn, `TRIES` in all; where nothing can be made of any, it is the
        first. Its tokens are those of all.

        Raises:
            Rejected: the brief's envelope is too small for its rooms.
        """
        first = self._written(brief, temperature, seed, check)
        chosen, taken = first.chosen, first
        for number in range(1, TRIES):
            if not taken.lost:
                break
            taken = self._written(brief, max(temperature, SPREAD), seed + number * APART, check)
            chosen += taken.chosen
        return (first if taken.lost else taken)._replace(chosen=chosen)

    def _written(self, brief: Brief, temperature: float, seed: int, check: Callable[[], None]) -> Proposal:
        grammar = Grammar(brief)
        critic = LevelCritic(brief, grammar)
        written = self.writer.write(brief, grammar.start, critic, temperature, seed, check)
        return critic.proposal(written.text, written.chosen)
