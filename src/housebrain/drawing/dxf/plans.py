"""A level as a plan: walls, openings, stairs, rooms and their names."""

from ezdxf.document import Drawing
from shapely import unary_union

from housebrain.drawing.dxf.furniture import draw_piece
from housebrain.drawing.dxf.labels import draw_names
from housebrain.drawing.dxf.openings import draw_opening
from housebrain.drawing.dxf.pen import Pen
from housebrain.drawing.dxf.standards import TEXT_IN
from housebrain.drawing.elements import Level, Opening, Point, Region, Stair
from housebrain.drawing.regions import joined, regions
from housebrain.drawing.stairs import edges, shown_treads


def draw_level(doc: Drawing, pen: Pen, level: Level, numbers: dict[tuple[int, Opening], str]) -> None:
    """Draws a level, without dimensions and title.

    Args:
        doc: that keeps the blocks.
        pen: on model space.
        level: of the scene.
        numbers: of its doors and windows.
    """
    for region in level.cut:
        pen.fill("A-WALL-PATT", region)
    for region in level.cut:
        pen.region("A-WALL", region)
    low = [wall for wall in level.walls if wall.kind in ("parapet", "railing")]
    if low:
        solid = unary_union([joined([wall.outline]).difference(joined(map(wall.hole, wall.openings))) for wall in low])
        high = joined(wall.outline for wall in level.walls if wall not in low)
        for region in regions(solid.difference(high)):
            pen.region("A-WALL-PRHT", region)
    for wall in level.walls:
        for opening in wall.openings:
            if wall not in low:
                draw_opening(doc, pen, wall, opening, numbers.get((level.number, opening)))
    if level.stair or level.stair_below:
        _stairs(pen, level.stair, level.stair_below)
    for region in level.slab:
        pen.region("A-FLOR-OTLN", region)
    for space in level.spaces:
        for region in space.clear:
            pen.region("A-AREA", region)
    for post in level.posts:
        pen.fill("A-WALL-PATT", Region(post.outline))
        pen.lines("A-COLS", post.outline, closed=True)
    for piece in level.furniture:
        draw_piece(doc, pen, piece)
    draw_names(pen, level, ("stairs",) if level.stair or level.stair_below else ())


def _stairs(pen: Pen, up: Stair | None, below: Stair | None) -> None:
    """The treads; above the cut they are dashed where no flight from below is seen."""
    shown = up or below
    assert shown is not None
    visible = len(shown.steps) if below else shown_treads(shown)[0]
    solid = edges(shown.steps[:visible])
    for edge in solid:
        pen.lines("A-FLOR-STRS", edge)
    for edge in edges(shown.steps[visible:]) - solid:
        pen.lines("A-FLOR-STRS", edge, line="DASHED")
    if up:
        _arrow(pen, up.path[0], up.path[1], "UP")
    if below:
        _arrow(pen, below.path[-1], below.path[-2], "DN")


def _arrow(pen: Pen, start: Point, end: Point, word: str) -> None:
    """A line that one walks from `start`, with its head and a word at its foot."""
    (x1, y1), (x2, y2) = start, end
    length = abs(x2 - x1) + abs(y2 - y1)
    ux, uy = (x2 - x1) / length, (y2 - y1) / length
    head = 0.5
    pen.lines("A-FLOR-STRS", (start, end))
    back = (x2 - head * ux, y2 - head * uy)
    pen.lines(
        "A-FLOR-STRS",
        ((back[0] - uy * head / 3, back[1] + ux * head / 3), end, (back[0] + uy * head / 3, back[1] - ux * head / 3)),
        closed=True,
    )
    foot = 0.6
    pen.text("A-FLOR-STRS", (x1 - ux * foot, y1 - uy * foot), [word], TEXT_IN * 0.75)
