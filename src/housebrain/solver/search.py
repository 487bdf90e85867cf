"""The inner loop: shape curves of all topologies of a level, their least depths, their plans, doors and scores."""

import numpy as np

from housebrain.solver.curves import NEVER, Floats, Ints, curves, growths, pin, place
from housebrain.solver.doors import FINE, SPLIT_SPACE, STAIRS, connect, part_halls
from housebrain.solver.judge import PARTS, judge
from housebrain.solver.kernel import kernel

# Where the stairs stand, as the kernels number it.
NOWHERE, REAR_CORNER, FRONT_CORNER, MID = range(4)
TOO_SMALL = 90  # the level does not fit the box
UNUSABLE = 1000.0  # as a rate
UNDERSIZED = 91  # a space of several boxes is smaller than asked for


@kernel
def prepare(
    size: Ints,
    op: Ints,
    a: Ints,
    b: Ints,
    space: Ints,
    nook: Ints,
    side: Ints,
    area: Ints,
    aspect: Floats,
    growth: Floats,
    nook_side: int,
    stairs: Ints,
    stairs_w: int,
    stairs_d: int,
    F: Ints,
    G: Ints,
    grown: Floats,
) -> None:
    """Fills the curves `F[k]`, `G[k]` and the growths `grown[k]` of every topology k."""  # fmt: skip
    for k in range(size.size):
        n = size[k]
        leaf_side = np.zeros(n, np.int32)
        leaf_area = np.zeros(n, np.int32)
        leaf_aspect = np.ones(n)
        leaf_growth = np.zeros(n)
        fixed_w = np.zeros(n, np.int32)
        fixed_d = np.zeros(n, np.int32)
        for i in range(n):
            if op[k, i] != 0:
                continue
            s = space[k, i]
            if i == stairs[k]:
                fixed_w[i], fixed_d[i] = stairs_w, stairs_d
                leaf_aspect[i] = 99.0
            elif nook[k, i]:
                leaf_side[i] = nook_side
                leaf_area[i] = nook_side * nook_side
                leaf_aspect[i] = 99.0
                leaf_growth[i] = growth[s] * 0.5
            else:
                lesser = 0
                for j in range(n):
                    if op[k, j] == 0 and space[k, j] == s and nook[k, j]:
                        lesser += 1
                leaf_side[i] = side[s]
                leaf_area[i] = max(side[s] * side[s], area[s] - lesser * nook_side * nook_side)
                leaf_aspect[i] = aspect[s]
                leaf_growth[i] = growth[s]
        curves(op[k, :n], a[k, :n], b[k, :n], leaf_side, leaf_area, leaf_aspect, fixed_w, fixed_d, F[k], G[k])
        growths(op[k, :n], a[k, :n], b[k, :n], leaf_growth, grown[k])


@kernel
def budget(where: int, width: int, depth: int, stairs_w: int, stairs_d: int, front: int, out: Ints) -> bool:
    """What lies left, right, in front and behind of the stairs; False where there is no room for them."""
    out[0] = 0
    out[1] = width - stairs_w
    if where == REAR_CORNER:
        out[2], out[3] = depth - stairs_d, 0
    elif where == FRONT_CORNER:
        out[2], out[3] = 0, depth - stairs_d
    else:
        out[2], out[3] = front, depth - stairs_d - front
    return out[1] >= 0 and out[2] >= 0 and out[3] >= 0


@kernel
def least_depth(
    root: int,
    steps: int,
    sides: Ints,
    siblings: Ints,
    F: Ints,
    G: Ints,
    grown: Floats,
    where: int,
    stairs_w: int,
    stairs_d: int,
    front: int,
    width: int,
    most: int,
) -> int:
    """The least depth of a topology at `width`, or NEVER if that is above `most`.

    With stairs in the middle and `front` < 0, the least depth in front of them instead, whatever is behind.
    """  # fmt: skip
    low = F[root, width]
    if low > most:
        return NEVER
    if where == NOWHERE:
        return low
    budgets = np.zeros(4, np.int64)
    thickness = np.zeros(64, np.int64)
    ahead = where == MID and front < 0
    if ahead:
        low = 0
    high = most + 1
    # The first depth that works, by halving: what fits a box fits a deeper one.
    while low < high:
        middle = (low + high) // 2
        if ahead:
            fits = budget(where, width, most, stairs_w, stairs_d, middle, budgets)
        else:
            fits = budget(where, width, middle, stairs_w, stairs_d, front, budgets)
        if fits and pin(sides, siblings, steps, stairs_w, stairs_d, budgets, grown, F, G, thickness):
            high = middle
        else:
            low = middle + 1
    return high if high <= most else NEVER


@kernel
def least_depths(
    size: Ints,
    steps: Ints,
    sides: Ints,
    siblings: Ints,
    F: Ints,
    G: Ints,
    grown: Floats,
    where: int,
    stairs_w: int,
    stairs_d: int,
    front: int,
    widths: Ints,
    most: int,
    out: Ints,
) -> None:
    """Fills `out[k, i]` with `least_depth` of topology k at `widths[i]`."""  # fmt: skip
    for k in range(size.size):
        for i in range(widths.size):
            out[k, i] = least_depth(
                size[k] - 1, steps[k], sides[k], siblings[k], F[k], G[k], grown[k], where, stairs_w, stairs_d, front,
                widths[i], most,
            )  # fmt: skip


@kernel
def pinned_depth(
    root: int,
    steps: int,
    sides: Ints,
    siblings: Ints,
    F: Ints,
    G: Ints,
    grown: Floats,
    stairs_w: int,
    stairs_d: int,
    left: int,
    front: int,
    width: int,
    most: int,
) -> int:
    """The least depth of a topology whose stairs stand `left` from the left and `front` from the front, or NEVER.

    With `front` < 0 the stairs stand at the rear wall.
    """  # fmt: skip
    if left < 0 or width - stairs_w - left < 0:
        return NEVER
    low = max(F[root, width], stairs_d)
    thickness = np.zeros(64, np.int64)
    budgets = np.zeros(4, np.int64)
    budgets[0], budgets[1] = left, width - stairs_w - left
    high = most + 1
    while low < high:
        middle = (low + high) // 2
        budgets[2] = front if front >= 0 else middle - stairs_d
        budgets[3] = middle - stairs_d - budgets[2]
        if budgets[3] >= 0 and pin(sides, siblings, steps, stairs_w, stairs_d, budgets, grown, F, G, thickness):
            high = middle
        else:
            low = middle + 1
    return high if high <= most else NEVER


@kernel
def front_of(where: int, depth: int, stairs_d: int, front: int) -> int:
    """What lies in front of the stairs in a house of that depth."""
    if where == REAR_CORNER:
        return depth - stairs_d
    return 0 if where == FRONT_CORNER else front


@kernel
def lay_out(
    k: int,
    size: Ints,
    op: Ints,
    a: Ints,
    b: Ints,
    steps: Ints,
    sides: Ints,
    siblings: Ints,
    F: Ints,
    G: Ints,
    grown: Floats,
    stairs_w: int,
    stairs_d: int,
    left: int,
    front: int,
    width: int,
    depth: int,
    wish: Ints,
    out: Ints,
) -> bool:
    """Places topology k in `width` x `depth`: `out[node]` = x, y, w, d.

    Stairs, where their width is not 0, come to stand with `left` beside and `front` before them.
    """  # fmt: skip
    n = size[k]
    given = np.zeros(n, np.int64)
    if stairs_w:
        budgets = np.array([left, width - stairs_w - left, front, depth - stairs_d - front])
        thickness = np.zeros(64, np.int64)
        if budgets.min() < 0:
            return False
        if not pin(sides[k], siblings[k], steps[k], stairs_w, stairs_d, budgets, grown[k], F[k], G[k], thickness):
            return False
        for i in range(steps[k]):
            given[siblings[k, i]] = thickness[i]
    return place(op[k, :n], a[k, :n], b[k, :n], F[k], G[k], grown[k], given, wish, width, depth, out)


@kernel
def end_of(where: int, stairs_w: int, stairs_d: int) -> int:
    """At which end of their box the stairs are entered: 0 the left or front one, 1 the right or rear one, -1 none."""
    if where == NOWHERE:
        return -1
    return 1 if stairs_w > stairs_d or where == FRONT_CORNER else 0


@kernel
def landing_of(box: Ints, end: int, length: int, out: Ints) -> None:
    """The end of the stairs' box at which one enters."""
    out[:] = box
    axis = 0 if box[2] > box[3] else 1
    if end == 1:
        out[axis] = box[axis] + box[axis + 2] - length
    out[axis + 2] = length


@kernel
def examine(
    k: int,
    size: Ints,
    op: Ints,
    space: Ints,
    nook: Ints,
    places: Ints,
    side: Ints,
    area: Ints,
    kind: Ints,
    host: Ints,
    ground: bool,
    end: int,
    door: int,
    landing_length: int,
    width: int,
    depth: int,
    doors: Ints,
    facts: Ints,
    parts: Floats,
) -> int:
    """Doors and score of a placed topology: FINE, or why it can't be used."""  # fmt: skip
    n = size[k]
    count = kind.size
    leaves = 0
    for i in range(n):
        if op[k, i] == 0:
            leaves += 1
    boxes = np.zeros((leaves, 4), np.int32)
    spaces = np.zeros(leaves, np.int32)
    lesser = np.zeros(leaves, np.int32)
    landing = np.zeros(4, np.int32)
    total = np.zeros(count, np.int64)
    at = 0
    for i in range(n):
        if op[k, i] == 0:
            boxes[at] = places[i]
            spaces[at] = space[k, i]
            lesser[at] = nook[k, i]
            total[space[k, i]] += places[i, 2] * places[i, 3]
            at += 1
    for s in range(count):
        if total[s] and total[s] < area[s]:
            return UNDERSIZED
    if not part_halls(boxes, spaces, kind, door, total):
        return SPLIT_SPACE
    if end >= 0:
        for i in range(leaves):
            if kind[spaces[i]] == STAIRS:
                landing_of(boxes[i], end, landing_length, landing)
    reason = connect(boxes, spaces, count, kind, host, ground, width, depth, landing, door, doors, facts)
    if reason != FINE:
        return reason
    judge(boxes, spaces, lesser, count, kind, host, area, total, width, depth, door, doors, facts[0], facts, parts)
    return FINE


@kernel
def examine_all(
    size: Ints,
    op: Ints,
    a: Ints,
    b: Ints,
    space: Ints,
    nook: Ints,
    steps: Ints,
    sides: Ints,
    siblings: Ints,
    F: Ints,
    G: Ints,
    grown: Floats,
    side: Ints,
    area: Ints,
    kind: Ints,
    host: Ints,
    ground: bool,
    where: int,
    stairs_w: int,
    stairs_d: int,
    front: int,
    depths: Ints,
    door: int,
    landing_length: int,
    width: int,
    depth: int,
    reasons: Ints,
    scores: Floats,
    indoor: Ints,
) -> None:
    """Fills the `reasons`, score parts and indoor areas of every topology in `width` x `depth`."""  # fmt: skip
    longest = op.shape[1]
    places = np.zeros((longest, 4), np.int32)
    doors = np.zeros((120, 6), np.int32)
    facts = np.zeros(5, np.int32)
    wish = np.full(longest, -1, np.int32)
    for k in range(size.size):
        reasons[k] = TOO_SMALL
        if depths[k] > depth:
            continue
        if not lay_out(
            k, size, op, a, b, steps, sides, siblings, F, G, grown, stairs_w, stairs_d, 0,
            front_of(where, depth, stairs_d, front), width, depth, wish, places,
        ):  # fmt: skip
            continue
        scores[k, :PARTS] = 0.0
        reasons[k] = examine(
            k, size, op, space, nook, places, side, area, kind, host, ground,
            end_of(where, stairs_w, stairs_d), door, landing_length, width, depth, doors, facts, scores[k],
        )  # fmt: skip
        indoor[k] = facts[4]


@kernel
def usable_depths(
    size: Ints,
    op: Ints,
    a: Ints,
    b: Ints,
    space: Ints,
    nook: Ints,
    steps: Ints,
    sides: Ints,
    siblings: Ints,
    F: Ints,
    G: Ints,
    grown: Floats,
    side: Ints,
    area: Ints,
    kind: Ints,
    host: Ints,
    ground: bool,
    where: int,
    stairs_w: int,
    stairs_d: int,
    front: int,
    depths: Ints,
    door: int,
    landing_length: int,
    widths: Ints,
    most: int,
    wanted: int,
    out: Ints,
) -> None:
    """Fills `out[i]` with the least depths at `widths[i]`, ascending, in which a topology has its doors and daylight.

    Topologies are tried from the shallowest on until `wanted` have been found; the rest of the row is NEVER.
    """  # fmt: skip
    longest = op.shape[1]
    places = np.zeros((longest, 4), np.int32)
    doors = np.zeros((120, 6), np.int32)
    facts = np.zeros(5, np.int32)
    parts = np.zeros(PARTS)
    wish = np.full(longest, -1, np.int32)
    out[:] = NEVER
    for i in range(widths.size):
        found = 0
        for k in np.argsort(depths[:, i]):
            depth = depths[k, i]
            if depth > most or found == wanted:
                break
            if not lay_out(
                k, size, op, a, b, steps, sides, siblings, F, G, grown, stairs_w, stairs_d, 0,
                front_of(where, depth, stairs_d, front), widths[i], depth, wish, places,
            ):  # fmt: skip
                continue
            if examine(
                k, size, op, space, nook, places, side, area, kind, host, ground,
                end_of(where, stairs_w, stairs_d), door, landing_length, widths[i], depth, doors, facts, parts,
            ) == FINE:  # fmt: skip
                out[i, found] = depth
                found += 1


@kernel
def rate_all(
    size: Ints,
    op: Ints,
    a: Ints,
    b: Ints,
    space: Ints,
    nook: Ints,
    steps: Ints,
    sides: Ints,
    siblings: Ints,
    F: Ints,
    G: Ints,
    grown: Floats,
    side: Ints,
    area: Ints,
    kind: Ints,
    host: Ints,
    ground: bool,
    where: int,
    stairs_w: int,
    stairs_d: int,
    door: int,
    landing_length: int,
    widths: Ints,
    most: int,
    weights: Floats,
    area_weight: float,
    out: Floats,
) -> None:
    """Fills `out[k, i]` with how bad topology k is at `widths[i]` in its own least box.

    What fits but lacks doors or daylight gets UNUSABLE and more, so that small changes can start from it; what does
    not fit is infinite.
    """  # fmt: skip
    longest = op.shape[1]
    places = np.zeros((longest, 4), np.int32)
    doors = np.zeros((120, 6), np.int32)
    facts = np.zeros(5, np.int32)
    parts = np.zeros(PARTS)
    wish = np.full(longest, -1, np.int32)
    asked = max(1, area.sum())
    for k in range(size.size):
        for i in range(widths.size):
            out[k, i] = np.inf
            front = 0
            if where == MID:
                front = least_depth(
                    size[k] - 1, steps[k], sides[k], siblings[k], F[k], G[k], grown[k], where, stairs_w, stairs_d, -1,
                    widths[i], most,
                )  # fmt: skip
                if front == NEVER:
                    continue
            depth = least_depth(
                size[k] - 1, steps[k], sides[k], siblings[k], F[k], G[k], grown[k], where, stairs_w, stairs_d, front,
                widths[i], most,
            )  # fmt: skip
            if depth == NEVER:
                continue
            if not lay_out(
                k, size, op, a, b, steps, sides, siblings, F, G, grown, stairs_w, stairs_d, 0,
                front_of(where, depth, stairs_d, front), widths[i], depth, wish, places,
            ):  # fmt: skip
                continue
            parts[:] = 0.0
            if examine(
                k, size, op, space, nook, places, side, area, kind, host, ground,
                end_of(where, stairs_w, stairs_d), door, landing_length, widths[i], depth, doors, facts, parts,
            ) == FINE:  # fmt: skip
                # Outdoor area counts half: it costs plot, not money.
                built = 0.5 * facts[4] + 0.5 * widths[i] * depth
                out[k, i] = area_weight * built / asked + (parts * weights).sum()
