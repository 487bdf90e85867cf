"""What there is to object to: pairs of plans that differ in one thing."""

from typing import Any

import pytest

from housebrain.solver.dimension import Wish, dimension
from housebrain.solver.house import House
from housebrain.solver.judge import NAMES, ROOF, ROOF_SLOPE, WEIGHTS
from housebrain.solver.needs import Programme, Room

ROOMS = (
    Room("living", "living", 200), Room("kitchen", "kitchen", 90), Room("bed1", "bed", 110), Room("bed2", "bed", 100),
    Room("bath", "bath", 40),
)  # fmt: skip
UTILITY, BALCONY = Room("utility", "utility", 40), Room("balcony", "balcony", 50)
BEDS = ["v", "bed1", 10, ["h", "hall", 16, "bath"], 18, "bed2"]  # the hall in front reaches all three


def _parts(tree: Any, *more: Room, size: tuple[float, float] | None = None) -> dict[str, float]:
    """The score's parts, before their weights; with a size the cuts come where the tree has them."""
    wish = Wish(*size, [tree]) if size else None
    house = dimension([tree], Programme((*ROOMS, *more), 1, 60, 60, "N", "judged"), wish, replace=False)
    assert isinstance(house, House), house
    weights = dict(zip(NAMES, WEIGHTS.tolist(), strict=True))
    return {name: value / weights[name] for name, value in house.storeys[0].score.items()}


def test_a_hall_from_the_street_spares_bedrooms_the_way_through_the_living_room() -> None:
    through = _parts(["h", ["v", "living", 18, "kitchen"], 12, BEDS])
    beside = _parts(["v", ["h", "living", 13, "kitchen"], 16, "hall", 20, ["h", "bed1", 11, "bath", 15, "bed2"]])
    assert through["crossing"] == pytest.approx(0.5)
    assert beside["crossing"] == 0
    assert beside["entrance"] < through["entrance"]


def test_a_utility_room_stands_behind_the_kitchen_and_not_at_the_street() -> None:
    front = _parts(["h", ["v", "living", 18, ["h", "utility", 5, "kitchen"]], 14, BEDS], UTILITY)
    behind = _parts(["h", ["v", "living", 18, ["h", "kitchen", 9, "utility"]], 14, BEDS], UTILITY)
    assert front["street"] == 1
    assert behind["street"] == 0


def test_the_living_room_is_not_behind_the_bedrooms() -> None:
    front = ["v", "bed1", 10, "hall", 14, ["h", "bath", 5, "bed2"]]
    assert _parts(["h", front, 14, ["v", "living", 18, "kitchen"]])["street"] == 2


def test_a_balcony_is_open_by_its_long_side() -> None:
    slot = ["v", "bed1", 11, ["h", "hall", 16, "bath"], 17, "balcony", 21, "bed2"]
    assert _parts(["h", ["v", "kitchen", 12, "living"], 12, slot], BALCONY, size=(36.0, 26.0))["balconies"] == 1
    wide = ["v", ["h", "bed1", 22, "balcony"], 10, ["h", "hall", 16, "bath"], 18, "bed2"]
    assert _parts(["h", ["v", "living", 18, "kitchen"], 12, wide], BALCONY)["balconies"] == 0


def test_a_balcony_is_no_terrace() -> None:
    def with_balcony(deep_ft: float) -> float:
        wide = ["v", ["h", "bed1", 23, "balcony"], 10, ["h", "hall", 16, "bath"], 18, "bed2"]
        plan = ["h", ["v", "living", 18, "kitchen"], 12, wide]
        return _parts(plan, BALCONY, size=(28.0, 23 + deep_ft))["balconies"]

    assert with_balcony(8) == 0  # 1.6 times what is asked for
    assert with_balcony(12) == pytest.approx(0.4)
    assert with_balcony(20) == 1


def test_a_terrace_takes_no_large_part_of_a_floor() -> None:
    def with_terrace(wide_ft: float) -> dict[str, float]:
        house = ["h", ["v", "living", 18, "kitchen"], 12, BEDS]
        return _parts(["v", house, 28, "terrace"], size=(28 + wide_ft, 24.0))

    assert with_terrace(10)["balconies"] == 0
    assert with_terrace(28)["balconies"] == pytest.approx(ROOF_SLOPE * (0.5 - ROOF))


def test_the_street_door_is_near_where_visitors_are_received() -> None:
    behind = ["h", "hall", 16, ["v", "bath", 10, "kitchen"]]
    far = _parts(["h", ["v", "hall", 4, "bed1", 15, "bed2", 26, "living"], 12, behind], size=(43.0, 28.0))
    near = _parts(["h", ["v", "bed1", 11, "bed2", 22, "hall", 26, "living"], 12, behind], size=(43.0, 28.0))
    assert far["entrance"] == 1
    assert near["entrance"] < 0.25


def test_an_arm_that_only_widens_a_room_is_no_strip() -> None:
    widened = ["h", ["v", "hall", 4, "living"], 4, "living"]
    assert _parts(["h", ["v", widened, 18, "kitchen"], 16, BEDS])["corners"] == 0


def test_a_kitchen_opens_to_the_dining_room() -> None:
    dining = Room("dining", "dining", 90)
    apart = _parts(["h", ["v", "dining", 10, "living", 26, "kitchen"], 12, BEDS], dining)
    beside = _parts(["h", ["v", "living", 16, "dining", 26, "kitchen"], 12, BEDS], dining)
    assert apart["kitchen"] == pytest.approx(0.6)
    assert beside["kitchen"] == 0
