"""Tests for housebrain.language.levels: what is complete of an answer that is being written."""

import json

from housebrain.language.designs import encode
from housebrain.language.levels import read_levels
from houses import solved_houses


def test_every_beginning_has_the_levels_that_are_complete_in_it() -> None:
    for _, _, design in solved_houses()[:6]:
        text = encode(design)
        whole = json.loads(text)
        levels = whole["levels"]
        seen = 0
        for length in range(len(text) + 1):
            begun = read_levels(text[:length])
            assert begun.levels == levels[: len(begun.levels)]
            assert len(begun.levels) >= seen
            if begun.levels:
                assert begun.size == tuple(whole["size"])
                parts = zip([begun.start, *(end + 1 for end in begun.ends)], begun.ends, strict=False)
                assert [json.loads(text[first:end]) for first, end in parts] == begun.levels
            seen = len(begun.levels)
        assert seen == len(levels)
