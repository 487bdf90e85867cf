"""JSON with a few things changed, lost or doubled."""

import copy
import random
from collections.abc import Iterator
from typing import Any

ODD: tuple[Any, ...] = (
    None, 0, -1, 0.5, 1e9, 1e-9, 1e308, 5e-324, 10**30, -0.0, True, [], {}, "", "x", "\0", "\ud800", "NW",
    "outside", "master", "hall", "bed1",
)  # fmt: skip


def mutants(value: Any, count: int, seed: int) -> Iterator[Any]:
    """Copies of a value, each with one to three changes in other places."""
    chance = random.Random(seed)
    for _ in range(count):
        mutant = copy.deepcopy(value)
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            _change(mutant, chance)
        yield mutant


def _change(value: Any, chance: random.Random) -> None:
    holder, key = chance.choice(list(_places(value)))
    old, kind = holder[key], chance.random()
    if kind < 0.1:
        del holder[key]
    elif kind < 0.2 and isinstance(holder, list):
        holder.insert(key, copy.deepcopy(chance.choice(holder)))
    elif kind < 0.6 and isinstance(old, int | float):
        holder[key] = chance.choice(
            (old * chance.choice((0, 0.5, 2, 10, 100)), old + chance.choice((-1, -0.5, 0.5, 7)))
        )
    else:
        holder[key] = copy.deepcopy(chance.choice(ODD))


def _places(value: Any, top: bool = True) -> Iterator[tuple[Any, Any]]:
    """Every holder and key below the brief and the design, which themselves stay."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        if not top:
            yield value, key
        yield from _places(value[key], top=False)
