"""Answers that keep to a grammar: at each step only tokens count that the grammar allows.

Text that must follow is appended, not sampled, in one pass with the token before it. So a batch's rows grow by
different numbers of tokens a pass. Shorter ones are padded on the left, and the padding stays masked.
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from transformers import DynamicCache

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


class _Row:
    """One answer as it grows: its text, where it is in its grammar, and the tokens that the model has not seen yet."""

    def __init__(self, vocabulary: Vocabulary, start: State) -> None:
        self.vocabulary = vocabulary
        self.ids, self.state = vocabulary.forced(start)
        self.unseen = self.ids

    @property
    def text(self) -> str:
        return "".join(self.vocabulary.texts[number] for number in self.ids)

    def choose(self, logits: torch.Tensor, temperature: float, generator: torch.Generator | None) -> None:
        """Takes the next token by the model's logits [vocabulary], and the text that must follow it."""
        if self.state.finished:
            self.unseen = []
            return
        allowed = torch.tensor(self.vocabulary.allowed(self.state))
        among = logits[allowed]
        if temperature > 0:
            chosen = int(torch.multinomial(torch.softmax(among / temperature, -1), 1, generator=generator))
        else:
            chosen = int(among.argmax())
        token = int(allowed[chosen])
        forced, self.state = self.vocabulary.forced(self.vocabulary.behind(self.state, [token]))
        self.unseen = [token, *forced]
        self.ids = [*self.ids, *self.unseen]


def generate_guided(
    model: Any,
    vocabulary: Vocabulary,
    prompts: list[str],
    starts: list[State],
    batch_size: int,
    temperature: float = 0.0,
    seed: int = 0,
    check: Callable[[], None] = lambda: None,
) -> list[str]:
    """Answers to chat prompts, each of which keeps to its grammar to its end.

    Args:
        model: a causal language model, in evaluation mode afterwards.
        vocabulary: its tokenizer's.
        prompts: rendered chats, up to where the answer starts.
        starts: where each one's grammar begins.
        batch_size: prompts at once.
        temperature: 0 takes the likeliest allowed token, more samples among the allowed ones.
        seed: of the samples.
        check: called before each pass; what it raises ends the work.

    Returns:
        The answers.
    """
    model.eval()
    generator = torch.Generator().manual_seed(seed) if temperature > 0 else None
    answers: list[str] = []
    for first in range(0, len(prompts), batch_size):
        rows = [_Row(vocabulary, start) for start in starts[first : first + batch_size]]
        answers += _answer(
            model, vocabulary.tokenizer, prompts[first : first + batch_size], rows, temperature, generator, check
        )
    return answers


def _answer(
    model: Any,
    tokenizer: Any,
    prompts: list[str],
    rows: list[_Row],
    temperature: float,
    generator: torch.Generator | None,
    check: Callable[[], None],
) -> list[str]:
    device = next(model.parameters()).device
    unseen = [
        [*tokenizer(prompt, add_special_tokens=False)["input_ids"], *row.unseen]
        for prompt, row in zip(prompts, rows, strict=True)
    ]
    cache = DynamicCache(config=model.config)
    seen = torch.zeros(len(rows), 0, dtype=torch.long)  # 1 for tokens, 0 for padding
    with torch.inference_mode():
        while any(unseen):
            check()
            width = max(len(ids) for ids in unseen)
            ids = torch.tensor([[tokenizer.pad_token_id or 0] * (width - len(one)) + one for one in unseen])
            mask = torch.tensor([[0] * (width - len(one)) + [1] * len(one) for one in unseen])
            positions = (mask.cumsum(-1) - 1).clamp(min=0) + seen.sum(-1, keepdim=True)
            seen = torch.cat([seen, mask], -1)
            logits = model(
                input_ids=ids.to(device),
                attention_mask=seen.to(device),
                position_ids=positions.to(device),
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            ).logits
            for row, of_row in zip(rows, logits[:, -1].float().cpu(), strict=True):
                row.choose(of_row, temperature, generator)
            unseen = [row.unseen for row in rows]
    return [row.text for row in rows]
