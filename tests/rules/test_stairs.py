"""Tests for housebrain.rules.stairs: the stairs' box that a building code asks for."""

import pytest

from housebrain.rules.stairs import stairs_ft
from housebrain.words.read import read_words


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("Austin, Texas", (6.5, 10.0)),  # 36 in are what every house here has
        ("Bengaluru", (7.5, 10.5)),  # 1.0 m: NBC's, which the city's rules extend
        ("Munich", (6.5, 10.0)),  # 0.80 m are less
        ("London", (6.5, 10.0)),  # no width is asked for
    ],
)
def test_the_box_is_as_wide_as_the_code_asks(place: str, expected: tuple[float, float]) -> None:
    assert stairs_ft(read_words(f"3 bedroom house on 2 floors, 40x60 ft plot, {place}").brief) == expected
