"""A scene as a DXF drawing: all levels side by side in model space, then plot and roof, and a sheet of each."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import ezdxf
from ezdxf.document import Drawing

from housebrain.drawing.dxf.dimensions import draw_dimensions, reach_ft
from housebrain.drawing.dxf.pen import Pen
from housebrain.drawing.dxf.plans import draw_level
from housebrain.drawing.dxf.sheets import SCALES, View, add_sheet, room_ft
from housebrain.drawing.dxf.site import STREET_FT, draw_site, draw_title
from housebrain.drawing.dxf.standards import UNIT, new_drawing
from housebrain.drawing.names import level_name, marks
from housebrain.drawing.scene import Scene

GAP_FT = 8.0  # between drawings
TITLE_IN = 1.0  # of a drawing's title with its scale bar, on paper
Box = tuple[float, float, float, float]  # x, y, width, depth
_LOCK = threading.Lock()


def dxf(scene: Scene) -> bytes:
    """The house as a DXF file in inches. Equal scenes give equal bytes.

    The ground floor stands where it does on the plot; the other levels and the plot itself follow to its right.
    """
    with _undated():
        doc = _drawing(scene)
        written = io.StringIO()
        doc.write(written)
    return written.getvalue().encode("utf-8")


@contextmanager
def _undated() -> Iterator[None]:
    """ezdxf writes no date and no random ids meanwhile, which it can do for all threads only."""
    with _LOCK:
        before = ezdxf.options.write_fixed_meta_data_for_testing
        ezdxf.options.write_fixed_meta_data_for_testing = True
        try:
            yield
        finally:
            ezdxf.options.write_fixed_meta_data_for_testing = before


def _drawing(scene: Scene) -> Drawing:
    x, y, width, depth = _bounds(scene)
    scale = _scale(width, depth)
    doc = new_drawing(scale)
    numbers = marks(scene.levels)
    north = 180 - scene.plot.orientation if scene.plot else None
    views: list[View] = []
    for level in scene.levels:
        # So far apart that a sheet shows one only.
        offset = len(views) * (max(room_ft(scale)[0], width + 2 * reach_ft(scale)) + GAP_FT)
        pen = Pen(doc.modelspace(), offset, 0.0, scale)
        draw_level(doc, pen, level, numbers)
        if level is scene.levels[0]:
            for step in scene.steps:
                pen.lines("A-FLOR-STRS", step.outline, closed=True)
        draw_dimensions(pen, level)
        views.append(_titled(pen, f"{level_name(level.number)} plan", (x, y, width, depth), north))
    views.append(_site(doc, scene, views[-1].x + room_ft(scale)[0] / 2 + GAP_FT, north))
    for number, view in enumerate(views, 1):
        add_sheet(doc, view, scene.title, f"A-{100 + number}", f"Built area {scene.built_sqft:.0f} sq ft")
    doc.layouts.delete("Layout1")
    return doc


def _bounds(scene: Scene) -> Box:
    """What the drawing of any level takes without dimensions: x, y, width, depth."""
    outlines = [region.outline for level in scene.levels for region in level.slab]
    corners = [corner for outline in outlines for corner in outline]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)


def _scale(width: float, depth: float) -> int:
    """The largest usual scale at which a drawing fits on a sheet with its dimensions and its title."""
    for scale in SCALES:
        across, up = room_ft(scale)
        reach = 2 * reach_ft(scale)
        if width + reach <= across and depth + reach + TITLE_IN * scale / UNIT <= up:
            return scale
    return max(SCALES)


def _titled(pen: Pen, name: str, around: Box, north: float | None) -> View:
    """Writes the title under a drawing; returns what the drawing takes with all that is around it."""
    x, y, width, depth = around
    reach, title = reach_ft(pen.scale), TITLE_IN * pen.scale / UNIT
    draw_title(pen, x, y - reach, [name.upper(), f"{SCALES[round(pen.scale)]}   1:{pen.scale:.0f}"], north)
    middle = (x + width / 2 + pen.left, y + (depth - title) / 2)
    return View(name, *middle, width + 2 * reach, depth + 2 * reach + title, round(pen.scale))


def _site(doc: Drawing, scene: Scene, left: float, north: float | None) -> View:
    """The roof and the plot, right of all levels."""
    x, y, width, depth = scene.footprint
    if scene.plot:
        x, y, width, depth = 0.0, 0.0, scene.plot.width, scene.plot.depth
    scale = _scale(width + 2 * STREET_FT, depth + 2 * STREET_FT)
    pen = Pen(doc.modelspace(), left + (room_ft(scale)[0] - width) / 2 - x, 0.0, scale)
    draw_site(pen, scene)
    around = (x - STREET_FT, y - STREET_FT, width + 2 * STREET_FT, depth + 2 * STREET_FT)
    return _titled(pen, "Site and roof plan" if scene.plot else "Roof plan", around, north)
