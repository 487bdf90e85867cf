"""A level's plan as one picture of its own: with dimensions, north and scale, as large as it needs."""

from housebrain.drawing.dimensions import SideName, depth_mm, draw_chains
from housebrain.drawing.marks import north_arrow, plan_title, scale_bar
from housebrain.drawing.picture import INK, Picture, Stroke
from housebrain.drawing.plan import draw_plan
from housebrain.drawing.scene import Scene
from housebrain.drawing.view import View, area, scale_for

PAPER_MM = 185.0  # that the larger side of the plan may take
MARGIN_MM = 6.0
FOOT_MM = 17.0  # for the name and the scale below
STEPS_FT = 2.5  # that outside steps reach before the wall
SIDES: tuple[SideName, ...] = ("front", "rear", "left", "right")


def level_name(number: int) -> str:
    names = ("Ground floor", "First floor", "Second floor", "Third floor", "Fourth floor", "Fifth floor")
    return names[number] if number < len(names) else f"Floor {number}"


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
    _steps(picture, scene, number, view)
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


def _steps(picture: Picture, scene: Scene, number: int, view: View) -> None:
    """Steps in front of the doors, on the ground floor."""
    if number == 0:
        for step in scene.steps:
            picture.rings([view.points(step.outline)], "#f7f7f7", Stroke(0.12, INK))
