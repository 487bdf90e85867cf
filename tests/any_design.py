"""Designs of any rooms, doors and windows, valid or not, for tests of what draws them."""

from typing import get_args

from hypothesis import strategies as st

from housebrain.house.design import OUTSIDE, Cost, Design, Door, Level, Materials, Rect, Room, Site, Window
from housebrain.house.rooms import RoomType
from housebrain.house.units import GRID_FT

# Some that formats take for their own: markup, escapes, ends of lines, a line that goes on, what is no character.
NASTY = (
    '</svg>"&<',
    "\\U+0041%%c{\\P}",
    "a\nf 1 2 3\r\n",
    "newmtl x \\",
    "\x00\x07\x1b\ufffe",
    "'); --",
    "ग़ृह 家 🏠",
    "",
)
TEXT = st.one_of(st.sampled_from(NASTY), st.text(max_size=20))


def lengths(most: int, least: int = 0) -> st.SearchStrategy[float]:
    """On the grid, up to so many feet."""
    return st.integers(round(least / GRID_FT) or (1 if least else 0), round(most / GRID_FT)).map(lambda n: n * GRID_FT)


def rects(most: int) -> st.SearchStrategy[Rect]:
    sizes = st.integers(1, round(most / GRID_FT)).map(lambda n: n * GRID_FT)
    return st.builds(Rect, x=lengths(most), y=lengths(most), w=sizes, d=sizes)


@st.composite
def designs(draw: st.DrawFn) -> Design:
    """Up to four levels of up to eight rooms, in a house of a foot or of two thousand."""
    most = draw(st.sampled_from((1, 12, 60, 2000)))
    levels = []
    for _ in range(draw(st.integers(1, 4))):
        room = st.builds(
            Room,
            name=TEXT,
            type=st.sampled_from(get_args(RoomType)),
            boxes=st.lists(rects(most), min_size=1, max_size=3).map(tuple),
        )
        rooms = draw(st.lists(room, min_size=1, max_size=8))
        names = st.sampled_from([*(one.name for one in rooms), OUTSIDE])
        place = {"x": lengths(most), "y": lengths(most), "along": st.sampled_from(("x", "y"))}
        sizes = st.floats(0.1, 12)
        door = st.builds(Door, a=names, b=names, width_ft=sizes, open=st.booleans(), **place)
        window = st.builds(Window, room=names, width_ft=sizes, height_ft=sizes, sill_ft=st.floats(0, 6), **place)
        levels.append(
            Level(
                rooms=tuple(rooms),
                doors=tuple(draw(st.lists(door, max_size=4))),
                windows=tuple(draw(st.lists(window, max_size=4))),
            )
        )
    text = draw(TEXT)
    return Design(
        footprint=draw(rects(most)),
        levels=tuple(levels),
        materials=Materials(
            exterior=text,
            roof=draw(st.sampled_from(("Slate", "Flat_Roof", text))),
            floor=text,
            windows=text,
            doors=text,
        ),
        site=Site(foundation=text, insulation=text, cooling=text, heating=text),
        quality="good",
        cost=Cost(currency="USD", per_usd=1, total_usd=1, lines=()),
    )
