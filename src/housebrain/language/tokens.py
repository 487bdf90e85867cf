"""A sample as token ids."""

from typing import Any, NamedTuple, Protocol

from housebrain.language.answer import Codec
from housebrain.language.prompt import end_of_turn, prompt
from housebrain.language.samples import Sample


class Tokens(NamedTuple):
    """A sample's token ids, prompt first; the loss is on what follows the first `prompt_length` of them."""

    id: str
    input_ids: list[int]
    prompt_length: int


class Tokenized(Protocol):
    """Samples as tokens, each had by its number: a list, or what reads them from disk one at a time."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int, /) -> Tokens: ...


def tokenize(tokenizer: Any, sample: Sample, codec: Codec) -> Tokens:
    """Turns a sample into tokens. Prompt and answer are encoded apart, as they are when the model answers."""
    prompt_ids = tokenizer(prompt(tokenizer, sample.brief, codec), add_special_tokens=False)["input_ids"]
    answer_ids = tokenizer(sample.answer + end_of_turn(tokenizer), add_special_tokens=False)["input_ids"]
    return Tokens(sample.id, [*prompt_ids, *answer_ids], len(prompt_ids))
