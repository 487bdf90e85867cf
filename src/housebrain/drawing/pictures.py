"""Each drawing as a picture of its own, as large as it needs: plans, elevations, the section and the site plan."""

from collections.abc import Callable, Sequence
from functools import partial

from housebrain.drawing.dimensions import SIDES, depth_mm, draw_chains
from housebrain.drawing.elements import Level
from housebrain.drawing.elevations import HEIGHTS_FT, Side, draw_elevation, elevation_name
from housebrain.drawing.elevations import width as elevation_width
from housebrain.drawing.labels import short_labels
from housebrain.drawing.marks import NORTH_MM, foot, north_arrow
from housebrain.drawing.names import level_name
from housebrain.drawing.picture import INK, NARROW, WIDE, Picture, Stroke, fitted
from housebrain.drawing.plan import draw_plan
from housebrain.drawing.scene import Scene
from housebrain.drawing.section import draw_plane, draw_section, section_name
from housebrain.drawing.section import length as section_length
from housebrain.drawing.site import beside, draw_site
from housebrain.drawing.site import size as site_size
from housebrain.drawing.view import View, area, scale_for

PAPER_MM = 185.0  # that the larger side of the plan may take
MARGIN_MM = 6.0
FOOT_MM = 17.0  # for the name and the scale below
LEAST_MM = 130.0  # of width, for the name, the scale and north
NARROW_SHARE = 0.045  # of the width: the size of a plan's name on a narrow screen
BESIDE_MM = 4.0  # beside a plan without dimensions
HEIGHTS_MM = 26.0  # for the words beside heights
Box = tuple[float, float, float, float]


def plan_picture(scene: Scene, number: int, around: Box | None = None, title: str = "") -> Picture:
    """The plan of a level; all levels of a house have one scale and one size.

    Args:
        scene: the house.
        number: of the level.
        around: x, y, width and depth that are shown, such as the `frame` of two houses that are to be compared. Then
            dimensions are left out, and the name below is short.
        title: read out by screen readers; without one it is the level's name.
    """
    x, y, w, d = around or extent(scene)
    scale = scale_for(w, d, PAPER_MM, PAPER_MM)
    level = scene.levels[number]
    sides = () if around else SIDES
    unit = View(0, 0, scale).mm
    more = {side: depth_mm(scene, side, unit) for side in sides}
    left, right = (MARGIN_MM + more.get(side, BESIDE_MM) for side in ("left", "right"))
    rear, front = (MARGIN_MM + more.get(side, BESIDE_MM) for side in ("rear", "front"))
    width = max(left + w * unit + right, LEAST_MM)
    left += (width - left - w * unit - right) / 2
    height = rear + d * unit + front + FOOT_MM
    view = View(left - x * unit, rear + (y + d) * unit, scale)
    name = f"{level_name(number)} plan"
    picture = Picture(width, height, title or name)
    draw_outside(picture, scene, number, view)
    draw_plan(picture, level, view)
    start = len(picture.items)
    for side in sides:
        draw_chains(picture, scene, number, side, view)
    if sides:
        draw_plane(picture, scene, view)
    built = sum(space.area_sqft for space in level.spaces if not space.open_air)
    _foot(picture, height - MARGIN_MM - FOOT_MM + 6, name, view, scene, f", {area(built)}")
    picture.grouped(start, WIDE)
    _narrow(picture, scene, level, view, name)
    return picture


def _foot(picture: Picture, y: float, name: str, view: View, scene: Scene, note: str = "") -> None:
    north = scene.plot.orientation if scene.plot else None
    foot(picture, MARGIN_MM, y, picture.width - 2 * MARGIN_MM, name, view, north, note)


def _narrow(picture: Picture, scene: Scene, level: Level, view: View, name: str) -> None:
    """The plan's name, those of its rooms, and north, large enough for a narrow screen."""
    start = len(picture.items)
    picture.items += short_labels(level, view, picture.width)
    y = picture.height - MARGIN_MM - 5
    room = picture.width - 2 * MARGIN_MM
    if scene.plot:
        room -= NORTH_MM
        north_arrow(picture, picture.width - MARGIN_MM - NORTH_MM / 2, y - 3, scene.plot.orientation)
    size = NARROW_SHARE * picture.width
    picture.text(fitted(name, size, room, True), MARGIN_MM, y, size, bold=True)
    picture.grouped(start, NARROW)


def extent(scene: Scene) -> Box:
    """x, y, width and depth of everything that plans show: also rooms outside of the footprint."""
    boxes = [scene.footprint, *(box for level in scene.levels for space in level.spaces for box in space.boxes)]
    return _around(boxes)


def frame(*scenes: Scene) -> Box:
    """The smallest rectangle around all rooms of some houses, for plans that are to have one scale."""
    return _around([extent(scene) for scene in scenes])


def _around(boxes: Sequence[Box]) -> Box:
    x, y = min(box[0] for box in boxes), min(box[1] for box in boxes)
    return x, y, max(box[0] + box[2] for box in boxes) - x, max(box[1] + box[3] for box in boxes) - y


def draw_outside(picture: Picture, scene: Scene, number: int, view: View) -> None:
    """Steps in front of the doors, on the ground floor."""
    if number == 0:
        for step in scene.steps:
            picture.rings([view.points(step.outline)], "#f7f7f7", Stroke(0.12, INK))


def elevation_picture(scene: Scene, side: Side) -> Picture:
    """One side of the house."""
    return _upright(elevation_name(scene, side), elevation_width(scene, side), scene.top, scene, partial(_side, side))


def section_picture(scene: Scene) -> Picture:
    """The house cut through its stairs."""
    return _upright(section_name(scene), section_length(scene) + HEIGHTS_FT, scene.top, scene, draw_section)


def _side(side: Side, picture: Picture, scene: Scene, left: float, base: float, scale: float) -> None:
    draw_elevation(picture, scene, side, left, base, scale)


def _upright(
    title: str, width: float, top: float, scene: Scene, draw: Callable[[Picture, Scene, float, float, float], None]
) -> Picture:
    """A drawing that stands on the ground, with room for the heights at its right."""
    scale = scale_for(width, top, PAPER_MM, PAPER_MM)
    unit = View(0, 0, scale).mm
    base = MARGIN_MM + top * unit + 3
    picture = Picture(max(width * unit + 2 * MARGIN_MM + HEIGHTS_MM, LEAST_MM), base + FOOT_MM + MARGIN_MM, title)
    draw(picture, scene, MARGIN_MM, base, scale)
    foot(picture, MARGIN_MM, base + FOOT_MM - 6, picture.width - 2 * MARGIN_MM, title, View(0, 0, scale), None)
    return picture


def site_picture(scene: Scene) -> Picture:
    """The house on its plot."""
    w, d = site_size(scene)
    scale = scale_for(w, d, PAPER_MM, PAPER_MM)
    unit = View(0, 0, scale).mm
    left, top = MARGIN_MM + 9, MARGIN_MM + 9
    picture = Picture(max(w * unit + left + MARGIN_MM, LEAST_MM), top + d * unit + FOOT_MM + MARGIN_MM, "Site plan")
    x, y, *_ = scene.footprint
    view = (
        View(left + beside(scene) * unit, top + scene.plot.depth * unit, scale)
        if scene.plot
        else View(left - x * unit, top + (y + d) * unit, scale)
    )
    draw_site(picture, scene, view)
    _foot(picture, picture.height - MARGIN_MM - 7, "Site plan", view, scene)
    return picture
