"""A tokenizer without transformers: it starts in a tenth of the time, and needs no template."""

from functools import cached_property
from pathlib import Path

from tokenizers import Tokenizer

from housebrain.errors import UserError


class PlainTokenizer:
    """What `Vocabulary` and the engines ask of a tokenizer, named as transformers names it.

    Args:
        folder: has a tokenizer.json.

    Raises:
        UserError: it has none that can be read.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / "tokenizer.json"
        try:
            self._core = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises plain exceptions
            raise UserError(f"{path}: it is no tokenizer ({error}). Export the model again.") from error
        self._core.no_truncation()
        self._core.no_padding()

    def __call__(self, text: str, add_special_tokens: bool = True) -> dict[str, list[int]]:
        return {"input_ids": self._core.encode(text, add_special_tokens=add_special_tokens).ids}

    def get_vocab(self) -> dict[str, int]:
        """All tokens with their ids."""
        found: dict[str, int] = self._core.get_vocab(with_added_tokens=True)
        return found

    @cached_property
    def all_special_ids(self) -> list[int]:
        """The ids of tokens that mark the ends of turns and the like."""
        return [number for number, token in self._core.get_added_tokens_decoder().items() if token.special]
