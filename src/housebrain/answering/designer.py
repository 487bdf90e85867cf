"""A model that designs houses: a brief in, its answer under the brief's grammar, finished into a valid house."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from housebrain.answering.finish import Finished, finish
from housebrain.answering.guided import propose
from housebrain.house.brief import Brief, Rejected
from housebrain.language.prompt import prompt
from housebrain.model.folded import load_model
from housebrain.model.loading import load_tokenizer
from housebrain.model.vocabulary import Vocabulary
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
    """A base model with an adapter, ready to answer briefs.

    Args:
        base: the base model's folder.
        adapter: a PEFT adapter's folder; None takes the base as it is.

    Raises:
        UserError: the adapter can't be read or doesn't fit the base.
    """

    def __init__(self, base: Path, adapter: Path | None) -> None:
        self.model = load_model(base, adapter)
        self.tokenizer = load_tokenizer(base)
        self.vocabulary = Vocabulary(self.tokenizer)

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
        asked = prompt(self.tokenizer, brief, "tree")
        (proposal,) = propose(self.model, self.vocabulary, [asked], [brief], temperature, seed, check)
        check()
        finished = finish(proposal, brief)
        if isinstance(finished, Infeasible):
            raise Rejected(finished.reason, finished.detail)
        return Designed(proposal.text, finished, proposal.chosen)
