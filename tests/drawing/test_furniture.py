"""Tests for housebrain.drawing.furniture: everything fits, and nothing is in the way of a door."""

from itertools import combinations

import pytest
from shapely import Polygon, unary_union
from shapely.geometry import box

from housebrain.drawing.elements import Level, Piece
from housebrain.drawing.regions import polygon
from housebrain.drawing.scene import scene
from housebrain.drawing.symbols import SYMBOLS, symbol
from houses import Solved, solved_houses

HOUSES = [pytest.param(house, id=house.record["id"]) for house in solved_houses()]


def levels(house: Solved) -> tuple[Level, ...]:
    return scene(house.design, house.brief).levels


def shape(piece: Piece) -> Polygon:
    return Polygon(piece.outline)


@pytest.mark.parametrize("house", HOUSES)
def test_every_piece_stands_inside_its_room(house: Solved) -> None:
    for level in levels(house):
        clear = {space.name: unary_union([polygon(one) for one in space.clear]) for space in level.spaces}
        for piece in level.furniture:
            assert clear[piece.room].buffer(0.01).covers(shape(piece)), piece


@pytest.mark.parametrize("house", HOUSES)
def test_no_piece_is_in_a_doors_way(house: Solved) -> None:
    for level in levels(house):
        swept = []
        for opening in level.openings:
            if opening.kind in ("window", "gate"):
                continue
            (x1, y1), (x2, y2) = opening.start, opening.end
            ahead = box(x1, y1 - 2, x2, y2 + 2) if opening.along == "x" else box(x1 - 2, y1, x2 + 2, y2)
            swept.append(ahead)
            for leaf in opening.leaves:
                xs, ys = zip(*(leaf.hinge, leaf.closed, leaf.opened), strict=True)
                swept.append(box(min(xs), min(ys), max(xs), max(ys)))
        ways = unary_union(swept)
        for piece in level.furniture:
            assert shape(piece).intersection(ways).area < 1e-6, piece


@pytest.mark.parametrize("house", HOUSES)
def test_pieces_do_not_meet_but_for_chairs_under_tables(house: Solved) -> None:
    for level in levels(house):
        for one, other in combinations(level.furniture, 2):
            if "chair" not in (one.kind, other.kind):
                assert shape(one).intersection(shape(other)).area < 1e-6, (one, other)


def test_rooms_have_what_they_are_for() -> None:
    """Not in every one: a door may leave no wall for it."""
    expected = {
        "bedroom": "bed",
        "master_bedroom": "bed",
        "bathroom": "toilet",
        "kitchen": "sink",
        "living_room": "sofa",
        "home_office": "desk",
    }
    asked: dict[str, list[bool]] = {}
    for house in solved_houses():
        for level in levels(house):
            for space in level.spaces:
                if space.type in expected:
                    has = any(p.room == space.name and p.kind == expected[space.type] for p in level.furniture)
                    asked.setdefault(space.type, []).append(has)
    for kind, found in asked.items():
        assert sum(found) >= 0.9 * len(found), (kind, sum(found), len(found))


def test_baths_have_all_that_one_needs() -> None:
    """Of those that a building code would call large enough: 30 square feet."""
    complete = []
    for house in solved_houses():
        for level in levels(house):
            for space in level.spaces:
                if space.type == "bathroom" and space.area_sqft >= 30:
                    kinds = {piece.kind for piece in level.furniture if piece.room == space.name}
                    complete.append({"toilet", "basin"} <= kinds and bool(kinds & {"shower", "tub"}))
    assert len(complete) > 20
    assert sum(complete) >= 0.9 * len(complete), (sum(complete), len(complete))


@pytest.mark.parametrize("kind", sorted(SYMBOLS))
@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_a_symbol_stays_inside_its_outline(kind: str, angle: int) -> None:
    width, depth = {"bed": (5.0, 6.5), "car": (6.0, 15.0)}.get(kind, (5.0, 3.0))
    piece = Piece(kind, 10.0, 20.0, width, depth, 3.0, angle, "room")
    x1, y1, x2, y2 = shape(piece).bounds
    for mark in symbol(piece):
        points = mark.points
        if mark.ellipse:
            x, y, rx, ry = mark.ellipse
            points = ((x - rx, y - ry), (x + rx, y + ry))
        for x, y in points:
            assert x1 - 0.01 <= x <= x2 + 0.01
            assert y1 - 0.01 <= y <= y2 + 0.01
