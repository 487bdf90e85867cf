"""What writes an answer to a brief: a model, on some library, or a server that has one."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from housebrain.house.brief import Brief


class Written(NamedTuple):
    """A model's answer: its text, in the `tree` codec and complete, and of how many tokens it is."""

    text: str
    tokens: int


class Writer(Protocol):
    """Writes answers that keep to their brief's grammar.

    Attributes:
        name: the library's.
    """

    name: str

    def write(self, brief: Brief, temperature: float, seed: int, check: Callable[[], None]) -> Written:
        """An answer to a brief.

        Args:
            brief: what is asked for.
            temperature: 0 takes the likeliest answer, more draws one by `seed`.
            seed: of the draw.
            check: called before each of the model's steps; what it raises ends the work.

        Raises:
            Rejected: no house can be built for the brief.
        """
        ...
