"""Posts under what covers an outdoor space: at free corners, and where an edge is long."""

from math import ceil

import shapely
from shapely import LineString
from shapely.geometry.base import BaseGeometry

from housebrain.drawing.elements import Block, Point, rectangle
from housebrain.drawing.regions import regions
from housebrain.house.design import WALL_FT

POST_FT = 1.0
SPAN_FT = 20.0  # a longer edge has posts in between
LEAST_FT = 2.0  # of an edge, to need any


def posts(
    cover: BaseGeometry, outdoor: BaseGeometry, walls: BaseGeometry, bottom: float, top: float
) -> tuple[Block, ...]:
    """The posts of one level, their outer faces flush with the edge that they carry.

    Args:
        cover: the floor or the roof's slab above.
        outdoor: the spaces of this level that have no walls of their own.
        walls: of this level, without railings and parapets.
        bottom, top: z of the floor, and of the underside of what is above.
    """
    found: dict[tuple[Point, ...], Block] = {}
    for region in regions(cover):
        for ring in (region.outline, *region.holes):
            for before, start, end, after in zip(
                ring[-1:] + ring, ring, ring[1:] + ring, ring[2:] + ring, strict=False
            ):
                for outline in _under(before, start, end, after, outdoor, walls):
                    found.setdefault(outline, Block(outline, bottom, top))
    return tuple(found[outline] for outline in sorted(found))


def _under(
    before: Point, start: Point, end: Point, after: Point, outdoor: BaseGeometry, walls: BaseGeometry
) -> list[tuple[Point, ...]]:
    """The outlines of posts under the edge from `start` to `end`, which has the covered side on its left."""
    along = _direction(start, end)
    inward = (-along[1], along[0])
    half = WALL_FT / 2
    axis = LineString([_moved(start, inward, half), _moved(end, inward, half)])
    open_edge = axis.intersection(outdoor.buffer(0.01)).difference(walls.buffer(0.01))
    places = []
    for piece in getattr(open_edge, "geoms", [open_edge]):
        if piece.length < LEAST_FT:
            continue
        low, high = sorted(axis.project(shapely.Point(point)) for point in piece.coords)
        if low < POST_FT and _convex(before, start, end):
            places.append(0.0)
        if high > axis.length - POST_FT and _convex(start, end, after):
            places.append(axis.length - POST_FT)
        count = ceil((high - low) / SPAN_FT)
        places += [low + (high - low) * k / count - POST_FT / 2 for k in range(1, count)]
    outlines = []
    for place in places:
        near = _moved(start, along, place)
        far = _moved(_moved(near, along, POST_FT), inward, POST_FT)
        outline = rectangle(min(near[0], far[0]), min(near[1], far[1]), max(near[0], far[0]), max(near[1], far[1]))
        if walls.distance(LineString(outline)) > 0.01:
            outlines.append(outline)
    return outlines


def _direction(start: Point, end: Point) -> Point:
    length = LineString([start, end]).length
    return (end[0] - start[0]) / length, (end[1] - start[1]) / length


def _moved(point: Point, direction: Point, by: float) -> Point:
    return point[0] + direction[0] * by, point[1] + direction[1] * by


def _convex(before: Point, corner: Point, after: Point) -> bool:
    return (corner[0] - before[0]) * (after[1] - corner[1]) > (corner[1] - before[1]) * (after[0] - corner[0])
