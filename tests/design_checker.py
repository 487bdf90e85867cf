"""An independent checker of whole designs: reads a record and a design's JSON, and shares no code with the package."""

from typing import Any

from shapely import affinity
from shapely.geometry import LineString, Polygon, box
from shapely.ops import unary_union

from solver_checker import OUTDOOR, wrong

SHORT = {
    "masterbedroom": "master", "bedroom": "bed", "guestroom": "guest", "bathroom": "bath", "livingroom": "living",
    "diningroom": "dining", "homeoffice": "office", "familyroom": "family",
}  # fmt: skip


def asked(record: dict[str, Any]) -> dict[str, float]:
    """The least area of every room that a record asks for, by name: `bed1`, `bed2` where there are several."""
    areas: dict[str, list[float]] = {}
    for room in record["input"]["roomBreakdown"]:
        kind = room["type"].replace("_", "").lower()
        areas.setdefault(SHORT.get(kind, kind), []).extend([room["minArea"]] * room["count"])
    if "bath" not in areas:
        areas["bath"] = [40.0] * record["input"]["basicDetails"]["bathrooms"]
    return {
        kind if len(each) == 1 else f"{kind}{number}": area
        for kind, each in areas.items()
        for number, area in enumerate(each, 1)
    }


def buildable(record: dict[str, Any]) -> Any:
    """What the setbacks leave of a record's plot, as a polygon from the left and front setback lines.

    What an L or an irregular plot lacks is at the rear, on the side of the narrower side setback.
    """
    plot, setbacks = record["input"]["plot"], record["input"]["plot"]["setbacks_ft"]
    width, length = plot["width"], plot["length"]
    front, rear, left, right = (setbacks[side] for side in ("front", "rear", "left", "right"))
    far = min(left, right)  # the setback where something may be lacking
    rest = box(max(left, right), front, width - far, length - rear)  # as if that were at the right
    if plot["shape"] == "L_Shape":
        rest = rest.difference(box(0.5 * width - far, 0.78 * length - rear, width, length))
    if plot["shape"] == "Irregular":
        rest = box(max(left, right), front, width, length)
        corner, ends = (0.85 * width, 0.94 * length), ((width, 0), (0, length))
        for end, setback in zip(ends, (far, rear), strict=True):
            wall = LineString([end, corner])
            # As far from the wall as the setback asks for, and nothing of what lies behind it.
            x, y = corner[0] - end[0], corner[1] - end[1]
            inwards = (-y, x) if end == ends[0] else (y, -x)
            long = 3 / wall.length * max(width, length)
            start, stop = (end[0] - long * x, end[1] - long * y), (end[0] + long * x, end[1] + long * y)
            dx, dy = (setback / wall.length * part for part in inwards)
            out = (-1e4 / wall.length * inwards[0], -1e4 / wall.length * inwards[1])
            near = [(px + dx, py + dy) for px, py in (start, stop)]
            rest = rest.difference(Polygon([*near, *[(px + out[0], py + out[1]) for px, py in reversed(near)]]))
    if left <= right:
        rest = affinity.scale(rest, -1, 1, origin=(width / 2, 0))
    return affinity.translate(rest, -left, -front)


def faults(design: dict[str, Any], record: dict[str, Any]) -> list[str]:
    """Everything that is wrong with a design (plain JSON, in feet) for a record."""
    plot = record["input"]["plot"]
    envelope = buildable(record).buffer(0.01, join_style="mitre")
    x0, y0, x1, y1 = envelope.bounds
    narrow_left = plot["setbacks_ft"]["left"] <= plot["setbacks_ft"]["right"]
    left, width, depth = design["footprint"]["x"], design["footprint"]["w"], design["footprint"]["d"]
    found = []
    if design["footprint"]["y"] != 0:
        found.append("the house does not stand at the front setback line")
    for level in design["levels"]:
        parts = [
            box(p["x"], p["y"], p["x"] + p["w"], p["y"] + p["d"]) for room in level["rooms"] for p in room["boxes"]
        ]
        if not envelope.contains(unary_union(parts)):
            found.append("the house does not stand in the envelope")
    levels = []
    for level in design["levels"]:
        spaces = {
            room["name"]: [(part["x"] - left, part["y"], part["w"], part["d"]) for part in room["boxes"]]
            for room in level["rooms"]
        }
        levels.append({"spaces": spaces, "doors": [door | {"x": door["x"] - left} for door in level["doors"]]})
        found += _windows(level["windows"], spaces, left)
        found += [
            f"a window of {window['room']} is in a neighbour's wall"
            for window in level["windows"]
            for side in plot.get("party_walls", ())
            if abs(window["x"] - left - (0 if side == "left" else width)) < 1e-6
        ]
    for side in plot.get("party_walls", ()):
        if abs(left - x0 if side == "left" else x1 - left - width) > 0.51:  # a step of the grid, and a hair
            found.append("the house does not stand at its neighbour's")
    house = {"width_ft": width, "depth_ft": depth, "levels": levels}
    street = None if not plot["is_corner_plot"] else width if narrow_left else 0
    floors = record["input"]["basicDetails"]["floors"]
    # Where the whole rectangle stands on the land, nothing of it may be left free; by a hair it does not.
    may_lack = not buildable(record).buffer(1e-6, join_style="mitre").contains(box(left, 0, left + width, depth))
    return found + wrong(house, asked(record), floors, (x1 - x0, y1 - y0), street, may_lack)


def _windows(windows: list[dict[str, Any]], spaces: dict[str, Any], left: float) -> list[str]:
    """Windows that don't lie in a wall of their room towards the outside or an outdoor space."""
    shapes = {name: unary_union([box(x, y, x + w, y + d) for x, y, w, d in own]) for name, own in spaces.items()}
    outside = [unary_union(list(shapes.values())).exterior]
    outside += [shape.exterior for name, shape in shapes.items() if name.rstrip("0123456789") in OUTDOOR]
    free = unary_union(outside).buffer(1e-6)
    found = []
    for window in windows:
        x, y, half = window["x"] - left, window["y"], window["width_ft"] / 2
        ends = [(x - half, y), (x + half, y)] if window["along"] == "x" else [(x, y - half), (x, y + half)]
        line = LineString(ends)
        wall = shapes[window["room"]].exterior.buffer(1e-6)
        if line.difference(wall).length > 1e-6 or line.difference(free).length > 1e-6:
            found.append(f"a window of {window['room']} is in no outer wall of it")
    return found
