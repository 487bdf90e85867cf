"""Keeping an answer to a grammar, a token at a time: which tokens may follow, and which must.

A model gives logits, whatever it runs on, and gets token ids back: one that was chosen among those that the grammar
allows, and the text that must follow it. That text is appended, not sampled.
"""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from housebrain.language.grammar import State

# All characters that answers are made of. A token with any other is never allowed.
CHARACTERS = frozenset('{}[]",:0123456789abcdefghijklmnopqrstuvwxyz_')


class _Branch:
    """The tokens that begin with some text: those that are that text, and by their next character the others."""

    __slots__ = ("ids", "next")

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.next: dict[str, _Branch] = {}


class Vocabulary:
    """A tokenizer's tokens as texts, arranged by character.

    Args:
        tokenizer: whose vocabulary has plain ASCII as it is: byte-level and SentencePiece ones do.
    """

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        special = set(tokenizer.all_special_ids)
        self.texts = {
            number: token
            for token, number in tokenizer.get_vocab().items()
            if token and number not in special and CHARACTERS.issuperset(token)
        }
        self._root = _Branch()
        for number, text in self.texts.items():
            branch = self._root
            for character in text:
                branch = branch.next.setdefault(character, _Branch())
            branch.ids.append(number)

    def allowed(self, state: State) -> list[int]:
        """The tokens that may stand at `state`."""
        return list(self._allowed(self._root, state))

    def _allowed(self, branch: _Branch, state: State) -> Iterator[int]:
        yield from branch.ids
        for character in {text[0] for text, _ in state.choices} & branch.next.keys():
            following = state.step(character)
            assert following
            yield from self._allowed(branch.next[character], following)

    def forced(self, state: State) -> tuple[list[int], State]:
        """Tokens of the text that must follow `state`, and the state behind them.

        The last is left to the model where it might write it and what follows as one token.
        """
        text, _ = state.forced
        ids = self.tokenizer(text, add_special_tokens=False)["input_ids"] if text else []
        if "".join(self.texts.get(number, "\0") for number in ids) != text:
            return [], state  # this tokenizer writes a text's start differently
        if not ids:
            return [], state
        last, before = ids[-1], self.behind(state, ids[:-1])
        if any(len(self.texts[number]) > len(self.texts[last]) for number in self.allowed(before)):
            return ids[:-1], before
        return ids, self.behind(before, [last])

    def behind(self, state: State, ids: list[int]) -> State:
        """The state behind some tokens, which are allowed."""
        for number in ids:
            following = state.steps(self.texts[number])
            assert following
            state = following
        return state


class Row:
    """One answer as it grows.

    Args:
        vocabulary: the model's.
        start: where its grammar begins.

    Attributes:
        ids: its tokens.
        state: where it is in its grammar.
        unseen: the tokens at its end that the model has not seen yet; none once it is complete.
    """

    def __init__(self, vocabulary: Vocabulary, start: State) -> None:
        self.vocabulary = vocabulary
        self.ids, self.state = vocabulary.forced(start)
        self.unseen = self.ids

    @property
    def text(self) -> str:
        return "".join(self.vocabulary.texts[number] for number in self.ids)

    def choose(self, logits: NDArray[np.float32], temperature: float, generator: np.random.Generator) -> None:
        """Takes the next token and the text that must follow it.

        Args:
            logits: of the token behind the answer so far [vocabulary].
            temperature: 0 takes the likeliest allowed token, more draws one.
            generator: draws.
        """
        if self.state.finished:
            self.unseen = []
            return
        allowed = self.vocabulary.allowed(self.state)
        among = logits[allowed].astype(np.float64)
        if temperature > 0:
            # The largest of logits with Gumbel noise is a draw by their softmax.
            among = among / temperature + generator.gumbel(size=len(allowed))
        self.take(allowed[int(among.argmax())])

    def take(self, token: int) -> None:
        """Appends an allowed token, and the text that must follow it."""
        forced, self.state = self.vocabulary.forced(self.vocabulary.behind(self.state, [token]))
        self.unseen = [token, *forced]
        self.ids = [*self.ids, *self.unseen]


class Scores(Protocol):
    """A model that says what may follow a text, one text at a time."""

    def logits(self, ids: list[int]) -> NDArray[np.float32]:
        """The logits of the token behind all of `ids` [vocabulary].

        What it has computed for the text before is used again as far as the two begin alike: going back is giving a
        shorter text.
        """
        ...


def write(
    model: Scores,
    vocabulary: Vocabulary,
    prompt: list[int],
    start: State,
    temperature: float = 0.0,
    seed: int = 0,
    check: Callable[[], None] = lambda: None,
) -> Row:
    """An answer that keeps to its grammar to its end.

    Args:
        model: asked once for each token that is chosen.
        vocabulary: its tokenizer's.
        prompt: the tokens of a chat up to where the answer starts.
        start: where the grammar begins.
        temperature: 0 takes the likeliest allowed token, more draws among the allowed ones.
        seed: of the draws.
        check: called before each question to the model; what it raises ends the work.
    """
    row, generator = Row(vocabulary, start), np.random.default_rng(seed)
    while not row.state.finished:
        check()
        row.choose(model.logits([*prompt, *row.ids]), temperature, generator)
    return row
