"""How good a level is: penalties by part, each one thing that an architect would object to. 0 is nothing to object.

The names in `NAMES` and the sentences in `MEANING` explain a score; weights are applied outside, so that they can be
set.
"""

import numpy as np

from housebrain.solver.crossings import CUT_OFF, crossings
from housebrain.solver.curves import Floats, Ints
from housebrain.solver.kernel import kernel
from housebrain.solver.kinds import INDEX, TYPES
from housebrain.solver.passages import DAYLIT, ENTRANCE, OUTDOOR, SLEEPING, WET

NAMES = (
    "oversize", "proportion", "hall", "hall_length", "detours", "wet", "kitchen", "bath_way", "privacy", "corners",
    "entrance", "crossing", "stairs", "street", "balconies",
)  # fmt: skip
MEANING = {
    "oversize": "rooms larger than asked for by more than a quarter",
    "proportion": "long and narrow rooms",
    "hall": "area spent on halls",
    "hall_length": "a hall that runs through more than half of the house",
    "detours": "rooms entered through rooms that one would rather not pass through",
    "wet": "baths, kitchen and utility that share no wall with another wet room",
    "kitchen": "a kitchen that does not open to the dining room, or to the living room where there is none",
    "bath_way": "bedrooms whose way to a bath leads through day rooms",
    "privacy": "bedrooms and baths that open straight to day rooms",
    "entrance": "an entrance without a place to arrive: straight into a large living room, where nobody is received, "
    "or far from where visitors are received",
    "corners": "rooms with arms that are mere strips, or as large as the room",
    "crossing": "bedrooms on the ground floor that one gets to from the street through rooms for all",
    "stairs": "stairs that one gets to from the street through rooms",
    "street": "utility rooms that take the side to the street, and bedrooms there with the living room behind",
    "balconies": "balconies with walls around them, that open by a narrow side, or far larger than asked for, and "
    "terraces over a large part of a floor",
}
WEIGHTS = np.array([1.2, 2.6, 16.0, 8.0, 0.25, 4.5, 1.5, 1.0, 0.9, 1.0, 1.5, 1.0, 1.2, 0.6, 1.0])
PARTS = len(NAMES)
FAR = 3.0  # walls of a door from the street door to where visitors are received: as far as it should be
ROOF = 0.3  # the share of a floor from which on a terrace is more than it should be
ROOF_SLOPE = 5.0  # what a whole floor more of it costs
NARROW = 0.6  # of the entrance's part, at worst: a hall where a large house's visitors can't take off their coats
ARRIVAL = 5.5  # the area of a hall where they can, by the square of a door's wall
# The ratio of sides from which on a room is long.
_LONG = {"bath": 1.8, "utility": 1.9, "laundry": 1.9, "store": 1.9, "kitchen": 1.6, "garage": 2.0}
LONG = np.array([_LONG.get(name, 1.45) for name in TYPES])

LIVING, DINING, KITCHEN, FAMILY, BATH, HALL, STAIRS, UTILITY, LAUNDRY, STORE, BALCONY, TERRACE = (
    INDEX[name]
    for name in (
        "living", "dining", "kitchen", "family", "bath", "hall", "stairs", "utility", "laundry", "store", "balcony",
        "terrace",
    )
)  # fmt: skip


@kernel
def _beside_main(boxes: Ints, space: Ints, lesser: Ints, arm: int) -> bool:
    """Whether an arm lies along the room's main box with nearly all of its long side: then it only widens the room."""
    for j in range(space.size):
        if space[j] == space[arm] and not lesser[j]:
            for axis in range(2):
                across = 1 - axis
                low = max(boxes[arm, axis], boxes[j, axis])
                high = min(boxes[arm, axis] + boxes[arm, axis + 2], boxes[j, axis] + boxes[j, axis + 2])
                touch = (
                    boxes[arm, across] + boxes[arm, across + 2] == boxes[j, across]
                    or boxes[j, across] + boxes[j, across + 2] == boxes[arm, across]
                )
                if touch and high - low >= 0.8 * max(boxes[arm, 2], boxes[arm, 3]):
                    return True
    return False


@kernel
def _way_in(boxes: Ints, space: Ints, root: int, one: int, other: int) -> float:
    """How far the wall between two boxes is from where one enters a space from the street, along both axes."""
    wide, x = 0, 0.0
    for i in range(space.size):
        if space[i] == root and boxes[i, 1] == 0 and boxes[i, 2] > wide:
            wide, x = boxes[i, 2], boxes[i, 0] + boxes[i, 2] / 2.0
    far = 0.0
    for axis in range(2):
        low = max(boxes[one, axis], boxes[other, axis])
        high = min(boxes[one, axis] + boxes[one, axis + 2], boxes[other, axis] + boxes[other, axis + 2])
        at = 0.0 if axis else x
        far += max(0.0, low - at, at - high)
    return far


@kernel
def judge(
    boxes: Ints,
    space: Ints,
    lesser: Ints,
    outer: Ints,
    count: int,
    kind: Ints,
    host: Ints,
    area: Ints,
    total: Ints,
    width: int,
    depth: int,
    door: int,
    doors: Ints,
    n_doors: int,
    facts: Ints,
    parts: Floats,
) -> None:
    """Fills `parts` with the penalties of a usable level, and `facts[3]` with its indoor area."""  # fmt: skip
    n = space.size
    indoor = 0.0
    halls = 0.0
    for s in range(count):
        if total[s] and not OUTDOOR[kind[s]]:
            indoor += total[s]
        if kind[s] == HALL:
            halls += total[s]
    for s in range(count):
        if total[s] and area[s] > 0 and not OUTDOOR[kind[s]]:
            over = total[s] / area[s] - 1.25
            if over > 0:
                # A bath of double size is a mistake, a living room of double size a luxury.
                parts[0] += over * (1.0 + over) * area[s] / indoor * (1.0 if DAYLIT[kind[s]] else 5.0)
    facts[3] = int(indoor)
    # Proportion of each space's main box, weighed by its area.
    for i in range(n):
        k = kind[space[i]]
        if lesser[i] or k == HALL or OUTDOOR[k] or area[space[i]] == 0:
            continue
        w, d = boxes[i, 2], boxes[i, 3]
        ratio = max(w, d) / min(w, d)
        if ratio > LONG[k]:
            share = max(0.3, (w * d / indoor) ** 0.5)
            parts[1] += min(2.0, ratio - LONG[k]) ** 1.25 * share
    # Where one arrives takes more hall than the lobby of an upper floor.
    parts[2] = max(0.0, halls / indoor - (0.045 if kind[facts[2]] == STAIRS else 0.1))
    x0, y0, x1, y1 = width, depth, 0, 0
    for i in range(n):
        if kind[space[i]] == HALL:
            x0, y0 = min(x0, boxes[i, 0]), min(y0, boxes[i, 1])
            x1, y1 = max(x1, boxes[i, 0] + boxes[i, 2]), max(y1, boxes[i, 1] + boxes[i, 3])
    if x1 > 0:
        parts[3] = max(0.0, max((x1 - x0) / width, (y1 - y0) / depth) - 0.5)
    parts[4] = facts[1] / 4.0
    # Wet rooms without a wet neighbour.
    wet, lonely = 0, 0
    for s in range(count):
        if not total[s] or not WET[kind[s]]:
            continue
        wet += 1
        found = False
        for i in range(n):
            if space[i] != s:
                continue
            for j in range(n):
                t = space[j]
                if t == s or not WET[kind[t]]:
                    continue
                dx = min(boxes[i, 0] + boxes[i, 2], boxes[j, 0] + boxes[j, 2]) - max(boxes[i, 0], boxes[j, 0])
                dy = min(boxes[i, 1] + boxes[i, 3], boxes[j, 1] + boxes[j, 3]) - max(boxes[i, 1], boxes[j, 1])
                if (dx == 0 and dy >= door) or (dy == 0 and dx >= door):
                    found = True
        if not found:
            lonely += 1
    if wet > 1:
        parts[5] = lonely / wet
    # What the doors tell.
    kitchen, open_kitchen, served = False, False, False
    living, dining = False, False
    for s in range(count):
        if total[s]:
            kitchen = kitchen or kind[s] == KITCHEN
            dining = dining or kind[s] == DINING
            living = living or kind[s] == LIVING
    for q in range(n_doors):
        s, t = doors[q, 0], doors[q, 1]
        for p, r in ((s, t), (t, s)):
            if kind[p] == KITCHEN:
                open_kitchen = open_kitchen or kind[r] == LIVING or kind[r] == DINING
                served = served or kind[r] == (DINING if dining else LIVING)
            if kind[p] == BATH and not SLEEPING[kind[r]] and kind[r] != HALL:
                parts[8] += 1.4
            private = SLEEPING[kind[r]] or kind[r] == HALL or kind[r] == BATH or OUTDOOR[kind[r]]
            if SLEEPING[kind[p]] and not private:
                parts[8] += 1.0
    day = living or dining
    if kitchen and day and not served:
        parts[6] = 0.6 if open_kitchen else 1.0
    root = facts[2]
    sources = np.zeros(count, np.bool_)
    costs = np.empty(count)
    for s in range(count):
        sources[s] = total[s] > 0 and kind[s] == BATH
    crossings(sources, kind, doors, n_doors, False, costs)
    for s in range(count):
        if total[s] and SLEEPING[kind[s]] and costs[s] < CUT_OFF:
            parts[7] += min(1.5, costs[s])
    if kind[root] != STAIRS:
        sources[:] = False
        sources[root] = True
        crossings(sources, kind, doors, n_doors, True, costs)
        bedrooms = 0
        for s in range(count):
            if total[s] and SLEEPING[kind[s]]:
                bedrooms += 1
                parts[11] += min(2.0, costs[s] / 2.0)
            if total[s] and kind[s] == STAIRS:
                parts[12] = min(1.0, costs[s] / 3.0)
        if bedrooms:
            parts[11] /= bedrooms
    looks_out, sleeps_out = False, False
    for i in range(n):
        k = kind[space[i]]
        if boxes[i, 1] == 0 and kind[root] != STAIRS:
            if k in (UTILITY, LAUNDRY, STORE):
                parts[13] += 1.0
            looks_out = looks_out or k == LIVING
            sleeps_out = sleeps_out or SLEEPING[k] > 0
        if k == BALCONY and not lesser[i]:
            w, d = boxes[i, 2], boxes[i, 3]
            if max(outer[i, 0], outer[i, 1]) < 0.5 * max(w, d):
                parts[14] += 1.0
    for s in range(count):
        if kind[s] == BALCONY and area[s] > 0:
            parts[14] += min(1.0, 0.5 * max(0.0, total[s] / area[s] - 1.6))
        if kind[s] == TERRACE:
            parts[14] += ROOF_SLOPE * max(0.0, total[s] / (width * depth) - ROOF)
    if sleeps_out and not looks_out and living:
        parts[13] += 2.0
    # A room's arm that is a strip with the room at its end, or as large as the room itself.
    for i in range(n):
        if lesser[i] and kind[space[i]] != HALL:
            w, d = boxes[i, 2], boxes[i, 3]
            share = w * d / max(1.0, total[space[i]])
            if share > 0.4:
                parts[9] += 2.0 * (share - 0.4)
            ratio = max(w, d) / min(w, d)
            if ratio > 2.2 and not _beside_main(boxes, space, lesser, i):
                parts[9] += min(2.0, 0.6 * (ratio - 2.2))
    if ENTRANCE[kind[root]] and ENTRANCE[kind[root]] < ENTRANCE[LIVING]:
        parts[10] = 2.0
    elif kind[root] == LIVING and total[root] > 15 * door * door:
        # A large living room that one falls into from the street; a small house has no room for more.
        parts[10] = 1.8
    elif kind[root] == HALL and day:
        if indoor > 60 * door * door:
            parts[10] = NARROW * max(0.0, 1.0 - total[root] / (ARRIVAL * door * door))
        # The bedrooms' lobby is no way in: visitors go on to where they are received.
        received, least = False, 0.0
        for q in range(n_doors):
            for p, r in ((doors[q, 0], doors[q, 1]), (doors[q, 1], doors[q, 0])):
                if p == root and (kind[r] == LIVING or kind[r] == FAMILY):
                    far = _way_in(boxes, space, root, doors[q, 2], doors[q, 3])
                    least = far if not received else min(least, far)
                    received = True
        parts[10] += min(1.0, 0.5 * max(0.0, least / (FAR * door) - 1.0))
        if not received:
            parts[10] = 2.0
