"""Floor plans as SVG: one level seen from above, the street below it.

A plan is drawn on paper of its own colour, so that it reads the same on a light page and on a dark one. One foot is
ten units of the SVG.
"""

import re
from typing import Any
from xml.etree import ElementTree

from housebrain.drawing.outline import outline
from housebrain.house.design import OUTSIDE, Design, Door, Level, Rect, Room, Window, hull

UNIT = 10  # of the SVG, in a foot
MARGIN_FT = 3
PAPER, INK, GLASS, SCALE = "#fffdf7", "#3a3a3a", "#2f7fc1", "#8a8a8a"
# By what a room is for.
FILLS = {
    **dict.fromkeys(("living_room", "family_room", "dining_room"), "#fbe8c8"),
    **dict.fromkeys(("master_bedroom", "bedroom", "guest_room"), "#dce8f7"),
    **dict.fromkeys(("bathroom", "laundry", "utility"), "#d5efec"),
    **dict.fromkeys(("balcony", "terrace", "porch", "court"), "#e2f0d6"),
    **dict.fromkeys(("corridor", "stairs"), "#f0eee9"),
    **dict.fromkeys(("store", "garage"), "#e6e3ee"),
    "kitchen": "#fadcd0",
    "home_office": "#efe0f2",
    "pooja": "#fdf0b8",
}
OPACITY = 0.8  # of the fills, so that rooms which overlap are seen
LEAF_FT = 4.0  # a wider way from the street is a gate
# What XML can't hold, not even escaped.
_FORBIDDEN = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


def frame(*designs: Design) -> Rect:
    """The smallest rectangle around all rooms of some designs, for plans that are to have one scale."""
    rooms = [room for design in designs for level in design.levels for room in level.rooms]
    return hull((*(design.footprint for design in designs), *(box for room in rooms for box in room.boxes)))


def floor_plan_svg(level: Level, footprint: Rect, around: Rect | None = None, title: str = "floor plan") -> str:
    """One level as an SVG document: rooms with name and size in feet, doors with their swing, windows, a scale.

    A room of several boxes has one outline and its area for its size. Ways without a door are gaps in the wall. Rooms
    that overlap shine through each other; those outside the footprint, a dashed line, are shown where they are.

    Args:
        level: of any design, valid or not.
        footprint: of the house.
        around: what is shown besides, such as the `frame` of two designs that are to be compared.
        title: read out by screen readers.
    """
    boxes = [box for room in level.rooms for box in room.boxes]
    shown = hull((footprint, *boxes, *([around] if around else [])))
    return ElementTree.tostring(_Plan(level, footprint, shown, title).svg, encoding="unicode")


class _Plan:
    """Draws in feet; y is turned over, since SVG counts downwards and a plan has its street below."""

    def __init__(self, level: Level, footprint: Rect, shown: Rect, title: str) -> None:
        self.left = shown.x - MARGIN_FT
        self.top = shown.y + shown.d + MARGIN_FT
        self.font = max(shown.w, shown.d) * UNIT / 36
        size = [(shown.w + 2 * MARGIN_FT) * UNIT, (shown.d + 2 * MARGIN_FT) * UNIT]
        self.svg = ElementTree.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "viewBox": f"0 0 {size[0]} {size[1]}",
                "role": "img",
                "font-family": "system-ui, sans-serif",
            },
        )
        self._add("title").text = _allowed(title)
        self._add("rect", width=size[0], height=size[1], fill=PAPER)
        self._box(footprint, fill="none", stroke=INK, stroke_dasharray="6 4")
        for room in level.rooms:
            self._room(room)
        for window in level.windows:
            self._window(window)
        rooms = {room.name: room for room in level.rooms}
        for door in level.doors:
            self._door(door, rooms)
        for room in level.rooms:
            self._label(room)
        self._scale()

    def _add(self, tag: str, parent: ElementTree.Element | None = None, **attributes: Any) -> ElementTree.Element:
        written = {name.rstrip("_").replace("_", "-"): _number(value) for name, value in attributes.items()}
        return ElementTree.SubElement(self.svg if parent is None else parent, tag, written)

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return (x - self.left) * UNIT, (self.top - y) * UNIT

    def _box(self, box: Rect, parent: ElementTree.Element | None = None, **attributes: Any) -> None:
        x, y = self._at(box.x, box.y + box.d)
        self._add("rect", parent, x=x, y=y, width=box.w * UNIT, height=box.d * UNIT, **attributes)

    def _line(self, a: tuple[float, float], b: tuple[float, float], **attributes: Any) -> None:
        (x1, y1), (x2, y2) = self._at(*a), self._at(*b)
        self._add("line", x1=x1, y1=y1, x2=x2, y2=y2, **attributes)

    def _room(self, room: Room) -> None:
        group = self._add("g", class_="room")
        self._add("title", group).text = _allowed(f"{room.name}: {_size(room)}, {room.area_sqft:g} sqft")
        fill = FILLS.get(room.type, PAPER)
        if len(room.boxes) == 1:
            self._box(room.main, group, fill=fill, fill_opacity=OPACITY, stroke=INK, stroke_width=3)
        else:
            self._add("path", group, d=" ".join(map(self._area, room.boxes)), fill=fill, fill_opacity=OPACITY)
            walls = " ".join(
                f"M {self._point(edge.x1, edge.y1)} L {self._point(edge.x2, edge.y2)}" for edge in outline(room.boxes)
            )
            self._add("path", group, d=walls, fill="none", stroke=INK, stroke_width=3, stroke_linecap="square")
        if room.type == "stairs":
            self._treads(room.main)

    def _area(self, box: Rect) -> str:
        corners = ((box.x, box.y), (box.right, box.y), (box.right, box.rear), (box.x, box.rear))
        return f"M {' L '.join(self._point(*corner) for corner in corners)} Z"

    def _point(self, x: float, y: float) -> str:
        return " ".join(map(_number, self._at(x, y)))

    def _treads(self, box: Rect) -> None:
        """Stairs have lines across their longer side, and a wall between the two flights."""
        along_x = box.w >= box.d
        for step in range(1, int(max(box.w, box.d))):
            if along_x:
                a, b = (box.x + step, box.y), (box.x + step, box.rear)
            else:
                a, b = (box.x, box.y + step), (box.right, box.y + step)
            self._line(a, b, stroke=INK, stroke_opacity=0.25)
        x, y = box.x + box.w / 2, box.y + box.d / 2
        ends = ((box.x + 1, y), (box.right - 1, y)) if along_x else ((x, box.y + 1), (x, box.rear - 1))
        self._line(*ends, stroke=INK, stroke_opacity=0.5)

    def _label(self, room: Room) -> None:
        """Name over size, as large as fits, along the longer side of the largest box where it has to be small."""
        lines, box = [room.name, _size(room)], room.main
        widest = max(len(line) for line in lines) * 0.58
        turned = box.d > box.w and box.w * UNIT / widest < self.font
        along, across = (box.d, box.w) if turned else (box.w, box.d)
        font = min(self.font, 0.9 * along * UNIT / widest, 0.9 * across * UNIT / 2.3)
        x, y = self._at(box.x + box.w / 2, box.y + box.d / 2)
        halo: dict[str, Any] = {
            "paint_order": "stroke",
            "stroke": PAPER,
            "stroke_opacity": 0.75,
            "stroke_width": font / 4,
        }
        label = self._add("text", fill=INK, font_size=font, text_anchor="middle", **halo)
        if turned:
            label.set("transform", f"rotate(-90 {_number(x)} {_number(y)})")
        for line, offset, weight in zip(lines, (-0.2, 0.95), ("600", "400"), strict=True):
            span = self._add("tspan", label, x=x, y=y + offset * font, font_weight=weight)
            span.text = _allowed(line)

    def _window(self, window: Window) -> None:
        a, b = _ends(window)
        self._line(a, b, stroke=PAPER, stroke_width=5)
        self._line(a, b, stroke=GLASS, stroke_width=2.5)

    def _door(self, door: Door, rooms: dict[str, Room]) -> None:
        """A gap in the wall, and a leaf that swings into the room that is entered, or a gate's dashes."""
        a, b = _ends(door)
        entered = rooms.get(door.a if door.b == OUTSIDE else door.b)
        if door.open:
            fill = FILLS.get(entered.type, PAPER) if entered else PAPER
            self._line(a, b, stroke=_shade(fill), stroke_width=5)
            return
        self._line(a, b, stroke=PAPER, stroke_width=5)
        if entered is None:
            return
        if door.b == OUTSIDE and door.width_ft > LEAF_FT:
            self._line(a, b, stroke=INK, stroke_width=1.5, stroke_dasharray="8 5")
            return
        side = _side(door, entered)
        open_ = (a[0], a[1] + side * door.width_ft) if door.along == "x" else (a[0] + side * door.width_ft, a[1])
        sweep = 1 if (side > 0) == (door.along == "x") else 0
        r = _number(door.width_ft * UNIT)
        (x1, y1), (x2, y2), (x3, y3) = (map(_number, self._at(*point)) for point in (a, open_, b))
        path = f"M {x1} {y1} L {x2} {y2} A {r} {r} 0 0 {sweep} {x3} {y3}"
        self._add("path", d=path, fill="none", stroke=INK, stroke_width=1.0, stroke_opacity=0.7)
        if door.b == OUTSIDE:
            if door.along == "x":
                x, y = self._at(door.x, door.y - 0.5)
                mark = "l -7 13 h 14 z"
            else:
                x, y = self._at(door.x - side * 0.5, door.y)
                mark = f"l {-13 * side} -7 v 14 z"
            self._add("path", d=f"M {_number(x)} {_number(y)} {mark}", fill=INK, class_="entrance")

    def _scale(self) -> None:
        """At the rear, where there is no entrance."""
        y = 1.6 * UNIT
        self._add("path", d=f"M {UNIT} {y - 4} v 4 h {10 * UNIT} v -4", fill="none", stroke=SCALE, stroke_width=1.5)
        self._add("text", x=11.6 * UNIT, y=y, fill=SCALE, font_size=min(self.font, 14.0)).text = "10 ft"


def _size(room: Room) -> str:
    return f"{room.main.w:g} x {room.main.d:g} ft" if len(room.boxes) == 1 else f"{room.area_sqft:g} sqft"


def _side(door: Door, room: Room) -> int:
    """On which side of a door a room lies: 1 towards the rear or the right, -1 towards the street or the left."""
    for box in room.boxes:
        across, along, low, high, start = (
            (door.y, door.x, box.x, box.right, box.y) if door.along == "x" else (door.x, door.y, box.y, box.rear, box.x)
        )
        end = start + (box.d if door.along == "x" else box.w)
        if low < along < high and across in (start, end):
            return 1 if across == start else -1
    return 1


def _shade(fill: str) -> str:
    """A fill as it looks on paper."""
    mixed = (round(OPACITY * int(fill[i : i + 2], 16) + (1 - OPACITY) * int(PAPER[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _ends(opening: Door | Window) -> tuple[tuple[float, float], tuple[float, float]]:
    half = opening.width_ft / 2
    if opening.along == "x":
        return (opening.x - half, opening.y), (opening.x + half, opening.y)
    return (opening.x, opening.y - half), (opening.x, opening.y + half)


def _number(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


def _allowed(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
