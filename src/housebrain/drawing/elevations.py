"""The house seen from its four sides, without perspective: what is farther away is drawn first."""

from collections.abc import Iterable, Sequence
from math import ceil, floor
from typing import Literal, NamedTuple

from housebrain.drawing.elements import Opening, Point, Point3, Wall, rectangle
from housebrain.drawing.names import level_name
from housebrain.drawing.picture import GREY, INK, PAPER, Picture, Stroke
from housebrain.drawing.regions import joined, regions
from housebrain.drawing.scene import Scene
from housebrain.drawing.surfaces import surfaces
from housebrain.drawing.view import View, feet, metres

Side = Literal["front", "rear", "left", "right"]
SIDES: tuple[Side, ...] = ("front", "right", "rear", "left")
COMPASS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
# How far around from the front each side is, clockwise, in degrees.
TURN = {"front": 0, "left": 90, "rear": 180, "right": 270}
EDGE, FINE = Stroke(0.2, INK), Stroke(0.1, "#4b5563")
GROUND_FT = 6.0  # of ground line beside the house
HEIGHTS_FT = 2.0  # beside the ground, for the marks of heights
GLASS, SLAB_FILL = "#d5e6ef", "#e4e0d8"
COPING_FT = 0.3  # on a parapet
HEIGHT_MM = 5.0  # what a mark of a height takes
ROOF_COURSE_FT, VERGE_FT = 0.7, 0.6
EAVES_FT = 0.5  # a roof that reaches farther over its walls shades them
# How far apart the lines are that say what walls are made of, where that has courses or boards.
COURSES_FT = {"Brick": 0.75, "Stone": 1.5, "Wood": 0.6, "Fiber_Cement": 0.8, "Concrete": 4.0}
NAMES = {"N": "North", "NE": "North-east", "E": "East", "SE": "South-east", "S": "South", "SW": "South-west",
         "W": "West", "NW": "North-west"}  # fmt: skip


class Part(NamedTuple):
    """One flat part of what is seen: how far away, its corners across and up in feet, fill, lines."""

    away: float
    corners: tuple[Point, ...]
    fill: str | None
    stroke: Stroke
    order: int = 0


def elevation_name(scene: Scene, side: Side) -> str:
    """`Front elevation (south)`, where the plot says what is north."""
    title = f"{side.capitalize()} elevation"
    if scene.plot is None:
        return title
    bearing = COMPASS[round((scene.plot.orientation + TURN[side]) / 45) % 8]
    return f"{title} ({NAMES[bearing].lower()})"


def width(scene: Scene, side: Side) -> float:
    """Of the house with the ground beside it, in feet."""
    *_, w, d = scene.footprint
    return (w if side in ("front", "rear") else d) + 2 * GROUND_FT + HEIGHTS_FT


def draw_elevation(picture: Picture, scene: Scene, side: Side, left: float, base: float, scale: float) -> None:
    """Draws a side with the ground's left end at `left` and the ground at `base`, in millimetres."""
    low, high = _reach(scene, side)
    view = View(left - (low - GROUND_FT) * View(0, 0, scale).mm, base, scale)
    for part in sorted(parts(scene, side), key=lambda part: (-part.away, part.order)):
        picture.rings([view.points(part.corners)], part.fill, part.stroke)
    picture.line(view.points(((low - GROUND_FT, 0.0), (high + GROUND_FT, 0.0))), Stroke(0.6, INK))
    draw_heights(picture, scene, view, high + GROUND_FT)


def draw_heights(picture: Picture, scene: Scene, view: View, at: float) -> None:
    """Marks beside a drawing for the ground, each floor, the roof's slab and the top."""
    marks = [("Ground", 0.0), *((level_name(level.number), level.elevation) for level in scene.levels)]
    marks += [("Roof slab", scene.roof.level), ("Top", scene.top)]
    last = float("inf")
    for name, z in marks:
        x, y = view.at(at, z)
        picture.line([(x - 4, y), (x + 5, y)], Stroke(0.12, GREY))
        picture.rings([[(x + 5, y), (x + 6.2, y - 1.1), (x + 3.8, y - 1.1)]], PAPER, Stroke(0.15, INK))
        y = min(y, last - HEIGHT_MM)
        last = y
        picture.text(name, x + 7.2, y - 0.5, 2.0, bold=True)
        picture.text(f"+{feet(z)}  +{metres(z)} m" if z else "0'-0\"  0.00 m", x + 7.2, y + 1.9, 1.7, colour=GREY)


def _reach(scene: Scene, side: Side) -> tuple[float, float]:
    x, y, w, d = scene.footprint
    return {"front": (x, x + w), "rear": (-x - w, -x), "left": (-y - d, -y), "right": (y, y + d)}[side]


def _seen(side: Side, x: float, y: float) -> tuple[float, float]:
    """Of a point how far to the right it is seen, and how far away."""
    return {"front": (x, y), "rear": (-x, -y), "left": (-y, x), "right": (y, -x)}[side]


def parts(scene: Scene, side: Side) -> Iterable[Part]:
    """Everything that faces a side."""
    looks = surfaces(scene.materials)
    wall_fill, roof_fill = looks["wall"].colour, looks["roof"].colour
    courses = COURSES_FT.get(scene.materials["exterior"])
    for region in scene.plinth:
        yield from _upright(side, region.outline, 0.0, scene.levels[0].elevation, "#d8d4cc", EDGE)
    for level in scene.levels:
        floor_z = level.elevation
        for region in level.slab:
            yield from _upright(side, region.outline, floor_z - level.slab_thickness, floor_z, SLAB_FILL, EDGE)
        for kind in ("outer", "parapet"):
            own = [wall for wall in level.walls if wall.kind == kind]
            for outline in _outlines(own):
                yield from _upright(side, outline, floor_z, floor_z + own[0].height, wall_fill, EDGE, courses)
        for wall in level.walls:
            if wall.kind == "railing":
                yield from _railing(side, wall, floor_z, floor_z + wall.height)
            for opening in wall.openings:
                if _faces(side, wall):
                    yield from _opening(side, wall, opening, floor_z)
        for post in level.posts:
            yield from _upright(side, post.outline, post.bottom, post.top, wall_fill, FINE)
    roof = scene.roof
    for region in roof.slab:
        # Where the roof reaches over its slab, the slab lies in the shade.
        fill = shaded(SLAB_FILL, 0.8) if roof.overhang > EAVES_FT else SLAB_FILL
        yield from _upright(side, region.outline, roof.level - roof.slab_thickness, roof.level, fill, EDGE)
    for outline in _outlines(roof.parapets):
        yield from _upright(side, outline, roof.level, roof.top - COPING_FT, wall_fill, EDGE, courses)
        yield from _upright(side, outline, roof.top - COPING_FT, roof.top, SLAB_FILL, EDGE)
    for face in roof.faces:
        yield from _roof_face(side, face.corners, roof_fill, wall_fill, courses)
    for step in scene.steps:
        yield from _upright(side, step.outline, step.bottom, step.top, "#efece6", FINE)


def _outlines(walls: Sequence[Wall]) -> list[tuple[Point, ...]]:
    """What walls are together, without the edges at their joints."""
    shapes = regions(joined(wall.outline for wall in walls))
    return [ring for region in shapes for ring in (region.outline, *region.holes)]


def _faces(side: Side, wall: Wall) -> bool:
    """Whether a wall's outside is seen from a side."""
    return (wall.along, wall.outward) == {
        "front": ("x", -1),
        "rear": ("x", 1),
        "left": ("y", -1),
        "right": ("y", 1),
    }[side]


def shaded(colour: str, light: float) -> str:
    """A colour in less light."""
    return "#" + "".join(f"{round(int(colour[k : k + 2], 16) * light):02x}" for k in (1, 3, 5))


def _upright(
    side: Side,
    outline: tuple[Point, ...],
    bottom: float,
    top: float,
    fill: str,
    stroke: Stroke,
    courses: float | None = None,
) -> Iterable[Part]:
    """The faces of an upright body that look to a side, with a fine line every so many feet where it has courses."""
    for (x1, y1), (x2, y2) in zip(outline, outline[1:] + outline[:1], strict=True):
        (u1, away), (u2, other) = _seen(side, x1, y1), _seen(side, x2, y2)
        # An outline runs counter-clockwise: an edge is seen where it runs to the right.
        if u2 > u1 and away == other:
            yield Part(away, rectangle(u1, bottom, u2, top), fill, stroke)
            if courses:
                yield from _courses(away, rectangle(u1, bottom, u2, top), courses, Stroke(0.07, shaded(fill, 0.82)))


def _box(side: Side, wall: Wall, opening: Opening) -> tuple[float, float, float]:
    """From where to where an opening is seen, and how far away the wall's face is."""
    (u1, away), (u2, _) = _seen(side, *opening.start), _seen(side, *opening.end)
    return min(u1, u2), max(u1, u2), away - wall.thickness / 2


def _opening(side: Side, wall: Wall, opening: Opening, floor_z: float) -> Iterable[Part]:
    left, right, away = _box(side, wall, opening)
    bottom, top = floor_z + opening.sill, floor_z + opening.head
    fill = {"window": GLASS, "glazed": GLASS, "gate": "#c9ccd1", "door": "#b08d6a", "way": "#8f9299"}[opening.kind]
    yield Part(away, rectangle(left, bottom, right, top), PAPER, EDGE, 2)
    if opening.kind == "way":
        yield Part(away, rectangle(left, bottom, right, top), fill, EDGE, 2)
        return
    frame = min(0.2, (right - left) / 6)
    if opening.kind == "window":
        panes = max(1, round((right - left) / 2.5))
        each = (right - left - frame) / panes
        for k in range(panes):
            start = left + frame + k * each
            yield Part(away, rectangle(start, bottom + frame, start + each - frame, top - frame), fill, FINE, 2)
        yield Part(away, rectangle(left - 0.2, bottom - 0.2, right + 0.2, bottom), "#efece6", FINE, 2)
    elif opening.kind == "gate":
        count = max(3, floor((top - bottom) / 1.5))
        for k in range(count):
            low = bottom + (top - bottom) * k / count
            yield Part(away, rectangle(left, low, right, low + (top - bottom) / count), fill, FINE, 2)
    else:
        leaves = max(1, len(opening.leaves))
        each = (right - left - frame) / leaves
        for k in range(leaves):
            start = left + frame + k * each
            end = start + each - frame
            yield Part(away, rectangle(start, bottom, end, top - frame), fill, FINE, 2)
            if opening.kind == "door":
                inset = (end - start) * 0.18
                for low, high in ((0.6, 3.0), (3.5, top - bottom - 0.8)):
                    panel = rectangle(start + inset, bottom + low, end - inset, bottom + high)
                    yield Part(away, panel, None, FINE, 3)


def _railing(side: Side, wall: Wall, bottom: float, top: float) -> Iterable[Part]:
    """A handrail over thin balusters."""
    (u1, away), (u2, other) = _seen(side, *wall.start), _seen(side, *wall.end)
    low, high = min(u1, u2), max(u1, u2)
    if away != other:
        low, high, away = low - wall.thickness / 2, high + wall.thickness / 2, min(away, other)
    yield Part(away, rectangle(low, top - 0.2, high, top), "#9aa0a8", FINE)
    count = max(1, int((high - low) / 0.5))
    for k in range(count + 1):
        u = low + (high - low) * k / count
        yield Part(away, ((u, bottom), (u, top - 0.2)), None, FINE)


def _roof_face(
    side: Side, corners: tuple[Point3, ...], roof_fill: str, wall_fill: str, courses: float | None
) -> Iterable[Part]:
    """A slope or a gable as it is seen; nothing where it looks away."""
    seen = [(*_seen(side, x, y), z) for x, y, z in corners]
    flat = tuple((u, z) for u, _, z in seen)
    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(flat, flat[1:] + flat[:1], strict=True)) / 2
    if area < 0.01:
        return
    away = min(depth for _, depth, _ in seen)
    upright = max(depth for _, depth, _ in seen) - away < 1e-6
    yield Part(away, flat, wall_fill if upright else roof_fill, EDGE)
    if not upright:
        yield from _courses(away, flat, ROOF_COURSE_FT, Stroke(0.06, "#4b5563"))
        return
    if courses:
        yield from _courses(away, flat, courses, Stroke(0.07, shaded(wall_fill, 0.82)))
    # The roof's edge along both slopes of a gable.
    (u1, z), (u2, _), (middle, top) = sorted(flat, key=lambda point: (point[1], point[0]))
    share = min(1.0, VERGE_FT / (top - z))
    foot = (u2 - u1) / 2 * share
    verge = ((u1, z), (u1 + foot, z), (middle, top - (top - z) * share), (u2 - foot, z), (u2, z), (middle, top))
    yield Part(away, verge, roof_fill, EDGE, 2)


def _courses(away: float, corners: tuple[Point, ...], apart: float, stroke: Stroke) -> Iterable[Part]:
    """Level lines across a face, `apart` feet from each other."""
    low, high = min(z for _, z in corners), max(z for _, z in corners)
    for k in range(1, ceil((high - low) / apart)):
        z = low + k * apart
        crossings = sorted(
            a[0] + (z - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
            for a, b in zip(corners, corners[1:] + corners[:1], strict=True)
            if (a[1] - z) * (b[1] - z) < 0
        )
        for u1, u2 in zip(crossings[::2], crossings[1::2], strict=False):
            yield Part(away, ((u1, z), (u2, z)), None, stroke, 1)
