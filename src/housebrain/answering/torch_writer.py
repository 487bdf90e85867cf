"""Answers by transformers: every model that it knows, on a GPU where there is one."""

from collections.abc import Callable
from pathlib import Path

from housebrain.answering.guided import CANDIDATES
from housebrain.house.brief import Brief
from housebrain.language.grammar import State
from housebrain.language.prompt import prompt
from housebrain.model.folded import load_model
from housebrain.model.guided import generate_guided
from housebrain.model.loading import load_tokenizer
from housebrain.model.prepacked import prepack
from housebrain.model.vocabulary import Vocabulary
from housebrain.model.writing import Critic, Written


class TorchWriter:
    """A base model with an adapter in its weights.

    Args:
        base: the base model's folder.
        adapter: a PEFT adapter's folder; None takes the base as it is.

    Raises:
        UserError: the adapter can't be read or doesn't fit the base.
    """

    name = "transformers"

    def __init__(self, base: Path, adapter: Path | None) -> None:
        self.model = prepack(load_model(base, adapter))
        self.tokenizer = load_tokenizer(base)
        self.vocabulary = Vocabulary(self.tokenizer)

    def write(
        self,
        brief: Brief,
        start: State,
        critic: Critic | None,
        temperature: float,
        seed: int,
        check: Callable[[], None],
    ) -> Written:
        asked = prompt(self.tokenizer, brief, "tree")
        critics, candidates = ([critic], CANDIDATES) if critic else (None, 1)
        (written,) = generate_guided(
            self.model, self.vocabulary, [asked], [start], 1, temperature, seed, check, critics, candidates
        )
        return written
