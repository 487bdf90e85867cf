"""Tests for housebrain.rules.score: what each part says of small houses drawn for it."""

from pathlib import Path
from typing import Any

import pytest

from conftest import REPOSITORY
from housebrain.errors import UserError
from housebrain.house.brief import Brief
from housebrain.params import load_params
from housebrain.rules.score import PARTS, WEIGHTS, Part, score
from housebrain.rules.score.sides import bearing_of
from houses import solved_houses
from rules.test_checks import BRIEF, GOOD, TWO_FLOORS, design_of


def part(name: str, rooms: list[Any], size: tuple[float, float] = (24, 28), brief: Brief = BRIEF) -> Part:
    levels = rooms if isinstance(rooms[0][0], list) else [rooms]
    found = score(design_of(levels, brief, size), brief).part(name)
    assert found is not None
    return found


def test_a_score_is_the_weighted_mean_of_its_parts_each_with_a_sentence() -> None:
    for _, brief, design in solved_houses():
        scored = score(design, brief)
        assert {part.name for part in scored.parts} <= set(PARTS)
        assert all(0 <= part.value <= 1 and part.says for part in scored.parts)
        weights = sum(part.weight for part in scored.parts)
        assert scored.total == pytest.approx(sum(part.weight * part.value for part in scored.parts) / weights)
        assert 0.5 < scored.total < 1
        for one in scored.parts:
            others = {name: 0.0 for name in WEIGHTS if name != one.name}
            assert score(design, brief, others | {one.name: 2.0}).total == pytest.approx(one.value)


def test_weights_are_those_of_params_and_vastu_counts_nothing_by_itself() -> None:
    assert load_params(REPOSITORY / "params.yaml").score.weights == WEIGHTS
    assert WEIGHTS["vastu"] == 0
    assert set(WEIGHTS) == set(PARTS)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({"feng_shui": 1.0}, "no part is called 'feng_shui'. Known: entrance,"),
        ({"sun": -1.0}, "score.weights.sun: -1.0"),
        ({"sun": 1e308, "halls": 1e308}, "1e.308 is no weight"),
    ],
)
def test_a_wrong_weight_is_named(weights: dict[str, float], said: str) -> None:
    with pytest.raises(UserError, match=said):
        score(design_of([GOOD]), BRIEF, weights)


def test_an_invalid_design_is_scored_too() -> None:
    overlapping = [["living", 0, 0, 10, 10], ["master", 5, 5, 12, 12], ["bath", 30, 30, 4, 4]]
    assert 0 <= score(design_of([overlapping]), TWO_FLOORS).total < 0.7
    assert part("passage", [["living", 0, 0, 24, 14], ["bath", 0, 14, 24, 2], ["master", 0, 16, 24, 12]]).says == (
        "nothing leads to the master bedroom"
    )


def test_an_entrance_wants_a_place_to_arrive() -> None:
    hall_first = [["hall", 0, 0, 6, 28], ["living", 6, 0, 18, 12], ["master", 6, 12, 18, 10], ["bath", 6, 22, 18, 6]]
    arrives, falls_in = part("entrance", hall_first), part("entrance", GOOD)
    assert arrives.value == 1
    assert arrives.says == "one arrives in the hall of 168 sqft, 9 ft from the living room"
    assert falls_in.value == 0.6
    assert falls_in.says == "the street door opens into the living room of 288 sqft, with no place to arrive"
    lobby = [["hall", 0, 0, 24, 4], ["master", 0, 4, 12, 12], ["bath", 12, 4, 12, 12], ["living", 0, 16, 24, 12]]
    assert part("entrance", lobby).value <= 0.9


def test_the_way_to_a_bath_is_measured_and_the_rooms_on_it_are_named() -> None:
    near = part("bath_way", GOOD)
    assert near.value > 0.9
    # The bath lies at the other side of the living room.
    far = [
        ["bath", 0, 0, 6, 10], ["hall", 6, 0, 4, 10], ["living", 0, 10, 24, 12], ["hall2", 0, 22, 24, 4],
        ["master", 0, 26, 24, 12], ["store", 10, 0, 14, 10],
    ]  # fmt: skip
    passed = part("bath_way", far, (24, 38))
    assert passed.says == "the master bedroom's way to the bath is 27 ft and passes the living room"
    assert passed.value < 0.55
    own = [*GOOD[:2], ["master", 0, 16, 16, 12], ["bath", 16, 20, 8, 8], ["store", 16, 16, 8, 4]]
    assert part("bath_way", own) == Part("bath_way", 1.0, WEIGHTS["bath_way"], "each bedroom has a bath of its own")


def test_a_bath_on_another_floor_is_far() -> None:
    levels = [
        [["living", 0, 0, 24, 12], ["hall", 0, 12, 14, 4], ["stairs", 14, 12, 10, 6.5], ["bath", 0, 16, 14, 2.5]],
        [["master", 0, 0, 24, 12], ["hall", 0, 12, 14, 6.5], ["stairs", 14, 12, 10, 6.5]],
    ]
    found = part("bath_way", levels, (24, 18.5), TWO_FLOORS)
    assert found.value == 0.15
    assert found.says.endswith(", on another floor")


def test_privacy_and_passage() -> None:
    open_to_living = [["living", 0, 0, 24, 16], ["master", 0, 16, 16, 12], ["bath", 16, 16, 8, 12]]
    assert part("privacy", GOOD).value == 1
    found = part("privacy", open_to_living)
    assert found.value < 0.8
    assert "the master bedroom opens to the living room" in found.says
    through_kitchen = [["living", 0, 0, 24, 8], ["dining", 0, 8, 24, 8], ["master", 0, 16, 16, 12], GOOD[3]]
    assert part("passage", through_kitchen).says == "the way to the master bedroom passes the dining room"


def test_a_kitchen_belongs_to_dining() -> None:
    beside = [["living", 0, 0, 24, 12], ["dining", 0, 12, 12, 12], ["kitchen", 12, 12, 12, 12]]
    apart = [["dining", 0, 0, 12, 12], ["living", 12, 0, 12, 24], ["bath", 0, 12, 12, 4], ["kitchen", 0, 16, 12, 8]]
    assert part("kitchen", beside, (24, 24)).value == 1
    assert part("kitchen", beside, (24, 24)).says == "the kitchen is open to the dining room over 11.5 ft"
    assert part("kitchen", apart, (24, 24)).value == 0.7


def test_wet_rooms_lie_together_and_over_one_another() -> None:
    together = [*GOOD[:2], ["master", 0, 16, 12, 12], ["utility", 12, 16, 4, 12], ["bath", 16, 16, 8, 12]]
    apart = [*GOOD[:2], ["utility", 0, 16, 4, 12], ["master", 4, 16, 12, 12], ["bath", 16, 16, 8, 12]]
    assert part("wet", together).value == 1
    assert part("wet", apart) == Part(
        "wet", 0.0, WEIGHTS["wet"], "the utility room and the bath share no wall with another wet room"
    )
    ground = [
        ["living", 0, 0, 24, 12],
        ["hall", 0, 12, 10, 6.5],
        ["stairs", 10, 12, 10, 6.5],
        ["bath1", 20, 12, 4, 6.5],
    ]
    above = [["bath2", 0, 0, 6, 12], ["master", 6, 0, 18, 12], ["hall", 0, 12, 10, 6.5], ["stairs", 10, 12, 10, 6.5]]
    over = [["master", 0, 0, 24, 12], *above[2:], ["bath2", 20, 12, 4, 6.5]]
    off = part("stacked", [ground, [*above, ["store", 20, 12, 4, 6.5]]], (24, 18.5), TWO_FLOORS)
    assert off.value == 0
    assert off.says == "bath2 on floors above stands over no wet room"
    assert part("stacked", [ground, over], (24, 18.5), TWO_FLOORS).value == 1


def test_halls_cost_area() -> None:
    long_hall = [["living", 0, 0, 24, 12], ["hall", 0, 12, 24, 8], ["master", 0, 20, 16, 12], ["bath", 16, 20, 8, 12]]
    short, long = part("halls", GOOD), part("halls", long_hall, (24, 32))
    assert long.value < short.value
    assert long.says == "halls take 192 sqft, 25% of the house; the hall reaches over 100% of its width or depth"


def test_narrow_rooms_take_no_furniture() -> None:
    narrow = [*GOOD[:2], ["bath", 0, 16, 16, 12], ["master", 16, 16, 6, 28], ["store", 0, 28, 16, 16]]
    found = part("proportion", narrow, (22, 44))
    assert found.value < part("proportion", GOOD).value
    assert found.says == "the master bedroom is 6 x 28 ft"


def test_area_is_kept_to_what_was_asked() -> None:
    large_bath = [*GOOD[:2], ["master", 0, 16, 12, 12.5], ["bath", 12, 16, 12, 12.5]]
    found = part("area", large_bath, (24, 28.5))
    assert found.value < part("area", GOOD).value
    assert "the bath has 150 sqft where 45 are asked for" in found.says


def test_a_dark_room_and_a_deep_one_lack_daylight() -> None:
    inside = [
        ["living", 0, 0, 24, 12], ["hall", 0, 12, 4, 20], ["bath", 4, 12, 16, 4], ["master", 4, 16, 16, 12],
        ["store", 20, 12, 4, 20], ["utility", 4, 28, 16, 4],
    ]  # fmt: skip
    assert part("daylight", inside, (24, 32)).says == "the bath has no window"
    front = [["living", 0, 0, 16, 18], ["hall", 0, 18, 24, 4], ["master", 0, 22, 16, 12], ["bath", 16, 0, 8, 18]]
    front.append(["office", 16, 22, 8, 12])
    assert part("daylight", front, (24, 34)).value == 1
    deep = [["hall", 0, 0, 4, 32], ["living", 4, 0, 12, 32], ["master", 16, 0, 14, 20], ["bath", 16, 20, 14, 12]]
    assert part("daylight", deep, (30, 32)).value == 1  # from both ends
    deep[1:2] = [["living", 4, 0, 12, 28], ["store", 4, 28, 12, 4]]
    assert part("daylight", deep, (30, 32)).says == "the living room is lit from one side alone and 28 ft deep"


def test_a_garage_wants_a_gate_and_a_door() -> None:
    with_gate = [["garage", 0, 0, 10, 12], ["living", 10, 0, 14, 12], *GOOD[1:]]
    assert part("garage", with_gate) == Part(
        "garage", 1.0, WEIGHTS["garage"], "the garage has a gate of 9.0 ft and a door to the house"
    )
    inside = [["living", 0, 0, 24, 12], ["hall", 0, 12, 24, 4], ["garage", 0, 16, 16, 12], ["bath", 16, 16, 8, 12]]
    assert part("garage", inside).value == 0.25


def test_a_balcony_inside_is_none() -> None:
    at_wall = [*GOOD[:2], ["master", 0, 16, 16, 8], ["balcony", 0, 24, 16, 4], ["bath", 16, 16, 8, 12]]
    inside = [
        ["living", 0, 0, 24, 12], ["hall", 0, 12, 24, 4], ["balcony", 4, 16, 12, 4], ["bath", 16, 16, 8, 12],
        ["store", 0, 16, 4, 12], ["master", 4, 20, 12, 8],
    ]  # fmt: skip
    assert part("balconies", at_wall).value == 1
    assert part("balconies", inside).value == 0
    assert part("balconies", inside).says == "the balcony has 0.0 ft of outer wall"


def facing(orientation: str, **changes: Any) -> Brief:
    plot = BRIEF.plot.model_copy(update={"orientation": orientation})
    return BRIEF.model_copy(update={"plot": plot, **changes})


def test_sides_are_named_as_seen_from_the_street() -> None:
    """On a plot whose street lies to the south one looks north, with the east on the right."""
    assert [bearing_of(facing("S"), side) for side in ("front", "right", "rear", "left")] == [180, 90, 0, 270]


def test_sun_goes_by_hemisphere_and_climate() -> None:
    """All rooms to live in look to the street: to the south that is where the sun is, in Australia to the north."""
    rooms = [["living", 4, 0, 16, 12], ["bath", 0, 0, 4, 12], ["utility", 20, 0, 4, 12], ["store", 0, 12, 24, 4]]

    def value(orientation: str, **changes: Any) -> float:
        return part("sun", rooms, (24, 16), facing(orientation, **changes)).value

    assert value("S") > 0.9 > 0.1 > value("N")
    australia = {"region": "Asia_Australia"}
    assert value("N", **australia) > 0.9 > 0.1 > value("S", **australia)
    hot = {"climate_zone": "Hot_Dry"}
    assert value("W", **hot) < value("E", **hot) < value("N", **hot) == 1
    said = part("sun", rooms, (24, 16), facing("W", **hot)).says
    assert said == "the living room looks W, least away from the low western sun of the rooms to live in"


def test_vastu_looks_at_the_plots_fields() -> None:
    """The house stands at the street, the master bedroom behind."""
    values = {side: part("vastu", GOOD, brief=facing(side)).value for side in ("N", "E", "S", "W")}
    assert len(set(values.values())) > 1
    assert values["N"] > values["S"]  # the entrance in the north
    assert "SW would be best" in part("vastu", GOOD, brief=facing("S")).says


def test_params_hold_no_weight_below_zero(tmp_path: Path) -> None:
    text = (REPOSITORY / "params.yaml").read_text()
    path = tmp_path / "params.yaml"
    path.write_text(text.replace("    sun: 0.5", "    sun: -0.5"))
    with pytest.raises(UserError, match=r"score\.weights\.sun"):
        load_params(path)
