"""The sheet set: a cover with the site plan, a plan a level, elevations and a section, on one kind of paper.

Every sheet has a border, a title block and its own scale. All lengths on paper are millimetres.
"""

from collections import Counter
from typing import NamedTuple

from shapely import Polygon

from housebrain.drawing.dimensions import SIDES, depth_mm, draw_chains
from housebrain.drawing.elements import Plot
from housebrain.drawing.elevations import SIDES as ELEVATIONS
from housebrain.drawing.elevations import draw_elevation, elevation_name
from housebrain.drawing.elevations import width as elevation_width
from housebrain.drawing.marks import both, foot, plan_title
from housebrain.drawing.names import level_name
from housebrain.drawing.picture import GREY, INK, Picture, Stroke, fitted, width_of
from housebrain.drawing.pictures import draw_outside, extent
from housebrain.drawing.plan import draw_plan
from housebrain.drawing.scene import Scene
from housebrain.drawing.section import draw_plane, draw_section, section_name
from housebrain.drawing.section import length as section_length
from housebrain.drawing.site import beside, draw_site
from housebrain.drawing.site import size as site_size
from housebrain.drawing.view import SCALES, View, area, feet, scale_for

MARGIN, BLOCK = 8.0, 46.0  # the border, and the title block at the right
TEXT_SHARE, ROW_SHARE = 0.0235, 0.053  # of a table's width: its text, and its rows


class Paper(NamedTuple):
    """Width and height of a sheet that lies on its long side."""

    name: str
    width: float
    height: float


PAPERS = {"a3": Paper("A3", 420.0, 297.0), "letter": Paper("Letter", 279.4, 215.9)}


class Frame(NamedTuple):
    """A part of a sheet that a drawing gets."""

    x: float
    y: float
    w: float
    h: float


def sheet_set(scene: Scene, paper: Paper) -> list[Picture]:
    """All sheets of a house."""
    names = ["Site plan", *(f"{level_name(level.number)} plan" for level in scene.levels), "Elevations", "Section"]
    sheets = [_sheet(scene, paper, name, number + 1, len(names)) for number, name in enumerate(names)]
    cover, *plans = sheets
    _cover(cover[0], cover[1], scene, names)
    for (picture, frame), number in zip(plans[:-2], range(len(scene.levels)), strict=True):
        _plan(picture, frame, scene, number)
    _elevations(*plans[-2], scene)
    _section(*plans[-1], scene)
    return [picture for picture, _ in sheets]


def _sheet(scene: Scene, paper: Paper, name: str, number: int, count: int) -> tuple[Picture, Frame]:
    """An empty sheet with its title block, and what is left for drawings."""
    w, h = paper.width, paper.height
    picture = Picture(w, h, f"A-{number:02d} {name}")
    picture.rect(MARGIN, MARGIN, w - 2 * MARGIN, h - 2 * MARGIN, None, Stroke(0.5, INK))
    x = w - MARGIN - BLOCK
    picture.line([(x, MARGIN), (x, h - MARGIN)], Stroke(0.35, INK))
    inner = BLOCK - 6
    y = MARGIN + 9
    picture.text("HouseBrain", x + 3, y, 4.2, bold=True)
    picture.text(fitted(scene.title, 2.6, inner), x + 3, y + 5, 2.6)
    y = _rule(picture, x, y + 8)
    for label, value in _facts(scene):
        picture.text(label, x + 3, y + 2.6, 1.8, colour=GREY)
        size = max(1.6, min(2.2, 2.2 * inner / max(0.1, width_of(value, 2.2))))  # a name may be empty
        picture.text(fitted(value, size, inner), x + 3, y + 5.8, size)
        y += 7.8
    y = h - MARGIN - 34
    _rule(picture, x, y - 4)
    picture.text("Drawing", x + 3, y, 1.6, colour=GREY)
    picture.text(fitted(name, 3.0, inner, True), x + 3, y + 4.2, 3.0, bold=True)
    picture.text("Sheet", x + 3, y + 10, 1.6, colour=GREY)
    picture.text(f"A-{number:02d}", x + 3, y + 16.5, 6.0, bold=True)
    picture.text(f"{number} of {count}", x + BLOCK - 3, y + 16.5, 2.0, "end")
    picture.text(f"Paper {paper.name}. Sizes are to walls' centre lines.", x + 3, y + 24, 1.45, colour=GREY)
    picture.text("A drawing by a program: check before building.", x + 3, y + 27, 1.45, colour=GREY)
    return picture, Frame(MARGIN + 3, MARGIN + 3, x - MARGIN - 6, h - 2 * MARGIN - 6)


def _rule(picture: Picture, x: float, y: float) -> float:
    picture.line([(x, y), (x + BLOCK, y)], Stroke(0.25, INK))
    return y + 1.5


def _facts(scene: Scene) -> list[tuple[str, str]]:
    """What every title block says of the house."""
    *_, w, d = scene.footprint
    facts = [("House", f"{both(w)} x {both(d)}"), ("Built area", area(scene.built_sqft))]
    if scene.plot:
        facts.insert(0, ("Plot", f"{both(scene.plot.width)} x {both(scene.plot.depth)}"))
    words = {"exterior": "Walls", "roof": "Roof", "floor": "Floors", "windows": "Windows", "doors": "Doors"}
    return facts + [(words[part], kind.replace("_", " ")) for part, kind in scene.materials.items() if part in words]


def _cover(picture: Picture, frame: Frame, scene: Scene, names: list[str]) -> None:
    """The site plan beside the area statement and the list of sheets."""
    column = min(105.0, frame.w * 0.38)
    plan = Frame(frame.x, frame.y, frame.w - column - 6, frame.h)
    w, d = site_size(scene)
    scale = scale_for(w, d, plan.w - 14, plan.h - 26)
    unit = View(0, 0, scale).mm
    low = 14.0 * unit if scene.plot else 0.0
    spare = max(0.0, plan.h - 30 - d * unit) / 2
    view = View(plan.x + 9 + (plan.w - 12 - w * unit) / 2, plan.y + 8 + spare + d * unit - low, scale)
    if scene.plot is None:
        x, y, *_ = scene.footprint
        view = View(view.left - x * unit, view.bottom + y * unit, scale)
    else:
        view = View(view.left + beside(scene) * unit, view.bottom, scale)
    draw_site(picture, scene, view)
    _foot(picture, plan, "Site plan", view, scene.plot)
    x, y = frame.x + frame.w - column, frame.y + 8
    picture.text(fitted(scene.title, 5.0, column, True), x, y, 5.0, bold=True)
    y = _table(picture, x, y + 8, column, "Area statement", _areas(scene))
    y = _table(picture, x, y + 6, column, "Sheets", [(f"A-{k + 1:02d}", name) for k, name in enumerate(names)])
    schedule = _schedule(scene)
    if y + 6 + (len(schedule) + 2) * column * ROW_SHARE < frame.y + frame.h:
        _table(picture, x, y + 6, column, "Doors and windows", schedule)


def _areas(scene: Scene) -> list[tuple[str, str]]:
    covered = Polygon(scene.outline).area
    rows = []
    if scene.plot:
        plot = Polygon(scene.plot.outline).area
        rows.append(("Plot", area(plot)))
        sides = zip(("front", "rear", "left", "right"), scene.plot.setbacks, strict=True)
        rows += [(f"Setback {side}", both(length)) for side, length in sides]
    rows.append(("Ground covered", area(covered)))
    for level in scene.levels:
        closed = sum(space.area_sqft for space in level.spaces if not space.open_air)
        rows.append((f"{level_name(level.number)}, enclosed", area(closed)))
        outside = sum(space.area_sqft for space in level.spaces if space.open_air)
        if outside:
            rows.append((f"{level_name(level.number)}, open air", area(outside)))
    rows.append(("Built area", area(scene.built_sqft)))
    if scene.plot:
        rows.append(("Ground coverage", f"{100 * covered / plot:.1f} %"))
        rows.append(("Floor area ratio", f"{scene.built_sqft / plot:.2f}"))
    return rows


def _schedule(scene: Scene) -> list[tuple[str, str]]:
    """How many doors and windows there are of each size, the most frequent first."""
    openings = [opening for level in scene.levels for opening in level.openings if opening.kind != "way"]
    names = {"glazed": "Glazed door", "gate": "Gate", "door": "Door", "window": "Window"}
    counts = Counter(f"{names[one.kind]} {feet(one.width)} x {feet(one.head - one.sill)}" for one in openings)
    return [(name, str(count)) for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]


def _table(picture: Picture, x: float, y: float, w: float, title: str, rows: list[tuple[str, str]]) -> float:
    """Two columns under a heading; where it ends."""
    size, row = w * TEXT_SHARE, w * ROW_SHARE
    picture.text(title.upper(), x, y, size * 1.2, bold=True)
    y += 1.6
    picture.line([(x, y), (x + w, y)], Stroke(0.3, INK))
    for label, value in rows:
        picture.text(fitted(label, size, w * 0.5), x, y + 0.7 * row, size)
        picture.text(fitted(value, size, w * 0.48), x + w, y + 0.7 * row, size, "end")
        y += row
        picture.line([(x, y), (x + w, y)], Stroke(0.08, GREY))
    return y + 3


def _plan(picture: Picture, frame: Frame, scene: Scene, number: int) -> None:
    x, y, w, d = extent(scene)
    level = scene.levels[number]
    for scale in SCALES:
        unit = View(0, 0, scale).mm
        more = {side: depth_mm(scene, side, unit) for side in SIDES}
        room_w = frame.w - more["left"] - more["right"] - 4
        room_h = frame.h - more["front"] - more["rear"] - 16
        if w * unit <= room_w and d * unit <= room_h:
            break
    left = frame.x + more["left"] + 2 + (room_w - w * unit) / 2
    top = frame.y + more["rear"] + (room_h - d * unit) / 2
    view = View(left - x * unit, top + (y + d) * unit, scale)
    draw_outside(picture, scene, number, view)
    draw_plan(picture, level, view)
    for side in SIDES:
        draw_chains(picture, scene, number, side, view)
    draw_plane(picture, scene, view)
    _foot(picture, frame, f"{level_name(number)} plan", view, scene.plot)


def _foot(picture: Picture, frame: Frame, name: str, view: View, plot: Plot | None) -> None:
    """The name of a drawing, its scale, and north where it shows the plot."""
    foot(picture, frame.x + 2, frame.y + frame.h - 9, frame.w - 2, name, view, plot.orientation if plot else None)


def _elevations(picture: Picture, frame: Frame, scene: Scene) -> None:
    """Four in two rows, at one scale."""
    widest = [max(elevation_width(scene, side) for side in pair) for pair in (("front", "rear"), ("right", "left"))]
    heights = scene.top + 2
    scale = scale_for(sum(widest), 2 * heights, frame.w - 54, frame.h - 36)
    unit = View(0, 0, scale).mm
    row = frame.h / 2
    for index, side in enumerate(ELEVATIONS):
        column, line = index % 2, index // 2
        left = frame.x + 2 + (widest[0] * unit + 26 if column else 0)
        base = frame.y + (line + 1) * row - 14 - max(0.0, row - 22 - scene.top * unit) / 2
        draw_elevation(picture, scene, side, left, base, scale)
        plan_title(picture, left, base + 7, elevation_name(scene, side), scale)


def _section(picture: Picture, frame: Frame, scene: Scene) -> None:
    scale = scale_for(section_length(scene), scene.top + 2, frame.w - 34, frame.h - 26)
    unit = View(0, 0, scale).mm
    left = frame.x + (frame.w - 26 - section_length(scene) * unit) / 2
    base = frame.y + frame.h - 18 - max(0.0, (frame.h - 30 - scene.top * unit) / 2)
    draw_section(picture, scene, left, base, scale)
    _foot(picture, frame, section_name(scene), View(0, 0, scale), None)
