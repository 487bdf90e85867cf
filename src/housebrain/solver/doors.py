"""Doors of one level and what they tell: whether all rooms can be used, and how well.

Doors grow a tree of least awkwardness from where one comes in, so that a bedroom opens to the hall rather than through
the kitchen; then walls between rooms that belong together get a second door or stay open. All lengths are grid units.
"""

import numpy as np

from housebrain.house.tree import OPEN
from housebrain.solver.curves import Ints
from housebrain.solver.kernel import kernel
from housebrain.solver.kinds import INDEX
from housebrain.solver.passages import AT_EDGE, DAYLIT, ENTER, ENTRANCE, NO, OPENED, OUTDOOR, SECOND

BATH, BALCONY, GARAGE, STAIRS, HALL, OPEN_GROUND = (
    INDEX[name] for name in ("bath", "balcony", "garage", "stairs", "hall", OPEN)
)

# Whom a room is for, other than one host.
ANYONE, UNKNOWN = -1, -2

# Why a candidate is dropped.
FINE, SPLIT_SPACE, NO_ENTRANCE, UNREACHED, DARK, GARAGE_INSIDE, BALCONY_INSIDE, NO_CORNER = range(8)
REASONS = (
    "fine", "a space of several boxes falls apart", "no room at the street can be entered", "a room has no way to it",
    "a room has no daylight", "the garage is not at the street", "a balcony lies inside",
    "the open ground is not at the corner that the plot lacks",
)  # fmt: skip


@kernel
def walls(boxes: Ints, space: Ints, count: int, best: Ints) -> None:
    """Fills `best[s, t]` with the longest wall between two spaces: length, which leaves, along (0 x, 1 y)."""
    best[:, :, 0] = 0
    n = space.size
    for i in range(n):
        for j in range(i + 1, n):
            s, t = space[i], space[j]
            along, length = -1, 0
            if boxes[i, 0] + boxes[i, 2] == boxes[j, 0] or boxes[j, 0] + boxes[j, 2] == boxes[i, 0]:
                along = 1
                length = min(boxes[i, 1] + boxes[i, 3], boxes[j, 1] + boxes[j, 3]) - max(boxes[i, 1], boxes[j, 1])
            if length <= 0 and (boxes[i, 1] + boxes[i, 3] == boxes[j, 1] or boxes[j, 1] + boxes[j, 3] == boxes[i, 1]):
                along = 0
                length = min(boxes[i, 0] + boxes[i, 2], boxes[j, 0] + boxes[j, 2]) - max(boxes[i, 0], boxes[j, 0])
            if along >= 0 and length > best[s, t, 0]:
                for p, q in ((s, t), (t, s)):
                    best[p, q, 0] = length
                    best[p, q, 1] = i
                    best[p, q, 2] = j
                    best[p, q, 3] = along


@kernel
def whole(boxes: Ints, space: Ints, count: int, door: int) -> bool:
    """Whether the boxes of each space hang together by openings of at least `door`."""
    n = space.size
    group = np.arange(n)
    for _ in range(n):
        changed = False
        for i in range(n):
            for j in range(i + 1, n):
                if space[i] != space[j] or group[i] == group[j]:
                    continue
                dx = min(boxes[i, 0] + boxes[i, 2], boxes[j, 0] + boxes[j, 2]) - max(boxes[i, 0], boxes[j, 0])
                dy = min(boxes[i, 1] + boxes[i, 3], boxes[j, 1] + boxes[j, 3]) - max(boxes[i, 1], boxes[j, 1])
                if (dx == 0 and dy >= door) or (dy == 0 and dx >= door):
                    low, high = min(group[i], group[j]), max(group[i], group[j])
                    for k in range(n):
                        if group[k] == high:
                            group[k] = low
                    changed = True
        if not changed:
            break
    for i in range(n):
        for j in range(i + 1, n):
            if space[i] == space[j] and group[i] != group[j]:
                return False
    return True


@kernel
def part_halls(boxes: Ints, space: Ints, kind: Ints, door: int, total: Ints) -> bool:
    """Numbers halls that don't hang together as spaces of their own: `hall`, `hall2`, ...; False for too many.

    The slots of kind HALL follow each other; all hall leaves come under the first one. `total` is filled anew for them.
    """
    n = space.size
    slots = 0
    base = -1
    for s in range(kind.size):
        if kind[s] == HALL:
            slots += 1
            if base < 0:
                base = s
    group = np.arange(n)
    for _ in range(n):
        changed = False
        for i in range(n):
            if kind[space[i]] != HALL:
                continue
            for j in range(n):
                if kind[space[j]] != HALL or group[i] == group[j]:
                    continue
                dx = min(boxes[i, 0] + boxes[i, 2], boxes[j, 0] + boxes[j, 2]) - max(boxes[i, 0], boxes[j, 0])
                dy = min(boxes[i, 1] + boxes[i, 3], boxes[j, 1] + boxes[j, 3]) - max(boxes[i, 1], boxes[j, 1])
                if (dx == 0 and dy >= door) or (dy == 0 and dx >= door):
                    group[i] = group[j] = min(group[i], group[j])
                    changed = True
        if not changed:
            break
    used = 0
    seen = np.full(max(slots, 1), -1, np.int64)
    for s in range(kind.size):
        if kind[s] == HALL:
            total[s] = 0
    for i in range(n):
        if kind[space[i]] != HALL:
            continue
        own = -1
        for c in range(used):
            if seen[c] == group[i]:
                own = c
        if own < 0:
            if used == slots:
                return False
            own = used
            seen[own] = group[i]
            used += 1
        space[i] = base + own
        total[base + own] += boxes[i, 2] * boxes[i, 3]
    return True


@kernel
def size_of(boxes: Ints, space: Ints, s: int) -> int:
    """The area of a space."""
    total = 0
    for i in range(space.size):
        if space[i] == s:
            total += boxes[i, 2] * boxes[i, 3]
    return total


@kernel
def _enter(source: int, target: int, kind: Ints, host: Ints) -> int:
    """How awkward the door from one space to another is; hosted rooms are entered from their host alone."""
    if host[target] >= 0 and host[target] != source and kind[target] != BALCONY:
        return NO
    cost = ENTER[kind[source], kind[target]]
    if kind[target] == BATH and kind[source] != HALL and cost == 1:
        # A bath for all is not entered through a bedroom; one that nobody was named for may be, if need be.
        if host[target] == ANYONE:
            return NO
        if host[target] == UNKNOWN:
            return 3
    if kind[target] == BALCONY and host[target] == source:
        return 1
    return cost


@kernel
def at_outside(boxes: Ints, width: int, depth: int, site: Ints, outer: Ints) -> None:
    """Fills `outer` with the length of each leaf's wall to the outside along x and along y; 0 where it has none.

    `site`: as `Wants` has it; a wall that a neighbour's house stands against is none to the outside.
    """
    for i in range(boxes.shape[0]):
        left = boxes[i, 0] == 0 and not site[3]
        right = boxes[i, 0] + boxes[i, 2] == width and not site[4]
        outer[i, 0] = boxes[i, 2] if boxes[i, 1] == 0 or boxes[i, 1] + boxes[i, 3] == depth else 0
        outer[i, 1] = boxes[i, 3] if left or right else 0


@kernel
def connect(
    boxes: Ints,
    space: Ints,
    outer: Ints,
    count: int,
    kind: Ints,
    host: Ints,
    ground: bool,
    landing: Ints,
    door: int,
    out: Ints,
    facts: Ints,
) -> int:
    """Places the doors of a level.

    Args:
        boxes, space: the leaves' x, y, w, d and the number of the space they belong to.
        outer: as `at_outside` fills it.
        kind, host: the type of each space, and the space that alone it is entered from (-1: any).
        ground: whether one comes in from the street; else by the stairs.
        landing: the part of the stairs' box from which they are entered, x, y, w, d; width 0 where there are none.
        door: the least wall a door wants.
        out: filled with a row a door: space, space (-1 outside), the two leaves, along, open or not.
        facts: its first three are filled with: doors, awkwardness in all, the space that one comes in by.

    Returns:
        FINE, or why the level can't be used.
    """  # fmt: skip
    if not whole(boxes, space, count, door):
        return SPLIT_SPACE
    n = space.size
    shut = boxes.copy()
    if landing[2] > 0:
        for i in range(n):
            if kind[space[i]] == STAIRS:
                for side in range(4):  # as a whole row it takes seconds more to compile
                    shut[i, side] = landing[side]
    best = np.zeros((count, count, 4), np.int32)
    walls(shut, space, count, best)
    front = np.zeros(count, np.int32)
    widest = np.zeros(count, np.int32)  # of the walls to the outside
    outside = np.zeros(count, np.int32)  # all of them
    for i in range(n):
        s = space[i]
        if boxes[i, 1] == 0:
            front[s] = max(front[s], boxes[i, 2])
        widest[s] = max(widest[s], outer[i, 0], outer[i, 1])
        outside[s] += outer[i, 0] + outer[i, 1]
    root = -1
    for s in range(count):
        if ground:
            better = root < 0 or ENTRANCE[kind[s]] > ENTRANCE[kind[root]]
            if front[s] >= door and ENTRANCE[kind[s]] > 0 and better:
                root = s
        elif kind[s] == STAIRS:
            root = s
    if root < 0:
        return NO_ENTRANCE
    present = np.zeros(count, np.bool_)
    for i in range(n):
        present[space[i]] = True
    for s in range(count):
        k = kind[s]
        if not present[s]:
            continue
        # A car needs 7 ft; what is too small for a car is for bicycles.
        if k == GARAGE and ground and front[s] < 2 * door and front[s] ** 2 < 0.35 * size_of(boxes, space, s):
            return GARAGE_INSIDE
        if AT_EDGE[k] and widest[s] < door:
            return BALCONY_INSIDE
        # Where one comes in from the street the door takes some of the wall.
        if DAYLIT[k] and (widest[s] < door or (ground and s == root and outside[s] < 2 * door)):
            lit = False
            for t in range(count):
                if OUTDOOR[kind[t]] and best[s, t, 0] >= door:
                    lit = True
            if not lit:
                return DARK
    # Prim's algorithm over the walls wide enough for a door, least awkward first.
    reached = np.zeros(count, np.bool_)
    joined = np.zeros((count, count), np.bool_)
    reached[root] = True
    doors = 0
    awkward = 0
    ease = np.full(count, NO)  # of the best door to each space so far
    origin = np.zeros(count, np.int64)
    source = root
    for _ in range(count - 1):
        target = -1
        for t in range(count):
            if reached[t]:
                continue
            if best[source, t, 0] >= door:
                c = _enter(source, t, kind, host)
                if c < ease[t] or (c == ease[t] and c < NO and source < origin[t]):
                    ease[t], origin[t] = c, source
            if ease[t] == NO:
                continue
            if target < 0 or ease[t] < ease[target] or (ease[t] == ease[target] and origin[t] < origin[target]):
                target = t
        if target < 0:
            break
        source = origin[target]
        reached[target] = True
        joined[source, target] = joined[target, source] = True
        awkward += ease[target] - 1
        doors = _add(out, doors, source, target, best, kind)
        source = target
    for s in range(count):
        if present[s] and not reached[s] and kind[s] != OPEN_GROUND and not (kind[s] == GARAGE and ground):
            return UNREACHED
    for s in range(count):
        for t in range(s + 1, count):
            if joined[s, t] or best[s, t, 0] < door or not reached[s] or not reached[t]:
                continue
            wanted = SECOND[kind[s], kind[t]] > 0
            # An en-suite bath is its host's alone; a bath for all may also open to one bedroom without a bath.
            if kind[s] == BATH or kind[t] == BATH:
                bath, room = (s, t) if kind[s] == BATH else (t, s)
                if host[bath] >= 0:
                    wanted = False
                for other in range(count):
                    if kind[other] == BATH and joined[room, other]:
                        wanted = False
                    if other != room and joined[bath, other] and kind[other] != HALL:
                        wanted = False
            if kind[s] == BALCONY or kind[t] == BALCONY:
                place, room = (s, t) if kind[s] == BALCONY else (t, s)
                if host[place] >= 0 and host[place] != room:
                    wanted = False
            if wanted:
                joined[s, t] = joined[t, s] = True
                doors = _add(out, doors, s, t, best, kind)
    facts[0] = doors
    facts[1] = awkward
    facts[2] = root
    return FINE


@kernel
def _add(out: Ints, doors: int, s: int, t: int, best: Ints, kind: Ints) -> int:
    if doors == out.shape[0]:
        return doors
    out[doors, 0] = s
    out[doors, 1] = t
    out[doors, 2] = best[s, t, 1]
    out[doors, 3] = best[s, t, 2]
    out[doors, 4] = best[s, t, 3]
    out[doors, 5] = OPENED[kind[s], kind[t]]
    return doors + 1
