"""An independent checker of whole designs: reads a record and a design's JSON, and shares no code with the package."""

from typing import Any

from shapely.geometry import LineString, box
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


def faults(design: dict[str, Any], record: dict[str, Any]) -> list[str]:
    """Everything that is wrong with a design (plain JSON, in feet) for a record."""
    plot = record["input"]["plot"]
    setbacks = plot["setbacks_ft"]
    envelope = (
        plot["width"] - setbacks["left"] - setbacks["right"],
        plot["length"] - setbacks["front"] - setbacks["rear"],
    )
    left, width, depth = design["footprint"]["x"], design["footprint"]["w"], design["footprint"]["d"]
    found = []
    if left + width > envelope[0] + 0.01 or design["footprint"]["y"] != 0:
        found.append("the house does not stand in the envelope")
    levels = []
    for level in design["levels"]:
        spaces = {
            room["name"]: [(part["x"] - left, part["y"], part["w"], part["d"]) for part in room["boxes"]]
            for room in level["rooms"]
        }
        levels.append({"spaces": spaces, "doors": [door | {"x": door["x"] - left} for door in level["doors"]]})
        found += _windows(level["windows"], spaces, left, (width, depth))
    house = {"width_ft": width, "depth_ft": depth, "levels": levels}
    return found + wrong(house, asked(record), record["input"]["basicDetails"]["floors"], envelope)


def _windows(
    windows: list[dict[str, Any]], spaces: dict[str, Any], left: float, size: tuple[float, float]
) -> list[str]:
    """Windows that don't lie in a wall of their room towards the outside or an outdoor space."""
    outline = box(0, 0, *size)
    shapes = {name: unary_union([box(x, y, x + w, y + d) for x, y, w, d in own]) for name, own in spaces.items()}
    outside = [outline.exterior]
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
