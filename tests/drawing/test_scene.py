"""Tests for housebrain.drawing.scene: what a scene says of a house holds for the house."""

from itertools import pairwise

import pytest
from shapely import LineString, MultiPoint, Polygon, box, unary_union

from housebrain.drawing.elements import Level
from housebrain.drawing.regions import polygon
from housebrain.drawing.scene import Scene, scene
from housebrain.house.design import CEILING_FT, FLOOR_TO_FLOOR_FT, RISER_FT, WALL_FT
from housebrain.house.rooms import OPEN_AIR
from houses import Solved, solved_houses

HOUSES = [pytest.param(house, id=house.record["id"]) for house in solved_houses()]


def made(house: Solved) -> Scene:
    return scene(house.design, house.brief)


def cut_area(level: Level) -> float:
    return sum(polygon(region).area for region in level.cut)


@pytest.mark.parametrize("house", HOUSES)
def test_every_door_and_window_is_in_one_wall(house: Solved) -> None:
    for level, drawn in zip(house.design.levels, made(house).levels, strict=True):
        types = {room.name: room.type for room in level.rooms}
        outdoor = [door for door in level.doors if {types.get(door.a), types.get(door.b)} <= OPEN_AIR]
        walled = len(level.doors) - (len(outdoor) if drawn.number == 0 else 0)
        kinds = [opening.kind for opening in drawn.openings]
        assert len(kinds) == walled + len(level.windows)
        assert kinds.count("window") == len(level.windows)


@pytest.mark.parametrize("house", HOUSES)
def test_walls_leave_the_rooms_what_the_design_says(house: Solved) -> None:
    for level in made(house).levels:
        for space in level.spaces:
            clear = sum(polygon(region).area for region in space.clear)
            around = Polygon(space.region.outline).length
            assert space.area_sqft - around * WALL_FT / 2 - 0.1 <= clear <= space.area_sqft
        walls = unary_union([polygon(region) for region in level.cut])
        for opening in level.openings:
            middle = LineString([opening.start, opening.end])
            # A way reaches to the axes of the walls at its ends.
            ends = MultiPoint([opening.start, opening.end]).buffer(WALL_FT / 2 + 0.01)
            assert walls.intersection(middle.difference(ends)).length == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("house", HOUSES)
def test_levels_stand_on_each_other(house: Solved) -> None:
    drawn = made(house)
    for lower, upper in pairwise(drawn.levels):
        assert upper.elevation - lower.elevation == lower.height == FLOOR_TO_FLOOR_FT
        assert lower.ceiling + upper.slab_thickness == FLOOR_TO_FLOOR_FT
        assert upper.stair_below == lower.stair
        assert lower.stair is not None
    assert drawn.levels[-1].stair is None
    assert drawn.roof.level == pytest.approx(drawn.levels[-1].elevation + CEILING_FT + drawn.roof.slab_thickness)
    assert drawn.top > drawn.roof.level


@pytest.mark.parametrize("house", HOUSES)
def test_stairs_climb_from_floor_to_floor_inside_their_room(house: Solved) -> None:
    for level in made(house).levels:
        stair = level.stair
        if stair is None:
            continue
        tops = [level.elevation, *(step.top for step in stair.steps), level.elevation + FLOOR_TO_FLOOR_FT]
        assert {round(high - low, 6) for low, high in pairwise(tops)} == {round(RISER_FT, 6)}
        x, y, w, d = stair.box
        shapes = [Polygon(step.outline) for step in stair.steps]
        assert box(x, y, x + w, y + d).buffer(1e-6).covers(unary_union(shapes))
        assert unary_union(shapes).area == pytest.approx(sum(shape.area for shape in shapes))
        assert all(shape.is_valid and shape.exterior.is_ccw for shape in shapes)


@pytest.mark.parametrize("house", HOUSES)
def test_slabs_have_a_hole_for_the_stairs(house: Solved) -> None:
    drawn = made(house)
    for level in drawn.levels:
        floor = unary_union([polygon(region) for region in level.slab])
        if level.stair_below is not None:
            hole = unary_union([Polygon(step.outline) for step in level.stair_below.steps])
            assert floor.intersection(hole).area < 1e-6
        x, y, w, d = drawn.footprint
        assert floor.bounds == pytest.approx((x - 0.25, y - 0.25, x + w + 0.25, y + d + 0.25))


@pytest.mark.parametrize("house", HOUSES)
def test_the_house_stands_inside_the_setbacks(house: Solved) -> None:
    drawn = made(house)
    assert drawn.plot is not None
    x, y, w, d = drawn.plot.buildable
    left, front, width, depth = drawn.footprint
    slack = 1 / 64
    assert x - slack <= left
    assert y - slack <= front
    assert left + width <= x + w + slack
    assert front + depth <= y + d + slack
    assert drawn.plot.setbacks[0] == y


@pytest.mark.parametrize("house", HOUSES)
def test_pitched_roofs_cover_their_slab_and_flat_ones_have_parapets(house: Solved) -> None:
    roof = made(house).roof
    slab = unary_union([polygon(region) for region in roof.slab])
    if roof.kind == "flat":
        assert len(roof.parapets) >= 4
        assert not roof.faces
        return
    slopes = [Polygon([(x, y) for x, y, _ in face.corners]) for face in roof.faces]
    seen = [slope for slope in slopes if slope.area > 0.01]
    assert unary_union(seen).buffer(0.01).covers(slab)
    assert unary_union(seen).area == pytest.approx(sum(slope.area for slope in seen), rel=1e-3)
    assert max(z for face in roof.faces for *_, z in face.corners) == pytest.approx(roof.top)
    bodies = unary_union([Polygon(body.base) for body in roof.bodies])
    assert bodies.symmetric_difference(unary_union(seen)).area < 0.1


def test_the_houses_have_every_kind_of_roof_and_both_kinds_of_stairs() -> None:
    drawn = [made(house) for house in solved_houses()]
    assert {one.roof.kind for one in drawn} == {"flat", "gable", "hip"}
    landings = {any(step.landing for step in level.stair.steps) for one in drawn for level in one.levels if level.stair}
    assert landings == {True, False}


def test_a_scene_without_a_brief_starts_at_the_setbacks() -> None:
    house = solved_houses()[0]
    drawn = scene(house.design)
    assert drawn.plot is None
    assert drawn.footprint[:2] == (house.design.footprint.x, house.design.footprint.y)
