"""Tests for housebrain.words: how people say what house they want, and what they mean by it."""

from pathlib import Path

import pytest

from words.meanings import Phrasing, phrasings, wrong

TABLE = phrasings(Path(__file__).with_name("phrasings.tsv"))


@pytest.mark.parametrize("phrasing", TABLE, ids=lambda phrasing: phrasing.words[:60])
def test_a_phrasing_is_read_as_it_is_meant(phrasing: Phrasing) -> None:
    assert wrong(phrasing) == []


def test_the_table_has_people_of_four_countries() -> None:
    assert len(TABLE) >= 200
    assert {"IN", "US", "UK", "DE", "BAD"} <= {phrasing.origin for phrasing in TABLE}
    assert len({phrasing.words for phrasing in TABLE}) == len(TABLE)
