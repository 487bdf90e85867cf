"""Stairs: two flights side by side in a box, with a landing or winders at the far end."""

from collections.abc import Sequence
from math import cos, pi, sin

from housebrain.drawing.elements import Point, Stair, Step, rectangle
from housebrain.drawing.walls import Placed
from housebrain.house.design import FLOOR_TO_FLOOR_FT, RISER_FT, TREAD_FT, WALL_FT, Door

RISERS = round(FLOOR_TO_FLOOR_FT / RISER_FT)
WELL_FT = 0.25  # between the flights
ENTRY_FT = 3.0  # the floor that is left at the end where one enters from the side
LEAST_LANDING_FT, MOST_LANDING_FT = 2.5, 4.0
WINDERS = 8
PLAN_CUT_FT = 4.0  # over the floor, where plans are cut


def stair(room: Placed, doors: Sequence[Door], base: float) -> Stair:
    """The stairs up from a level.

    Args:
        room: the stairs' room; its largest box counts.
        doors: of all levels. Where they enter from the side, floor is left in front of the flights.
        base: z of the floor that they start from.

    One enters at the end with the doors, walks up on the left, turns and arrives on the right, at the same end.
    """
    room_box = max(room.boxes, key=lambda one: one.area_sqft)
    along_x = room_box.w > room_box.d
    length, width = (max(room_box.w, room_box.d) - WALL_FT, min(room_box.w, room_box.d) - WALL_FT)
    x, y = room_box.x + WALL_FT / 2, room_box.y + WALL_FT / 2
    own = [door for door in doors if room.name in (door.a, door.b)]
    starts = [(door.x - room_box.x if along_x else door.y - room_box.y) for door in own]
    far = sum(start > (length + WALL_FT) / 2 for start in starts) > len(starts) / 2
    from_side = any((door.along == "x") == along_x for door in own)
    local = _steps(length, width, base, from_side)

    def place(point: Point) -> Point:
        """From along and across the flights, seen by who enters, to the plot."""
        u, v = point
        u = length - u if far else u
        # The left hand's side depends on where one looks.
        if along_x:
            return (x + u, y + (v if far else width - v))
        return (x + (width - v if far else v), y + u)

    steps = tuple(Step(_turned(tuple(map(place, s.outline))), s.top, s.landing) for s in local)
    left, right = (width - WELL_FT) / 4, width - (width - WELL_FT) / 4
    first = min(u for u, _ in local[0].outline)
    turn = length - _far(length, from_side) / 2
    path = tuple(map(place, ((first, left), (turn, left), (turn, right), (first, right))))
    w, d = (length, width) if along_x else (width, length)
    return Stair(steps, path, (x, y, w, d), base, FLOOR_TO_FLOOR_FT, RISERS)


def _treads(from_side: bool) -> tuple[int, int]:
    """How many treads each flight has: with winders or a landing between them they make one less than the risers."""
    if from_side:
        return (RISERS - 1 - WINDERS) // 2, (RISERS - 1 - WINDERS) // 2
    return (RISERS - 1) // 2, (RISERS - 1) // 2 - 1


def _far(length: float, from_side: bool) -> float:
    """How much the far end takes where the flights turn: treads keep their depth where there is room."""
    most = length - ENTRY_FT if from_side else length
    return max(LEAST_LANDING_FT, min(most - _treads(from_side)[0] * TREAD_FT, MOST_LANDING_FT))


def _steps(length: float, width: float, base: float, from_side: bool) -> list[Step]:
    """All treads in a frame of their own: first along the flights from the entry, then across from the left."""
    up, on = _treads(from_side)
    turn = length - _far(length, from_side)
    flight = (width - WELL_FT) / 2
    tread = min(TREAD_FT, turn / up)
    start = turn - up * tread
    outlines = [(rectangle(start + k * tread, 0.0, start + (k + 1) * tread, flight), False) for k in range(up)]
    outlines += _winders(turn, length, width) if from_side else [(rectangle(turn, 0.0, length, width), True)]
    outlines += [(rectangle(turn - (k + 1) * tread, width - flight, turn - k * tread, width), False) for k in range(on)]
    rise = FLOOR_TO_FLOOR_FT / RISERS
    return [Step(outline, base + (k + 1) * rise, landing) for k, (outline, landing) in enumerate(outlines)]


def _winders(turn: float, length: float, width: float) -> list[tuple[tuple[Point, ...], bool]]:
    """Eight treads around the middle of the turn, from the left flight to the right one."""
    centre = (turn, width / 2)
    far, half = length - turn, width / 2
    found = []
    corners = ((length, 0.0), (length, width))

    def rim(angle: float) -> Point:
        """Where a ray from the centre meets the walls; 0 points to the left, pi to the right."""
        u, v = sin(angle), -cos(angle)
        reach = min(far / u if u > 1e-9 else 1e9, half / abs(v) if abs(v) > 1e-9 else 1e9)
        return (centre[0] + u * reach, centre[1] + v * reach)

    for k in range(WINDERS):
        low, high = rim(k * pi / WINDERS), rim((k + 1) * pi / WINDERS)
        between = [corner for corner in corners if _passes(low, corner, high, length)]
        found.append(((centre, low, *between, high), False))
    return found


def _passes(low: Point, corner: Point, high: Point, length: float) -> bool:
    """Whether the walls turn at a corner between two points on them."""
    on_side, on_end = sorted((low, high))
    return on_end[0] > length - 1e-9 > on_side[0] and abs(on_side[1] - corner[1]) < 1e-9


def _turned(outline: tuple[Point, ...]) -> tuple[Point, ...]:
    """Counter-clockwise."""
    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(outline, outline[1:] + outline[:1], strict=True))
    return outline if area > 0 else outline[::-1]


def shown_treads(stair: Stair) -> tuple[int, Point]:
    """How many of the first steps a plan shows, and the place on the walked line where its cut goes through the last.

    The cut is `PLAN_CUT_FT` over the floor, or at the end of the first flight where that is lower.
    """
    (x1, y1), (x2, y2) = stair.path[:2]
    across = 1 if abs(x2 - x1) > abs(y2 - y1) else 0
    lanes = [{point[across] for point in step.outline} for step in stair.steps]
    flight = next((number for number, lane in enumerate(lanes) if lane != lanes[0]), len(lanes))
    count = min(flight, 1 + sum(step.top - stair.base <= PLAN_CUT_FT for step in stair.steps))
    outline = stair.steps[count - 1].outline
    x, y = (sum(point[index] for point in outline) / len(outline) for index in (0, 1))
    return count, (x, y1) if across else (x1, y)


def edges(steps: Sequence[Step]) -> set[tuple[Point, Point]]:
    """All edges of some steps, each once."""
    found = set()
    for step in steps:
        corners = [(round(x, 6), round(y, 6)) for x, y in step.outline]
        for one, other in zip(corners, corners[1:] + corners[:1], strict=True):
            found.add((min(one, other), max(one, other)))
    return found
