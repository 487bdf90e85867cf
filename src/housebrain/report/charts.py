"""Charts as inline SVG: they take the page's text colour, need no script, and can be read on a phone."""

from typing import Any, NamedTuple
from xml.etree import ElementTree

from matplotlib.ticker import MaxNLocator

from housebrain.report.colours import coloured

WIDTH = 440
FONT = 12

Point = tuple[float, float]


class Row(NamedTuple):
    """A value with its interval, if it has one; `text` is written at the end of the row."""

    label: str
    value: float | None
    low: float | None
    high: float | None
    colour: str
    text: str


class _Chart:
    """An SVG with a way from data to its coordinates."""

    def __init__(self, title: str, height: float, box: tuple[float, float, float, float]) -> None:
        self.svg = ElementTree.Element(
            "svg", {"viewBox": f"0 0 {WIDTH} {height:g}", "role": "img", "class": "chart", "font-size": str(FONT)}
        )
        self.add("title").text = title
        self.left, self.top, self.right, self.bottom = box

    def add(self, tag: str, **attributes: Any) -> ElementTree.Element:
        written = {
            name.replace("_", "-"): f"{value:.1f}" if isinstance(value, float) else str(value)
            for name, value in attributes.items()
        }
        return ElementTree.SubElement(self.svg, tag, written)

    def text(self, x: float, y: float, content: str, anchor: str = "start", **more: Any) -> None:
        self.add("text", x=float(x), y=float(y), text_anchor=anchor, fill="currentColor", **more).text = content

    def rule(self, x1: float, y1: float, x2: float, y2: float, opacity: float = 0.15) -> None:
        ends = {"x1": float(x1), "y1": float(y1), "x2": float(x2), "y2": float(y2)}
        self.add("line", **ends, stroke="currentColor", stroke_opacity=opacity)

    def as_svg(self) -> str:
        return ElementTree.tostring(self.svg, encoding="unicode")


class _Scale:
    """From `domain` of the data to `span` of the SVG."""

    def __init__(self, values: list[float], span: Point, whole: bool = False) -> None:
        low, high = min(values), max(values)
        if low == high:
            low, high = low - 0.5, high + 0.5
        self.ticks = [float(tick) for tick in MaxNLocator(5, integer=whole).tick_values(low, high)]
        self.low, self.high = self.ticks[0], self.ticks[-1]
        self.span = span

    def __call__(self, value: float) -> float:
        start, end = self.span
        return start + (value - self.low) / (self.high - self.low) * (end - start)


def lines(curves: dict[str, list[Point]], x_label: str, y_label: str) -> str:
    """Curves over a common x; the page has their legend. Curves without a point are left out.

    Args:
        curves: by name, points in order of x, which counts something.
        x_label, y_label: what the axes show, with units.
    """
    height = 250
    chart = _Chart(f"{y_label} over {x_label}", height, (46, 24, WIDTH - 10, height - 36))
    points = [point for curve in curves.values() for point in curve]
    chart.text(0, 12, y_label)
    if not points:
        chart.text(WIDTH / 2, height / 2, "nothing was measured", "middle")
        return chart.as_svg()
    x = _Scale([point[0] for point in points], (chart.left, chart.right), whole=True)
    y = _Scale([point[1] for point in points], (chart.bottom, chart.top))
    for tick in y.ticks:
        chart.rule(chart.left, y(tick), chart.right, y(tick))
        chart.text(chart.left - 6, y(tick) + 4, f"{tick:g}", "end")
    for tick in x.ticks:
        chart.text(x(tick), chart.bottom + 16, f"{tick:g}", "middle")
    chart.text(chart.right, height - 4, x_label, "end")
    for (_, curve), colour in zip(curves.items(), coloured(list(curves)).values(), strict=True):
        path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in curve)
        chart.add("polyline", points=path, fill="none", stroke=colour, stroke_width=1.8, stroke_linejoin="round")
        for a, b in curve[-1:] if len(curve) > 12 else curve:
            chart.add("circle", cx=x(a), cy=y(b), r=2.5, fill=colour)
    return chart.as_svg()


def ranges(rows: list[Row], label: str, bounds: Point | None = None, zero: bool = False) -> str:
    """Values with their intervals, a row each.

    Args:
        rows: a value that is None leaves its row empty.
        label: what the axis shows, with units.
        bounds: of the axis; else it holds all intervals.
        zero: whether 0 is on the axis, with a line.
    """
    name_px = min(150.0, 8 + 7.0 * max(len(row.label) for row in rows))
    text_px = 12 + 7.5 * max(len(row.text) for row in rows)
    height = 24 + 24 * len(rows) + 26
    chart = _Chart(label, height, (name_px, 24, WIDTH - text_px, height - 26))
    chart.text(0, 12, label)
    known = [value for row in rows for value in (row.value, row.low, row.high) if value is not None]
    x = _Scale([*known, *(bounds or ()), *([0.0] if zero or not known else [])], (chart.left + 6, chart.right - 6))
    for tick in x.ticks:
        chart.rule(x(tick), chart.top, x(tick), chart.bottom, 0.6 if zero and tick == 0 else 0.15)
        chart.text(x(tick), chart.bottom + 16, f"{tick:g}", "middle")
    for number, row in enumerate(rows):
        y = chart.top + 24 * number + 12
        chart.text(name_px - 6, y + 4, row.label, "end")
        chart.text(WIDTH - text_px + 6, y + 4, row.text)
        if row.low is not None and row.high is not None:
            chart.add(
                "line", x1=x(row.low), x2=x(row.high), y1=y, y2=y, stroke=row.colour, stroke_width=3, stroke_opacity=0.5
            )
        if row.value is not None:
            chart.add("circle", cx=x(row.value), cy=y, r=4.5, fill=row.colour)
    return chart.as_svg()
