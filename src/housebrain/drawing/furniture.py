"""Furniture by kind of room: what is expected there, in sizes that fit."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product

from housebrain.drawing.elements import Block, Piece, Space, Wall
from housebrain.drawing.places import Place, Side, bounds, meet, place

COUNTER_FT, COUNTER_HEIGHT_FT = 2.0, 3.0
CHAIR_FT = 1.4
BIG_SQFT = 150.0
BATH_FLOORS = (1.2, 0.5)  # before a shower and a basin; where there is little room they share it
# What is placed first has the better place.
BATH_ORDERS = (("wash", "toilet", "basin"), ("toilet", "wash", "basin"), ("toilet", "basin", "wash"))


def furnish(spaces: Sequence[Space], walls: Sequence[Wall], posts: Sequence[Block]) -> tuple[Piece, ...]:
    """The furniture of a level. Nothing stands in the sweep of a door's leaf, before a door or in a post."""
    kinds = {space.type for space in spaces}
    found: list[Piece] = []
    for space in spaces:
        recipe = RECIPES.get(space.type)
        if recipe:
            room = place(space, walls)
            room.kept += [(*post.outline[0], *post.outline[2]) for post in posts]
            recipe(room)
            if space.type == "living_room" and "dining_room" not in kinds and space.area_sqft > 2 * BIG_SQFT:
                _dining_table(room)
            found += room.pieces
    return tuple(found)


def _bedroom(room: Place) -> None:
    sizes = [(6.0, 6.8), (5.0, 6.6), (3.5, 6.4)] if room.space.area_sqft >= 105 else [(5.0, 6.6), (3.5, 6.4)]
    if room.space.type == "master_bedroom":
        sizes.insert(0, (6.5, 7.0))
    bed = next((bed for w, d in sizes if (bed := room.against("bed", w, d, 1.8, before=2.2))), None)
    if bed:
        _beside(room, bed)
    for width in (7.0, 6.0, 5.0, 4.0, 3.0):
        if room.against("wardrobe", width, 2.0, 7.0, corner=True, tall=True):
            break
    if room.space.area_sqft >= BIG_SQFT:
        _desk(room, 3.5)


def _beside(room: Place, bed: Piece) -> None:
    """Nightstands at the bed's head."""
    x1, y1, x2, y2 = bounds(bed)
    size, gap = 1.5, 0.1
    ends = {
        0: ((x1 - gap - size, y2 - size), (x2 + gap, y2 - size)),
        90: ((x1, y1 - gap - size), (x1, y2 + gap)),
        180: ((x1 - gap - size, y1), (x2 + gap, y1)),
        270: ((x2 - size, y1 - gap - size), (x2 - size, y2 + gap)),
    }[bed.angle]
    for x, y in ends:
        if room.fits((x, y, x + size, y + size)):
            room.put("nightstand", (x, y, x + size, y + size), 1.8, bed.angle)


def _desk(room: Place, width: float) -> None:
    desk = room.against("desk", width, 1.9, 2.5, before=2.6)
    if desk:
        side = Side(desk.angle, *_back(desk))  # type: ignore[arg-type]
        along = desk.x if desk.angle % 180 == 0 else desk.y
        seat = side.rect(along, CHAIR_FT, CHAIR_FT, 1.9 - 0.4)
        if not any(meet(seat, way) for way in room.ways):
            room.put("chair", seat, 2.8, (desk.angle + 180) % 360)


def _back(piece: Piece) -> tuple[float, float, float]:
    """Where a piece's back is, and from where to where."""
    x1, y1, x2, y2 = bounds(piece)
    return {0: (y2, x1, x2), 90: (x1, y1, y2), 180: (y1, x1, x2), 270: (x2, y1, y2)}[piece.angle]


def _living(room: Place) -> None:
    sofa = next(
        (sofa for w in (8.0, 7.0, 6.0, 5.0) if (sofa := room.against("sofa", w, 3.0, 2.8, before=4.5))),
        None,
    )
    if sofa is None:
        room.against("armchair", 2.8, 2.8, 2.8)
        return
    side = Side(sofa.angle, *_back(sofa))  # type: ignore[arg-type]
    along = sofa.x if sofa.angle % 180 == 0 else sofa.y
    room.kept = [zone for zone in room.kept if zone != side.rect(along, sofa.width, 4.5, 3.0)]
    low = side.rect(along, sofa.width * 0.55, 2.0, 4.2)
    if room.fits(low):
        room.put("table", low, 1.3, sofa.angle)
    # The television stands across from the sofa where there is a wall.
    across = side.rect(along, 1.0, 1.0, 3.0 + 9.0)
    near = ((across[0] + across[2]) / 2, (across[1] + across[3]) / 2)
    for off_windows in (True, False):
        if room.against("shelf", 5.0, 1.3, 1.8, before=1.5, near=near, tall=off_windows):
            break
    for sign in (-1, 1):
        chair = side.rect(along + sign * (sofa.width / 2 + 0.4), 2.7, 2.7, 4.0)
        turned = {0: (270, 90), 90: (0, 180), 180: (270, 90), 270: (0, 180)}[sofa.angle]
        if room.space.area_sqft > BIG_SQFT and room.fits(chair):
            room.put("armchair", chair, 2.8, turned[1] if sign < 0 else turned[0])
    room.against("plant", 1.3, 1.3, 3.5, before=0.0, corner=True)


def _dining(room: Place) -> None:
    _dining_table(room)
    for width in (5.0, 3.5):
        if room.against("shelf", width, 1.4, 3.0, before=1.5):
            break


def _dining_table(room: Place) -> None:
    """A table with chairs in the middle of what is free, turned along it."""
    for length, depth, seats in ((7.0, 3.3, 3), (5.5, 3.2, 2), (4.0, 3.0, 2), (2.8, 2.6, 1)):
        spots = []
        for x1, y1, x2, y2 in room.free:
            w, d = (length, depth) if x2 - x1 >= y2 - y1 else (depth, length)
            need_w, need_d = (w + 1.0, d + 3.0) if w >= d else (w + 3.0, d + 1.0)
            for i in range(9):
                for j in range(9):
                    x = x1 + (x2 - x1) * (i + 1) / 10
                    y = y1 + (y2 - y1) * (j + 1) / 10
                    around = (x - need_w / 2, y - need_d / 2, x + need_w / 2, y + need_d / 2)
                    if room.fits(around):
                        off = abs(x - (x1 + x2) / 2) + abs(y - (y1 + y2) / 2)
                        spots.append((off, (x - w / 2, y - d / 2, x + w / 2, y + d / 2), around))
        if spots:
            _, rect, around = min(spots)
            _seat(room, rect, seats)
            room.kept.append(around)
            return


def _seat(room: Place, rect: tuple[float, float, float, float], seats: int) -> None:
    x1, y1, x2, y2 = rect
    wide = x2 - x1 >= y2 - y1
    room.put("table", rect, 2.5, 0 if wide else 90)
    tuck = 0.5  # under the table
    for k in range(seats):
        share = (k + 0.5) / seats
        if wide:
            x = x1 + (x2 - x1) * share
            room.put("chair", (x - CHAIR_FT / 2, y2 - tuck, x + CHAIR_FT / 2, y2 - tuck + CHAIR_FT), 2.8, 0)
            room.put("chair", (x - CHAIR_FT / 2, y1 + tuck - CHAIR_FT, x + CHAIR_FT / 2, y1 + tuck), 2.8, 180)
        else:
            y = y1 + (y2 - y1) * share
            room.put("chair", (x1 + tuck - CHAIR_FT, y - CHAIR_FT / 2, x1 + tuck, y + CHAIR_FT / 2), 2.8, 90)
            room.put("chair", (x2 - tuck, y - CHAIR_FT / 2, x2 - tuck + CHAIR_FT, y + CHAIR_FT / 2), 2.8, 270)


def _kitchen(room: Place) -> None:
    """A counter along one or two walls, the sink under a window where there is one, then the stove and the fridge."""
    stretches = sorted(_stretches(room), key=lambda one: one.low - one.high)
    first = stretches[0] if stretches else None
    if first is None or first.high - first.low < 3.0:
        return
    low, high = first.low, first.high
    second = _corner(first, stretches)
    # The fridge ends the counter, away from the corner.
    at_high = second is not None and abs(second.at - low) < abs(second.at - high)
    cold = first.rect(high - 1.35 if at_high else low + 1.35, 2.6, 2.4)
    fridge = high - low >= 8.0 and room.fits(cold)
    if fridge:
        low, high = (low, high - 2.8) if at_high else (low + 2.8, high)
        room.put("fridge", cold, 5.8, first.angle)
    windows = [one for one in room.windows if meet(first.rect((low + high) / 2, high - low, 1.0), one)]
    centre = (low + high) / 2 if second or high - low < 6.5 else low + (high - low) * 0.3
    if windows:
        along = 0 if first.angle in (0, 180) else 1
        centre = min(max((windows[0][along] + windows[0][along + 2]) / 2, low + 1.3), high - 1.3)
    fittings = [("sink", centre, 2.4)]
    if not second and high - low >= 6.5:
        stove = high - 1.6 if centre < (low + high) / 2 else low + 1.6
        if abs(stove - centre) >= 2.5:
            fittings.append(("stove", stove, 2.2))
    _counter(room, first, low, high, fittings)
    if second:
        _counter(room, second, second.low, second.high, [("stove", (second.low + second.high) / 2, 2.2)])
    elif not fridge:
        room.against("fridge", 2.6, 2.4, 5.8, corner=True, tall=True)
    room.kept.append(first.rect((low + high) / 2, high - low, 2.5, COUNTER_FT))
    if room.space.area_sqft > BIG_SQFT:
        _dining_table(room)


def _corner(first: Side, stretches: list[Side]) -> Side | None:
    """A second counter that meets the first in a corner, starting where that one ends."""
    for side in stretches[1:]:
        if side.angle % 180 == first.angle % 180:
            continue
        own = first.rect((first.low + first.high) / 2, first.high - first.low, COUNTER_FT)
        index = 0 if side.angle in (0, 180) else 1
        low, high = side.low, side.high
        if low < own[index + 2] and own[index] <= low + 0.01:
            low = own[index + 2]
        elif high > own[index] and own[index + 2] >= high - 0.01:
            high = own[index]
        else:
            continue
        if high - low >= 3.5:
            # No longer than one can reach from the corner.
            reach = min(high - low, 7.0)
            return side._replace(low=low, high=low + reach) if low > side.low else side._replace(
                low=high - reach, high=high
            )  # fmt: skip
    return None


def _stretches(room: Place) -> list[Side]:
    """What doors leave of each wall, for a counter."""
    found = []
    for side in room.sides:
        index = 0 if side.angle in (0, 180) else 1
        whole = side.rect((side.low + side.high) / 2, side.high - side.low, COUNTER_FT)
        cuts = sorted((zone[index], zone[index + 2]) for zone in room.kept if meet(zone, whole))
        low = side.low
        for start, end in [*cuts, (side.high, side.high)]:
            if start - low >= 3.0 and room.fits(side.rect((low + start) / 2, start - low, COUNTER_FT)):
                found.append(side._replace(low=low, high=start))
            low = max(low, end)
    return found


def _counter(room: Place, side: Side, low: float, high: float, fittings: list[tuple[str, float, float]]) -> None:
    """Fittings, and counters between them."""
    for kind, centre, width in sorted(fittings, key=lambda one: one[1]):
        start = max(centre - width / 2, low)
        end = min(start + width, high)
        if start - low > 0.2:
            room.put("counter", side.rect((low + start) / 2, start - low, COUNTER_FT), COUNTER_HEIGHT_FT, side.angle)
        room.put(kind, side.rect((start + end) / 2, end - start, COUNTER_FT), COUNTER_HEIGHT_FT, side.angle)
        low = end
    if high - low > 0.2:
        room.put("counter", side.rect((low + high) / 2, high - low, COUNTER_FT), COUNTER_HEIGHT_FT, side.angle)


def _bath(room: Place) -> None:
    """A toilet, a basin and what one washes in: the most of them that fit, with as much floor before them as fits."""
    washing: list[tuple[str, float, float]] = [("shower", size, size) for size in (3.2, 2.8, 2.4)]
    if room.space.area_sqft >= 60:
        washing.insert(0, ("tub", 5.2, 2.5))
    best = room
    for before, wash, order in product(BATH_FLOORS, washing, BATH_ORDERS):
        tried = replace(room, kept=[*room.kept], pieces=[], taken=[])
        for kind in order:
            _bath_piece(tried, kind, wash, before)
        if _worth(tried) > _worth(best):
            best = tried
        if len(best.pieces) == len(order):
            break
    room.pieces = best.pieces


def _worth(room: Place) -> int:
    """A bath without a toilet is worth less than one without a shower."""
    return len(room.pieces) + any(piece.kind == "toilet" for piece in room.pieces)


def _bath_piece(room: Place, kind: str, wash: tuple[str, float, float], before: float) -> None:
    if kind == "wash":
        name, width, depth = wash
        room.against(name, width, depth, 1.8 if name == "tub" else 6.5, before=before, corner=True)
    elif kind == "toilet":
        room.against("toilet", 1.5, 2.3, 2.5, before=1.2, corner=True)
    else:
        for width, depth in ((2.5, 1.6), (1.8, 1.6), (1.5, 1.2)):
            if room.against("basin", width, depth, 2.8, before=before):
                break


def _wash(room: Place) -> None:
    washer = room.against("washer", 2.1, 2.1, 2.9, before=1.5, corner=True)
    near = (washer.x, washer.y) if washer else None
    room.against("sink", 2.2, 1.8, 3.0, before=1.5, near=near)
    room.against("shelf", 3.0, 1.2, 6.0, before=1.5, corner=True, tall=True)


def _office(room: Place) -> None:
    _desk(room, 5.0 if room.space.area_sqft > 90 else 4.0)
    for width in (6.0, 4.5, 3.0):
        if room.against("shelf", width, 1.2, 6.5, corner=True, tall=True):
            break
    if room.space.area_sqft > BIG_SQFT:
        room.against("armchair", 2.7, 2.7, 2.8)


def _store(room: Place) -> None:
    for _ in range(2):
        for width in (6.0, 4.5, 3.0, 2.0):
            if room.against("shelf", width, 1.3, 6.5, before=1.8, corner=True, tall=True):
                break


def _pooja(room: Place) -> None:
    for width in (3.5, 2.5, 1.8):
        if room.against("altar", width, 1.4, 4.0, before=1.5):
            break


def _garage(room: Place) -> None:
    """Cars, their noses away from the gate, which they may stand before as no other piece may."""
    x1, y1, x2, y2 = room.free[0]
    count = 2 if x2 - x1 >= 16.0 else 1
    for k in range(count):
        middle = x1 + (x2 - x1) * (k + 0.5) / count
        for w, d in ((6.2, 15.5), (5.8, 13.5), (5.5, 12.0)):
            aside, along = (x2 - x1) / count - w - 1.0, y2 - y1 - d - 0.5
            if aside < 0 or along < 0:
                continue
            spots = [(x, y) for y in (0.5, 0.25, 0.0, 0.75, 1.0) for x in (0.5, 0.0, 1.0)]
            cars = [
                (left, low, left + w, low + d)
                for x, y in spots
                for left, low in [(middle - w / 2 + (x - 0.5) * aside, y1 + 0.25 + y * along)]
            ]
            car = next((one for one in cars if not any(meet(one, way) for way in room.passages)), None)
            if car:
                room.put("car", car, 4.8, 0)
                break


def _outdoors(room: Place) -> None:
    for _ in range(2):
        room.against("plant", 1.5, 1.5, 3.0, before=0.0, corner=True)
    if room.space.area_sqft > 60:
        _dining_table(room)


RECIPES: dict[str, Callable[[Place], None]] = {
    "living_room": _living,
    "family_room": _living,
    "dining_room": _dining,
    "kitchen": _kitchen,
    "master_bedroom": _bedroom,
    "bedroom": _bedroom,
    "guest_room": _bedroom,
    "bathroom": _bath,
    "utility": _wash,
    "laundry": _wash,
    "home_office": _office,
    "store": _store,
    "pooja": _pooja,
    "garage": _garage,
    "balcony": _outdoors,
    "terrace": _outdoors,
    "porch": _outdoors,
    "court": _outdoors,
}
