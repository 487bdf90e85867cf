"""Sizes for given topologies: the solver's own come back, wishes are kept to, and nothing ever raises."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from housebrain.solver.dimension import Wish, dimension
from housebrain.solver.engine import solve
from housebrain.solver.house import House, Infeasible
from housebrain.solver.needs import Programme, Room
from housebrain.solver.reading import Read, read_tree
from housebrain.solver.tree import leaves
from solver_checker import wrong
from solver_houses import plain, random_programme

ROOMS = (
    Room("living", "living", 200), Room("kitchen", "kitchen", 90), Room("bed1", "bed", 110), Room("bed2", "bed", 100),
    Room("bath", "bath", 40),
)  # fmt: skip
SMALL = Programme(ROOMS, 1, 40, 40, "N", "small")
# The hall reaches both bedrooms and the bath; the living room takes one in from the street.
TREE = ["h", ["v", "living", 18, "kitchen"], 12, ["v", "bed1", 10, ["h", "hall", 16, "bath"], 18, "bed2"]]


def _names(house: House) -> list[list[str]]:
    return [list(leaves(read.node)) for storey in house.storeys if isinstance(read := read_tree(storey.tree), Read)]


def test_a_topology_gets_its_least_sizes() -> None:
    house = dimension([TREE], SMALL, replace=False)
    assert isinstance(house, House)
    assert wrong(plain(house), {room.name: room.area_sqft for room in ROOMS}, 1, (40, 40)) == []
    assert _names(house) == [["living", "kitchen", "bed1", "hall", "bath", "bed2"]]
    assert house.built_sqft < 1.2 * sum(room.area_sqft for room in ROOMS)


def test_a_wish_that_can_be_met_is_met() -> None:
    rear = ["v", "bed1", 12, ["h", "hall", 18, "bath"], 19, "bed2"]
    wish = Wish(32.0, 28.0, [["h", ["v", "living", 19, "kitchen"], 13, rear]])
    house = dimension(wish.levels, SMALL, wish, replace=False)
    assert isinstance(house, House)
    assert (house.width_ft, house.depth_ft) == (32.0, 28.0)
    assert house.storeys[0].tree == wish.levels[0]


def test_a_wish_that_can_not_be_met_is_kept_near() -> None:
    rear = ["v", "bed1", 12, ["h", "hall", 18, "bath"], 19, "bed2"]
    wish = Wish(32.0, 28.0, [["h", ["v", "living", 5, "kitchen"], 13, rear]])
    house = dimension(wish.levels, SMALL, wish, replace=False)
    assert isinstance(house, House)
    living = next(space for space in house.storeys[0].spaces if space.name == "living")
    assert living.area_sqft >= 200
    assert living.boxes[0][2] == pytest.approx(200 / 13, abs=0.5)


@pytest.mark.parametrize("seed", range(6))
def test_solved_houses_come_back_as_they_were(seed: int) -> None:
    programme = random_programme(seed)
    house = solve(programme)
    if isinstance(house, Infeasible):
        return
    trees = [storey.tree for storey in house.storeys]
    again = dimension(trees, programme, Wish(house.width_ft, house.depth_ft, trees), replace=False)
    if isinstance(again, House):
        assert _names(again) == _names(house)
        rooms = {room.name: room.area_sqft for room in programme.rooms}
        assert wrong(plain(again), rooms, programme.floors, (programme.width_ft, programme.depth_ft)) == []


def test_where_a_topology_can_not_work_another_is_returned_and_labelled() -> None:
    hopeless = [["v", "living", 1, "kitchen", 2, "bed1", 3, "bed2", 4, "bath"]]
    assert isinstance(dimension(hopeless, SMALL, replace=False), Infeasible)
    house = dimension(hopeless, SMALL)
    assert isinstance(house, House)
    assert house.replaced


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        ("living", "missing_room"),
        (["h", TREE, 30, "bed3"], "extra_room"),
        (["h", TREE, 30, "stairs"], "stairs"),
        (["h", TREE, 30, "ballroom"], "tree"),
        (["x", "living", 3, "kitchen"], "tree"),
        (None, "tree"),
    ],
)
def test_what_is_wrong_with_a_tree_is_named(tree: Any, reason: str) -> None:
    found = dimension([tree], SMALL, replace=False)
    assert isinstance(found, Infeasible)
    assert found.reason == reason


_NAMES = st.sampled_from(["living", "kitchen", "bed1", "bed2", "bath", "hall", "stairs", "terrace", "hall2", "x", ""])
_JUNK = st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=3))
_TREES = st.recursive(
    st.one_of(_NAMES, _JUNK),
    lambda part: st.one_of(
        st.tuples(st.sampled_from(["v", "h"]), part, st.one_of(st.floats(), st.integers()), part).map(list),
        st.tuples(st.sampled_from(["v", "h", "q"]), part, part, part),
        st.lists(part, max_size=4),
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_TREES, max_size=3), st.integers(1, 3), st.floats(0.1, 60), st.booleans(), st.floats())
def test_no_tree_raises(trees: list[Any], floors: int, side: float, wished: bool, size: float) -> None:
    programme = SMALL._replace(floors=floors, width_ft=side)
    dimension(trees, programme, Wish(size, side, trees) if wished else None, replace=False)


@st.composite
def _shuffled(draw: st.DrawFn) -> Any:
    """Trees of the right rooms in any order, with halls here and there: most of what a weak model writes."""
    names = draw(st.permutations(["living", "kitchen", "bed1", "bed2", "bath", "hall", "living"]))

    def grow(part: list[str]) -> Any:
        if len(part) == 1:
            return part[0]
        cut = draw(st.integers(1, len(part) - 1))
        return [draw(st.sampled_from(["v", "h"])), grow(part[:cut]), draw(st.integers(-5, 50)), grow(part[cut:])]

    return grow(list(names))


@settings(max_examples=200, deadline=None)
@given(_shuffled())
def test_whatever_comes_back_is_sound_and_keeps_the_order(tree: Any) -> None:
    house = dimension([tree], SMALL, Wish(30.0, 30.0, [tree]), replace=False)
    if isinstance(house, House):
        assert wrong(plain(house), {room.name: room.area_sqft for room in ROOMS}, 1, (40, 40)) == []
        read = read_tree(tree)
        assert isinstance(read, Read)
        assert _names(house) == [list(leaves(read.node))]
