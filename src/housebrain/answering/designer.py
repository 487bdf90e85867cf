"""A model that designs houses: a brief in, its answer under the brief's grammar, finished into a valid house."""

from collections.abc import Callable
from typing import NamedTuple

from housebrain.answering.critic import LevelCritic
from housebrain.answering.finish import Finished, finish
from housebrain.answering.writer import Writer
from housebrain.house.brief import Brief, Rejected
from housebrain.language.grammar import Grammar
from housebrain.solver.house import Infeasible


class Designed(NamedTuple):
    """What came of a brief.

    Attributes:
        answer: the model's text, in the `tree` codec.
        finished: the house made from it, and what was changed.
        tokens: that the model chose for it, in all candidates.
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
        grammar = Grammar(brief)
        critic = LevelCritic(brief, grammar)
        written = self.writer.write(brief, grammar.start, critic, temperature, seed, check)
        check()
        proposal = critic.proposal(written.text, written.chosen)
        finished = finish(proposal, brief)
        if isinstance(finished, Infeasible):
            raise Rejected(finished.reason, finished.detail)
        return Designed(proposal.text, finished, proposal.chosen)
