"""Roofs: flat with a parapet, gables or hips, by style and material."""

from collections.abc import Sequence
from math import radians, tan
from typing import Literal

from shapely import Polygon, box, difference, unary_union
from shapely.errors import GEOSException
from shapely.geometry.base import BaseGeometry

from housebrain.drawing.elements import Face, Point, Roof, RoofBody, Wall, rectangle
from housebrain.drawing.regions import regions
from housebrain.house.brief import Brief
from housebrain.house.design import CEILING_FT, FLOOR_TO_FLOOR_FT, WALL_FT

SLAB_FT = FLOOR_TO_FLOOR_FT - CEILING_FT
PARAPET_FT = 3.0  # above a flat roof's slab
EAVES_FT = 1.5
GRAIN_FT = 1e-7  # of the grid on which lines that are nearly the same are told apart
NEEDLE_FT = 1e-6
FLAT_STYLES = frozenset({"Modern", "Contemporary", "Minimalist", "Industrial", "Art Deco"})
GABLE_STYLES = frozenset({"Craftsman", "Rustic", "Scandinavian", "Victorian", "Gothic", "Mid-Century Modern"})
PITCH_OF_CLIMATE = {
    "Cold": 40.0,
    "Temperate": 32.0,
    "Mediterranean": 20.0,
    "Hot_Dry": 18.0,
    "Hot_Humid": 26.0,
    "Tropical": 28.0,
}
PITCH_OF_STYLE = {"Gothic": 45.0, "Victorian": 40.0, "Mid-Century Modern": 14.0}
PITCH_OF_MATERIAL = {"Slate": 38.0, "Asphalt_Shingles": 32.0, "Tile": 22.0, "Metal": 26.0}
USUAL_PITCH = 30.0
# A plane over the plan: z above the eaves is `a * x + b * y + c`.
Plane = tuple[float, float, float]
Box = tuple[float, float, float, float]
Kind = Literal["flat", "gable", "hip"]
Ridge = Literal["x", "y"]  # along what a gable's ridge runs


def roof(covered: BaseGeometry, level_z: float, material: str, brief: Brief | None) -> Roof:
    """The roof of a house.

    Args:
        covered: the top storey without what is open to the sky, to the walls' axes.
        level_z: z of the slab's upper face.
        material: as the design names it.
        brief: its style and climate count, and how far its setbacks let the eaves reach.
    """
    slab = covered.buffer(WALL_FT / 2, join_style="mitre")
    kind, pitch = _kind(material, brief)
    boxes = _largest_boxes(covered) if kind != "flat" else []
    # Between two neighbours no slope may end at their walls.
    between = brief is not None and len(brief.plot.party_walls or ()) == 2
    if not boxes or (between and len(boxes) > 1):
        parapets = _parapets(covered)
        return Roof("flat", material, regions(slab), SLAB_FT, level_z, level_z + PARAPET_FT, parapets, (), (), 0.0)
    kind = "gable" if (kind == "gable" or between) and len(boxes) == 1 else "hip"
    x1, y1, x2, y2 = boxes[0]
    ridge: Ridge | None = None if kind == "hip" else "x" if between or x2 - x1 >= y2 - y1 else "y"
    setbacks = brief.plot.setbacks if brief else None
    room = min(setbacks.front_ft, setbacks.rear_ft, setbacks.left_ft, setbacks.right_ft) if setbacks else EAVES_FT
    overhang = max(WALL_FT / 2, min(EAVES_FT, room))
    wide = _largest_boxes(covered.buffer(overhang, join_style="mitre"))
    slope = tan(radians(pitch))
    bodies = tuple(_body(one, slope, level_z, ridge) for one in wide)
    faces = tuple(_faces(wide, slope, level_z, ridge))
    top = max(body.top for body in bodies)
    return Roof(kind, material, regions(slab), SLAB_FT, level_z, top, (), bodies, faces, overhang)


def _kind(material: str, brief: Brief | None) -> tuple[Kind, float]:
    """Flat, gable or hip, and the pitch in degrees."""
    style, climate = (brief.style, brief.climate_zone) if brief else ("", "")
    pitch = PITCH_OF_STYLE.get(style, PITCH_OF_CLIMATE.get(climate, PITCH_OF_MATERIAL.get(material, USUAL_PITCH)))
    if material == "Flat_Roof" or (style in FLAT_STYLES and climate != "Cold"):
        return "flat", 0.0
    return ("gable" if style in GABLE_STYLES or style in FLAT_STYLES else "hip"), pitch


def _parapets(covered: BaseGeometry) -> tuple[Wall, ...]:
    """Low walls over the outline of what a flat roof covers."""
    found = []
    for region in regions(covered):
        for ring in (region.outline, *region.holes):
            for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True):
                half = WALL_FT / 2
                # The inside of a ring lies on its left.
                if y1 == y2:
                    low, high, outward = min(x1, x2) - half, max(x1, x2) + half, -1 if x2 > x1 else 1
                    found.append(Wall("parapet", "x", y1, low, high, WALL_FT, PARAPET_FT, outward))
                else:
                    low, high, outward = min(y1, y2) - half, max(y1, y2) + half, 1 if y2 > y1 else -1
                    found.append(Wall("parapet", "y", x1, low, high, WALL_FT, PARAPET_FT, outward))
    return tuple(found)


def _largest_boxes(shape: BaseGeometry) -> list[Box]:
    """Every rectangle in a shape of right angles that is part of no larger one: x1, y1, x2, y2."""
    found: set[Box] = set()
    for region in regions(shape):
        outline = Polygon(region.outline, region.holes).buffer(1e-6, join_style="mitre")
        points = [point for ring in (region.outline, *region.holes) for point in ring]
        xs, ys = sorted({x for x, _ in points}), sorted({y for _, y in points})
        for i, x1 in enumerate(xs):
            for x2 in xs[i + 1 :]:
                for j, y1 in enumerate(ys):
                    for y2 in reversed(ys[j + 1 :]):
                        if outline.covers(box(x1, y1, x2, y2)):
                            found.add((x1, y1, x2, y2))
                            break
    return sorted(
        one
        for one in found
        if not any(
            one != other and other[0] <= one[0] and other[1] <= one[1] and other[2] >= one[2] and other[3] >= one[3]
            for other in found
        )
    )


def _body(one: Box, slope: float, eaves: float, ridge: Ridge | None) -> RoofBody:
    """A roof over a box: a gable with its ridge along `ridge`, or a hip."""
    x1, y1, x2, y2 = one
    w, d = x2 - x1, y2 - y1
    half = _half(one, ridge)
    inset = 0.0 if ridge else half
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    along_x = ridge == "x" if ridge else w >= d
    line: tuple[Point, ...] = ((x1 + inset, y), (x2 - inset, y)) if along_x else ((x, y1 + inset), (x, y2 - inset))
    if w == d and not ridge:
        line = ((x, y),)
    return RoofBody(rectangle(*one), line, eaves, eaves + half * slope)


def _half(one: Box, ridge: Ridge | None) -> float:
    """How far it is from the eaves to the ridge, on the plan."""
    w, d = one[2] - one[0], one[3] - one[1]
    return (min(w, d) if ridge is None else d if ridge == "x" else w) / 2


def _planes(one: Box, slope: float, ridge: Ridge | None) -> list[Plane]:
    x1, y1, x2, y2 = one
    across_y: list[Plane] = [(0.0, slope, -y1 * slope), (0.0, -slope, y2 * slope)]
    across_x: list[Plane] = [(slope, 0.0, -x1 * slope), (-slope, 0.0, x2 * slope)]
    if ridge:
        return across_y if ridge == "x" else across_x
    return across_y + across_x


def _faces(boxes: Sequence[Box], slope: float, eaves: float, ridge: Ridge | None) -> list[Face]:
    """What is seen of the slopes of all bodies, and the gables' ends."""
    shown: dict[Plane, list[BaseGeometry]] = {}
    planes = [_planes(one, slope, ridge) for one in boxes]
    for number, (one, own) in enumerate(zip(boxes, planes, strict=True)):
        for plane in own:
            part: BaseGeometry = _above(rectangle(*one), [_less(other, plane) for other in own if other != plane])
            for rival, (other, theirs) in enumerate(zip(boxes, planes, strict=True)):
                if rival != number:
                    hidden = _above(rectangle(*other), [_less(its, plane) for its in theirs], 1e-9)
                    part = _cut_off(part, hidden)
            shown.setdefault(plane, []).append(part)
    faces = [
        Face(tuple((x, y, eaves + plane[0] * x + plane[1] * y + plane[2]) for x, y in region.outline))
        for plane, parts in shown.items()
        for region in regions(_without_needles(unary_union(parts)))
    ]
    return faces + ([end for one in boxes for end in _ends(one, slope, eaves, ridge)] if ridge else [])


def _cut_off(shape: BaseGeometry, other: BaseGeometry) -> BaseGeometry:
    """What the other leaves of a shape."""
    try:
        return shape.difference(other)
    except GEOSException:  # lines that are nearly the same; on a fine grid they are the same or apart
        return difference(shape, other, grid_size=GRAIN_FT)


def _without_needles(shape: BaseGeometry) -> BaseGeometry:
    """The shape without what cutting has left of no width."""
    return shape.buffer(-NEEDLE_FT, join_style="mitre").buffer(NEEDLE_FT, join_style="mitre")


def _less(one: Plane, other: Plane) -> Plane:
    return one[0] - other[0], one[1] - other[1], one[2] - other[2]


def _above(corners: Sequence[Point], planes: Sequence[Plane], least: float = 0.0) -> BaseGeometry:
    """The part of a convex polygon where all planes are at `least` or above (Sutherland and Hodgman)."""
    points = list(corners)
    for a, b, c in planes:
        kept: list[Point] = []
        for (x1, y1), (x2, y2) in zip(points, points[1:] + points[:1], strict=True):
            h1, h2 = a * x1 + b * y1 + c - least, a * x2 + b * y2 + c - least
            if h1 >= 0:
                kept.append((x1, y1))
            if (h1 >= 0) != (h2 >= 0):
                share = h1 / (h1 - h2)
                kept.append((x1 + share * (x2 - x1), y1 + share * (y2 - y1)))
        points = kept
        if len(points) < 3:
            return Polygon()
    cut = Polygon(points)
    # Corners that meet, or nearly so, make no polygon that can be cut further.
    return cut if cut.is_valid else cut.buffer(0)


def _ends(one: Box, slope: float, eaves: float, ridge: Ridge) -> list[Face]:
    """The upright triangles of a gable roof."""
    x1, y1, x2, y2 = one
    top = eaves + _half(one, ridge) * slope
    if ridge == "x":
        y = (y1 + y2) / 2
        return [
            Face(((x1, y2, eaves), (x1, y1, eaves), (x1, y, top))),
            Face(((x2, y1, eaves), (x2, y2, eaves), (x2, y, top))),
        ]
    x = (x1 + x2) / 2
    return [
        Face(((x1, y1, eaves), (x2, y1, eaves), (x, y1, top))),
        Face(((x2, y2, eaves), (x1, y2, eaves), (x, y2, top))),
    ]
