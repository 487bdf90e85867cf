"""The house cut upright through its stairs, or through its entrance where it has none."""

from collections.abc import Iterable
from typing import NamedTuple

from shapely import LineString
from shapely import Point as Place
from shapely.geometry.base import BaseGeometry

from housebrain.drawing.elements import Axis, Point, Region, Wall, rectangle
from housebrain.drawing.elevations import GROUND_FT, draw_heights
from housebrain.drawing.names import title
from housebrain.drawing.picture import GREY, INK, PAPER, Picture, Stroke, ellipse
from housebrain.drawing.regions import joined, polygon
from housebrain.drawing.scene import Scene
from housebrain.drawing.view import View

CUT, CUT_FILL = Stroke(0.35, INK), "#5b616b"
BEYOND = Stroke(0.12, GREY)
MARK_OFF_MM, MARK_R_MM = 3.0, 1.3  # of the plane's marks on plans: from the wall's axis, and their circles


class Plane(NamedTuple):
    """An upright plane that runs along `along` at `at`."""

    along: Axis
    at: float

    def spans(self, regions: Iterable[Region]) -> list[tuple[float, float]]:
        """From where to where it runs through some regions."""
        return sorted(span for region in regions for span in self._through(polygon(region), 1e5))

    def _through(self, shape: BaseGeometry, far: float) -> list[tuple[float, float]]:
        ends = ((-far, self.at), (far, self.at)) if self.along == "x" else ((self.at, -far), (self.at, far))
        met = LineString(ends).intersection(shape)
        index = 0 if self.along == "x" else 1
        pieces = [part for part in getattr(met, "geoms", [met]) if part.length > 1e-6]
        return [tuple(sorted(point[index] for point in part.coords[:: len(part.coords) - 1])) for part in pieces]


def plane(scene: Scene) -> Plane:
    """Along the flight that one goes up first; without stairs along the middle of the entrance's way in."""
    for level in scene.levels:
        if level.stair:
            (x1, y1), (x2, y2) = level.stair.path[:2]
            return Plane("x", y1) if abs(x2 - x1) > abs(y2 - y1) else Plane("y", x1)
    for opening in scene.levels[0].openings:
        if opening.entrance:
            return Plane("y", opening.x) if opening.along == "x" else Plane("x", opening.y)
    x, _, w, _ = scene.footprint
    return Plane("y", x + w / 2 + 0.01)


def section_name(scene: Scene) -> str:
    """Where there are stairs it runs through them, and plans mark where."""
    return "Section A-A through the stairs" if any(level.stair for level in scene.levels) else "Section"


def length(scene: Scene) -> float:
    """Of the ground that the section shows."""
    *_, w, d = scene.footprint
    return (w if plane(scene).along == "x" else d) + 2 * GROUND_FT


def draw_plane(picture: Picture, scene: Scene, view: View) -> None:
    """On a plan, where the section's plane enters the house and leaves it, with arrows that way it looks.

    There is no mark where one comes in. Without stairs the plane runs through the entrance.
    """
    if section_name(scene) == "Section":
        return
    cut = plane(scene)
    x, y, w, d = scene.footprint
    gap = MARK_OFF_MM / view.mm
    along_x, along_y = ((x - gap, cut.at), (x + w + gap, cut.at)), ((cut.at, y - gap), (cut.at, y + d + gap))
    steps = joined(step.outline for step in scene.steps).buffer(2 * MARK_R_MM / view.mm)
    for end in along_x if cut.along == "x" else along_y:
        if steps.covers(Place(end)):
            continue
        px, py = view.at(*end)
        r = MARK_R_MM
        # Along x it looks to the rear, along y to the left.
        corners = (
            ((px - r, py - 0.3), (px, py - 1.7 * r), (px + r, py - 0.3))
            if cut.along == "x"
            else ((px - 0.3, py - r), (px - 1.7 * r, py), (px - 0.3, py + r))
        )
        picture.rings([corners], INK)
        picture.path(ellipse(px, py, r, r), PAPER, Stroke(0.2, INK))
        picture.text("A", px, py + 0.62, 1.7, "middle", True)


def draw_section(picture: Picture, scene: Scene, left: float, base: float, scale: float) -> None:
    """Draws the section with the ground's left end at `left` and the ground at `base`, in millimetres."""
    cut = plane(scene)
    x, y, w, d = scene.footprint
    low, high = (x, x + w) if cut.along == "x" else (y, y + d)
    view = View(left - (low - GROUND_FT) * View(0, 0, scale).mm, base, scale)
    _soil(picture, view, low, high)
    _roof_beyond(picture, scene, cut, view)
    for level in scene.levels:
        top = level.elevation + (level.height if level.stair else level.ceiling)
        for space in level.spaces:
            for start, end in cut.spans((space.region,)):
                if not space.open_air:
                    picture.rings([view.points(rectangle(start, level.elevation, end, top))], "#fafafa")
    _stairs(picture, scene, cut, view)
    ground = scene.levels[0].elevation
    for start, end in cut.spans(scene.plinth):
        picture.rings([view.points(rectangle(start, 0, end, ground))], "#c9ccd1", CUT)
    for level in scene.levels:
        for start, end in cut.spans(level.slab):
            slab = rectangle(start, level.elevation - level.slab_thickness, end, level.elevation)
            picture.rings([view.points(slab)], CUT_FILL, CUT)
        for wall in level.walls:
            _wall(picture, wall, level.elevation, cut, view)
    _roof(picture, scene, cut, view)
    for level in scene.levels:
        for space in level.spaces:
            if space.type == "stairs":
                continue
            for start, end in cut.spans((space.region,)):
                middle, z = view.at((start + end) / 2, level.elevation + level.ceiling * 0.62)
                if (end - start) * view.mm > 14:
                    picture.text(title(space), middle, z, 2.0, "middle", halo=PAPER)
    picture.line(view.points(((low - GROUND_FT, 0.0), (high + GROUND_FT, 0.0))), Stroke(0.6, INK))
    draw_heights(picture, scene, view, high + GROUND_FT)


def _soil(picture: Picture, view: View, low: float, high: float) -> None:
    """Short slanted lines below the ground."""
    x = low - GROUND_FT
    while x < high + GROUND_FT:
        picture.line(view.points(((x + 0.7, 0.0), (x, -0.9))), BEYOND)
        x += 1.5


def _wall(picture: Picture, wall: Wall, floor_z: float, cut: Plane, view: View) -> None:
    """A wall that the plane cuts across, with what an opening there leaves of it; others are seen beyond."""
    if wall.along == cut.along or not wall.low <= cut.at <= wall.high:
        return
    half = wall.thickness / 2
    holes = [
        opening
        for opening in wall.openings
        if abs((opening.x if wall.along == "x" else opening.y) - cut.at) < opening.width / 2
    ]
    bottom, top = floor_z, floor_z + wall.height
    if not holes:
        _fill(picture, view, wall.at, half, bottom, top)
        return
    opening = holes[0]
    if opening.sill > 0:
        _fill(picture, view, wall.at, half, bottom, floor_z + opening.sill)
    if floor_z + opening.head < top:
        _fill(picture, view, wall.at, half, floor_z + opening.head, top)
    if opening.kind != "way":
        for off in (-half, 0.0, half):
            line = ((wall.at + off, floor_z + opening.sill), (wall.at + off, floor_z + opening.head))
            picture.line(view.points(line), BEYOND)


def _fill(picture: Picture, view: View, at: float, half: float, bottom: float, top: float) -> None:
    picture.rings([view.points(rectangle(at - half, bottom, at + half, top))], CUT_FILL, CUT)


def _stairs(picture: Picture, scene: Scene, cut: Plane, view: View) -> None:
    """Treads and risers: the flight that is cut filled, the other one beyond it as lines."""
    index = 0 if cut.along == "x" else 1
    for level in scene.levels:
        if level.stair is None:
            continue
        riser = level.stair.rise / level.stair.risers
        for step in level.stair.steps:
            across = [point[1 - index] for point in step.outline]
            along = [point[index] for point in step.outline]
            tread = rectangle(min(along), step.top - riser - 0.35, max(along), step.top)
            is_cut = min(across) < cut.at < max(across)
            picture.rings([view.points(tread)], "#8f959e" if is_cut else "#eef0f2", CUT if is_cut else BEYOND)


def _roof_beyond(picture: Picture, scene: Scene, cut: Plane, view: View) -> None:
    """The slopes and gables behind the cut."""
    index = 0 if cut.along == "x" else 1
    for face in scene.roof.faces:
        picture.rings([view.points(tuple((point[index], point[2]) for point in face.corners))], "#eef0f2", BEYOND)


def _roof(picture: Picture, scene: Scene, cut: Plane, view: View) -> None:
    roof = scene.roof
    for start, end in cut.spans(roof.slab):
        picture.rings([view.points(rectangle(start, roof.level - roof.slab_thickness, end, roof.level))], CUT_FILL, CUT)
    for wall in roof.parapets:
        if wall.along != cut.along and wall.low <= cut.at <= wall.high:
            _fill(picture, view, wall.at, wall.thickness / 2, roof.level, roof.level + wall.height)
    index = 0 if cut.along == "x" else 1
    for face in roof.faces:
        met: list[Point] = []
        for a, b in zip(face.corners, face.corners[1:] + face.corners[:1], strict=True):
            low, high = a[1 - index] - cut.at, b[1 - index] - cut.at
            if (low < 0) != (high < 0):
                share = low / (low - high)
                met.append((a[index] + share * (b[index] - a[index]), a[2] + share * (b[2] - a[2])))
        if len(met) == 2:
            (u1, z1), (u2, z2) = met
            thick = 0.6
            picture.rings(
                [view.points(((u1, z1), (u2, z2), (u2, z2 - thick), (u1, z1 - thick)))], CUT_FILL, Stroke(0.2, INK)
            )
