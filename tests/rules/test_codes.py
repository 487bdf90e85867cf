"""Tests for housebrain.rules.codes, measures and rulesets.

Every rule of every ruleset passes some design and fails another.
"""

from collections import defaultdict
from functools import partial
from typing import Any

import pytest

from housebrain.house.brief import Brief, Setbacks
from housebrain.house.design import Design
from housebrain.rules.codes import CERTAINTY, RuleResult, check_codes
from housebrain.rules.measures import MEASURES, ROOM_SETS, Case, Measured, bedspaces
from housebrain.rules.rulesets import names, ruleset, ruleset_for
from housebrain.words.read import read_words
from houses import solved_houses
from rules.plans import BRIEF, GOOD, design_of

# How every house here is built: no design of ours can change these.
FIXED = {"ceiling", "door_height", "parapet", "headroom"} | {
    f"stair_{part}" for part in ("riser", "tread", "pitch", "step")
}


def on_plot(width: float, length: float, setback: float, street_ft: float | None, **changes: Any) -> Brief:
    setbacks = Setbacks(front_ft=setback, rear_ft=setback, left_ft=setback, right_ft=setback)
    plot = BRIEF.plot.model_copy(
        update={"width_ft": width, "length_ft": length, "setbacks": setbacks, "street_width_ft": street_ft}
    )
    return BRIEF.model_copy(update={"plot": plot, **changes})


SPACIOUS = on_plot(150, 150, 50, 20)
TIGHT = on_plot(80, 80, 1, 120)
NARROW = on_plot(25, 29, 0.5, 20)


def storeys(count: int, upper: list[Any], stairs_ft: float = 8) -> list[Any]:
    """`count` levels of 24 ft by 16 ft and more: stairs at the left, a living room below and bedrooms above."""

    def level(room: str) -> list[Any]:
        core = [["hall", 0, 0, stairs_ft, 4], ["stairs", 0, 4, stairs_ft, 12]]
        return [[room, stairs_ft, 0, 24 - stairs_ft, 16], *core]

    return [level("living"), *([*level(f"bed{number}"), *upper] for number in range(1, count))]


def small_home(depth: float, *floors: list[Any]) -> list[Any]:
    """Levels of 18 ft by `depth`: hall and stairs at the left, the given rooms at the right."""
    core = [["hall", 0, 0, 8, 4], ["stairs", 0, 4, 8, depth - 4]]
    return [[*core, *rooms] for rooms in ([["living", 8, 0, 10, depth]], *floors)]


LARGE = [
    ["living", 0, 0, 20, 16], ["garage", 20, 0, 12, 20], ["kitchen", 32, 0, 16, 16], ["store", 32, 16, 16, 4],
    ["hall", 0, 16, 20, 4], ["master", 0, 20, 20, 20], ["bath", 20, 20, 10, 20], ["bed", 30, 20, 18, 20],
]  # fmt: skip
# Everything too small, and dark but for what lies at the edge.
SMALL = [
    ["garage", 0, 0, 7, 9], ["bath", 7, 0, 3.5, 6], ["hall", 10.5, 0, 2.5, 24], ["kitchen", 0, 9, 5, 7],
    ["living", 5, 9, 5.5, 9], ["master", 0, 16, 5, 8], ["bed", 5, 18, 5.5, 6], ["store", 7, 6, 3.5, 3],
]  # fmt: skip
DARK = [
    ["bath", 0, 0, 40, 4], ["hall", 0, 4, 4, 36], ["store", 36, 4, 4, 36], ["utility", 4, 36, 32, 4],
    ["living", 4, 4, 10, 32], ["master", 14, 4, 11, 32], ["kitchen", 25, 4, 11, 32],
]  # fmt: skip
# A second bedroom that is large enough for two, and too narrow.
NARROW_DOUBLE = [
    ["living", 0, 0, 24, 12],
    ["hall", 0, 12, 24, 4],
    ["master", 0, 16, 16.5, 18],
    ["bed", 16.5, 16, 7.5, 18],
]
# One bedroom for two, too narrow for one; and one room to live in, too narrow to be the only one.
NARROW_ONLY = [
    ["living", 0, 0, 24, 12], ["hall", 0, 12, 24, 4], ["master", 0, 16, 7.5, 18], ["bath", 7.5, 16, 16.5, 18],
]  # fmt: skip
NARROW_STUDIO = [["master", 0, 0, 14, 7], ["hall", 0, 7, 14, 3]]
DEEP = [["hall", 0, 0, 4, 34], ["living", 4, 0, 10, 30], ["utility", 14, 0, 4, 34], ["bath", 4, 30, 10, 4]]


def without(rooms: list[Any], name: str) -> list[Any]:
    return [room for room in rooms if room[0] != name]


def cases() -> list[tuple[Design, Brief]]:
    """Designs good and bad, on large and small plots."""
    plans: list[tuple[list[Any], tuple[float, float]]] = [
        ([LARGE], (48, 40)),
        ([without(LARGE, "store")], (48, 40)),
        ([SMALL], (13, 24)),
        ([without(SMALL, "store")], (13, 24)),
        ([DARK], (40, 40)),
        ([DEEP], (18, 34)),
        ([GOOD], (24, 28)),
        ([[["master", 0, 0, 14, 10], ["hall", 0, 10, 14, 3]]], (14, 13)),
        ([[["living", 0, 0, 78, 40], ["master", 0, 40, 78, 38]]], (78, 78)),
        (storeys(2, []), (24, 16)),
        (storeys(2, [], stairs_ft=6), (24, 16)),
        (storeys(2, [], stairs_ft=5), (24, 16)),
        (storeys(2, [["guest", 0, 16, 11, 8], ["bath", 11, 16, 13, 8]]), (24, 24)),
        (storeys(2, [["guest", 0, 16, 11, 80], ["bath", 11, 16, 13, 80]]), (24, 96)),
        (storeys(2, [["terrace", 0, 16, 12, 8], ["balcony", 12, 16, 12, 8]]), (24, 24)),
        ([NARROW_DOUBLE], (24, 34)),
        ([NARROW_ONLY], (24, 34)),
        ([NARROW_STUDIO], (14, 10)),
        ([[["living", 0, 0, 40, 40]], DARK], (40, 40)),
        (small_home(18, [["bed1", 8, 0, 10, 12.5], ["bed2", 8, 12.5, 10, 5.5]]), (18, 18)),
        (small_home(14, [["bed", 8, 0, 10, 14]]), (18, 14)),
        (small_home(18, [["bed1", 8, 0, 10, 18]], [["bed2", 8, 0, 10, 9], ["bed3", 8, 9, 10, 9]]), (18, 18)),
        (small_home(16, [["bed1", 8, 0, 10, 16]], [["bed2", 8, 0, 10, 8], ["bed3", 8, 8, 10, 8]]), (18, 16)),
        (storeys(4, []), (24, 16)),
        (storeys(5, [["bath", 0, 16, 24, 12]]), (24, 28)),
        ([LARGE, DARK], (48, 40)),
    ]
    return [(design_of(levels, brief, size), brief) for levels, size in plans for brief in (SPACIOUS, TIGHT, NARROW)]


@pytest.fixture(scope="module")
def outcomes() -> dict[tuple[str, str], set[str]]:
    """What came of each rule of each ruleset over all cases."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for design, brief in cases():
        for name in names():
            for result in check_codes(design, brief, name):
                found[name, result.rule].add(result.outcome)
    return found


def _measured(value: float, _: Case) -> Measured:
    return [("house", value)]


RULES = [(name, rule) for name in names() for rule in ruleset(name).rules]


@pytest.mark.parametrize(("name", "rule"), RULES, ids=[f"{name}: {rule['rule']}" for name, rule in RULES])
def test_a_rule_passes_a_good_design_and_fails_a_bad_one(
    name: str, rule: dict[str, Any], outcomes: dict[tuple[str, str], set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    if "not_applicable" in rule:
        assert outcomes[name, rule["rule"]] == {"not applicable"}
        return
    if rule["check"] not in FIXED:
        assert {"passed", "failed"} <= outcomes[name, rule["rule"]]
        return
    # What no design changes is changed here: a hundredth within the bound, and a hundredth outside.
    least = "min" in rule
    bound = rule["min"] if least else rule["max"]
    within = 0.01 if least else -0.01
    for value, outcome in ((bound + within, "passed"), (bound - within, "failed")):
        monkeypatch.setitem(MEASURES, rule["check"], (partial(_measured, value), "m"))
        results = [one for one in check_codes(design_of([GOOD]), SPACIOUS, name) if one.rule == rule["rule"]]
        assert [one.outcome for one in results] == [outcome]
    monkeypatch.undo()
    assert outcomes[name, rule["rule"]] - {"not applicable"} == {"passed"}


def test_every_rule_is_of_a_known_form() -> None:
    bounds = ("min", "max", "min_of", "max_of", "min_of_share", "min_of_climate", "min_of_bedspaces")
    for name, rule in RULES:
        assert set(rule) <= {
            *("rule", "clause", "source", "check", "rooms", "level", "when", "given", "not_applicable", "edition"),
            *("source_of_climate", *bounds),
        }, (name, rule)
        assert str(rule["source"]) in CERTAINTY
        assert ("not_applicable" in rule) or sum(bound in rule for bound in bounds) == 1
        assert not isinstance(rule.get("rooms"), str) or rule["rooms"] in ROOM_SETS
    for name in names():
        assert len({rule["rule"] for rule in ruleset(name).rules}) == len(ruleset(name).rules)


def results_of(name: str, design: Design, brief: Brief | None = BRIEF) -> dict[str, list[RuleResult]]:
    found: dict[str, list[RuleResult]] = defaultdict(list)
    for result in check_codes(design, brief, name):
        found[result.rule].append(result)
    return found


def test_what_is_not_known_is_unverified_and_said() -> None:
    (front,) = results_of("nbc2016", design_of([GOOD]))["front open space"]
    assert (front.outcome, front.measured, front.decided) == ("unverified", None, False)
    assert "street_width_ft" in front.note
    alone = results_of("delhi", design_of([GOOD]), None)
    assert {alone[rule][0].outcome for rule in ("ground coverage", "window to floor area", "side open space")} == {
        "unverified"
    }
    assert alone["habitable room area"][0].outcome == "passed"


def test_what_does_not_apply_says_why() -> None:
    found = results_of("nbc2016", design_of([GOOD]))
    assert found["stair width"][0].note == "the house has no stairs"
    assert found["kitchen area beside a store"][0].note == "the house has no store"
    assert found["separate bath or WC"][0].outcome == "not applicable"
    assert (
        results_of("uk", design_of([GOOD]))["gross internal area on two floors"][0].note
        == "it is for houses of 2 floors"
    )


def test_a_failed_rule_has_the_measured_and_the_required_value_and_the_place() -> None:
    failed = [
        one for one in check_codes(design_of([SMALL], size=(13, 24)), BRIEF, "nbc2016") if one.outcome == "failed"
    ]
    bath = next(one for one in failed if one.rule == "bath and WC area")
    assert (bath.where, bath.bound, bath.unit, bath.is_least) == ("bath", 2.8, "m2", True)
    assert bath.measured == pytest.approx(3.5 * 6 / 10.7639, abs=1e-4)
    assert bath.certainty == "second-hand"


def test_a_garage_is_no_part_of_the_gross_internal_area() -> None:
    without = design_of([GOOD])
    beside = design_of([[*GOOD, ["garage", 24, 0, 12, 28]]], size=(36, 28))
    assert beside.built_area_sqft > without.built_area_sqft
    gross, _ = MEASURES["gross_area"]
    assert list(gross(Case([], beside, None))) == list(gross(Case([], without, None)))


def test_flights_as_in_the_us_are_too_narrow_in_india() -> None:
    """Flights of 3 ft are 0.914 m: a house of several floors with such stairs is told."""
    seen = 0
    for _, brief, design in solved_houses():
        if brief.floors > 1:
            (width,) = results_of("nbc2016", design, brief)["stair width"]
            seen += width.measured is not None and width.measured < 1.0
            assert width.outcome == ("passed" if (width.measured or 0) >= 1.0 else "failed")
            assert results_of("irc2021", design, brief)["stair width"][0].passed
    assert seen > 5


@pytest.mark.parametrize(
    ("region", "city", "name", "stands_in"),
    [
        ("Asia_India", None, "nbc2016", False),
        ("Asia_India", "Delhi", "delhi", False),
        ("Asia_India", "new  DELHI", "delhi", False),
        ("Asia_India", "Bangalore", "bengaluru", False),
        ("Asia_India", "Pune", "nbc2016", False),
        ("EU_Italy", None, "italy", False),
        ("EU_Spain", None, "irc2021", True),
        ("US_West", "Delhi", "irc2021", False),
    ],
)
def test_the_city_or_the_region_picks_the_ruleset(region: str, city: str | None, name: str, stands_in: bool) -> None:
    assert ruleset_for(region, city) == (name, stands_in)
    brief = BRIEF.model_copy(update={"region": region, "city": city})
    design = design_of([GOOD])
    assert check_codes(design, brief) == check_codes(design, brief, name)


def test_an_overlay_adds_rules_and_puts_its_own_in_place_of_its_bases() -> None:
    base, city = ruleset("nbc2016"), ruleset("delhi")
    kept = [rule for rule in city.rules if rule.get("edition") == base.edition]
    own = {rule["rule"] for rule in city.rules if "edition" not in rule}
    assert own >= {"ground coverage", "floor-area ratio", "front open space", "rear open space"}
    assert {rule["rule"] for rule in kept} == {rule["rule"] for rule in base.rules} - own
    editions = {one.rule: one.edition for one in check_codes(design_of([GOOD]), BRIEF, "delhi")}
    assert editions["habitable height"].startswith("NBC")
    assert editions["front open space"].startswith("Delhi")


def test_a_plot_a_little_over_a_band_may_build_as_much_as_the_band_below() -> None:
    """Delhi: 250 m2 may have 750 m2 of floors, so 260 m2 may have no less, though its ratio is 2.25."""
    sides = (52.9, 52.9)  # 260 m2
    (ratio,) = results_of("delhi", design_of([GOOD]), on_plot(*sides, 5, None))["floor-area ratio"]
    assert ratio.bound == pytest.approx(750 / (sides[0] * sides[1] / 10.7639), rel=1e-3)
    (ratio,) = results_of("delhi", design_of([GOOD]), on_plot(80, 80, 5, None))["floor-area ratio"]
    assert ratio.bound == 2.25


def test_a_climates_bound_may_be_less_sure_than_the_rule() -> None:
    sure = {}
    for climate in ("Hot_Dry", "Cold"):
        brief = BRIEF.model_copy(update={"climate_zone": climate})
        sure[climate] = results_of("nbc2016", design_of([GOOD]), brief)["window to floor area"][0]
    assert (sure["Hot_Dry"].source, sure["Hot_Dry"].bound) == ("2", 0.1)
    assert (sure["Cold"].source, sure["Cold"].certainty) == ("M", "unverified, from memory")


def test_people_are_counted_as_the_space_standard_counts_them() -> None:
    assert bedspaces(design_of([LARGE], size=(48, 40))) == "2b4p"
    assert bedspaces(design_of([SMALL], size=(13, 24))) == "2b2p"


def test_without_a_brief_a_ruleset_must_be_named() -> None:
    with pytest.raises(ValueError, match="a ruleset must be named"):
        check_codes(design_of([GOOD]), None)
    with pytest.raises(KeyError):
        check_codes(design_of([GOOD]), BRIEF, "moon2050")


def test_a_balconys_door_is_a_way_out() -> None:
    rooms = [["living", 0, 0, 24, 12], ["hall", 0, 12, 24, 4], ["master", 0, 16, 16, 12], ["balcony", 16, 16, 8, 12]]
    design = design_of([rooms])
    case = Case([room for room in design.levels[0].rooms if room.type == "master_bedroom"], design, BRIEF)
    joined = any({door.a, door.b} == {"master", "balcony"} for door in design.levels[0].doors)
    (sill,) = MEASURES["egress_sill"][0](case)
    assert joined
    assert sill == ("master", 0.0)


def test_open_space_ends_where_the_plot_does() -> None:
    """An L lacks its rear corner, and a house in front of what is lacking has no more behind it than the setback."""
    plot = BRIEF.plot.model_copy(update={"length_ft": 100.0, "shape": "L_Shape"})
    brief = BRIEF.model_copy(update={"plot": plot, "region": "Asia_India", "city": "Delhi"})
    wide, deep = brief.berths
    house = [["living", 0, 0, 50, 36], ["hall", 0, 36, 50, 4], ["master", 0, 40, 26, 28], ["bath", 26, 40, 24, 28]]
    front_house = design_of([house], brief, (50, 68))
    assert (front_house.footprint.w, front_house.footprint.rear) == (wide.w / 2, wide.d / 2)
    (rear,) = results_of("nbc2016", front_house, brief)["rear open space"]
    assert (rear.outcome, rear.measured) == ("failed", 1.52)  # 5 ft
    # Beside what is lacking, a house has the setback at that side too.
    beside = [["living", 0, 0, 20, 40], ["hall", 0, 40, 20, 4], ["master", 0, 44, 20, 46]]
    narrow_house = design_of([beside], brief, (20, 90))
    assert (narrow_house.footprint.w, narrow_house.footprint.rear) == (deep.w / 2, deep.d / 2)
    for rule in ("side open space", "other side's open space"):
        assert results_of("delhi", narrow_house, brief)[rule][0].measured == 1.52
    assert results_of("delhi", narrow_house, brief)["rear open space"][0].measured == 1.52


@pytest.mark.parametrize("shape", ["Rectangle", "L_Shape", "Irregular"])
@pytest.mark.parametrize("sides", [(3.0, 9.0), (9.0, 3.0)])
def test_a_house_that_fills_its_berth_has_its_setbacks_open(shape: str, sides: tuple[float, float]) -> None:
    """To the centimetre, at whichever side the plot lacks something; half a foot is the grid's."""
    setbacks = Setbacks(front_ft=8, rear_ft=7, left_ft=sides[0], right_ft=sides[1])
    plot = BRIEF.plot.model_copy(update={"width_ft": 70.0, "length_ft": 90.0, "shape": shape, "setbacks": setbacks})
    brief = BRIEF.model_copy(update={"plot": plot})
    for berth in brief.berths:
        size = berth.w / 2, berth.d / 2
        design = design_of([[["living", 0, 0, *size]]], brief, size)
        found = {rule: results_of("bengaluru", design, brief)[f"{rule} open space"][0].measured for rule in
                 ("front", "rear", "side", "both sides'")}  # fmt: skip
        assert found["front"] == 2.44
        assert found["rear"] is not None
        assert found["rear"] >= 2.13
        assert found["both sides'"] is not None
        assert 0.91 <= found["both sides'"] <= 0.91 + 0.16


@pytest.mark.parametrize(("metres", "least"), [(7.5, 1.5), (18, 3.0), (30, 4.5), (7.6, 3.0)])
def test_a_band_holds_up_to_its_end_as_words_give_it(metres: float, least: float) -> None:
    street_ft = read_words(f"3 bhk, 40x60 plot, {metres:g} m wide road, Pune").brief.plot.street_width_ft
    brief = on_plot(100, 100, 20, street_ft)
    assert results_of("nbc2016", design_of([GOOD]), brief)["front open space"][0].bound == least


def test_a_setback_in_metres_is_kept_by_the_same_number_of_feet() -> None:
    setback_ft = read_words("3 bhk, 60x80 plot, 3 m setback on all sides, Pune").brief.plot.setbacks.rear_ft
    brief = on_plot(24 + 2 * setback_ft, 28 + 2 * setback_ft, setback_ft, 20)
    assert results_of("nbc2016", design_of([GOOD]), brief)["rear open space"][0].passed


def test_a_home_for_one_needs_no_double_bedroom() -> None:
    rooms = [["living", 0, 0, 24, 12], ["hall", 0, 12, 24, 4], ["master", 0, 16, 10, 9], ["bath", 10, 16, 14, 9]]
    single = design_of([rooms], size=(24, 25))
    assert bedspaces(single) == "1b1p"
    found = results_of("uk", single)["one double bedroom"]
    assert [one.note for one in found] == ["it is for homes of 2 people or more"]


def test_the_width_of_a_double_bedroom_is_that_of_no_single_one() -> None:
    """A single room of 2.8 m by 2.8 m makes no narrow double room wide."""
    rooms = [["living", 0, 0, 24, 12], ["hall", 0, 12, 24, 4], ["master", 0, 16, 7.5, 18], ["bed", 7.5, 16, 9.5, 9],
             ["bath", 17, 16, 7, 9], ["store", 7.5, 25, 16.5, 9]]  # fmt: skip
    design = design_of([rooms], size=(24, 34))
    assert bedspaces(design) == "2b3p"
    (width,) = results_of("uk", design)["one double bedroom's width"]
    assert (width.outcome, width.measured) == ("failed", pytest.approx(2.286))


def test_only_a_house_of_one_room_asks_for_its_greater_width() -> None:
    assert results_of("nbc2016", design_of([NARROW_STUDIO], size=(14, 10)))["width of the only habitable room"][
        0
    ].measured == pytest.approx(2.1336)
    note = results_of("nbc2016", design_of([GOOD]))["width of the only habitable room"][0].note
    assert note == "it is for houses with 1 such room"


def test_a_kitchen_is_habitable_to_the_irc() -> None:
    """R202: a space for living, sleeping, eating or cooking."""
    found = results_of("irc2021", design_of([DARK], size=(40, 40)))
    for rule in ("glazing to floor area", "openable to floor area"):
        assert [one.outcome for one in found[rule] if one.where == "kitchen"] == ["failed"]
    assert "kitchen" not in {one.where for one in found["habitable room area"]}
