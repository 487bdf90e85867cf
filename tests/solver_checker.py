"""An independent checker of solved houses: shapely on plain boxes and doors, nothing of the solver's own arithmetic.

It reads what a house says (names, boxes, doors) and tells everything that is wrong with it.
"""

from collections import Counter
from typing import Any

from shapely.geometry import LineString, box
from shapely.ops import unary_union

TOLERANCE_SQFT = 1e-6
OUTDOOR = ("balcony", "terrace", "porch", "court", "open")
ADDED = ("hall", "stairs", "terrace", "porch", "court", "open")
DAYLIT = ("living", "dining", "kitchen", "master", "bed", "guest", "family", "office")
NO_PASSAGE = ("bath", "master", "bed", "guest", "store", "pooja")  # nothing but their own bath or balcony lies behind


def _kind(name: str) -> str:
    return name.rstrip("0123456789")


def wrong(
    house: dict[str, Any],
    rooms: dict[str, float],
    floors: int,
    envelope: tuple[float, float],
    street: float | None = None,
    may_lack: bool = False,
) -> list[str]:
    """What is wrong with a house: `{width_ft, depth_ft, levels: [{spaces: {name: boxes}, doors: [...]}]}`.

    `street`: the x of the wall at a corner plot's second street; `may_lack`: whether the house may leave a corner at
    the rear free, on all levels the same.
    """
    found = []
    width, depth = house["width_ft"], house["depth_ft"]
    if width > envelope[0] + 0.01 or depth > envelope[1] + 0.01:
        found.append(f"{width} x {depth} ft is larger than the envelope {envelope}")
    if len(house["levels"]) != floors:
        found.append(f"{len(house['levels'])} levels instead of {floors}")
    rectangle = outline = box(0, 0, width, depth)
    lacking = set()
    placed: Counter[str] = Counter()
    stairs = set()
    for number, level in enumerate(house["levels"]):
        where = f"level {number}"
        shapes = {name: unary_union([box(x, y, x + w, y + d) for x, y, w, d in boxes])
                  for name, boxes in level["spaces"].items()}  # fmt: skip
        boxes_sqft = sum(w * d for boxes in level["spaces"].values() for _, _, w, d in boxes)
        union = unary_union(list(shapes.values()))
        free = rectangle.difference(union)
        if may_lack and free.area > TOLERANCE_SQFT:
            x0, y0, x1, y1 = free.bounds
            lacking.add(free.bounds)
            if free.equals(box(x0, y0, x1, y1)) and y1 == depth and (x0 == 0 or x1 == width):
                outline = rectangle.difference(free)
        if abs(union.area - outline.area) > TOLERANCE_SQFT or not outline.buffer(1e-6).contains(union):
            found.append(f"{where}: the spaces leave a gap or lie outside")
        if abs(boxes_sqft - union.area) > TOLERANCE_SQFT:
            found.append(f"{where}: spaces overlap")
        for name, shape in shapes.items():
            if shape.geom_type != "Polygon":
                found.append(f"{where}: {name} is in pieces")
            if _kind(name) not in ADDED:
                placed[name] += 1
                if name not in rooms:
                    found.append(f"{where}: nobody asked for {name}")
                elif shape.area < rooms[name] - TOLERANCE_SQFT:
                    found.append(f"{where}: {name} has {shape.area} sqft, {rooms[name]} are asked for")
            if _kind(name) == "stairs":
                stairs.add(shape.bounds)
                x0, y0, x1, y1 = shape.bounds
                if min(x1 - x0, y1 - y0) < 6.5 or max(x1 - x0, y1 - y0) < 10:
                    found.append(f"{where}: the stairs are too small")
            if _kind(name) in DAYLIT:
                lit = shape.exterior.intersection(outline.exterior).length
                lit += sum(
                    shape.exterior.intersection(other.exterior).length
                    for other_name, other in shapes.items()
                    if _kind(other_name) in OUTDOOR
                )
                if lit < 3:
                    found.append(f"{where}: {name} has no daylight")
        found += [f"{where}: {text}" for text in _doors(level["doors"], shapes, outline, number == 0, street)]
    if len(lacking) > 1:
        found.append("the levels lack different corners")
    for name in rooms:
        if placed[name] != 1:
            found.append(f"there are {placed[name]} of {name}")
    if floors > 1 and len(stairs) != 1:
        found.append("the stairs are not in one place")
    return found


def _doors(
    doors: list[dict[str, Any]], shapes: dict[str, Any], outline: Any, ground: bool, street: float | None
) -> list[str]:
    found = []
    links: dict[str, set[str]] = {name: set() for name in shapes}
    entered = set()
    for door in doors:
        half = door["width_ft"] / 2
        ends = (
            [(door["x"] - half, door["y"]), (door["x"] + half, door["y"])]
            if door["along"] == "x"
            else [(door["x"], door["y"] - half), (door["x"], door["y"] + half)]
        )
        line = LineString(ends)
        names = (door["a"], door["b"])
        for name in names:
            edge = outline.exterior if name == "outside" else shapes[name].exterior
            if line.difference(edge.buffer(1e-6)).length > 1e-6:
                found.append(f"the door {names} does not lie in a wall of {name}")
        if door["width_ft"] < 2.5:
            found.append(f"the door {names} is {door['width_ft']} ft wide")
        if "outside" in names:
            entered.add(door["a"])
            if door["y"] != 0 and (door["along"] != "y" or door["x"] != street):
                found.append(f"the outer door of {door['a']} is not at the street")
        else:
            links[door["a"]].add(door["b"])
            links[door["b"]].add(door["a"])
    if not ground:
        entered = {name for name in shapes if name == "stairs"}
    if not any(_kind(name) != "garage" for name in entered):
        found.append("there is no way in")
    reached = set(entered)
    queue = list(entered)
    while queue:
        name = queue.pop()
        if _kind(name) == "garage":
            continue
        for other in links[name]:
            if other in reached:
                continue
            if _kind(name) in NO_PASSAGE and _kind(other) not in ("bath", "balcony", "terrace"):
                continue
            if _kind(name) == "bath":
                continue
            reached.add(other)
            queue.append(other)
    return found + [f"no way leads to {name}" for name in shapes if name not in reached and _kind(name) != "open"]
