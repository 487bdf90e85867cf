"""What doors, windows and rooms are called on drawings and in models."""

from collections.abc import Iterable

from housebrain.drawing.elements import Level, Opening, Space
from housebrain.house.rooms import SHORT_NAMES


def marks(levels: Iterable[Level]) -> dict[tuple[int, Opening], str]:
    """By level and opening: `D101` is the first door of the ground floor, `W203` the third window of the next one.

    Ways without a door have none.
    """
    found: dict[tuple[int, Opening], str] = {}
    for level in levels:
        counts = {"D": 0, "W": 0}
        for opening in level.openings:
            if opening.kind != "way":
                letter = "W" if opening.kind == "window" else "D"
                counts[letter] += 1
                found[level.number, opening] = f"{letter}{level.number + 1}{counts[letter]:02d}"
    return found


def title(space: Space) -> str:
    """`Bedroom 2` for `bed2`; a name that isn't made of the room's type stays as it is, unless it is empty."""
    short = SHORT_NAMES.get(space.type, "")
    number = space.name.removeprefix(short)
    if space.name.strip() and (not space.name.startswith(short) or (number and not number.isdecimal())):
        return space.name
    number = number.strip()
    return f"{space.type.replace('_', ' ').capitalize()} {number}".strip()


def short_title(space: Space) -> str:
    """`Bed 2` for `bed2`; a name that isn't made of the room's type stays as it is."""
    short = SHORT_NAMES.get(space.type, "")
    number = space.name.removeprefix(short)
    if short and space.name.startswith(short) and (not number or number.isdecimal()):
        return f"{short.capitalize()} {number}".strip()
    return title(space)


def level_name(number: int) -> str:
    """`Ground floor`, `First floor`, ..."""
    names = ("Ground floor", "First floor", "Second floor", "Third floor", "Fourth floor", "Fifth floor")
    return names[number] if number < len(names) else f"Floor {number}"
