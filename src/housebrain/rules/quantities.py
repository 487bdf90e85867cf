"""What a house is made of, measured on its geometry: walls net of openings, slabs, finishes, openings, points.

Walls are found where the sides of boxes face each other or nothing, so that any outline is measured right. Nothing
here knows of money.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from housebrain.house.design import CEILING_FT, FLOOR_TO_FLOOR_FT, GLAZED_DOOR_HEIGHT_FT, OUTSIDE, Level, Room
from housebrain.house.rooms import OPEN_AIR
from housebrain.rules.tables import table

# What is measured, in the order of a bill: the trade that does it, and its unit.
ITEMS: dict[str, tuple[str, str]] = {
    "footing": ("foundation", "ft"),
    "ground_slab": ("foundation", "sqft"),
    "frame": ("structure", "sqft"),
    "outer_wall": ("structure", "sqft"),
    "inner_wall": ("structure", "sqft"),
    "floor_slab": ("structure", "sqft"),
    "stair": ("structure", "storeys"),
    "roof": ("roof", "sqft"),
    "roof_cover": ("roof", "sqft"),
    "roof_edge": ("roof", "ft"),
    "railing": ("exterior", "ft"),
    "outer_finish": ("exterior", "sqft"),
    "paving": ("exterior", "sqft"),
    "window": ("openings", "sqft"),
    "outer_door": ("openings", "doors"),
    "glazed_door": ("openings", "sqft"),
    "garage_door": ("openings", "sqft"),
    "inner_door": ("openings", "doors"),
    "insulation": ("finishes", "sqft"),
    "plaster": ("finishes", "sqft"),
    "paint": ("finishes", "sqft"),
    "floor": ("finishes", "sqft"),
    "wet_floor": ("finishes", "sqft"),
    "wall_tile": ("finishes", "sqft"),
    "counter": ("finishes", "ft"),
    "sanitary": ("sanitary", "points"),
    "electrical": ("electrical", "points"),
    "conditioned": ("climate", "sqft"),
}
# Of one floor: how much of each item; an item that there is none of may be left out.
Quantities = dict[str, float]


class Walls(NamedTuple):
    """The walls of a level, in feet of length.

    Attributes:
        outer: between enclosed rooms and the outside or a space in the open air.
        inner: between enclosed rooms.
        edge: of spaces in the open air towards the outside.
    """

    outer: float
    inner: float
    edge: float


class Materials(NamedTuple):
    """What a concrete frame with brick walls takes."""

    cement_bags: float
    steel_kg: float
    concrete_m3: float


_Side = tuple[float, float, int, bool]  # from, to, number of the room, whether it is in the open air


def walls_of(rooms: Iterable[Room]) -> Walls:
    """Measures the walls of one level, openings included. Each wall between two rooms counts once.

    Between spaces in the open air, and between boxes of one room, there is none.
    """
    lines: dict[tuple[bool, float], tuple[list[_Side], list[_Side]]] = {}
    for number, room in enumerate(rooms):
        open_air = room.type in OPEN_AIR
        for box in room.boxes:
            x, y, w, d = box.x, box.y, box.w, box.d
            across, along = (x, x + w, number, open_air), (y, y + d, number, open_air)
            for line, before, side in (
                ((True, x), 1, along),
                ((True, x + w), 0, along),
                ((False, y), 1, across),
                ((False, y + d), 0, across),
            ):
                lines.setdefault(line, ([], []))[before].append(side)
    outer = inner = edge = 0.0
    for ones, others in lines.values():
        free = [side[1] - side[0] for side in others]
        for low, high, number, open_air in ones:
            left = high - low
            for place, (start, end, neighbour, open_too) in enumerate(others):
                length = (high if high < end else end) - (low if low > start else start)
                if length <= 0:
                    continue
                left -= length
                free[place] -= length
                if neighbour == number or (open_air and open_too):
                    continue
                if open_air or open_too:
                    outer += length
                else:
                    inner += length
            if left > 0:
                if open_air:
                    edge += left
                else:
                    outer += left
        for left, side in zip(free, others, strict=True):
            if left > 0:
                if side[3]:
                    edge += left
                else:
                    outer += left
    return Walls(outer, inner, edge)


def measure(levels: tuple[Level, ...]) -> tuple[Quantities, ...]:
    """Measures a house, floor by floor from the ground up; keys as in `ITEMS`.

    The ground floor has the foundation, the top floor the roof. What spans two storeys, such as the stairs, counts on
    the lower one; a floor's slab is the one that it stands on.
    """
    top = len(levels) - 1
    return tuple(_measure(level, index, index == top) for index, level in enumerate(levels))


def total(floors: tuple[Quantities, ...]) -> Quantities:
    """The quantities of the whole house."""
    whole: Quantities = dict.fromkeys(ITEMS, 0.0)
    for floor in floors:
        for item, quantity in floor.items():
            whole[item] += quantity
    return whole


def _measure(level: Level, index: int, is_top: bool) -> Quantities:
    rules: dict[str, Any] = table("quantities")
    walls = walls_of(level.rooms)
    areas = _areas(level, rules)
    enclosed, open_air = areas.pop("enclosed"), areas.pop("open_air")
    porch = areas.pop("porch")
    openings, in_outer, in_inner = _openings(level, rules["door_height"])
    outer = walls.outer * FLOOR_TO_FLOOR_FT - in_outer
    inner = walls.inner * CEILING_FT - in_inner
    # Inside, an outer wall is as high as the ceiling.
    plaster = outer - walls.outer * (FLOOR_TO_FLOOR_FT - CEILING_FT) + 2 * inner + enclosed
    found = areas | openings
    found |= {
        "frame": enclosed,
        "outer_wall": outer,
        "inner_wall": inner,
        "outer_finish": outer,
        "paving": open_air,
        "plaster": plaster,
        "paint": plaster - areas["wall_tile"],
        "insulation": outer,
    }
    if index == 0:
        found["footing"] = walls.outer + walls.inner
        found["ground_slab"] = enclosed + porch
    else:
        found["floor_slab"] = enclosed + open_air
        found["railing"] = walls.edge
    if is_top:
        found["roof"] = found["roof_cover"] = enclosed + porch
        found["roof_edge"] = walls.outer
        found["insulation"] += enclosed
    elif any(room.type == "stairs" for room in level.rooms):
        found["stair"] = 1.0
    return found


def _areas(level: Level, rules: dict[str, Any]) -> Quantities:
    """Floors, tiles, counters and points, by what each room is for; and the areas inside, outside and of porches."""
    wet, sanitary, electrical = rules["wet_rooms"], rules["sanitary_points"], rules["electrical_points"]
    more_in = electrical["more_in"]
    enclosed = open_air = porch = garage = wet_floor = wall_tile = counter = sanitary_points = electrical_points = 0.0
    for room in level.rooms:
        kind = room.type
        boxes = room.boxes
        area = sum([box.w * box.d for box in boxes])
        if kind in OPEN_AIR:
            open_air += area
            if kind == "porch":
                porch += area
            electrical_points += 1
            continue
        enclosed += area
        electrical_points += electrical["a_room"] + area // electrical["sqft_a_point"] + more_in.get(kind, 0)
        sanitary_points += sanitary.get(kind, 0)
        if kind == "garage":
            garage += area
        elif kind in wet:
            wet_floor += area
            if kind == "bathroom":
                box = room.main
                wall_tile += 2 * (box.w + box.d) * rules["tile_height"]
        elif kind == "kitchen":
            box = room.main
            run = max(box.w + box.d - rules["door_height"] / 2, box.w)  # two walls, less a way in
            counter += run
            wall_tile += run * rules["splash_height"]
    return {
        "enclosed": enclosed,
        "open_air": open_air,
        "porch": porch,
        "floor": enclosed - garage - wet_floor,
        "wet_floor": wet_floor,
        "wall_tile": wall_tile,
        "counter": counter,
        "sanitary": sanitary_points,
        "electrical": electrical_points,
        "conditioned": enclosed - garage,
    }


def _openings(level: Level, door_height_ft: float) -> tuple[Quantities, float, float]:
    """Windows and doors, and what they take of the outer and of the inner walls, in square feet."""
    types = {room.name: room.type for room in level.rooms}
    window = sum([one.width_ft * one.height_ft for one in level.windows])
    outer_doors = inner_doors = glazed = garage = in_inner = in_doors = 0.0
    for door in level.doors:
        kinds = (types[door.a], types.get(door.b, OUTSIDE))
        sqft = door.width_ft * door_height_ft
        airy = [kind for kind in kinds if kind == OUTSIDE or kind in OPEN_AIR]
        if len(airy) == 2:
            continue  # a way from the street onto a porch: there is no wall
        if not airy:
            in_inner += sqft
            inner_doors += not door.open
        elif kinds == ("garage", OUTSIDE):
            in_doors += sqft
            garage += sqft
        elif airy[0] in (OUTSIDE, "porch"):
            in_doors += sqft
            outer_doors += 1
        else:
            in_doors += sqft
            glazed += door.width_ft * GLAZED_DOOR_HEIGHT_FT
    found = {
        "window": window,
        "outer_door": outer_doors,
        "glazed_door": glazed,
        "garage_door": garage,
        "inner_door": inner_doors,
    }
    return found, window + in_doors, in_inner


def materials(floors: tuple[Quantities, ...]) -> Materials:
    """Cement, steel and concrete that a house takes, if its frame is concrete and its walls are brick."""
    rules: dict[str, Any] = table("quantities")
    whole, above = total(floors), len(floors) - 1
    steel, bags = rules["steel_kg_per_m3"], rules["cement_bags_per_m3"]
    cement_bags = sum(whole[item] * share for item, share in rules["cement_bags"].items())
    steel_kg = concrete_m3 = 0.0
    for item, share in rules["concrete_m3"].items():
        volume = whole[item] * share * (1 + rules["per_upper_floor"].get(item, 0.0) * above)
        concrete_m3 += volume
        steel_kg += volume * steel[item]
        cement_bags += volume * bags[item]
    return Materials(cement_bags, steel_kg, concrete_m3)
