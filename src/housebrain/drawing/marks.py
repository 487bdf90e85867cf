"""What goes beside drawings: north, scale, titles and entries in feet and metres."""

from math import cos, radians, sin

from housebrain.drawing.picture import GREY, INK, PAPER, Picture, Stroke, ellipse, width_of
from housebrain.drawing.view import View, feet, metres

BARS = (2, 4, 5, 10, 20, 40, 50, 100, 200, 500)
NAME_MM, TITLE_MM = 3.2, 62.0  # a drawing's name, and the least length of the line under it
BAR_MM, UNIT_MM = 50.0, 6.0  # the longest scale bar, and the unit behind it
NORTH_R_MM = 4.5
NORTH_MM = 17.0  # what the arrow takes with its letter, wherever that is


def north_arrow(picture: Picture, x: float, y: float, orientation: float, r: float = 5.0) -> None:
    """A circle with a needle to the north; `orientation` is the compass direction that is at the sheet's bottom."""
    up = radians(orientation + 180)
    nx, ny = -sin(up), -cos(up)
    picture.path(ellipse(x, y, r, r), PAPER, Stroke(0.2, INK))
    tip = (x + nx * r * 0.92, y + ny * r * 0.92)
    side = (-ny * r * 0.38, nx * r * 0.38)
    picture.rings(
        [[tip, (x + side[0] - nx * r * 0.45, y + side[1] - ny * r * 0.45), (x - nx * r * 0.15, y - ny * r * 0.15)]], INK
    )
    picture.rings(
        [[tip, (x - side[0] - nx * r * 0.45, y - side[1] - ny * r * 0.45), (x - nx * r * 0.15, y - ny * r * 0.15)]],
        PAPER,
        Stroke(0.15, INK),
    )
    picture.text("N", x + nx * (r + 1.9), y + ny * (r + 1.9) + 1.0, 2.8, "middle", True)


def scale_bar(picture: Picture, x: float, y: float, view: View, room: float = 60.0) -> None:
    """Feet above and metres below a bar, and the ratio; no wider than `room` millimetres."""
    length = max((bar for bar in BARS if bar * view.mm <= room), default=BARS[0])
    w = length * view.mm
    parts = 4
    for k in range(parts):
        picture.rect(x + k * w / parts, y, w / parts, 1.1, INK if k % 2 == 0 else PAPER, Stroke(0.12, INK))
    for k in (0, 2, 4):
        picture.text(f"{length * k / parts:g}", x + k * w / parts, y - 0.6, 1.7, "middle")
    picture.text("ft", x + w + 2.2, y - 0.6, 1.7)
    step = max((m for m in (1, 2, 5, 10, 20, 50, 100) if m * 3.28084 * view.mm <= w), default=1)
    count = int(length / 3.28084 / step)
    for k in range(count + 1):
        mark = x + k * step * 3.28084 * view.mm
        picture.line([(mark, y + 1.1), (mark, y + 1.9)], Stroke(0.12, INK))
        if k in (0, count):
            picture.text(f"{k * step:g}", mark, y + 3.8, 1.7, "middle")
    picture.text("m", x + w + 2.2, y + 3.8, 1.7)


def plan_title(picture: Picture, x: float, y: float, text: str, ratio: float, note: str = "") -> float:
    """A drawing's name over a line, and its scale below; how long that is."""
    written = text.upper()
    length = max(TITLE_MM, width_of(written, NAME_MM, True) + 1.0)
    picture.text(written, x, y, NAME_MM, bold=True)
    picture.line([(x, y + 1.2), (x + length, y + 1.2)], Stroke(0.3, INK))
    picture.text(f"Scale 1:{ratio:g}{note}", x, y + 4.2, 2.0, colour=GREY)
    return length


def foot(
    picture: Picture, x: float, y: float, width: float, title: str, view: View, north: float | None, note: str = ""
) -> None:
    """A drawing's name and scale, a scale bar and north beside each other, in a strip that starts at `x`.

    Args:
        picture: that they are drawn onto.
        x, y, width: of the strip in millimetres; `y` is the name's base line.
        title, note: the name, and what is written behind the scale.
        view: which the drawing was made with.
        north: see `north_arrow`; None leaves it out.
    """
    start = x + plan_title(picture, x, y, title, view.scale, note) + 4
    end = x + width
    if north is not None:
        north_arrow(picture, end - NORTH_MM / 2, y + 1, north, NORTH_R_MM)
        end -= NORTH_MM
    scale_bar(picture, start, y + 1, view, min(BAR_MM, end - start - UNIT_MM))


def both(length: float) -> str:
    return f"{feet(length)} ({metres(length)} m)"
