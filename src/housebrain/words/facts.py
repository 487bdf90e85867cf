"""What words say about a house, each thing with the words that say it. Two that don't agree are a contradiction."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from housebrain.errors import UserError

# Fields of what is assumed: walls on the boundary, and those that the words say a neighbour stands against.
PARTY_WALLS, NEIGHBOURS = "walls", "neighbours"


class Assumed(NamedTuple):
    """Something that the words leave open.

    Attributes:
        field: what it is; where a flag sets it, the flag's name.
        value: what was taken.
        why: the reason, in a few words.
    """

    field: str
    value: str
    why: str


class Said(NamedTuple):
    """A value and the words it was read from."""

    value: Any
    words: str


@dataclass(frozen=True)
class Wanted:
    """Rooms of a type.

    Attributes:
        type: as in `house/rooms.py`.
        count: how many.
        sqft: the least area of each where the words give one.
        size: `usual`, or a name of another size in `assume.py`, such as `wc` or `double garage`.
    """

    type: str
    count: int
    sqft: float | None = None
    size: str = "usual"


@dataclass
class Facts:
    """What was read so far.

    Attributes:
        said: by field.
        rooms: other than bedrooms and bathrooms that are only counted.
        assumed: what readers took for granted.
        settled: fields that a flag has set: no words change them.
    """

    said: dict[str, Said] = field(default_factory=dict)
    rooms: list[Wanted] = field(default_factory=list)
    assumed: list[Assumed] = field(default_factory=list)
    settled: set[str] = field(default_factory=set)

    def say(self, name: str, value: Any, words: str) -> None:
        """Notes a value.

        Raises:
            UserError: the words said something else before.
        """
        if name in self.settled:
            return
        words = words.strip(" ,;.")
        before = self.said.get(name)
        if before is not None and not _same(before.value, value):
            raise UserError(f"'{before.words}' and '{words}' contradict each other ({name}): leave out one of them.")
        if before is None:
            self.said[name] = Said(value, words)

    def get(self, name: str) -> Any:
        """The value of a field, None where nothing was said."""
        said = self.said.get(name)
        return None if said is None else said.value

    def assume(self, name: str, value: object, why: str) -> None:
        """Notes something that was taken for granted; once, however often."""
        assumed = Assumed(name, str(value), why)
        if assumed not in self.assumed:
            self.assumed.append(assumed)

    def assume_instead(self, name: str, value: object, why: str) -> None:
        """Takes something else for granted than before."""
        self.assumed = [Assumed(name, str(value), why) if one.field == name else one for one in self.assumed]


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) <= 0.02 * max(abs(one), abs(other))
    return bool(one == other)
