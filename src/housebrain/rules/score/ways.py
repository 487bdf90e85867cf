"""How one walks through a house: from door to door, along the walls, and which rooms one passes."""

import heapq
from collections.abc import Callable
from typing import NamedTuple

from housebrain.rules.score.plan import SLEEPING, Plan

FLIGHT_FT = 15.0  # what a flight of stairs counts as
# How many feet of detour one would walk to avoid passing through a room; nothing for halls and where people meet.
_DETOUR_FT = {"dining": 5.0, "kitchen": 20.0, "office": 30.0, "utility": 30.0, "laundry": 30.0, "store": 60.0}
_DETOUR_FT |= {"garage": 60.0, "pooja": 60.0, "balcony": 60.0, "terrace": 40.0, "court": 10.0}
_PRIVATE_FT = 1000.0  # through a bedroom or a bath only where there is no other way


class Walk(NamedTuple):
    """A way to a space: its length from door to door in feet, and the spaces passed, by number."""

    length_ft: float
    through: tuple[int, ...]


_Chain = tuple[int, "_Chain | None"] | None
Start = tuple[int, float, float]  # a space that one enters, and where


def walks(
    plan: Plan, starts: list[Start], wanted: Callable[[int], bool] | None = None, closed: frozenset[str] = frozenset()
) -> dict[int, Walk]:
    """The most natural way to each space: short, and through as few rooms as can be that one would not pass through.

    Args:
        plan: the house.
        starts: where one sets out.
        wanted: stops at the first space of which this is true, which is then the only one returned.
        closed: kinds of spaces that may be entered and not passed through.

    Returns:
        The ways by space. Those that can't be reached are left out.
    """
    found: dict[int, Walk] = {}
    spaces, doors = plan.spaces, plan.doors
    queue: list[tuple[float, int, float, int, float, float, _Chain]] = []
    order = 0
    for space, x, y in starts:
        queue.append((0.0, order, 0.0, space, x, y, None))
        order += 1
    while queue:
        effort, _, length, space, x, y, chain = heapq.heappop(queue)
        if space not in found:
            found[space] = Walk(length, _through(chain))
            if wanted is not None and wanted(space):
                return {space: found[space]}
        kind = spaces[space].kind
        if kind in closed:
            continue
        passing = _PRIVATE_FT if kind in SLEEPING or kind == "bath" else _DETOUR_FT.get(kind, 0.0)
        behind = (space, chain)
        for number in spaces[space].doors:
            door = doors[number]
            other = door.other(space)
            if other is None or other in found:
                continue
            step = abs(door.x - x) + abs(door.y - y)
            heapq.heappush(queue, (effort + step + passing, order, length + step, other, door.x, door.y, behind))
            order += 1
        if kind == "stairs":
            for other, one in enumerate(spaces):
                if one.kind == "stairs" and abs(one.level - spaces[space].level) == 1 and other not in found:
                    heapq.heappush(queue, (effort + FLIGHT_FT, order, length + FLIGHT_FT, other, x, y, behind))
                    order += 1
    return {} if wanted is not None else found


def _through(chain: _Chain) -> tuple[int, ...]:
    passed = []
    while chain is not None:
        passed.append(chain[0])
        chain = chain[1]
    return tuple(reversed(passed))


def from_street(plan: Plan) -> dict[int, Walk]:
    """The ways from the entrance to every space of the house."""
    return walks(plan, [(door.a, door.x, door.y) for door in plan.entrances()])


def to_bath(plan: Plan, room: int) -> tuple[int, Walk] | None:
    """The way from a bedroom's door to the nearest bath that it may use: that is not behind another bedroom or bath."""
    starts = []
    for number in plan.spaces[room].doors:
        door = plan.doors[number]
        other = door.other(room)
        if other is not None:
            starts.append((other, door.x, door.y))
    closed = SLEEPING | {"bath", "store", "pooja"}
    found = walks(plan, starts, lambda space: plan.spaces[space].kind == "bath", closed)
    return next(iter(found.items()), None)
