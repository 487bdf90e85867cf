"""One level seen from above, cut four feet over its floor."""

from collections.abc import Sequence
from math import atan2, cos, dist, sin

from housebrain.drawing.elements import Level, Opening, Piece, Point, Stair, Step, Wall
from housebrain.drawing.labels import lines_of, room_labels
from housebrain.drawing.picture import (
    FAINT,
    GREY,
    INK,
    PAPER,
    WIDE,
    Command,
    Group,
    Picture,
    Shape,
    Stroke,
    Text,
    arc,
    closed,
    ellipse,
    opened,
    width_of,
)
from housebrain.drawing.stairs import edges, shown_treads
from housebrain.drawing.symbols import symbol
from housebrain.drawing.tints import tint
from housebrain.drawing.view import View

WALL = "#2b2f36"
CUT, THIN, HAIR = Stroke(0.35, WALL), Stroke(0.18, INK), Stroke(0.12, GREY)
FURNITURE = Stroke(0.12, "#8a8f98")
SWING = Stroke(0.12, "#5c6470")
FAULT = "#d92d20"
NOTE_MM = 1.6
ABOVE = Stroke(0.1, GREY, (1.0, 0.7))  # over the plan's cut
TILED = frozenset({"bathroom", "balcony", "terrace"})
TILE_FT = 1.0


def draw_plan(picture: Picture, level: Level, view: View) -> None:
    """Draws a level onto a picture."""
    for space in level.spaces:
        name, lines = lines_of(space)
        items = [Shape(tuple(view.region((space.region,))), tint(space.type))]
        if space.type in TILED:
            items += [Shape(tuple(_tiles(box, view)), None, Stroke(0.06, "#d3dce0")) for box in space.boxes]
        if space.open_air:
            items.append(Shape(tuple(view.region((space.region,))), None, HAIR))
        picture.items.append(Group(tuple(items), "room", space.name, ", ".join((name, *lines))))
    if level.overlaps:
        picture.path(view.region(level.overlaps), FAULT, None, 0.25)
    for piece in level.furniture:
        _piece(picture, piece, view)
    _stairs(picture, level, view)
    for wall in level.walls:
        if wall.kind in ("parapet", "railing"):
            picture.rings([view.points(wall.outline)], PAPER, THIN if wall.kind == "parapet" else HAIR)
    picture.path(view.region(level.cut), WALL, Stroke(0.12, WALL))
    for post in level.posts:
        picture.rings([view.points(post.outline)], WALL)
    for wall in level.walls:
        for opening in wall.openings:
            _opening(picture, wall, opening, view)
    if level.overlaps:
        picture.path(view.region(level.overlaps), None, Stroke(0.35, FAULT, (1.2, 0.8)))
    picture.items.append(Group(tuple(room_labels(level, view)), WIDE))


def _tiles(box: tuple[float, float, float, float], view: View) -> list[Command]:
    x, y, w, d = box
    commands: list[Command] = []
    if w * d > 2000:
        return commands
    for k in range(1, int(w / TILE_FT)):
        commands += opened(view.points(((x + k * TILE_FT, y), (x + k * TILE_FT, y + d))))
    for k in range(1, int(d / TILE_FT)):
        commands += opened(view.points(((x, y + k * TILE_FT), (x + w, y + k * TILE_FT))))
    return commands


def _piece(picture: Picture, piece: Piece, view: View) -> None:
    """One filled path below, and one of all its lines."""
    for mark in symbol(piece):
        if mark.ellipse:
            x, y, rx, ry = mark.ellipse
            commands = ellipse(*view.at(x, y), rx * view.mm, ry * view.mm)
        else:
            commands = opened(view.points(mark.points)) if mark.open else closed(view.points(mark.points))
        picture.path(commands, PAPER if mark.filled else None, FURNITURE)


def _opening(picture: Picture, wall: Wall, opening: Opening, view: View) -> None:
    hole = wall.hole(opening)
    (_x1, _y1), _, (_x2, _y2), _ = hole
    if opening.kind == "way":
        edges = _sides(wall, opening, wall.thickness / 2)
        for edge in edges:
            picture.line(view.points(edge), Stroke(0.1, FAINT, (1.0, 0.7)))
        return
    if opening.kind == "window":
        picture.rings([view.points(hole)], PAPER, THIN)
        for off in (-wall.thickness / 8, wall.thickness / 8):
            picture.line(view.points(_line(wall, opening, off)), Stroke(0.12, "#3b82b6"))
        _sill(picture, wall, opening, view)
        return
    if opening.kind == "gate":
        picture.rings([view.points(hole)], PAPER, None)
        picture.line(view.points(_line(wall, opening, 0.0)), Stroke(0.25, INK, (1.6, 0.8)))
        return
    # The floor goes through, with the frame's faces at both ends.
    picture.rings([view.points(hole)], PAPER, None)
    for edge in _sides(wall, opening, wall.thickness / 2):
        picture.line(view.points(edge), Stroke(0.08, FAINT))
    for leaf in opening.leaves:
        _leaf(picture, leaf.hinge, leaf.closed, leaf.opened, view, opening.kind == "glazed")
    if opening.entrance:
        _entrance(picture, wall, opening, view)


def _line(wall: Wall, opening: Opening, off: float) -> tuple[Point, Point]:
    (x1, y1), (x2, y2) = opening.start, opening.end
    return ((x1, y1 + off), (x2, y2 + off)) if wall.along == "x" else ((x1 + off, y1), (x2 + off, y2))


def _sides(wall: Wall, opening: Opening, half: float) -> list[tuple[Point, Point]]:
    return [_line(wall, opening, half), _line(wall, opening, -half)]


def _sill(picture: Picture, wall: Wall, opening: Opening, view: View) -> None:
    """The sill stands out on the outer side."""
    if not wall.outward:
        return
    start, end = _line(wall, opening, wall.outward * (wall.thickness / 2 + 0.12))
    more = 0.15
    if wall.along == "x":
        line = ((start[0] - more, start[1]), (end[0] + more, end[1]))
    else:
        line = ((start[0], start[1] - more), (end[0], end[1] + more))
    picture.line(view.points(line), Stroke(0.15, INK))


def _leaf(picture: Picture, hinge: Point, shut: Point, open_: Point, view: View, glazed: bool) -> None:
    """The open leaf as a thin board, and the quarter circle that its edge sweeps."""
    h, s, o = (view.at(*point) for point in (hinge, shut, open_))
    picture.path(arc(h, s, o), None, SWING)
    thick = 0.12 * view.mm
    away = ((s[0] - h[0]), (s[1] - h[1]))
    length = dist(h, s) or 1.0
    dx, dy = away[0] / length * thick, away[1] / length * thick
    board = [h, o, (o[0] + dx, o[1] + dy), (h[0] + dx, h[1] + dy)]
    picture.rings([board], "#dcecf5" if glazed else PAPER, Stroke(0.18, INK))


def _entrance(picture: Picture, wall: Wall, opening: Opening, view: View) -> None:
    """A filled arrowhead outside, where one comes in."""
    off = wall.outward * (wall.thickness / 2)
    x, y = view.at(opening.x, opening.y)
    away = off * view.mm
    side = 1 if wall.outward > 0 else -1
    if wall.along == "x":
        tip = (x, y - away - side * 0.8)
        base = [(x - 1.3, tip[1] - side * 2.2), (x + 1.3, tip[1] - side * 2.2)]
    else:
        tip = (x + away + side * 0.8, y)
        base = [(tip[0] + side * 2.2, y - 1.3), (tip[0] + side * 2.2, y + 1.3)]
    picture.rings([[tip, *base]], INK)


def _stairs(picture: Picture, level: Level, view: View) -> None:
    """The flight up, to where the plan's cut goes through it, and the one that arrives from below, beyond that.

    Where nothing arrives, what is above the cut is dashed.
    """
    up, down = level.stair, level.stair_below
    if up is None:
        if down:
            _treads(picture, down.steps, view)
            _walk(picture, "DN", down, view.points(down.path[::-1]))
        return
    count, cut = shown_treads(up)
    if down is None:
        seen = edges(up.steps[:count])
        for edge in sorted(edges(up.steps[count:]) - seen):
            picture.line(view.points(edge), ABOVE)
    else:
        # Two flights in one box: the lower one is seen where the upper one is cut away.
        _treads(picture, down.steps[count:] if down.box == up.box else down.steps, view)
        path = [*down.path[:0:-1], cut] if down.box == up.box else down.path[::-1]
        _walk(picture, "DN", down, view.points(tuple(path)))
    _treads(picture, up.steps[:count], view)
    _walk(picture, "UP", up, view.points((up.path[0], cut)))
    _break(picture, up, cut, view)


def _treads(picture: Picture, steps: Sequence[Step], view: View) -> None:
    for step in steps:
        picture.rings([view.points(step.outline)], PAPER, Stroke(0.14, INK))


def _walk(picture: Picture, word: str, stair: Stair, points: list[Point]) -> None:
    """The line that one walks, with its direction and the number of risers."""
    _arrow(picture, points)
    _note(picture, f"{word} {stair.risers}R", points[0], points[1])


def _arrow(picture: Picture, points: list[Point]) -> None:
    line = Stroke(0.22, INK)
    picture.line(points, line)
    (x1, y1), (x2, y2) = points[-2], points[-1]
    angle = atan2(y2 - y1, x2 - x1)
    head = [(x2 + 1.6 * cos(angle + turn), y2 + 1.6 * sin(angle + turn)) for turn in (2.75, -2.75)]
    picture.rings([[(x2, y2), *head]], INK)
    picture.path(ellipse(*points[0], 0.5, 0.5), INK)


def _note(picture: Picture, text: str, start: Point, then: Point) -> None:
    """Beside the start of the line."""
    x, y = start
    if abs(then[1] - y) > abs(then[0] - x):
        half = width_of(text, NOTE_MM, True) / 2 + 0.6
        along = y + (half if then[1] > y else -half)
        picture.items.append(Text(text, x - 0.6, along, NOTE_MM, "middle", True, 90.0, halo=PAPER))
    else:
        half = width_of(text, NOTE_MM, True) / 2 + 0.6
        along = x + (half if then[0] > x else -half)
        picture.items.append(Text(text, along, y - 0.6, NOTE_MM, "middle", True, halo=PAPER))


def _break(picture: Picture, stair: Stair, cut: Point, view: View) -> None:
    """Where the cut of the plan goes through the flight: a slanted line with a zigzag."""
    (ax, ay), (bx, by) = stair.path[0], stair.path[1]
    x, y = cut
    half = min(stair.box[2], stair.box[3]) / 4
    if abs(bx - ax) > abs(by - ay):
        points = ((x - 0.4, y - half), (x - 0.1, y - 0.25), (x - 0.35, y), (x + 0.35, y), (x + 0.1, y + 0.25),
                  (x + 0.4, y + half))  # fmt: skip
    else:
        points = ((x - half, y - 0.4), (x - 0.25, y - 0.1), (x, y - 0.35), (x, y + 0.35), (x + 0.25, y + 0.1),
                  (x + half, y + 0.4))  # fmt: skip
    picture.line(view.points(points), Stroke(0.25, INK))
