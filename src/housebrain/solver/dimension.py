"""Sizes for any topology: what finishes the answers of a model, and the drafts of a person."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice, product
from typing import Any, NamedTuple

import numpy as np

from housebrain.solver.compiled import FRONT, LEFT, NOOK, REAR, RIGHT, Pool, pool_of
from housebrain.solver.curves import NEVER, Ints
from housebrain.solver.doors import ANYONE, FINE, REASONS, UNKNOWN
from housebrain.solver.engine import UNIT_FT, solve
from housebrain.solver.finish import Candidate, finish
from housebrain.solver.floors import Floor
from housebrain.solver.grammar import Level
from housebrain.solver.house import House, Infeasible
from housebrain.solver.kinds import ADDED, type_of
from housebrain.solver.library import wants_of
from housebrain.solver.needs import Programme, Room
from housebrain.solver.reading import Box, Read, Unreadable, lay, read_tree
from housebrain.solver.search import AT_REAR, UNDERSIZED
from housebrain.solver.survey import NO_STAIRS, Measured, StairsAt, around_stairs, curves_of, draw, explore_level
from housebrain.solver.tree import Node, leaves

MAIN_CHOICES = 6  # ways to say which box of an L-shaped room carries its area
BOXES_TRIED = 12  # houses that are checked for doors and daylight
PLACES_TRIED = 10  # of the stairs, in each direction
_HALLS = ("hall", "hall2", "hall3", "hall4")


class Wish(NamedTuple):
    """A house as somebody wants it: its size in feet and each level's tree with the positions of its cuts."""

    width_ft: float
    depth_ft: float
    levels: Sequence[Any]


class Spot(NamedTuple):
    """A box for the house and a place for its stairs, in grid units, and how far that is from what is wanted."""

    cost: float
    width: int
    depth: int
    box: tuple[int, int]
    left: int
    front: int


def dimension(
    topologies: Sequence[Any], programme: Programme, wish: Wish | None = None, replace: bool = True,
    unit_ft: float = UNIT_FT,
) -> House | Infeasible:  # fmt: skip
    """The best sizes for given topologies, one tree a level from the ground up; never raises, whatever the trees are.

    The order of cuts and leaves is kept. Without a wish the house is as small as it can be; with one, its cuts come as
    near to the wished ones as least areas, sides and the stairs' one place allow.

    Args:
        topologies: trees, with positions or without; positions are not looked at.
        programme: what the house is for: its rooms must each stand in exactly one tree.
        wish: where cuts should come; its levels are `topologies` with positions.
        replace: whether the solver's own house is returned, labelled `replaced`, where these topologies can't work.
        unit_ft: the grid.
    """
    found = _Fit(programme, unit_ft).run(topologies, wish)
    if isinstance(found, Infeasible) and replace:
        own = solve(programme, unit_ft=unit_ft)
        return own if isinstance(own, Infeasible) else own._replace(replaced=True)
    return found


def begin(levels: Sequence[Any], programme: Programme, wish: Wish) -> House | Infeasible:
    """As `dimension`, for the lower levels of a house: those above may have the rooms that these lack."""
    return _Fit(programme, UNIT_FT, len(levels)).run(levels, wish)


class _Fit:
    def __init__(self, programme: Programme, unit_ft: float, levels: int | None = None) -> None:
        self.count = programme.floors if levels is None else levels  # of the trees
        self.programme = programme
        self.unit_ft = unit_ft
        self.rooms = {room.name: room for room in programme.rooms}
        self.width = math.floor(programme.width_ft / unit_ft + 1e-6)
        self.depth = math.floor(programme.depth_ft / unit_ft + 1e-6)
        self.why: Counter[str] = Counter()
        self.failed: int | None = None

    def run(self, topologies: Sequence[Any], wish: Wish | None) -> House | Infeasible:
        if not isinstance(topologies, list | tuple) or len(topologies) != self.count:
            return Infeasible("levels", f"{self.count} trees are needed, one a floor")
        reads = []
        for tree in topologies if wish is None else wish.levels:
            read = read_tree(tree)
            if isinstance(read, Unreadable):
                return Infeasible("tree", read.detail)
            reads.append(read)
        if len(reads) != self.count:
            return Infeasible("levels", "the wish has another number of levels")
        if (missing := self.misfit(reads)) is not None:
            return missing
        target = None
        if wish is not None:
            wide, deep = _length(wish.width_ft), _length(wish.depth_ft)
            target = (min(round(wide / self.unit_ft), self.width), min(round(deep / self.unit_ft), self.depth))
        laid = [lay(read, *self.wished_feet(target)) for read in reads]
        if min(self.width, self.depth) < 2:
            return Infeasible("envelope", "the setbacks leave no room for a house")
        for nodes in islice(mains(reads, laid, wish is not None), MAIN_CHOICES):
            house = self.fit(nodes, reads, laid, target)
            if house is not None:
                return house
        reason = self.why.most_common(1)[0][0] if self.why else "these topologies do not fit the envelope"
        return Infeasible("no_fit", reason, self.failed)

    def wished_feet(self, target: tuple[int, int] | None) -> tuple[float, float]:
        return (1.0, 1.0) if target is None else (target[0] * self.unit_ft, target[1] * self.unit_ft)

    def misfit(self, reads: list[Read]) -> Infeasible | None:
        """Whether the trees have other rooms than the brief, or stairs where none belong."""
        levels = [set(leaves(read.node)) for read in reads]
        placed = Counter(name for names in levels for name in names if type_of(name) not in ADDED)
        for name in self.rooms:
            if not placed[name] and self.count == self.programme.floors:
                return Infeasible("missing_room", f"the {name} is missing")
        for name, number in placed.items():
            if name not in self.rooms:
                return Infeasible("extra_room", f"the brief has no {name}")
            if number > 1:
                return Infeasible("extra_room", f"the {name} stands on {number} levels")
        for read in reads:
            stairs = sum(name == "stairs" for name in leaves(read.node))
            if stairs != (self.programme.floors > 1):
                return Infeasible("stairs", f"a level has {stairs} stairs")
        return None

    def pools(self, nodes: list[Node]) -> list[tuple[Pool, list[int], dict[str, Room]]]:
        made = []
        for node in nodes:
            names = {name.rstrip(NOOK) for name in leaves(node)}
            slots = (*sorted(names - {"hall"}), *_HALLS)
            hosts = [UNKNOWN if type_of(name) == "bath" else ANYONE for name in slots]
            rooms = {name: self.rooms[name] for name in slots if name in self.rooms}
            made.append((pool_of([node], slots), hosts, rooms))
        return made

    def fit(
        self, nodes: list[Node], reads: list[Read], laid: list[list[Box]],
        target: tuple[int, int] | None,
    ) -> House | None:  # fmt: skip
        pools = self.pools(nodes)
        short, long = (math.ceil(side / self.unit_ft - 1e-6) for side in self.programme.stairs_ft)
        boxes = [(short, long), (long, short)] if self.programme.floors > 1 else [(0, 0)]
        wished = _stairs_at(reads[0], laid[0], self.unit_ft) if target and self.programme.floors > 1 else None
        spots: list[tuple[Spot, list[Measured]]] = []
        for box in boxes:
            if box[0] > self.width or box[1] > self.depth:
                continue
            levels = []
            for pool, hosts, rooms in pools:
                sqft = {name: room.area_sqft for name, room in rooms.items()}
                wants = wants_of(
                    pool.slots, hosts, sqft, self.unit_ft, self.programme.corner, self.programme.party_walls
                )
                levels.append(curves_of(pool, wants, box, self.width, self.depth))
            spots += [(spot, levels) for spot in self.spots(levels, box, target, wished)]
        spots.sort(key=lambda pair: pair[0].cost)
        if not spots:
            self.why["the rooms do not fit the envelope"] += 1
        wishes = [
            np.array([-1 if cut is None else round(cut / self.unit_ft) for cut in read.cuts], np.int32)
            for read in reads
        ]
        for spot, levels in spots[:BOXES_TRIED]:
            for end in (0, 1) if spot.box[0] else (-1,):
                candidate = self.check(levels, spot, end, wishes if target else None, pools)
                if candidate is not None:
                    return finish(candidate, self.unit_ft)
        return None

    def spots(
        self, levels: list[Measured], box: tuple[int, int], target: tuple[int, int] | None,
        wished: tuple[int, int, bool] | None,
    ) -> Iterator[Spot]:  # fmt: skip
        """Boxes in which every level fits with its stairs at one place, sampled over widths and places."""
        roots = [level.F[0, level.pool.head[0, 0] - 1] for level in levels]
        lows = [int(root.min()) for root in roots]
        if max(lows) >= NEVER:
            return
        widths = _near(target[0] if target else None, 1, self.width, 24)
        if len(self.programme.party_walls) == 2:
            widths = [self.width]  # between two neighbours a house fills the gap
        for width in widths:
            if box[0] == 0:
                least = max(int(root[width]) for root in roots)
                if least <= self.depth:
                    yield self.spot(width, least, box, 0, 0, target, wished)
                continue
            has = [set(level.pool.ring[0, : level.pool.head[0, 1], 0].tolist()) for level in levels]
            for left, front in product(
                self.places(has, LEFT, RIGHT, width - box[0], wished[0] if wished else None),
                self.places(has, FRONT, REAR, self.depth - box[1], wished[1] if wished else None),
            ):
                rear = front == self.depth - box[1] and not all(REAR in sides for sides in has)
                least = 0
                stairs = StairsAt(*box, left, AT_REAR if rear else front, -1)
                for level in levels:
                    one = explore_level(level, False, stairs, np.array([width], np.int32), self.depth, wanted=0)
                    least = max(least, int(one.least[0, 0]))
                    if least > self.depth:
                        break
                if least <= self.depth:
                    yield self.spot(width, least, box, left, least - box[1] if rear else front, target, wished)

    def places(self, has: list[set[int]], low: int, high: int, room: int, wished: int | None) -> list[int]:
        """Where along one direction the stairs may stand: at a wall where a level has nothing between them."""
        if room < 0:
            return []
        at_low, at_high = any(low not in sides for sides in has), any(high not in sides for sides in has)
        if at_low and at_high:
            return [0] if room == 0 else []
        if at_low or at_high:
            return [0 if at_low else room]
        return list(_near(wished, 0, room, PLACES_TRIED))

    def spot(
        self, width: int, least: int, box: tuple[int, int], left: int, front: int, target: tuple[int, int] | None,
        wished: tuple[int, int, bool] | None,
    ) -> Spot:  # fmt: skip
        if target is None:
            return Spot(float(width * least), width, least, box, left, front)
        depth = max(least, target[1])
        # Stairs at the rear wall go with it.
        front = front + depth - least if front + box[1] == least else front
        cost = float(abs(width - target[0]) + abs(depth - target[1]))
        if wished is not None:
            cost += 0.5 * (abs(left - wished[0]) + abs(front - wished[1])) + 10 * ((box[0] > box[1]) != wished[2])
        return Spot(cost, width, depth, box, left, front)

    def check(
        self, levels: list[Measured], spot: Spot, end: int, wishes: list[Ints] | None,
        pools: list[tuple[Pool, list[int], dict[str, Room]]],
    ) -> Candidate | None:  # fmt: skip
        stairs = StairsAt(*spot.box, spot.left, spot.front, end) if spot.box[0] else NO_STAIRS
        built = 0.0
        wishes = None if wishes is None else list(wishes)
        for index, level in enumerate(levels):
            drawn = draw(level, 0, index == 0, stairs, spot.width, spot.depth, wishes[index] if wishes else None)
            if drawn.reason != FINE and wishes is not None:
                # Around the stairs some door may have no wall where the cuts are wished.
                wishes[index] = wishes[index].copy()
                wishes[index][around_stairs(level.pool, 0)] = -1
                drawn = draw(level, 0, index == 0, stairs, spot.width, spot.depth, wishes[index])
            if drawn.reason != FINE:
                self.why[_reason(drawn.reason)] += 1
                self.failed = max(index, self.failed or 0)
                return None
            built += drawn.built
        nothing = Level(False, None, (), (), None, None, None, (), (), False)
        floors = [Floor(nothing, rooms, 0.0) for _, _, rooms in pools]
        return Candidate(floors, levels, [0] * len(levels), stairs, spot.width, spot.depth, built, wishes)


def _reason(code: int) -> str:
    if code == UNDERSIZED:
        return "a room of several boxes stays smaller than asked for"
    return REASONS[code] if code < len(REASONS) else "the level does not fit the box"


def _length(value: Any) -> float:
    return float(value) if type(value) in (int, float) and 0 < value < 1e6 else 1.0


def _near(wished: int | None, low: int, high: int, count: int) -> list[int]:
    """`count` whole numbers at most between `low` and `high`: around the wished one, closer to it the denser."""
    if wished is None:
        return sorted({round(low + (high - low) * i / max(1, count - 1)) for i in range(count)})
    found = {min(max(wished, low), high), low, high}
    step = 1
    while len(found) < count and step <= high - low:
        found |= {min(max(wished + step, low), high), min(max(wished - step, low), high)}
        step = max(step + 1, round(step * 1.5))
    return sorted(found)


def _stairs_at(read: Read, boxes: list[Box], unit_ft: float) -> tuple[int, int, bool] | None:
    """Where the wish has its stairs, and whether they lie along the street."""
    for name, box in zip(leaves(read.node), boxes, strict=True):
        if name == "stairs":
            return round(box[0] / unit_ft), round(box[1] / unit_ft), box[2] > box[3]
    return None


def mains(reads: list[Read], laid: list[list[Box]], by_area: bool) -> Iterator[list[Node]]:
    """The trees with all boxes of a space but one marked as nooks: the largest as wished first, then the others."""
    spaces: list[tuple[int, list[int]]] = []
    for level, read in enumerate(reads):
        own: dict[str, list[int]] = {}
        for index, name in enumerate(leaves(read.node)):
            own.setdefault(name, []).append(index)
        for name, indices in own.items():
            if len(indices) > 1 and name != "hall":
                if by_area:
                    indices = sorted(indices, key=lambda i, at=level: -laid[at][i][2] * laid[at][i][3])  # type: ignore[misc]
                spaces.append((level, indices))
    for choice in product(*(range(len(indices)) for _, indices in spaces)):
        nooks: list[set[int]] = [set() for _ in reads]
        for (level, indices), main in zip(spaces, choice, strict=True):
            nooks[level] |= {index for at, index in enumerate(indices) if at != main}
        yield [_marked(read.node, iter(range(10_000)), nooks[level]) for level, read in enumerate(reads)]


def _marked(node: Node, numbers: Iterator[int], nooks: set[int]) -> Node:
    if isinstance(node, str):
        return node + NOOK if next(numbers) in nooks else node
    return (node[0], *(_marked(part, numbers, nooks) for part in node[1:]))
