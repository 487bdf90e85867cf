"""Tests for housebrain.rules.quantities: walls by hand, and what must hold of every solved house."""

from statistics import median
from typing import Any

import pytest

from housebrain.house.design import CEILING_FT, FLOOR_TO_FLOOR_FT, Design
from housebrain.house.rooms import OPEN_AIR
from housebrain.rules.quantities import ITEMS, Walls, materials, measure, total, walls_of
from houses import solved_houses
from rules.plans import BRIEF, GOOD, TWO_FLOORS, design_of


def walls(rooms: list[Any], size: tuple[float, float] = (24, 28)) -> Walls:
    return walls_of(design_of([rooms], size=size).levels[0].rooms)


def test_outer_walls_go_around_and_inner_ones_count_once() -> None:
    assert walls(GOOD) == Walls(outer=2 * (24 + 28), inner=24 + 24 + 12, edge=0)


def test_between_boxes_of_one_room_there_is_no_wall() -> None:
    bent = [["hall", 0, 0, 24, 4], ["hall", 0, 4, 4, 24], ["living", 4, 4, 20, 24]]
    assert walls(bent) == Walls(outer=2 * (24 + 28), inner=20 + 24, edge=0)


def test_a_terrace_has_walls_to_the_house_and_an_edge_to_the_outside() -> None:
    """The terrace takes a corner of 8 x 12 ft, the balcony beside it another 8 x 4 ft."""
    rooms = [["living", 0, 0, 16, 28], ["bath", 16, 0, 8, 12], ["balcony", 16, 12, 8, 4], ["terrace", 16, 16, 8, 12]]
    assert walls(rooms) == Walls(outer=16 + 28 + 16 + 8 + 12 + (4 + 12) + 8, inner=12, edge=(4 + 12) + 8)


def test_an_outline_with_a_notch_has_its_walls() -> None:
    """Where no room lies there is the outside, whatever the footprint says."""
    notched = [["living", 0, 0, 24, 12], ["master", 0, 12, 16, 16]]
    assert walls(notched) == Walls(outer=2 * (24 + 28), inner=16, edge=0)


def test_areas_and_points_of_a_small_house() -> None:
    (floor,) = measure(design_of([GOOD]).levels)
    assert floor["ground_slab"] == floor["roof"] == floor["frame"] == 24 * 28
    assert floor["wet_floor"] == 8 * 12
    assert floor["floor"] == 24 * 28 - 8 * 12
    assert floor["sanitary"] == 4
    assert floor["inner_door"] == 3
    assert floor["outer_door"] == 1
    assert floor["wall_tile"] == 2 * (8 + 12) * 7
    assert floor["footing"] == 104 + 60
    assert floor["outer_wall"] == pytest.approx(104 * FLOOR_TO_FLOOR_FT - floor["window"] - 3 * 7)
    assert floor["inner_wall"] < 60 * CEILING_FT
    assert "stair" not in floor


def test_the_ground_floor_has_the_foundation_and_the_top_the_roof() -> None:
    ground = [["living", 0, 0, 24, 12], ["hall", 0, 12, 24, 4], ["stairs", 0, 16, 8, 12], ["bath", 8, 16, 16, 12]]
    above = [["master", 0, 0, 24, 12], ["hall", 0, 12, 24, 4], ["stairs", 0, 16, 8, 12], ["terrace", 8, 16, 16, 12]]
    low, high = measure(design_of([ground, above], TWO_FLOORS).levels)
    assert {"footing", "ground_slab", "stair"} <= set(low) - set(high)
    assert {"floor_slab", "roof", "roof_cover", "roof_edge", "railing"} <= set(high) - set(low)
    assert high["floor_slab"] == 24 * 28
    assert high["roof"] == 24 * 28 - 16 * 12
    assert high["railing"] == 16 + 12
    assert high["paving"] == 16 * 12


def test_a_garage_has_a_door_for_a_car_and_no_floor_finish() -> None:
    rooms = [["living", 0, 0, 12, 12], ["garage", 12, 0, 12, 16], ["hall", 0, 12, 12, 4], ["master", 0, 16, 24, 12]]
    (floor,) = measure(design_of([rooms]).levels)
    assert floor["garage_door"] == 9 * 7
    assert floor["floor"] == 24 * 28 - 12 * 16


@pytest.fixture(scope="module")
def designs() -> list[Design]:
    return [design for _, _, design in solved_houses()]


def test_no_quantity_is_negative_and_floors_add_up(designs: list[Design]) -> None:
    for design in designs:
        floors = measure(design.levels)
        assert all(set(floor) <= set(ITEMS) for floor in floors)
        assert min(quantity for floor in floors for quantity in floor.values()) >= 0
        whole = total(floors)
        assert set(whole) == set(ITEMS)
        for item in ITEMS:
            assert whole[item] == pytest.approx(sum(floor.get(item, 0.0) for floor in floors))


def test_net_walls_are_what_openings_leave(designs: list[Design]) -> None:
    """By another way: the outline of a floor's rooms, and every wall twice."""
    for design in designs:
        for level, floor in zip(design.levels, measure(design.levels), strict=True):
            lengths = walls_of(level.rooms)
            around = sum(2 * (box.w + box.d) for room in level.rooms for box in room.boxes)
            within = sum(_shared(room.boxes) for room in level.rooms)
            airy = [room for room in level.rooms if room.type in OPEN_AIR]
            apart = sum(_between(one.boxes, other.boxes) for one in airy for other in airy if one.name < other.name)
            touching = sum(
                _between(one.boxes, other.boxes) for one in airy for other in level.rooms if other not in airy
            )
            # Each side of each box is outer, inner (twice), an edge, or no wall (twice).
            assert around == pytest.approx(
                lengths.outer + touching + 2 * lengths.inner + lengths.edge + 2 * within + 2 * apart
            )
            assert 0 < floor["outer_wall"] < lengths.outer * FLOOR_TO_FLOOR_FT
            assert 0 <= floor["inner_wall"] <= lengths.inner * CEILING_FT


def _touch(a: Any, b: Any) -> float:
    across = min(a.right, b.right) - max(a.x, b.x) if a.rear == b.y or b.rear == a.y else 0
    along = min(a.rear, b.rear) - max(a.y, b.y) if a.right == b.x or b.right == a.x else 0
    return float(max(across, 0) + max(along, 0))


def _shared(boxes: Any) -> float:
    return sum(_touch(a, b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])


def _between(ones: Any, others: Any) -> float:
    return sum(_touch(a, b) for a in ones for b in others)


def test_materials_keep_to_the_thumb_rules(designs: list[Design]) -> None:
    """By square foot of built area: 0.5 to 0.6 bags of cement, 3 to 5 kg of steel, 0.038 to 0.05 m3 of concrete."""
    found = []
    for design in designs:
        taken = materials(measure(design.levels))
        found.append([value / design.built_area_sqft for value in taken])
    cement, steel, concrete = zip(*found, strict=True)
    assert 0.5 <= median(cement) <= 0.6
    assert all(0.45 <= bags <= 0.62 for bags in cement)
    assert all(3 <= kg <= 5.3 for kg in steel)
    assert 3 <= median(steel) <= 5
    assert all(0.038 <= m3 <= 0.052 for m3 in concrete)
    assert 0.038 <= median(concrete) <= 0.05


def test_a_house_takes_less_than_its_walls_and_slabs_weigh() -> None:
    """A cubic metre of frame for every 55 ft2, slabs of 125 mm: by hand for one floor of 24 x 28 ft."""
    taken = materials(measure(design_of([GOOD], BRIEF).levels))
    by_hand_m3 = 164 * 0.045 + 672 * (0.0093 + 0.018 + 0.0116)
    assert taken.concrete_m3 == pytest.approx(by_hand_m3)
