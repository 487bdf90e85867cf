"""Doors, derived from where the rooms are: the same layout has the same doors, whoever made it.

Doors grow a tree of least awkwardness from where one comes in: a bedroom opens to the hall rather than through the
kitchen, and nothing is reached through a bath. Then neighbours that belong together get a way through as well. Which
of several baths belongs to one bedroom is read from the layout. `passages.py` has the tables.
"""

import heapq
from collections.abc import Sequence
from copy import copy
from typing import NamedTuple

from housebrain.house.design import OUTSIDE, Door, Rect, Room
from housebrain.house.land import Side
from housebrain.house.rooms import SHORT_NAMES
from housebrain.rules.limits import DOOR_WALL_FT, LANDING_FT
from housebrain.rules.passages import ENTER, ENTRANCE, NO, OPEN, SECOND
from housebrain.rules.walls import Wall, between, flank, front

DOOR_FT = 3.0
BATH_DOOR_FT = 2.5
JAMBS_FT = 0.5  # that an open way leaves of its wall
GATE_FT = 9.0  # at most, for a car
_SLEEPING = ("master", "bed", "guest")
_OPEN = frozenset(pair for one, other in OPEN for pair in ((one, other), (other, one)))
_SECOND = frozenset(pair for one, other in SECOND for pair in ((one, other), (other, one)))

Ways = list[tuple[int, int]]  # from a room to the one entered, by number


class _Plan(NamedTuple):
    """The ways of one level: where one comes in, the ways, the rooms that none leads to, awkwardness in all."""

    root: int | None
    ways: Ways
    missing: list[int]
    awkward: int


class _Level:
    """One level's rooms with the walls between them that are long enough for a door."""

    def __init__(
        self, rooms: Sequence[Room], footprint: Rect, is_ground: bool, side_street: Side | None = None
    ) -> None:
        self.rooms = rooms
        self.is_ground = is_ground
        self.flanks = [flank(room, footprint, side_street) if side_street else None for room in rooms]
        self.kinds = [SHORT_NAMES[room.type] for room in rooms]
        self.fronts = [front(room, footprint) for room in rooms]
        self.half_ft = (footprint.y + footprint.rear) / 2
        self.boxes: list[tuple[Rect, ...]] = [room.boxes for room in rooms]
        numbers = range(len(rooms))
        self.walls: dict[tuple[int, int], Wall] = {}
        bounds = [(box.x, box.y, box.x + box.w, box.y + box.d) for box in (room.bounds for room in rooms)]
        for s in numbers:
            left, fore, right, rear = bounds[s]
            for t in range(s + 1, len(bounds)):
                x0, y0, x1, y1 = bounds[t]
                # Most pairs are far from each other.
                if x0 <= right and left <= x1 and y0 <= rear and fore <= y1 and (wall := self.between(s, t)):
                    self.walls[s, t] = wall
        self.stairs = [s for s in numbers if self.kinds[s] == "stairs"]

    def between(self, s: int, t: int) -> Wall | None:
        wall = between(self.boxes[s], self.boxes[t])
        return wall if wall is not None and wall.length_ft >= DOOR_WALL_FT else None

    def entered(self, end: int) -> "_Level":
        """The level with only those walls of its stairs that are at one end: 0 left or in front, 1 right or behind."""
        level = copy(self)
        level.boxes = list(self.boxes)
        for s in self.stairs:
            level.boxes[s] = (_landing(self.rooms[s].main, end),)
        level.walls = {
            pair: wall for pair, wall in self.walls.items() if not (pair[0] in self.stairs or pair[1] in self.stairs)
        }
        for s in self.stairs:
            for t in range(len(self.rooms)):
                if t != s and (wall := level.between(s, t)):
                    level.walls[min(s, t), max(s, t)] = wall
        return level

    def plan(self) -> _Plan:
        """The ways from the best place to come in."""
        neighbours: list[list[int]] = [[] for _ in self.rooms]
        for s, t in sorted(self.walls):
            neighbours[s].append(t)
            neighbours[t].append(s)
        hosts = _hosts(self.kinds, neighbours, self.walls)
        best = _Plan(None, [], list(range(len(self.rooms))), 0)
        for root in self.roots():
            found = self.grow(root, neighbours, hosts)
            if best.root is None or len(found.missing) < len(best.missing):
                best = found
            if not best.missing:
                break
        return best._replace(ways=best.ways + self.seconds(best, hosts))

    def roots(self) -> list[int]:
        """Rooms that are entered first, the most suitable first; of equal ones those at the front street."""
        if not self.is_ground:
            return self.stairs[:1]
        found = []
        for s, kind in enumerate(self.kinds):
            wall = self.way_in(s)
            if kind in ENTRANCE and wall is not None:
                found.append((-ENTRANCE[kind], wall.along == "y", -wall.length_ft, s))
        return [s for *_, s in sorted(found)]

    def way_in(self, s: int) -> Wall | None:
        """The wall by which a room can be entered from a street.

        From a corner plot's side street one enters a porch, or a hall that leads to where visitors are received; not at
        the rear half, where bedrooms are.
        """
        wall, side = self.fronts[s], self.flanks[s]
        if wall is not None and wall.length_ft >= DOOR_WALL_FT:
            return wall
        if side is None or side.length_ft < DOOR_WALL_FT or side.middle[1] > self.half_ft:
            return None
        received = any(self.kinds[t] in ("living", "family") for pair in self.walls if s in pair for t in pair)
        return side if self.kinds[s] == "porch" or (self.kinds[s] == "hall" and received) else None

    def grow(self, root: int, neighbours: list[list[int]], hosts: dict[int, int | None]) -> _Plan:
        """Prim's algorithm over the walls that are long enough, least awkward first; ties by the rooms' order."""
        reached = {root}
        ways: Ways = []
        awkward = 0
        frontier: list[tuple[int, int, int]] = []
        newest = root
        while True:
            for t in neighbours[newest]:
                if t not in reached and (cost := self.cost(newest, t, hosts)) < NO:
                    heapq.heappush(frontier, (cost, newest, t))
            while frontier and frontier[0][2] in reached:
                heapq.heappop(frontier)
            if not frontier:
                break
            cost, s, newest = heapq.heappop(frontier)
            reached.add(newest)
            ways.append((s, newest))
            awkward += cost - 1
        missing = [s for s in range(len(self.rooms)) if s not in reached and not self.has_gate(s)]
        return _Plan(root, ways, missing, awkward)

    def has_gate(self, s: int) -> bool:
        """Whether the room is a garage that a car can enter from the street."""
        wall = self.fronts[s]
        return self.is_ground and self.kinds[s] == "garage" and wall is not None and wall.length_ft >= DOOR_WALL_FT

    def cost(self, s: int, t: int, hosts: dict[int, int | None]) -> int:
        """How awkward it is to enter room t from room s; NO where nobody would."""
        cost = ENTER.get(self.kinds[s], {}).get(self.kinds[t], NO)
        if self.kinds[t] != "bath":
            return cost
        if t in hosts:
            own = hosts[t]
            if own is not None:
                return cost if own == s else NO
            return NO if self.kinds[s] in _SLEEPING else cost
        return 3 if self.kinds[s] in _SLEEPING else cost

    def seconds(self, plan: _Plan, hosts: dict[int, int | None]) -> Ways:
        """Ways beyond those that reach every room once, between neighbours that belong together."""
        joined: list[set[int]] = [set() for _ in self.rooms]
        for s, t in plan.ways:
            joined[s].add(t)
            joined[t].add(s)
        reached = {plan.root, *(t for _, t in plan.ways)}
        found: Ways = []
        for s, t in sorted(self.walls):
            kinds = (self.kinds[s], self.kinds[t])
            if t in joined[s] or kinds not in _SECOND or s not in reached or t not in reached:
                continue
            if "bath" in kinds:
                bath, room = (s, t) if kinds[0] == "bath" else (t, s)
                if hosts.get(bath) is not None or any(self.kinds[other] == "bath" for other in joined[room]):
                    continue
                if any(self.kinds[other] != "hall" for other in joined[bath]):
                    continue
            if "balcony" in kinds:
                balcony = s if kinds[0] == "balcony" else t
                if any(self.kinds[other] in _SLEEPING for other in joined[balcony]):
                    continue
            joined[s].add(t)
            joined[t].add(s)
            found.append((s, t))
        return found

    def doors(self, plan: _Plan) -> tuple[Door, ...]:
        """The plan's ways as doors in the middle of their walls, and the ways in from the street."""
        doors = []
        if self.is_ground and plan.root is not None:
            wall = self.way_in(plan.root)
            assert wall is not None
            doors.append(_door(self.rooms[plan.root].name, OUTSIDE, wall, DOOR_FT, False))
        for s, t in plan.ways:
            wall, kinds = self.walls[min(s, t), max(s, t)], (self.kinds[s], self.kinds[t])
            is_open = kinds in _OPEN
            width_ft = wall.length_ft - JAMBS_FT if is_open else BATH_DOOR_FT if "bath" in kinds else DOOR_FT
            doors.append(_door(self.rooms[s].name, self.rooms[t].name, wall, width_ft, is_open))
        for s, room in enumerate(self.rooms):
            wall = self.fronts[s]
            if wall is not None and self.has_gate(s):
                doors.append(_door(room.name, OUTSIDE, wall, min(wall.length_ft - JAMBS_FT, GATE_FT), False))
        return tuple(doors)


def place_doors(
    levels: Sequence[Sequence[Room]], footprint: Rect, side_street: Side | None = None
) -> list[tuple[Door, ...]]:
    """The doors of every level: from the entrance on the ground floor, from the stairs above.

    With a `side_street` the house may be entered from there as well, where that gives a better place to arrive.

    The stairs are entered at the same end on all levels: the one from which more rooms are reached, and with less
    awkwardness. Rooms that can't be reached get no door; `checks.violations` names them.
    """
    houses = []
    shut = [_Level(rooms, footprint, index == 0, side_street) for index, rooms in enumerate(levels)]
    for end in (0, 1) if len(levels) > 1 else (0,):
        house = [level.entered(end) for level in shut] if len(levels) > 1 else shut
        plans = [level.plan() for level in house]
        missing, awkward = sum(len(plan.missing) for plan in plans), sum(plan.awkward for plan in plans)
        houses.append((missing, awkward, end, house, plans))
    *_, house, plans = min(houses, key=lambda one: one[:3])
    return [level.doors(plan) for level, plan in zip(house, plans, strict=True)]


def _door(a: str, b: str, wall: Wall, width_ft: float, is_open: bool) -> Door:
    x, y = wall.middle
    return Door(a=a, b=b, x=x, y=y, along=wall.along, width_ft=width_ft, open=is_open)


def _landing(box: Rect, end: int) -> Rect:
    """The end of the stairs' box at which one enters."""
    along_x = box.w > box.d
    length_ft = min(LANDING_FT, box.w if along_x else box.d)
    if along_x:
        return Rect(x=box.right - length_ft if end else box.x, y=box.y, w=length_ft, d=box.d)
    return Rect(x=box.x, y=box.rear - length_ft if end else box.y, w=box.w, d=length_ft)


def _hosts(kinds: list[str], neighbours: list[list[int]], walls: dict[tuple[int, int], Wall]) -> dict[int, int | None]:
    """Whom each bath is for: the bedroom that alone enters it, or None for all.

    Baths that only bedrooms touch are a bedroom's. Of the others one stays for all, at a hall if there is such a one,
    with as few bedrooms beside it as can be; the rest go to bedrooms beside them that have none, the master first.
    """
    found: dict[int, int | None] = {}
    served: set[int] = set()

    def give(bath: int) -> None:
        free = [
            (kinds[room] != "master", -walls[min(room, bath), max(room, bath)].length_ft, room)
            for room in neighbours[bath]
            if kinds[room] in _SLEEPING and room not in served
        ]
        if free:
            found[bath] = min(free)[2]
            served.add(min(free)[2])

    shared_baths = []
    for bath in (number for number, kind in enumerate(kinds) if kind == "bath"):
        beside = {kinds[room] for room in neighbours[bath]}
        if beside & {"hall", "living", "dining", "family"}:
            bedrooms = sum(kinds[room] in _SLEEPING for room in neighbours[bath])
            shared_baths.append(("hall" not in beside, bedrooms, bath))
        else:
            give(bath)
    for rank, (*_, bath) in enumerate(sorted(shared_baths)):
        if rank == 0:
            found[bath] = None
        else:
            give(bath)
    return found
