"""Each drawing as a picture of its own, as large as it needs: plans, elevations, the section and the site plan."""

from collections.abc import Callable
from functools import partial

from housebrain.drawing.dimensions import SideName, depth_mm, draw_chains
from housebrain.drawing.elevations import HEIGHTS_FT, Side, draw_elevation, elevation_name
from housebrain.drawing.elevations import width as elevation_width
from housebrain.drawing.marks import north_arrow, plan_title, scale_bar
from housebrain.drawing.names import level_name
from housebrain.drawing.picture import INK, Picture, Stroke
from housebrain.drawing.plan import draw_plan
from housebrain.drawing.scene import Scene
from housebrain.drawing.section import draw_section
from housebrain.drawing.section import length as section_length
from housebrain.drawing.site import draw_site
from housebrain.drawing.site import size as site_size
from housebrain.drawing.view import View, area, scale_for

PAPER_MM = 185.0  # that the larger side of the plan may take
MARGIN_MM = 6.0
FOOT_MM = 17.0  # for the name and the scale below
HEIGHTS_MM = 26.0  # for the words beside heights
SIDES: tuple[SideName, ...] = ("front", "rear", "left", "right")


def plan_picture(scene: Scene, number: int) -> Picture:
    """The plan of a level; all levels of a house have one scale and one size."""
    x, y, w, d = extent(scene)
    scale = scale_for(w, d, PAPER_MM, PAPER_MM)
    level = scene.levels[number]
    more = {side: max(depth_mm(one, scene.footprint, side) for one in scene.levels) for side in SIDES}
    unit = View(0, 0, scale).mm
    left, right = MARGIN_MM + more["left"], MARGIN_MM + more["right"]
    width = max(left + w * unit + right, 130.0)
    left += (width - left - w * unit - right) / 2
    height = MARGIN_MM + more["rear"] + d * unit + more["front"] + FOOT_MM + MARGIN_MM
    view = View(left - x * unit, MARGIN_MM + more["rear"] + (y + d) * unit, scale)
    title = f"{level_name(number)} plan"
    picture = Picture(width, height, title)
    draw_outside(picture, scene, number, view)
    draw_plan(picture, level, view)
    for side in SIDES:
        draw_chains(picture, level, scene.footprint, side, view)
    foot = height - MARGIN_MM - FOOT_MM + 6
    built = sum(space.area_sqft for space in level.spaces if not space.open_air)
    plan_title(picture, MARGIN_MM, foot, title, scale, f", {area(built)}")
    scale_bar(picture, width - 66 if width > 150 else MARGIN_MM + 70, foot + 1, view, 36.0)
    if scene.plot:
        north_arrow(picture, width - MARGIN_MM - 8, foot + 1, scene.plot.orientation, 4.5)
    return picture


def extent(scene: Scene) -> tuple[float, float, float, float]:
    """x, y, width and depth of everything that plans show: also rooms outside of the footprint."""
    x, y, w, d = scene.footprint
    boxes = [(x, y, w, d), *(box for level in scene.levels for space in level.spaces for box in space.boxes)]
    x1, y1 = min(box[0] for box in boxes), min(box[1] for box in boxes)
    return x1, y1, max(box[0] + box[2] for box in boxes) - x1, max(box[1] + box[3] for box in boxes) - y1


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
    return _upright("Section", section_length(scene) + HEIGHTS_FT, scene.top, scene, draw_section)


def _side(side: Side, picture: Picture, scene: Scene, left: float, base: float, scale: float) -> None:
    draw_elevation(picture, scene, side, left, base, scale)


def _upright(
    title: str, width: float, top: float, scene: Scene, draw: Callable[[Picture, Scene, float, float, float], None]
) -> Picture:
    """A drawing that stands on the ground, with room for the heights at its right."""
    scale = scale_for(width, top, PAPER_MM, PAPER_MM)
    unit = View(0, 0, scale).mm
    base = MARGIN_MM + top * unit + 3
    picture = Picture(max(width * unit + 2 * MARGIN_MM + HEIGHTS_MM, 130.0), base + FOOT_MM + MARGIN_MM, title)
    draw(picture, scene, MARGIN_MM, base, scale)
    foot = base + FOOT_MM - 6
    plan_title(picture, MARGIN_MM, foot, title, scale)
    scale_bar(picture, MARGIN_MM + 72, foot + 1, View(0, 0, scale), 45.0)
    return picture


def site_picture(scene: Scene) -> Picture:
    """The house on its plot."""
    w, d = site_size(scene)
    scale = scale_for(w, d, PAPER_MM, PAPER_MM)
    unit = View(0, 0, scale).mm
    left, top = MARGIN_MM + 9, MARGIN_MM + 9
    picture = Picture(max(w * unit + left + MARGIN_MM, 130.0), top + d * unit + FOOT_MM + MARGIN_MM, "Site plan")
    x, y, *_ = scene.footprint
    view = (
        View(left, top + scene.plot.depth * unit, scale)
        if scene.plot
        else View(left - x * unit, top + (y + d) * unit, scale)
    )
    draw_site(picture, scene, view)
    foot = picture.height - MARGIN_MM - 5
    plan_title(picture, MARGIN_MM, foot - 2, "Site plan", scale)
    scale_bar(picture, MARGIN_MM + 70, foot - 1, view, 36.0)
    if scene.plot:
        north_arrow(picture, picture.width - MARGIN_MM - 8, foot - 2, scene.plot.orientation, 4.5)
    return picture
