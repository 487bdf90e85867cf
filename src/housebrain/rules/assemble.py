"""From rooms on a grid to a whole design: everything that follows from the layout is derived here, and only here."""

from housebrain.house.brief import Brief
from housebrain.house.design import Design, Level, Materials, Quality, Rect, Room, Site
from housebrain.house.rooms import type_of
from housebrain.house.tree import Box
from housebrain.rules.cost import choose_quality, estimate
from housebrain.rules.openings import entrance_room, place_doors, place_windows


def assemble(
    size_ft: tuple[int, int],
    layouts: list[list[tuple[str, Box]]],
    materials: Materials,
    site: Site,
    quality: Quality | None,
    brief: Brief,
) -> Design:
    """Derives position, doors, windows and cost of a house.

    Args:
        size_ft: width and depth of the footprint.
        layouts: for each level, from the ground up, names and boxes in the footprint.
        materials, site: as chosen.
        quality: as chosen, or None for the best that the budget pays for.
        brief: whose envelope, budget and region count.

    The house stands against the front setback line, in the middle of the envelope's width. Rooms are ordered by
    their place, so that equal layouts make equal designs.

    Raises:
        ValueError: a room's name is unknown.
    """
    width_ft, depth_ft = size_ft
    left = max(0, (brief.envelope_ft[0] - width_ft) // 2)
    footprint = Rect(x=left, y=0, w=width_ft, d=depth_ft)
    levels = []
    for index, layout in enumerate(layouts):
        rooms = tuple(
            Room(name=name, type=type_of(name), x=left + x, y=y, w=w, d=d)
            for name, (x, y, w, d) in sorted(layout, key=lambda room: (room[1][1], room[1][0]))
        )
        entrance = entrance_room(rooms, footprint) if index == 0 else None
        levels.append(
            Level(
                rooms=rooms,
                doors=place_doors(rooms, footprint, is_ground=index == 0),
                windows=place_windows(rooms, footprint, entrance.name if entrance else None),
            )
        )
    built = tuple(levels)
    if quality is None:
        quality, cost = choose_quality(built, materials, site, brief)
    else:
        cost = estimate(built, materials, site, quality, brief)
    return Design(footprint=footprint, levels=built, materials=materials, site=site, quality=quality, cost=cost)
