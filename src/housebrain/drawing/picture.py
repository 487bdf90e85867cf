"""A drawing on paper: lines, areas and text in millimetres, which SVG and PDF are written from.

x runs to the right and y downwards from the paper's upper left corner.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from math import cos, radians, sin
from pathlib import Path
from typing import Literal, NamedTuple

import reportlab
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

Point = tuple[float, float]
# A path's pieces: `M` and `L` with a point, `C` with three (a Bezier curve), `Z` with none.
Command = tuple[str, tuple[float, ...]]
INK, PAPER, GREY, FAINT = "#1f2328", "#ffffff", "#6b7280", "#b8bdc6"
# The control points of a quarter circle's Bezier curve.
KAPPA = 0.5522847498
FONT, BOLD = "Vera", "Vera-Bold"
FONT_FOLDER = Path(reportlab.__file__).parent / "fonts"
FONT_FILES = {FONT: FONT_FOLDER / "Vera.ttf", BOLD: FONT_FOLDER / "VeraBd.ttf"}


class Stroke(NamedTuple):
    """How a line is drawn: its width and dashes in millimetres, its colour."""

    width: float
    colour: str = INK
    dash: tuple[float, ...] = ()


@dataclass(frozen=True)
class Shape:
    """Lines and curves, filled by the even-odd rule."""

    commands: tuple[Command, ...]
    fill: str | None = None
    stroke: Stroke | None = None
    opacity: float = 1.0


@dataclass(frozen=True)
class Text:
    """One line of text; `angle` is counter-clockwise around its anchor, which is on the base line."""

    text: str
    x: float
    y: float
    size: float
    anchor: Literal["start", "middle", "end"] = "start"
    bold: bool = False
    angle: float = 0.0
    colour: str = INK
    halo: str | None = None


# Groups that SVG shows on wide screens only, and in their place on those as narrow as a phone's.
WIDE, NARROW = "hb-wide", "hb-narrow"


@dataclass(frozen=True)
class Group:
    """Some of a picture under a class, which programs find it by, with a title and a description to be read out.

    What is of the class `NARROW` is in no picture but SVG.
    """

    items: tuple["Shape | Text", ...]
    kind: str
    title: str = ""
    description: str = ""


@dataclass
class Picture:
    """A sheet of `width` by `height`; `items` lie over each other in their order."""

    width: float
    height: float
    title: str
    items: list["Shape | Text | Group"] = field(default_factory=list)

    def path(self, commands: Sequence[Command], fill: str | None = None, stroke: Stroke | None = None,
             opacity: float = 1.0) -> None:  # fmt: skip
        self.items.append(Shape(tuple(commands), fill, stroke, opacity))

    def rings(self, rings: Sequence[Sequence[Point]], fill: str | None = None, stroke: Stroke | None = None,
              opacity: float = 1.0) -> None:  # fmt: skip
        """Closed outlines, later ones holes in earlier ones."""
        self.path([command for ring in rings for command in closed(ring)], fill, stroke, opacity)

    def line(self, points: Sequence[Point], stroke: Stroke) -> None:
        self.path(opened(points), None, stroke)

    def rect(self, x: float, y: float, w: float, h: float, fill: str | None = None, stroke: Stroke | None = None,
             opacity: float = 1.0) -> None:  # fmt: skip
        self.rings([((x, y), (x + w, y), (x + w, y + h), (x, y + h))], fill, stroke, opacity)

    def grouped(self, start: int, kind: str) -> None:
        """Puts what was drawn after the first `start` items into one group; there must be no groups among it."""
        self.items[start:] = [Group(tuple(self.items[start:]), kind)]  # type: ignore[arg-type]

    def text(self, text: str, x: float, y: float, size: float, anchor: Literal["start", "middle", "end"] = "start",
             bold: bool = False, angle: float = 0.0, colour: str = INK, halo: str | None = None) -> None:  # fmt: skip
        self.items.append(Text(text, x, y, size, anchor, bold, angle, colour, halo))


def opened(points: Sequence[Point]) -> list[Command]:
    """Straight lines from point to point."""
    return [("M" if number == 0 else "L", point) for number, point in enumerate(points)]


def closed(points: Sequence[Point]) -> list[Command]:
    return [*opened(points), ("Z", ())]


def arc(centre: Point, start: Point, end: Point) -> list[Command]:
    """A quarter of a circle or of an ellipse from `start` to `end`, as seen from its centre."""
    (cx, cy), (x1, y1), (x2, y2) = centre, start, end
    return [
        ("M", start),
        (
            "C",
            (
                x1 + KAPPA * (x2 - cx), y1 + KAPPA * (y2 - cy),
                x2 + KAPPA * (x1 - cx), y2 + KAPPA * (y1 - cy),
                x2, y2,
            ),
        ),
    ]  # fmt: skip


def ellipse(x: float, y: float, rx: float, ry: float) -> list[Command]:
    points = [(x + rx, y), (x, y + ry), (x - rx, y), (x, y - ry), (x + rx, y)]
    commands: list[Command] = [("M", points[0])]
    for start, end in itertools.pairwise(points):
        commands.append(arc((x, y), start, end)[1])
    return [*commands, ("Z", ())]


def turned(x: float, y: float, angle: float) -> Point:
    """A vector turned by an angle in degrees, counter-clockwise where y runs upwards."""
    c, s = cos(radians(angle)), sin(radians(angle))
    return x * c - y * s, x * s + y * c


@cache
def register_fonts() -> None:
    """Makes the fonts known to reportlab."""
    for name, file in FONT_FILES.items():
        pdfmetrics.registerFont(TTFont(name, str(file)))


@lru_cache(maxsize=50_000)
def width_of(text: str, size: float, bold: bool = False) -> float:
    """The length of a line of text, in millimetres for a size in millimetres."""
    register_fonts()
    return float(pdfmetrics.stringWidth(text, BOLD if bold else FONT, size))


def fitted(text: str, size: float, room: float, bold: bool = False) -> str:
    """The text, or as much of its start as fits, with an ellipsis."""
    if width_of(text, size, bold) <= room:
        return text
    while text and width_of(text + "...", size, bold) > room:
        text = text[:-1]
    return text.rstrip() + "..."
