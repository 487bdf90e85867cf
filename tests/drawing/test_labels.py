"""Tests for housebrain.drawing.labels: every room is named inside its walls, and no two texts meet."""

from itertools import combinations

import pytest
from shapely import Point, Polygon, unary_union
from shapely.geometry import box

from drawn import design, level, room
from housebrain.drawing.elements import Level
from housebrain.drawing.labels import room_labels, short_labels
from housebrain.drawing.names import title
from housebrain.drawing.picture import Text, width_of
from housebrain.drawing.regions import polygon
from housebrain.drawing.scene import scene
from housebrain.drawing.view import View
from houses import Solved, solved_houses

HOUSES = [pytest.param(house, id=house.record["id"]) for house in solved_houses()]
VIEW = View(0.0, 0.0, 75)


def around(text: Text) -> Polygon:
    """The paper that a line of text takes."""
    half, up = width_of(text.text, text.size, text.bold) / 2, text.size * 0.75
    if text.angle:
        return box(text.x - up, text.y - half, text.x, text.y + half)
    return box(text.x - half, text.y - up, text.x + half, text.y)


def room_on_paper(drawn: Level) -> dict[str, Polygon]:
    return {space.name: Polygon(VIEW.points(space.region.outline)) for space in drawn.spaces}


@pytest.mark.parametrize("house", HOUSES)
def test_labels_stay_in_their_rooms_and_apart(house: Solved) -> None:
    for drawn in scene(house.design, house.brief).levels:
        texts = room_labels(drawn, VIEW)
        places = [around(text) for text in texts]
        rooms = list(room_on_paper(drawn).values())
        for place in places:
            assert any(one.covers(place) for one in rooms)
        for one, other in combinations(places, 2):
            assert one.intersection(other).area < 1e-6
        named = [text.text for text in texts if text.bold]
        for space in drawn.spaces:
            assert space.type == "stairs" or title(space) in named


@pytest.mark.parametrize("house", HOUSES)
def test_labels_stay_off_the_walls(house: Solved) -> None:
    for drawn in scene(house.design, house.brief).levels:
        walls = unary_union([Polygon(VIEW.points(region.outline)) for space in drawn.spaces for region in space.clear])
        for text in [*room_labels(drawn, VIEW), *short_labels(drawn, VIEW, 200.0)]:
            assert walls.covers(around(text)), text


def test_short_labels_are_large_and_short() -> None:
    drawn = scene(design(level(room("bed2", "bedroom", (2, 0, 20, 18)), room("Oma & Opa", "bedroom", (2, 18, 20, 12)))))
    texts = short_labels(drawn.levels[0], VIEW, 200.0)
    assert [text.text for text in texts] == ["Bed 2", "360 sq ft", "Oma & Opa", "240 sq ft"]
    assert texts[0].size > 2 * room_labels(drawn.levels[0], VIEW)[0].size


@pytest.mark.parametrize("house", HOUSES)
def test_labels_keep_off_furniture_where_there_is_room(house: Solved) -> None:
    for drawn in scene(house.design, house.brief).levels:
        standing = unary_union([Polygon(VIEW.points(piece.outline)) for piece in drawn.furniture])
        covered = sum(around(text).intersection(standing).area for text in room_labels(drawn, VIEW))
        assert covered < 60.0  # square millimetres, of a whole level


def test_a_room_too_small_for_any_word_gets_the_start_of_its_name() -> None:
    tiny = room("a" * 40, "store", (2, 0, 1, 1))
    drawn = scene(design(level(tiny))).levels[0]
    (text,) = room_labels(drawn, VIEW)
    assert text.text.endswith("...")
    assert polygon(drawn.spaces[0].region).covers(Point(text.x / VIEW.mm, -text.y / VIEW.mm))
