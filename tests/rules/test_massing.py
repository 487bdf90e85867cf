"""Tests for housebrain.rules.massing: what may be built on a plot."""

import itertools
import math

import pytest

from house.test_brief import changed
from housebrain.dataset.v5 import parse_record
from housebrain.house.brief import Brief, Rejected
from housebrain.house.units import SQFT_PER_SQM
from housebrain.rules.codes import check_codes
from housebrain.rules.massing import Massing, exceeded, massing_of
from housebrain.solver.solve import several, solve
from houses import solved_houses

SIDES = ("front", "rear", "left", "right")


def plot_of(region: str, width_ft: float, length_ft: float, shape: str = "Rectangle", city: str | None = None) -> Brief:
    brief = parse_record(changed("metadata.region", region))[1]
    plot = brief.plot.model_copy(update={"width_ft": width_ft, "length_ft": length_ft, "shape": shape})
    return brief.model_copy(update={"plot": plot, "city": city})


def test_a_region_without_a_rule_has_no_limit() -> None:
    assert massing_of(plot_of("US_West", 50, 80)) == Massing(math.inf, math.inf, math.inf)


def test_limits_are_shares_of_the_plots_own_area() -> None:
    assert massing_of(plot_of("EU_Germany", 50, 80)) == pytest.approx((1600, 4800, math.inf))
    assert massing_of(plot_of("EU_Germany", 60, 90, "L_Shape")).covered_sqft == pytest.approx(0.4 * 0.89 * 5400)


def test_a_larger_plot_never_gets_less_than_a_smaller_one() -> None:
    allowed = []
    for sqm in (90, 100, 101, 240, 250, 260, 740, 755, 990, 1010, 3000):
        side = math.sqrt(sqm * SQFT_PER_SQM)
        allowed.append(massing_of(plot_of("Asia_India", side, side, city="Delhi")))
    covered_sqm = [one.covered_sqft / SQFT_PER_SQM for one in allowed]
    assert covered_sqm[:3] == pytest.approx([81, 90, 90])  # 75% of 101 would be less than 90% of 100
    assert covered_sqm[-1] == pytest.approx(1200)
    for one, other in itertools.pairwise(allowed):
        assert one.covered_sqft <= other.covered_sqft + 1e-6
        assert one.floor_sqft <= other.floor_sqft + 1e-6


def test_a_design_is_measured_beside_its_limits() -> None:
    _, brief, design = solved_houses()[0]
    assert exceeded(design, brief.model_copy(update={"region": "US_West"})) == []
    german = brief.model_copy(update={"region": "EU_Germany"})
    by_rule = {result.rule: result for result in check_codes(design, german)}
    plot_sqft = german.plot.width_ft * german.plot.length_ft
    if german.plot.land.form == "rectangle":
        assert by_rule["floor-area ratio"].measured == pytest.approx(design.built_area_sqft / plot_sqft)
    assert by_rule["ground coverage"].bound == pytest.approx(0.4)
    tiny = german.plot.model_copy(update={"width_ft": 20.0, "length_ft": 20.0})
    crowded = german.model_copy(update={"plot": tiny})
    failed = {result.rule for result in check_codes(design, crowded) if result.outcome == "failed"}
    assert {"ground coverage", "floor-area ratio"} <= failed
    assert len(exceeded(design, crowded)) == 2


def crowded(region: str, share: float) -> Brief:
    """Rooms of so many times the record's areas on a plot of 1,560 sqft, of which the setbacks leave nearly all."""
    record = changed("metadata.region", region)
    record["input"]["plot"] |= {"width": 30, "length": 52, "setbacks_ft": dict.fromkeys(SIDES, 1)}
    for room in record["input"]["roomBreakdown"]:
        room["minArea"] *= share
    return parse_record(record)[1]


def test_the_solver_keeps_to_them_or_says_that_they_bind() -> None:
    brief = crowded("EU_Germany", 1.2)
    assert exceeded(solve(brief, 0), brief) == []
    free = solve(crowded("US_West", 2.0), 0)
    assert exceeded(free, crowded("EU_Germany", 2.0))
    with pytest.raises(Rejected, match="only 1,248 of the plot may be built over on 2 floors"):
        solve(crowded("EU_Germany", 2.0), 0)


def test_a_house_may_be_no_higher_than_is_allowed() -> None:
    brief = plot_of("Asia_India", 50, 80, city="Delhi").model_copy(update={"floors": 5})
    with pytest.raises(Rejected, match=r"over_height: 5 floors are 52.5 ft high, 49.2 ft are allowed here: 4 floors"):
        solve(brief, 0)
    assert list(several(brief, 0, 2)) == []
    assert list(several(brief.model_copy(update={"floors": 4}), 0, 2))
