"""From rooms on a grid to a whole design: everything that follows from the layout is derived here, and only here."""

from housebrain.house.brief import Brief
from housebrain.house.design import Design, Level, Rect, Room
from housebrain.house.rooms import type_of
from housebrain.house.tree import OPEN, Box
from housebrain.house.units import GRID_FT
from housebrain.rules.cost import choose_quality
from housebrain.rules.doors import place_doors
from housebrain.rules.site import check_choices, choose_materials, choose_site
from housebrain.rules.windows import place_windows


def assemble(size: tuple[int, int], layouts: list[list[tuple[str, Box]]], brief: Brief) -> Design:
    """Derives position, doors, windows, materials, site, quality and cost of a house.

    Args:
        size: width and depth of the footprint, in steps of the grid.
        layouts: for each level, from the ground up, names and boxes in the footprint, in steps of the grid. Boxes of
            one name are one room; `open` is no room.
        brief: whose envelope, style, climate, budget, region and choices count.

    The house stands against the front setback line and its one party wall, else in the middle of the widest rectangle
    of the envelope that holds it; where none does, at the side where the plot lacks nothing. Rooms are ordered by their
    place, so that equal layouts make equal designs.

    Raises:
        ValueError: a room's name is unknown.
        Rejected: the brief chooses what the tables don't know.
    """
    check_choices(brief)
    berth = brief.berth_of(*size)
    party_walls = brief.plot.party_walls or ()
    if berth:
        spare = berth.w - size[0]
        at_wall = {"left": 0, "right": spare}
        left = berth.x + (at_wall[party_walls[0]] if len(party_walls) == 1 else spare // 2)
    else:
        right = max((berth.x + berth.w for berth in brief.berths), default=0)
        left = max(0, right - size[0]) if brief.plot.land.lacking == "left" else 0
    footprint = _rect((0, 0, *size), left)
    plans = [_rooms(layout, left) for layout in layouts]
    levels = tuple(
        Level(rooms=rooms, doors=doors, windows=place_windows(rooms, footprint, doors, party_walls))
        for rooms, doors in zip(plans, place_doors(plans, footprint, brief.plot.side_street), strict=True)
    )
    materials, site = choose_materials(brief), choose_site(brief)
    quality, cost = choose_quality(levels, materials, site, brief)
    return Design(footprint=footprint, levels=levels, materials=materials, site=site, quality=quality, cost=cost)


def _rooms(layout: list[tuple[str, Box]], left: int) -> tuple[Room, ...]:
    boxes: dict[str, list[Rect]] = {}
    for name, box in sorted(layout, key=lambda placed: (placed[1][1], placed[1][0])):
        if name == OPEN:
            continue
        boxes.setdefault(name, []).append(_rect(box, left))
    return tuple(Room(name=name, type=type_of(name), boxes=tuple(own)) for name, own in boxes.items())


def _rect(box: Box, left: int) -> Rect:
    x, y, w, d = box
    return Rect(x=(left + x) * GRID_FT, y=y * GRID_FT, w=w * GRID_FT, d=d * GRID_FT)
