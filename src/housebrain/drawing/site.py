"""The site plan: the plot with its setbacks, streets and the house, and how much of the plot it takes."""

from math import dist

from shapely import LineString, Polygon

from housebrain.drawing.elements import rectangle
from housebrain.drawing.picture import GREY, INK, PAPER, Picture, Stroke
from housebrain.drawing.regions import joined, regions
from housebrain.drawing.scene import Scene
from housebrain.drawing.view import View, feet, metres
from housebrain.house.units import GRID_FT

STREET_FT = 14.0
ENTRY_FT = 4.0  # from the way in to the nearest dimension


def size(scene: Scene) -> tuple[float, float]:
    """Width and depth of what is shown, in feet, without dimensions."""
    if scene.plot is None:
        *_, w, d = scene.footprint
        return w, d
    return scene.plot.width + (STREET_FT if scene.plot.side_street else 0.0), scene.plot.depth + STREET_FT


def beside(scene: Scene) -> float:
    """What is shown to the left of the plot, in feet: a side street there."""
    return STREET_FT if scene.plot and scene.plot.side_street == "left" else 0.0


def draw_site(picture: Picture, scene: Scene, view: View) -> None:
    """Draws the plot, its lower left corner at the view's zero."""
    x, y, w, d = scene.footprint
    plot = scene.plot
    if plot:
        _street(picture, view, plot.width, plot.depth, plot.side_street)
        picture.rings([view.points(plot.outline)], "#f1f5ea", Stroke(0.45, INK, (5.0, 1.2, 0.8, 1.2)))
        picture.rings([view.points(plot.envelope)], None, Stroke(0.2, "#b42318", (2.0, 1.2)))
    outline = [view.points(scene.outline)]
    picture.rings(outline, "#f4f2ee", None)
    picture.path(view.region(regions(joined(body.base for body in scene.roof.bodies))), "#e5e0d8", Stroke(0.15, GREY))
    picture.rings(outline, None if scene.roof.bodies else "#e5e0d8", Stroke(0.4, INK))
    for face in scene.roof.faces:
        picture.rings([view.points(tuple((px, py) for px, py, _ in face.corners))], None, Stroke(0.15, GREY))
    for step in scene.steps:
        picture.rings([view.points(step.outline)], PAPER, Stroke(0.12, INK))
    cx, cy = view.at(x + w / 2, y + d / 2)
    picture.text("HOUSE", cx, cy - 0.5, 2.6, "middle", True, halo="#e5e0d8")
    storeys = f"{len(scene.levels)} storey{'s' if len(scene.levels) > 1 else ''}"
    picture.text(storeys, cx, cy + 2.4, 1.9, "middle", halo="#e5e0d8")
    _entrance(picture, scene, view)
    for side in plot.party_walls if plot else ():
        wall = x if side == "left" else x + w
        if plot and abs(wall - (0.0 if side == "left" else plot.width)) > GRID_FT:
            continue  # on a plot that lacks something there the house stands away from it
        picture.line(view.points(((wall, y), (wall, y + d))), Stroke(0.9, INK))
        px, py = view.at(wall, y + d * 0.4)
        picture.text(
            "PARTY WALL", px + (3.0 if side == "left" else -1.4), py, 1.9, "middle", False, 90.0, halo="#e5e0d8"
        )
    if plot:
        _dimensions(picture, scene, view)


def _street(picture: Picture, view: View, width: float, depth: float, side: str | None) -> None:
    left, right = (-STREET_FT if side == "left" else 0.0), width + (STREET_FT if side == "right" else 0.0)
    picture.rings([view.points(rectangle(left, -STREET_FT, right, -3.0))], "#ececec")
    picture.line(view.points(((left, -8.5), (right, -8.5))), Stroke(0.2, "#9ca3af", (3.0, 2.0)))
    x, y = view.at(width / 2, -6.2)
    picture.text("STREET", x, y + 1.0, 2.2, "middle", True, colour=GREY)
    if side:
        near, far = (width + 3.0, right) if side == "right" else (left, -3.0)
        picture.rings([view.points(rectangle(near, -STREET_FT, far, depth))], "#ececec")
        # Not in the middle, where the depth is written.
        x, y = view.at(width + 8.5 if side == "right" else -8.5, depth / 5)
        picture.text("SIDE STREET", x + 0.8, y, 2.2, "middle", True, 90.0, colour=GREY)


def _entrance(picture: Picture, scene: Scene, view: View) -> None:
    """A filled arrowhead outside, where one comes in: from the street at the front or the one at the side."""
    for wall in scene.levels[0].walls:
        side = 1 if wall.outward > 0 else -1
        dx, dy = (0, -side) if wall.along == "x" else (side, 0)  # outwards, on paper
        for opening in wall.openings:
            if opening.entrance:
                x, y = view.at(opening.x, opening.y)
                far_x, far_y = x + 3.4 * dx, y + 3.4 * dy
                base = [(far_x - 1.3 * dy, far_y - 1.3 * dx), (far_x + 1.3 * dy, far_y + 1.3 * dx)]
                picture.rings([[(x + dx, y + dy), *base]], INK)


def _dimensions(picture: Picture, scene: Scene, view: View) -> None:
    """The plot's sides outside of it, and the open space on each side of the house inside."""
    plot = scene.plot
    assert plot is not None
    x, y, w, d = scene.footprint
    left, top = view.at(0, plot.depth)
    right, bottom = view.at(plot.width, 0)
    _measure(picture, (left, top - 5), (right, top - 5), plot.width)
    _measure(picture, (left - 5, bottom), (left - 5, top), plot.depth)
    entries = [px for step in scene.steps for px, _ in step.outline]
    across = (x + w * share for share in (0.25, 0.75, 0.08))
    middle_x = next((at for at in across if all(abs(at - px) > ENTRY_FT for px in entries)), x + w * 0.25)
    middle_y = y + d * 0.75
    outline = Polygon(plot.outline)
    for start, end in (
        ((middle_x, y), (middle_x, -1.0)),
        ((middle_x, y + d), (middle_x, plot.depth + 1.0)),
        ((x, middle_y), (-1.0, middle_y)),
        ((x + w, middle_y), (plot.width + 1.0, middle_y)),
    ):
        # As far as the plot reaches there, which is less than its sides where it is no rectangle.
        inside = LineString((start, end)).intersection(outline)
        if inside.length > 0.5 and inside.geom_type == "LineString":
            near, far = sorted(inside.coords, key=lambda point: dist(point, start))
            _measure(picture, view.at(*near), view.at(*far), inside.length, True)


def _measure(
    picture: Picture, start: tuple[float, float], end: tuple[float, float], length: float, short: bool = False
) -> None:
    """A dimension line with its text beside the middle, or beyond its end where it is too short."""
    picture.line([start, end], Stroke(0.13, INK))
    for x, y in (start, end):
        picture.line([(x - 0.8, y + 0.8), (x + 0.8, y - 0.8)], Stroke(0.3, INK))
    text = feet(length) if short else f"{feet(length)} ({metres(length)} m)"
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    upright = abs(end[1] - start[1]) > abs(end[0] - start[0])
    if upright and short:
        picture.text(text, x + 0.8, y + 0.7, 1.8, halo=PAPER)
    elif upright:
        picture.text(text, x - 0.8, y, 1.9, "middle", angle=90.0)
    else:
        picture.text(text, x, y - 0.8, 1.8 if short else 1.9, "middle", halo=PAPER)
