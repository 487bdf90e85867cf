"""Windows, derived from where the rooms and their doors are: in outer walls, as large as the floor area asks for."""

from collections.abc import Collection, Sequence

from housebrain.house.design import GLAZED_DOOR_HEIGHT_FT, Door, Rect, Room, Window, lacking
from housebrain.house.land import Side
from housebrain.house.rooms import OPEN_AIR
from housebrain.rules.walls import beside_doors, outer_walls

# Glass area per floor area: 1/6 satisfies the strictest ruleset here (NBC 2016, warm-humid).
GLAZING_SHARE = 1 / 6
WINDOW_HEIGHT_FT, SILL_FT = 4.5, 3.0
SMALL_WINDOW_HEIGHT_FT, SMALL_SILL_FT = 2.0, 5.5
SMALL_SQFT = 4.0
CORNER_FT = 0.5  # kept free at both ends of a wall
LEAST_FT = 1.0
SMALL_WINDOWED = frozenset({"bathroom", "utility", "laundry", "store", "pooja", "stairs", "corridor", "garage"})


def glazed_doors(rooms: Sequence[Room], doors: Sequence[Door]) -> dict[str, float]:
    """The glass of each room's doors to balconies, terraces, porches and courts, in square feet."""
    outside = {room.name for room in rooms if room.type in OPEN_AIR}
    glass_sqft: dict[str, float] = {}
    for door in doors:
        for inner, outer in ((door.a, door.b), (door.b, door.a)):
            if outer in outside and inner not in outside:
                glass_sqft[inner] = glass_sqft.get(inner, 0.0) + door.width_ft * GLAZED_DOOR_HEIGHT_FT
    return glass_sqft


def place_windows(
    rooms: Sequence[Room], footprint: Rect, doors: Sequence[Door], party_walls: Collection[Side] = ()
) -> tuple[Window, ...]:
    """Windows of one level: each room with an outer wall gets the glass its floor area asks for, as far as it fits.

    There are none in walls that a neighbour's house stands against.
    """
    windows = []
    open_air = [room for room in rooms if room.type in OPEN_AIR]
    corner = lacking(footprint, [box for room in rooms for box in room.boxes])
    for room in rooms:
        if room.type in OPEN_AIR:
            continue
        small = room.type in SMALL_WINDOWED
        height_ft, sill_ft = (SMALL_WINDOW_HEIGHT_FT, SMALL_SILL_FT) if small else (WINDOW_HEIGHT_FT, SILL_FT)
        wanted_sqft = SMALL_SQFT if small else room.area_sqft * GLAZING_SHARE
        walls = outer_walls(room, footprint, open_air, corner, party_walls)
        pieces = [piece for wall in walls for piece in beside_doors(wall, doors)]
        for piece in sorted(pieces, key=lambda piece: -piece.length_ft):
            # Rounded up to a tenth of a foot, so that rounding never costs the required area.
            width_ft = min(-(-wanted_sqft / height_ft * 10 // 1) / 10, piece.length_ft - 2 * CORNER_FT)
            if width_ft < LEAST_FT:
                continue
            x, y = piece.middle
            windows.append(
                Window(
                    room=room.name, x=x, y=y, along=piece.along, width_ft=width_ft, height_ft=height_ft, sill_ft=sill_ft
                )
            )
            wanted_sqft -= width_ft * height_ft
            if wanted_sqft <= 0.01:
                break
    return tuple(windows)
