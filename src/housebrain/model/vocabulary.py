"""A tokenizer's tokens as a grammar sees them: which may stand at a place in an answer, and which must."""

from collections.abc import Iterator
from typing import Any

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
        self._single = {text: number for number, text in self.texts.items() if len(text) == 1}
        self._root = _Branch()
        for number, text in self.texts.items():
            branch = self._root
            for character in text:
                branch = branch.next.setdefault(character, _Branch())
            branch.ids.append(number)

    def allowed(self, state: State) -> list[int]:
        """The tokens that may stand at `state`."""
        # In one order: draws by a seed are the same in every process.
        return sorted(self._allowed(self._root, state))

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

    def ids_of(self, text: str) -> list[int]:
        """Tokens of a text of answers' characters."""
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        if "".join(self.texts.get(number, "\0") for number in ids) != text:
            return [self._single[character] for character in text]  # this tokenizer writes a text's start differently
        return ids
