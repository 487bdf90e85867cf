"""Tests for housebrain.drawing.stairs as plans show them: cut, with the flight from below beyond the cut."""

import re
from xml.etree import ElementTree

import pytest

from drawn import texts
from housebrain.drawing.formats import FORMATS
from housebrain.drawing.scene import Scene, scene
from housebrain.drawing.stairs import PLAN_CUT_FT, edges, shown_treads
from houses import solved_houses

TALL = [house for house in solved_houses() if len(house.design.levels) > 2]


def notes(drawn: Scene, number: int) -> list[str]:
    root = ElementTree.fromstring(FORMATS["svg"](drawn)[f"plan-{number}.svg"])
    return sorted(text.split()[0] for text in texts(root) if text and re.fullmatch(r"(UP|DN) \d+R", text))


@pytest.mark.long
def test_plans_say_up_on_the_ground_down_on_top_and_both_between() -> None:
    assert TALL
    for house in TALL:
        drawn = scene(house.design, house.brief)
        last = len(drawn.levels) - 1
        found = [notes(drawn, number) for number in range(last + 1)]
        assert found == [["UP"], *[["DN", "UP"]] * (last - 1), ["DN"]]


@pytest.mark.parametrize("house", [pytest.param(house, id=house.record["id"]) for house in TALL])
def test_the_cut_goes_through_the_first_flight_at_its_height(house: object) -> None:
    for level in scene(house.design, house.brief).levels[:-1]:  # type: ignore[attr-defined]
        assert level.stair
        count, (x, y) = shown_treads(level.stair)
        below, cut = level.stair.steps[: count - 1], level.stair.steps[count - 1]
        assert below and all(step.top - level.stair.base <= PLAN_CUT_FT for step in below)
        assert not cut.landing
        xs, ys = [px for px, _ in cut.outline], [py for _, py in cut.outline]
        assert min(xs) < x < max(xs) and min(ys) < y < max(ys)


def test_edges_of_steps_that_share_them_are_drawn_once() -> None:
    level = scene(TALL[0].design, TALL[0].brief).levels[0]
    assert level.stair
    one, two = level.stair.steps[:2]
    assert len(edges((one,))) == 4
    assert len(edges((one, two))) == 7
