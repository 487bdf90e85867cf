"""Exact dimensions of a slicing tree on an integer grid: shape curves from the leaves up, places from the root down.

The curve of a node tells for each width the least depth in which everything in it fits, and the other way round. A cut
adds the curves of its parts (Otten 1982; Stockmeyer, "Optimal orientations of cells in slicing floorplan designs",
Information and Control 57, 1983). Curves are kept dense, one entry a grid line, so that a node costs one pass.

All lengths here are grid units. A tree is an array with a row a node, in post-order, the root last. The columns: OP is
0 for a leaf, 1 for a vertical cut (side by side), 2 for a horizontal one (behind each other); A and B are a cut's
parts; SPACE numbers a leaf's slot; LESSER marks a lesser box of its space, a nook.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from housebrain.solver.kernel import kernel

Ints = NDArray[np.signedinteger[Any]]  # int32 as a rule, int64 for a few short ones
Floats = NDArray[np.float64]

NEVER = 1 << 20  # no size is enough
OP, A, B, SPACE, LESSER = range(5)
LESSER_MOST = 3  # nooks of a space that its main box is made smaller for


@kernel
def inverse(curve: Ints, other: Ints) -> None:
    """Fills `other[d]` with the least w for which `curve[w] <= d`; `curve` never rises."""
    w = curve.size - 1
    for d in range(other.size):
        if curve[w] > d:
            other[d] = NEVER
            continue
        while w > 0 and curve[w - 1] <= d:
            w -= 1
        other[d] = w
        # `curve[w]` may hold for later d too; the pointer only moves on.


@kernel
def leaf_curve(side: int, area: int, aspect: float, curve: Ints) -> None:
    """The least other side for each length, both at least `side`, area at least `area`, ratio at most `aspect`."""
    least = NEVER
    for w in range(curve.size):
        if w >= side:
            d = max(side, -(-area // w))
            d = max(d, int(np.ceil(w / aspect - 1e-9)))
            if d <= aspect * w + 1e-9:
                least = min(least, d)
        curve[w] = least


@kernel
def leaf_curves(need: Ints, taste: Floats, nook: int, out: Ints) -> None:
    """Fills `out[s, lesser]` with the curve of slot s's main box beside so many nooks, and the last row with a nook's.

    `need`: rows of side, area, kind and host by slot; `taste`: rows of greatest aspect and growth.
    """
    slots = need.shape[1]
    for s in range(slots):
        for lesser in range(LESSER_MOST + 1):
            side = need[0, s]
            area = max(side * side, need[1, s] - lesser * nook * nook)
            leaf_curve(side, area, taste[0, s], out[s, lesser])
    leaf_curve(nook, nook * nook, 99.0, out[slots, 0])


@kernel
def curves(
    size: int,
    tree: Ints,
    leaf: Ints,
    stairs: int,
    stairs_w: int,
    stairs_d: int,
    open_slot: int,
    open_w: int,
    open_d: int,
    F: Ints,
    G: Ints,
) -> None:
    """Fills `F[node, width]` = least depth, or `G[node, depth]` = least width, of every node.

    What stands side by side is asked for its least width, what stands behind each other for the least depth, and the
    root for both: the other curve of a node is left as it was.

    `leaf`: what `leaf_curves` made; `stairs`: the node that has just the given size, or -1; `open_slot`: the slot of
    open ground, which has at least the given size, or -1.
    """  # fmt: skip
    wide, deep = F.shape[1], G.shape[1]
    beside = np.zeros(size, np.bool_)  # whether its width is asked for
    for n in range(size):
        if tree[n, OP]:
            beside[tree[n, A]] = beside[tree[n, B]] = tree[n, OP] == 1
    for n in range(size):
        i, j = tree[n, A], tree[n, B]
        if n == stairs or (tree[n, OP] == 0 and tree[n, SPACE] == open_slot):
            least_w, least_d = (stairs_w, stairs_d) if n == stairs else (open_w, open_d)
            if beside[n]:
                for d in range(deep):
                    G[n, d] = least_w if d >= least_d else NEVER
            else:
                for w in range(wide):
                    F[n, w] = least_d if w >= least_w else NEVER
        elif tree[n, OP] == 0:
            s = tree[n, SPACE]
            lesser = 0
            if tree[n, LESSER]:
                s = leaf.shape[0] - 1
            else:
                for m in range(size):
                    if tree[m, OP] == 0 and tree[m, SPACE] == s and tree[m, LESSER]:
                        lesser = min(lesser + 1, LESSER_MOST)
            if beside[n]:
                for d in range(deep):
                    G[n, d] = leaf[s, lesser, d]
            else:
                for w in range(wide):
                    F[n, w] = leaf[s, lesser, w]
        elif tree[n, OP] == 2:
            for w in range(wide):
                F[n, w] = min(NEVER, F[i, w] + F[j, w])
            if beside[n]:
                inverse(F[n], G[n])
        else:
            for d in range(deep):
                G[n, d] = min(NEVER, G[i, d] + G[j, d])
            if not beside[n]:
                inverse(G[n], F[n])
    if tree[size - 1, OP] != 1:
        inverse(F[size - 1], G[size - 1])


@kernel
def pin(
    ring: Ints,
    steps: int,
    box_w: int,
    box_d: int,
    left: int,
    right: int,
    front: int,
    rear: int,
    grown: Floats,
    F: Ints,
    G: Ints,
    work: Ints,
) -> bool:
    """Whether a level can have its stairs at one given place, and how thick what surrounds them is then.

    From the stairs outwards each row of `ring` adds a part: on which side, and which node. The parts of a side must
    together be as thick as `left`, `right`, `front` or `rear` says. A part spans what is inside of it, so length that
    is left over goes to the innermost part of a side, which makes all later parts wider and so thinner; where that
    leaves enough, it is shared out by `grown` instead. `work` is scratch; it comes back with the thicknesses first.
    """  # fmt: skip
    budgets, slack, first, total = work[-4:], work[-8:-4], work[-12:-8], work[-16:-12]
    budgets[0], budgets[1], budgets[2], budgets[3] = left, right, front, rear
    for s in range(4):
        first[s] = -1
    for i in range(steps):
        if first[ring[i, 0]] < 0:
            first[ring[i, 0]] = i
    for s in range(4):
        if budgets[s] < 0 or (first[s] < 0 and budgets[s] != 0):
            return False
        slack[s] = budgets[s]
    most_w, most_d = box_w + left + right, box_d + front + rear
    if most_w >= F.shape[1] or most_d >= G.shape[1]:
        return False
    # From the most that can be left over downwards: the greatest fixed point.
    settled = False
    for _ in range(12):
        w, d = box_w, box_d
        for s in range(4):
            total[s] = 0
        for i in range(steps):
            s = ring[i, 0]
            need = G[ring[i, 1], d] if s < 2 else F[ring[i, 1], w]
            if need >= NEVER:
                return False
            work[i] = need
            total[s] += need
            grew = need + (slack[s] if i == first[s] else 0)
            if s < 2:
                w = min(w + grew, most_w)
            else:
                d = min(d + grew, most_d)
        settled = True
        for s in range(4):
            left_over = budgets[s] - total[s]
            if left_over < 0:
                return False
            if first[s] >= 0 and left_over != slack[s]:
                slack[s] = left_over
                settled = False
        if settled:
            break
    if not settled:
        return False
    _share(ring, steps, slack, grown, work)
    if _holds(ring, steps, box_w, box_d, F, G, work):
        return True
    # Shared out it is not enough: all goes to the innermost parts again.
    w, d = box_w, box_d
    for i in range(steps):
        s = ring[i, 0]
        need = G[ring[i, 1], d] if s < 2 else F[ring[i, 1], w]
        work[i] = need + (slack[s] if i == first[s] else 0)
        if s < 2:
            w = min(w + work[i], most_w)
        else:
            d = min(d + work[i], most_d)
    return _holds(ring, steps, box_w, box_d, F, G, work)


@kernel
def steer(
    size: int,
    tree: Ints,
    ring: Ints,
    steps: int,
    box_w: int,
    box_d: int,
    left: int,
    right: int,
    front: int,
    rear: int,
    wish: Ints,
    F: Ints,
    G: Ints,
    work: Ints,
) -> None:
    """Thicknesses that `pin` has found, changed to those that `wish` has for the cuts around the stairs.

    All sides are changed where that leaves every part enough, else those sides for which it is so, one after the
    other. A side of which some cut has no wish stays as it is.
    """  # fmt: skip
    budgets = (left, right, front, rear)
    wished = np.full((4, steps), -1, np.int64)  # thickness by side and row
    for s in range(4):
        last = -1
        reached = 0  # from the stairs' box outwards
        known = True
        for i in range(steps):
            if ring[i, 0] != s:
                continue
            cut = -1
            for n in range(size):
                if tree[n, OP] and (tree[n, A] == ring[i, 1] or tree[n, B] == ring[i, 1]):
                    cut = wish[n]
            known = known and cut >= 0
            if last >= 0:
                away = (left - cut, cut - left - box_w, front - cut, cut - front - box_d)[s]
                wished[s, last] = away - reached
                reached = away
            last = i
        if last >= 0:
            wished[s, last] = budgets[s] - reached
        for i in range(steps):
            if ring[i, 0] == s and (not known or wished[s, i] < 1):
                wished[s, :] = -1
                break
    for s in range(-1, 4):  # all sides first
        changed = work.copy()
        for i in range(steps):
            if (s < 0 or ring[i, 0] == s) and wished[ring[i, 0], i] > 0:
                changed[i] = wished[ring[i, 0], i]
        if _holds(ring, steps, box_w, box_d, F, G, changed):
            work[:steps] = changed[:steps]
            if s < 0:
                return


@kernel
def _share(ring: Ints, steps: int, slack: Ints, grown: Floats, work: Ints) -> None:
    for s in range(4):
        total = 0.0
        last = -1
        for i in range(steps):
            if ring[i, 0] == s:
                total += grown[ring[i, 1], s // 2]
                last = i
        left = slack[s]
        for i in range(steps):
            if ring[i, 0] == s:
                given = left if i == last else int(slack[s] * grown[ring[i, 1], s // 2] / max(total, 1e-9))
                given = min(given, left)
                work[i] += given
                left -= given


@kernel
def _holds(ring: Ints, steps: int, box_w: int, box_d: int, F: Ints, G: Ints, work: Ints) -> bool:
    w, d = box_w, box_d
    for i in range(steps):
        if ring[i, 0] < 2:
            if G[ring[i, 1], d] > work[i]:
                return False
            w += work[i]
        else:
            if F[ring[i, 1], w] > work[i]:
                return False
            d += work[i]
    return True


@kernel
def growths(size: int, tree: Ints, stairs: int, open_slot: int, taste: Floats, out: Floats) -> None:
    """How readily each node takes more width (`out[:, 0]`) and depth (`out[:, 1]`); a nook half as much as its room.

    What stands beside open ground leaves it as it is.
    """
    for n in range(size):
        i, j = tree[n, A], tree[n, B]
        if tree[n, OP] == 0:
            grow = 0.0 if n == stairs else taste[1, tree[n, SPACE]] * (0.5 if tree[n, LESSER] else 1.0)
            out[n, 0] = out[n, 1] = grow
        elif tree[n, OP] == 1:
            out[n, 0] = out[i, 0] + out[j, 0]
            out[n, 1] = max(out[i, 1], out[j, 1])
        else:
            out[n, 0] = max(out[i, 0], out[j, 0])
            out[n, 1] = out[i, 1] + out[j, 1]
        if tree[n, OP]:
            for part in (i, j):
                if tree[part, OP] == 0 and tree[part, SPACE] == open_slot:
                    out[n, 2 - tree[n, OP]] = 0.0


@kernel
def place(
    size: int,
    tree: Ints,
    F: Ints,
    G: Ints,
    grown: Floats,
    given: Ints,
    wish: Ints,
    width: int,
    depth: int,
    out: Ints,
) -> bool:
    """Lays a tree out in `width` x `depth`: fills `out[node]` with x, y, w, d; False where something doesn't fit.

    `given[n]` > 0 is the thickness of a part beside the pinned stairs. `wish[n]` >= 0 is where the cut of node n should
    come, measured from the level's origin: it is moved only as far as the parts' least sizes want. Without a wish, what
    is left over is shared out by `grown`.
    """  # fmt: skip
    root = size - 1
    out[root, 0], out[root, 1], out[root, 2], out[root, 3] = 0, 0, width, depth
    for n in range(root, -1, -1):
        if tree[n, OP] == 0:
            continue
        i, j = tree[n, A], tree[n, B]
        axis = tree[n, OP] - 1
        length, across, start = out[n, axis + 2], out[n, 3 - axis], out[n, axis]
        least_i = G[i, across] if axis == 0 else F[i, across]
        least_j = G[j, across] if axis == 0 else F[j, across]
        if given[i] > 0:
            first = given[i]
        elif given[j] > 0:
            first = length - given[j]
        else:
            slack = length - least_i - least_j
            if slack < 0:
                return False
            if wish[n] >= 0:
                first = min(max(wish[n] - start, least_i), length - least_j)
            else:
                first = least_i + int(slack * grown[i, axis] / max(grown[i, axis] + grown[j, axis], 1e-9) + 0.5)
        if first < least_i or length - first < least_j:
            return False
        for c in range(4):
            out[i, c] = out[j, c] = out[n, c]
        out[i, axis + 2] = first
        out[j, axis] = start + first
        out[j, axis + 2] = length - first
    return True
