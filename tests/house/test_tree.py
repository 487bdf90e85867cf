from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housebrain.house.tree import Box, Node, TreeError, boxes, cut
from strategies import trees

BOX = (0, 0, 60, 40)


@st.composite
def layouts(draw: st.DrawFn) -> Node:
    return draw(trees(BOX, [f"room{i}" for i in range(draw(st.integers(1, 8)))]))


def squares(box: Box) -> set[tuple[int, int]]:
    x, y, w, d = box
    return {(i, j) for i in range(x, x + w) for j in range(y, y + d)}


@given(layouts())
def test_whatever_parses_tiles_the_box(tree: Node) -> None:
    placed = boxes(tree, BOX)
    covered = [square for _, box in placed for square in squares(box)]
    assert len(covered) == len(set(covered)) == BOX[2] * BOX[3]


@given(layouts())
def test_cutting_gives_back_the_same_rooms(tree: Node) -> None:
    placed = boxes(tree, BOX)
    canonical = cut(placed)
    assert sorted(boxes(canonical, BOX)) == sorted(placed)
    assert cut(boxes(canonical, BOX)) == canonical


def test_cuts_of_one_direction_stay_in_one_list() -> None:
    row = [("a", (0, 0, 10, 5)), ("b", (10, 0, 10, 5)), ("c", (20, 0, 5, 5))]
    assert cut(row) == ["v", "a", 10, "b", 20, "c"]


@pytest.mark.parametrize(
    "node",
    [
        7,
        [],
        ["v", "a"],
        ["v", "a", 10],
        ["d", "a", 10, "b"],
        ["v", "a", 0, "b"],
        ["v", "a", 60, "b"],
        ["v", "a", 20, "b", 10, "c"],
        ["v", "a", 10.0, "b"],
        ["v", "a", True, "b"],
        ["v", "a", "10", "b"],
        ["h", ["v", "a", 70, "b"], 10, "c"],
    ],
)
def test_what_is_no_tree_is_refused(node: Any) -> None:
    with pytest.raises(TreeError):
        boxes(node, BOX)


def test_a_pinwheel_has_no_tree() -> None:
    pinwheel = [
        ("a", (0, 0, 2, 1)), ("b", (2, 0, 1, 2)), ("c", (1, 2, 2, 1)), ("d", (0, 1, 1, 2)), ("e", (1, 1, 1, 1)),
    ]  # fmt: skip
    with pytest.raises(TreeError):
        cut(pinwheel)
