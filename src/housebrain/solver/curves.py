"""Exact dimensions of a slicing tree on an integer grid: shape curves from the leaves up, places from the root down.

The curve of a node tells for each width the least depth in which everything in it fits, and the other way round. A cut
adds the curves of its parts (Otten 1982; Stockmeyer, "Optimal orientations of cells in slicing floorplan designs",
Information and Control 57, 1983). Curves are kept dense, one entry a grid line, so that a node costs one pass.

All lengths here are grid units. Nodes are in post-order, the root last; `op` is 0 for a leaf, 1 for a vertical cut
(side by side), 2 for a horizontal one (behind each other).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from housebrain.solver.kernel import kernel

Ints = NDArray[np.signedinteger[Any]]  # int32 as a rule, int64 for a few short ones
Floats = NDArray[np.float64]

NEVER = 1 << 20  # no size is enough


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
def curves(
    op: Ints, a: Ints, b: Ints, side: Ints, area: Ints, aspect: Floats, fixed_w: Ints, fixed_d: Ints, F: Ints, G: Ints
) -> None:
    """Fills `F[node, width]` = least depth and `G[node, depth]` = least width of every node.

    `fixed_w`, `fixed_d`: the size of a leaf whose size is given (stairs), else 0.
    """
    for n in range(op.size):
        if op[n] == 0:
            if fixed_w[n] > 0:
                for w in range(F.shape[1]):
                    F[n, w] = fixed_d[n] if w >= fixed_w[n] else NEVER
                for d in range(G.shape[1]):
                    G[n, d] = fixed_w[n] if d >= fixed_d[n] else NEVER
            else:
                leaf_curve(side[n], area[n], aspect[n], F[n])
                leaf_curve(side[n], area[n], aspect[n], G[n])
        elif op[n] == 2:
            for w in range(F.shape[1]):
                F[n, w] = min(NEVER, F[a[n], w] + F[b[n], w])
            inverse(F[n], G[n])
        else:
            for d in range(G.shape[1]):
                G[n, d] = min(NEVER, G[a[n], d] + G[b[n], d])
            inverse(G[n], F[n])


@kernel
def pin(
    sides: Ints,
    siblings: Ints,
    steps: int,
    box_w: int,
    box_d: int,
    budgets: Ints,
    growth: Floats,
    F: Ints,
    G: Ints,
    thickness: Ints,
) -> bool:
    """Whether a level can have its stairs at one given place, and how thick what surrounds them is then.

    From the stairs outwards each step adds a part on one side (0 left, 1 right, 2 front, 3 rear); the parts of a side
    must together be as thick as `budgets` says. A part spans what is inside of it, so length that is left over goes to
    the innermost part of a side, which makes all later parts wider and so thinner; where that leaves enough, it is
    shared out by `growth` instead.
    """  # fmt: skip
    slack = np.zeros(4, np.int64)
    first = np.full(4, -1, np.int64)
    for i in range(steps):
        if first[sides[i]] < 0:
            first[sides[i]] = i
    for s in range(4):
        if first[s] < 0 and budgets[s] != 0:
            return False
        slack[s] = budgets[s]
    # From the most that can be left over downwards: the greatest fixed point.
    for _ in range(12):
        w, d = box_w, box_d
        total = np.zeros(4, np.int64)
        for i in range(steps):
            s = sides[i]
            span = d if s < 2 else w
            limit = G.shape[1] if s < 2 else F.shape[1]
            if span >= limit:
                return False
            need = G[siblings[i], span] if s < 2 else F[siblings[i], span]
            if need >= NEVER:
                return False
            thickness[i] = need
            total[s] += need
            grown = need + (slack[s] if i == first[s] else 0)
            if s < 2:
                w += grown
            else:
                d += grown
            w = min(w, box_w + budgets[0] + budgets[1])
            d = min(d, box_d + budgets[2] + budgets[3])
        same = True
        for s in range(4):
            left = budgets[s] - total[s]
            if left < 0:
                return False
            if first[s] >= 0 and left != slack[s]:
                slack[s] = left
                same = False
        if same:
            break
    else:
        return False
    least = thickness[:steps].copy()
    _share(sides, siblings, steps, slack, growth, thickness)
    if not _holds(sides, siblings, steps, box_w, box_d, F, G, thickness):
        thickness[:steps] = least
        for s in range(4):
            if first[s] >= 0:
                thickness[first[s]] += slack[s]
    return _holds(sides, siblings, steps, box_w, box_d, F, G, thickness)


@kernel
def _share(sides: Ints, siblings: Ints, steps: int, slack: Ints, growth: Floats, thickness: Ints) -> None:
    for s in range(4):
        total = 0.0
        last = -1
        for i in range(steps):
            if sides[i] == s:
                total += growth[siblings[i], s // 2]
                last = i
        left = slack[s]
        for i in range(steps):
            if sides[i] == s:
                given = left if i == last else int(slack[s] * growth[siblings[i], s // 2] / max(total, 1e-9))
                given = min(given, left)
                thickness[i] += given
                left -= given


@kernel
def _holds(sides: Ints, siblings: Ints, steps: int, box_w: int, box_d: int, F: Ints, G: Ints, thickness: Ints) -> bool:
    w, d = box_w, box_d
    for i in range(steps):
        if sides[i] < 2:
            if G[siblings[i], d] > thickness[i]:
                return False
            w += thickness[i]
        else:
            if F[siblings[i], w] > thickness[i]:
                return False
            d += thickness[i]
    return True


@kernel
def growths(op: Ints, a: Ints, b: Ints, growth: Floats, out: Floats) -> None:
    """How readily each node takes more width (`out[:, 0]`) and depth (`out[:, 1]`)."""
    for n in range(op.size):
        if op[n] == 0:
            out[n, 0] = growth[n]
            out[n, 1] = growth[n]
        elif op[n] == 1:
            out[n, 0] = out[a[n], 0] + out[b[n], 0]
            out[n, 1] = max(out[a[n], 1], out[b[n], 1])
        else:
            out[n, 0] = max(out[a[n], 0], out[b[n], 0])
            out[n, 1] = out[a[n], 1] + out[b[n], 1]


@kernel
def place(
    op: Ints,
    a: Ints,
    b: Ints,
    F: Ints,
    G: Ints,
    growth: Floats,
    given: Ints,
    wish: Ints,
    width: int,
    depth: int,
    out: Ints,
) -> bool:
    """Lays a tree out in `width` x `depth`: fills `out[node]` with x, y, w, d; False where something doesn't fit.

    `given[n]` > 0 is the thickness of a part beside the pinned stairs. `wish[n]` >= 0 is where the cut of node n should
    come, measured from the level's origin: it is moved only as far as the parts' least sizes want. Without a wish, what
    is left over is shared out by `growth`.
    """  # fmt: skip
    root = op.size - 1
    out[root, 0], out[root, 1], out[root, 2], out[root, 3] = 0, 0, width, depth
    for n in range(root, -1, -1):
        if op[n] == 0:
            continue
        i, j = a[n], b[n]
        x, y, w, d = out[n, 0], out[n, 1], out[n, 2], out[n, 3]
        axis = op[n] - 1
        length, across = (w, d) if axis == 0 else (d, w)
        start = x if axis == 0 else y
        least_i = G[i, across] if axis == 0 else F[i, across]
        least_j = G[j, across] if axis == 0 else F[j, across]
        slack = length - least_i - least_j
        if given[i] > 0:
            first = given[i]
        elif given[j] > 0:
            first = length - given[j]
        else:
            if slack < 0:
                return False
            if wish[n] >= 0:
                first = min(max(wish[n] - start, least_i), length - least_j)
            else:
                gi, gj = growth[i, axis], growth[j, axis]
                first = least_i + int(slack * gi / max(gi + gj, 1e-9) + 0.5)
        if first < least_i or length - first < least_j:
            return False
        if axis == 0:
            out[i, 0], out[i, 1], out[i, 2], out[i, 3] = x, y, first, d
            out[j, 0], out[j, 1], out[j, 2], out[j, 3] = x + first, y, length - first, d
        else:
            out[i, 0], out[i, 1], out[i, 2], out[i, 3] = x, y, w, first
            out[j, 0], out[j, 1], out[j, 2], out[j, 3] = x, y + first, w, length - first
    return True
