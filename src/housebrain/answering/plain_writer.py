"""Answers by a model whose export says how it is asked: no PyTorch, no chat template."""

from collections.abc import Callable
from pathlib import Path

from housebrain.house.brief import Brief
from housebrain.language.chat import read_chat
from housebrain.language.grammar import State
from housebrain.model.plain import PlainTokenizer
from housebrain.model.vocabulary import Vocabulary
from housebrain.model.writing import Critic, Rows, Written, write

DRAWN = 3  # candidates of a level at most: a person waits for each


class PlainWriter:
    """Asks what computes, one candidate after the other: side by side they would take as long.

    Args:
        name: of the library, or `server`.
        folder: an export; its tokenizer.json and chat.json are read.
        new_rows: makes the rows of an answer, one, empty.

    Raises:
        UserError: the folder is no export.
    """

    def __init__(self, name: str, folder: Path, new_rows: Callable[[], Rows]) -> None:
        self.name = name
        self.chat = read_chat(folder)
        self.tokenizer = PlainTokenizer(folder)
        self.vocabulary = Vocabulary(self.tokenizer)
        self._new_rows = new_rows

    def write(
        self,
        brief: Brief,
        start: State,
        critic: Critic | None,
        temperature: float,
        seed: int,
        check: Callable[[], None],
    ) -> Written:
        asked = self.tokenizer(self.chat.prompt(brief), add_special_tokens=False)["input_ids"]
        (written,) = write(
            self._new_rows(), self.vocabulary, [asked], [start], [critic], 1, DRAWN, temperature, seed, check
        )
        return written
