"""Polygons of shapely as regions of a scene, and back."""

from collections.abc import Iterable, Sequence

from shapely import Polygon, box, unary_union
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from housebrain.drawing.elements import Point, Region

TINY_SQFT = 0.01  # what joining and cutting leaves of nothing


def regions(shape: BaseGeometry) -> tuple[Region, ...]:
    """All polygons of a shape, without points on straight edges, from the lower left one."""
    parts = [part for part in getattr(shape, "geoms", [shape]) if isinstance(part, Polygon) and part.area > TINY_SQFT]
    found = []
    for part in parts:
        turned = orient(part.simplify(0))
        rings = [tuple((x, y) for x, y in ring.coords[:-1]) for ring in (turned.exterior, *turned.interiors)]
        found.append(Region(rings[0], tuple(rings[1:])))
    return tuple(sorted(found, key=lambda region: min(region.outline)))


def polygon(region: Region) -> Polygon:
    """The region as a polygon of shapely."""
    return Polygon(region.outline, region.holes)


def joined(outlines: Iterable[Sequence[Point]]) -> BaseGeometry:
    """The union of some polygons, given their corners."""
    return unary_union([Polygon(outline) for outline in outlines])


def boxed(rectangles: Iterable[tuple[float, float, float, float]]) -> BaseGeometry:
    """The union of some rectangles, given x, y, width and depth."""
    return unary_union([box(x, y, x + w, y + d) for x, y, w, d in rectangles])
