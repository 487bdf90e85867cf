"""Tests for housebrain.answering.alternatives: several different houses of one brief, ranked."""

import pytest

from housebrain.answering.alternatives import ranked, topology
from housebrain.house.brief import Brief, Rejected
from housebrain.house.design import Design
from housebrain.house.tree import Box
from housebrain.language.designs import layouts
from housebrain.rules.assemble import assemble
from housebrain.rules.checks import violations
from housebrain.rules.score import score
from housebrain.solver.solve import solve
from houses import solved_houses


def boxes_of(design: Design) -> tuple[tuple[int, int], list[list[tuple[str, Box]]]]:
    """A design's size and rooms in steps of the grid."""
    return (round(2 * design.footprint.w), round(2 * design.footprint.d)), layouts(design)


@pytest.mark.long
def test_houses_are_different_valid_and_ranked() -> None:
    for _, brief, _ in solved_houses()[:4]:
        found = ranked(brief, 3, seed=1)
        assert len({topology(one.design) for one in found}) == len(found) == 3
        assert all(violations(one.design, brief) == [] for one in found)
        assert all(one.score == score(one.design, brief) for one in found)
        totals = [one.score.total for one in found]
        assert totals == sorted(totals, reverse=True)
        assert totals[0] >= score(solve(brief, 1), brief).total
        assert found == ranked(brief, 3, seed=1)


def test_a_search_ends_when_it_is_told_to() -> None:
    class GoneError(Exception):
        pass

    asked = []

    def check() -> None:
        asked.append(1)
        if len(asked) == 2:
            raise GoneError

    with pytest.raises(GoneError):
        ranked(solved_houses()[0].brief, 3, check=check)
    assert len(asked) == 2


@pytest.mark.long
def test_the_weights_rank() -> None:
    gained = []
    for _, brief, _ in solved_houses()[:4]:
        only = dict.fromkeys([part.name for part in score(solve(brief, 0), brief).parts], 0.0) | {"vastu": 1.0}
        first = ranked(brief, 3)[0].score.part("vastu")
        assert first is not None
        gained.append(ranked(brief, 3, weights=only)[0].score.total - first.value)
    assert min(gained) >= 0
    assert max(gained) > 0


def test_a_mirror_image_is_the_same_topology() -> None:
    for _, brief, design in solved_houses()[:6]:
        size, levels = boxes_of(design)
        mirrored = [[(name, (size[0] - x - w, y, w, d)) for name, (x, y, w, d) in level] for level in levels]
        assert topology(assemble(size, mirrored, brief)) == topology(design)


def test_a_brief_without_a_house_says_why() -> None:
    _, brief, _ = solved_houses()[0]
    content = brief.model_dump()
    for room in content["rooms"]:
        room["min_area_sqft"] *= 100
    with pytest.raises(Rejected, match="area_over_envelope"):
        ranked(Brief.model_validate(content), 2)
