"""Tests for housebrain.drawing.dimensions."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawn import FRONT, REAR, design, level
from housebrain.drawing.dimensions import SIDES, TEXT_MM, chains, rows
from housebrain.drawing.picture import width_of
from housebrain.drawing.scene import scene
from housebrain.house.design import Window
from houses import Solved, solved_houses

HOUSES = [pytest.param(house, id=house.record["id"]) for house in solved_houses()]


@pytest.mark.parametrize("house", HOUSES)
def test_each_chain_measures_a_whole_side(house: Solved) -> None:
    drawn = scene(house.design, house.brief)
    x, y, w, d = drawn.footprint
    for one in drawn.levels:
        for side in SIDES:
            low, high = (x, x + w) if side in ("front", "rear") else (y, y + d)
            found = chains(one, drawn.footprint, side)
            assert all((chain.places[0], chain.places[-1]) == (low, high) for chain in found)
            assert all(sorted(set(chain.places)) == list(chain.places) for chain in found)
            assert [chain.both for chain in found].count(True) == (side in ("front", "left"))


def test_openings_come_first_then_rooms_then_the_whole() -> None:
    window = Window(room="bath", x=2.0, y=24.0, along="y", width_ft=4.0, height_ft=4.0, sill_ft=3.0)
    drawn = scene(design(level(FRONT, REAR, windows=(window,))))
    left = chains(drawn.levels[0], drawn.footprint, "left")
    assert [chain.places for chain in left] == [(0.0, 22.0, 26.0, 30.0), (0.0, 18.0, 30.0), (0.0, 30.0)]
    assert chains(drawn.levels[0], drawn.footprint, "rear") == []


@given(st.lists(st.tuples(st.text("0123456789'-\"", min_size=3, max_size=9), st.floats(0.1, 60)), max_size=12))
def test_texts_of_a_chain_never_meet(pieces: list[tuple[str, float]]) -> None:
    texts, rooms = [text for text, _ in pieces], [room for _, room in pieces]
    middles = [sum(rooms[:k]) + room / 2 for k, room in enumerate(rooms)]
    placed = rows(texts, middles, rooms)
    for row in (0, 1):
        spans = sorted(
            (middle - width_of(text, TEXT_MM) / 2, middle + width_of(text, TEXT_MM) / 2)
            for text, middle, own in zip(texts, middles, placed, strict=True)
            if own == row
        )
        assert all(end < start for (_, end), (start, _) in pairwise(spans))
    if texts:
        assert any(row is not None for row in placed)
