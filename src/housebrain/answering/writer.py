"""What writes an answer to a brief: a model, on some library, or a server that has one."""

from collections.abc import Callable
from typing import Protocol

from housebrain.house.brief import Brief
from housebrain.language.grammar import State
from housebrain.model.writing import Critic, Written


class Writer(Protocol):
    """Writes answers that keep to a grammar.

    Attributes:
        name: the library's.
    """

    name: str

    def write(
        self,
        brief: Brief,
        start: State,
        critic: Critic | None,
        temperature: float,
        seed: int,
        check: Callable[[], None],
    ) -> Written:
        """An answer to a brief, complete, in the `tree` codec.

        Args:
            brief: what is asked for.
            start: where its grammar begins.
            critic: of the levels; None has them written without a second look.
            temperature: 0 takes the likeliest answer, more draws one by `seed`.
            seed: of the draw.
            check: called before each of the model's steps; what it raises ends the work.
        """
        ...
