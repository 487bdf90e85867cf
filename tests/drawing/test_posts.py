"""Tests for housebrain.drawing.posts: no corner of a house hangs in the air."""

from itertools import pairwise

import pytest
from shapely import Point, Polygon, box, unary_union

from housebrain.drawing.elements import Region
from housebrain.drawing.posts import POST_FT, SPAN_FT, posts
from housebrain.drawing.regions import polygon
from housebrain.drawing.scene import scene
from housebrain.house.design import WALL_FT
from houses import Solved, solved_houses

HOUSES = [pytest.param(house, id=house.record["id"]) for house in solved_houses()]


def convex(region: Region) -> list[Point]:
    ring = region.outline[-1:] + region.outline + region.outline[:1]
    return [
        Point(b)
        for a, b, c in zip(ring, ring[1:], ring[2:], strict=False)
        if (b[0] - a[0]) * (c[1] - b[1]) > (b[1] - a[1]) * (c[0] - b[0])
    ]


@pytest.mark.parametrize("house", HOUSES)
def test_each_corner_over_an_outdoor_space_has_a_post_or_a_wall(house: Solved) -> None:
    drawn = scene(house.design, house.brief)
    covers = [level.slab for level in drawn.levels[1:]] + [drawn.roof.slab]
    for level, cover in zip(drawn.levels, covers, strict=True):
        walls = unary_union([Polygon(w.outline) for w in level.walls if w.kind in ("outer", "inner")])
        outdoor = unary_union([polygon(space.region) for space in level.spaces if space.open_air])
        shapes = [Polygon(post.outline) for post in level.posts]
        carried = unary_union([walls, *shapes])
        over = unary_union([polygon(region) for region in cover])
        for shape, post in zip(shapes, level.posts, strict=True):
            assert shape.area == pytest.approx(POST_FT**2)
            assert shape.intersection(walls).area < 1e-6
            assert outdoor.buffer(WALL_FT / 2 + 0.01, join_style="mitre").covers(shape)
            assert over.buffer(0.01).covers(shape)
            assert (post.bottom, post.top) == (level.elevation, level.elevation + level.ceiling)
        for region in cover:
            for corner in convex(region):
                if outdoor.buffer(WALL_FT / 2 + 0.01, join_style="mitre").covers(corner):
                    assert carried.distance(corner) < POST_FT + 0.01


def test_a_long_edge_has_posts_in_between() -> None:
    porch = box(0, 0, 50, 10)
    house = box(0, 10, 50, 30)
    found = posts(unary_union([porch, house]), porch, house.boundary.buffer(WALL_FT / 2, join_style="mitre"), 0, 9)
    fronts = sorted((min(post.outline), max(post.outline)) for post in found)
    assert len(found) == 4
    assert all(right[0][0] - left[1][0] <= SPAN_FT for left, right in pairwise(fronts))
    assert all(low[1] == 0 for low, _ in fronts)


def test_what_nothing_covers_and_what_walls_carry_needs_no_post() -> None:
    assert posts(box(0, 0, 20, 20), box(20, 0, 30, 20), box(0, 0, 20, 20).boundary.buffer(0.25), 0, 9) == ()
