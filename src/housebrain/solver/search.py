"""The inner loop: shape curves of all topologies of a level, their least depths, their plans, doors and scores.

There are two compiled ways in, `prepare` and `explore`: each way in takes seconds to compile.
"""

import numpy as np

from housebrain.solver.curves import (
    LESSER,
    LESSER_MOST,
    NEVER,
    OP,
    SPACE,
    Floats,
    Ints,
    curves,
    growths,
    leaf_curves,
    pin,
    place,
    steer,
)
from housebrain.solver.doors import FINE, NO_CORNER, OPEN_GROUND, SPLIT_SPACE, STAIRS, at_outside, connect, part_halls
from housebrain.solver.judge import judge
from housebrain.solver.kernel import kernel

TOO_SMALL = 90  # the level does not fit the box
UNDERSIZED = 91  # a space of several boxes is smaller than asked for
UNUSABLE = 1000.0  # as a rate
# What may be said of the stairs' place in depth instead of what lies in front of them.
AT_REAR, OWN_FRONT, LEAST_FRONT = -1, -2, -3
WORK = 96  # scratch of `pin`
MOST_DOORS = 120


@kernel
def prepare(
    head: Ints,
    tree: Ints,
    need: Ints,
    taste: Floats,
    nook: int,
    stairs_w: int,
    stairs_d: int,
    site: Ints,
    F: Ints,
    G: Ints,
    grown: Floats,
) -> None:
    """Fills the curves `F[k]`, `G[k]` and the growths `grown[k]` of every topology k.

    `site`: width and depth of open ground, whether it lies at the left, and where party walls are: see `Wants`.
    """  # fmt: skip
    leaf = np.empty((need.shape[1] + 1, LESSER_MOST + 1, max(F.shape[2], G.shape[2])), np.int32)
    leaf_curves(need, taste, nook, leaf)
    open_slot = -1
    for s in range(need.shape[1]):
        if need[2, s] == OPEN_GROUND:
            open_slot = s
    for k in range(head.shape[0]):
        curves(head[k, 0], tree[k], leaf, head[k, 2], stairs_w, stairs_d, open_slot, site[0], site[1], F[k], G[k])
        growths(head[k, 0], tree[k], head[k, 2], open_slot, taste, grown[k])


@kernel
def least_depth(
    size: int,
    steps: int,
    ring: Ints,
    F: Ints,
    G: Ints,
    grown: Floats,
    stairs_w: int,
    stairs_d: int,
    left: int,
    front: int,
    width: int,
    most: int,
    work: Ints,
) -> int:
    """The least depth of a topology at `width`, or NEVER if that is above `most`.

    The stairs stand `left` from the left wall and `front` from the front one, or at the rear wall. With LEAST_FRONT it
    is the least depth in front of them that is found, whatever is behind.
    """  # fmt: skip
    low = F[size - 1, width]
    if low > most or low >= NEVER:
        return NEVER
    if stairs_w == 0:
        return low
    ahead = front == LEAST_FRONT
    low = 0 if ahead else max(low, stairs_d + max(front, 0))
    top = most - stairs_d if ahead else most
    if low > top:
        return NEVER
    # What fits a box fits a deeper one: strides that double from the least that is possible, then halving.
    short, long, at, stride = low - 1, NEVER, low, 1
    while long - short > 1:
        before = at if ahead else front if front >= 0 else at - stairs_d
        behind = (most if ahead else at) - stairs_d - before
        if pin(ring, steps, stairs_w, stairs_d, left, width - stairs_w - left, before, behind, grown, F, G, work):
            long = at
        else:
            short = at
        if long < NEVER:
            at = (short + long) // 2
        elif at >= top:
            return NEVER
        else:
            at = min(top, at + stride)
            stride *= 2
    return long


@kernel
def examine(
    size: int,
    tree: Ints,
    places: Ints,
    need: Ints,
    ground: bool,
    end: int,
    door: int,
    nook: int,
    site: Ints,
    width: int,
    depth: int,
    spaces: Ints,
    doors: Ints,
    facts: Ints,
    parts: Floats,
) -> int:
    """Finds doors and score of a placed topology: FINE, or why it can't be used; `spaces` gets the leaves' slots."""
    count = need.shape[1]
    area, kind, host = need[1], need[2], need[3]
    leaves = (size + 1) // 2
    boxes = np.empty((leaves, 4), np.int32)
    lesser = np.empty(leaves, np.int32)
    landing = np.zeros(4, np.int32)
    total = np.zeros(count, np.int64)
    at = 0
    for i in range(size):
        if tree[i, OP] == 0:
            s = tree[i, SPACE]
            for c in range(4):
                boxes[at, c] = places[i, c]
            spaces[at] = s
            lesser[at] = tree[i, LESSER]
            total[s] += places[i, 2] * places[i, 3]
            if kind[s] == OPEN_GROUND:
                at_side = places[i, 0] == 0 if site[2] else places[i, 0] + places[i, 2] == width
                if not at_side or places[i, 1] + places[i, 3] != depth:
                    return NO_CORNER
                # All levels lack the same.
                if places[i, 2] != site[0] or places[i, 3] != site[1]:
                    return NO_CORNER
            if end >= 0 and kind[s] == STAIRS:
                # One enters at one end of the stairs' box: 0 the left or front one, 1 the right or rear one.
                axis = 0 if places[i, 2] > places[i, 3] else 1
                for c in range(4):
                    landing[c] = places[i, c]
                if end == 1:
                    landing[axis] = places[i, axis] + places[i, axis + 2] - nook
                landing[axis + 2] = nook
            at += 1
    for s in range(count):
        if total[s] and total[s] < area[s]:
            return UNDERSIZED
    if not part_halls(boxes, spaces[:leaves], kind, door, total):
        return SPLIT_SPACE
    outer = np.zeros((leaves, 2), np.int32)
    at_outside(boxes, width, depth, site, outer)
    reason = connect(boxes, spaces[:leaves], outer, count, kind, host, ground, landing, door, doors, facts)
    if reason != FINE:
        return reason
    judge(
        boxes, spaces[:leaves], lesser, outer, count, kind, host, area, total, width, depth, door, doors, facts[0],
        facts, parts,
    )  # fmt: skip
    return FINE


@kernel
def explore(
    head: Ints,
    tree: Ints,
    ring: Ints,
    F: Ints,
    G: Ints,
    grown: Floats,
    need: Ints,
    weights: Floats,
    noise: Floats,
    ground: bool,
    end: int,
    stairs_w: int,
    stairs_d: int,
    left: int,
    front: int,
    door: int,
    nook: int,
    site: Ints,
    widths: Ints,
    box_d: int,
    most: int,
    wanted: int,
    area_weight: float,
    outdoor_share: float,
    wish: Ints,
    least: Ints,
    rates: Floats,
    built: Ints,
    places: Ints,
    spaces: Ints,
    doors: Ints,
    facts: Ints,
    parts: Floats,
) -> None:
    """Measures every topology k at every width i, and tries as many as are wanted.

    Args:
        head, tree, ring: a pool's topologies; F, G, grown: what `prepare` made of them.
        need: side, area, kind and host by slot; weights: of the score's parts; noise: added to the rate of k.
        ground: whether it is the ground floor; end: at which end the stairs are entered, -1 without stairs.
        stairs_w, stairs_d, left, front: the stairs' box and place, as `least_depth` has it; with OWN_FRONT each
            topology has the least depth that it can have in front of them.
        door, nook: the least wall for a door, the least side of a nook and of a landing.
        site: as `prepare` has it.
        box_d: the depth of the house; 0 for each topology its own least one. most: the greatest depth.
        wanted: how many topologies that can be used are looked for, from the shallowest on.
        area_weight, outdoor_share: of built area over what is asked for, and how much of outdoor area counts there.
        wish: where the cuts should come, -1 anywhere.
        least: filled with the least depths, unless `box_d` is given: then they are taken from there.
        rates: filled with how bad each is: infinite where it doesn't fit or was not tried, UNUSABLE and more where it
            fits but lacks doors or daylight, so that small changes can start from it.
        built: filled with indoor areas.
        places, spaces, doors, facts, parts: of the topology that was tried last; facts[4] is why it can't be used.
    """
    topologies = head.shape[0]
    given = np.zeros(tree.shape[1], np.int64)
    work = np.zeros(WORK, np.int64)
    tried = np.zeros(topologies, np.bool_)
    steered = wish.max() >= 0
    asked = 1
    for s in range(need.shape[1]):
        asked += need[1, s]
    for i in range(widths.size):
        width = widths[i]
        found = 0
        for k in range(topologies):
            rates[k, i] = np.inf
            tried[k] = False
            if box_d:
                continue
            # First what must lie in front of the stairs, where that is each topology's own affair, then the depth.
            least[k, i] = LEAST_FRONT if front == OWN_FRONT else front
            for _ in range(2 if front == OWN_FRONT else 1):
                before = least[k, i]
                built[k, i] = before
                least[k, i] = least_depth(
                    head[k, 0], head[k, 1], ring[k], F[k], G[k], grown[k], stairs_w, stairs_d, left, before, width,
                    most, work,
                )  # fmt: skip
                if least[k, i] == NEVER:
                    break
        for rank in range(topologies):
            if found == wanted:
                break
            k = rank
            if wanted < topologies:
                k = -1
                for other in range(topologies):
                    if not tried[other] and (k < 0 or least[other, i] < least[k, i]):
                        k = other
                tried[k] = True
            depth = box_d
            if box_d == 0:
                depth = least[k, i]
            if least[k, i] > depth or depth > most:
                facts[4] = TOO_SMALL
                continue
            size = head[k, 0]
            for n in range(size):
                given[n] = 0
            if stairs_w:
                before = built[k, i] if front == OWN_FRONT else depth - stairs_d if front == AT_REAR else front
                facts[4] = TOO_SMALL
                if not pin(
                    ring[k], head[k, 1], stairs_w, stairs_d, left, width - stairs_w - left, before,
                    depth - stairs_d - before, grown[k], F[k], G[k], work,
                ):  # fmt: skip
                    continue
                if steered:
                    steer(
                        size, tree[k], ring[k], head[k, 1], stairs_w, stairs_d, left, width - stairs_w - left, before,
                        depth - stairs_d - before, wish, F[k], G[k], work,
                    )  # fmt: skip
                for step in range(head[k, 1]):
                    given[ring[k, step, 1]] = work[step]
            if not place(size, tree[k], F[k], G[k], grown[k], given, wish, width, depth, places):
                facts[4] = TOO_SMALL
                continue
            for p in range(parts.size):
                parts[p] = 0.0
            reason = examine(
                size, tree[k], places, need, ground, end, door, nook, site, width, depth, spaces, doors, facts,
                parts,
            )  # fmt: skip
            facts[4] = reason
            if reason != FINE:
                rates[k, i] = UNUSABLE + width * depth
                continue
            found += 1
            built[k, i] = facts[3]
            rate = area_weight * (facts[3] + outdoor_share * (width * depth - facts[3])) / asked + noise[k]
            for p in range(parts.size):
                rate += weights[p] * parts[p]
            rates[k, i] = rate
