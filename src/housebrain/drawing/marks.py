"""The numbers that doors and windows bear on drawings and in models."""

from collections.abc import Iterable

from housebrain.drawing.elements import Level, Opening


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
