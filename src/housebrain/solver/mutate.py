"""Small changes to topologies, each again a topology of the same rooms: how the library's trees are bettered.

Rooms are exchanged or moved, cuts turned, parts mirrored, pieces of hall, terraces and nooks added and taken away.
Whether the result is any good is for the doors and the score to say. Trees are arrays here, as `curves` has them.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from housebrain.solver.compiled import LARGE, Pool
from housebrain.solver.curves import LESSER, OP, SPACE, A, B, Ints
from housebrain.solver.kernel import kernel
from housebrain.solver.kinds import COURT, OPEN

Bits = NDArray[np.unsignedinteger[Any]]
_MULTIPLIER, _INCREMENT, _SHIFT = np.uint64(6364136223846793005), np.uint64(1442695040888963407), np.uint64(33)


@kernel
def _draw(state: Bits, below: int) -> int:
    """A number from 0 to `below` - 1, by a linear congruential generator."""
    state[0] = state[0] * _MULTIPLIER + _INCREMENT
    return int(state[0] >> _SHIFT) % below


@kernel
def _emit(tree: Ints, root: int, out: Ints, stack: Ints) -> int:
    """Writes the tree below `root` in post-order and returns how many nodes it has."""
    count, top = 0, 0
    stack[0, 0], stack[0, 1] = root, 0
    while top >= 0:
        node, phase = stack[top, 0], stack[top, 1]
        if tree[node, OP] == 0 or phase == 2:
            out[count, OP], out[count, SPACE], out[count, LESSER] = (
                tree[node, OP],
                tree[node, SPACE],
                tree[node, LESSER],
            )
            out[count, A] = stack[tree[node, A], 2] if tree[node, OP] else 0
            out[count, B] = stack[tree[node, B], 2] if tree[node, OP] else 0
            stack[node, 2] = count
            count += 1
            top -= 1
        else:
            stack[top, 1] = phase + 1
            top += 1
            stack[top, 0], stack[top, 1] = tree[node, A] if phase == 0 else tree[node, B], 0
    return count


@kernel
def _take(tree: Ints, parent: Ints, root: int, leaf: int) -> int:
    """Takes a leaf out; its cut is free then. Returns the root."""
    cut = parent[leaf]
    rest = tree[cut, B] if tree[cut, A] == leaf else tree[cut, A]
    up = parent[cut]
    parent[rest] = up
    if up < 0:
        return rest
    tree[up, A if tree[up, A] == cut else B] = rest
    return root


@kernel
def _beside(tree: Ints, parent: Ints, root: int, node: int, leaf: int, cut: int, state: Bits) -> int:
    """Puts a leaf beside a node by way of a free cut. Returns the root."""
    up = parent[node]
    tree[cut, OP] = 1 + _draw(state, 2)
    tree[cut, SPACE], tree[cut, LESSER] = -1, 0
    first = _draw(state, 2) == 0
    tree[cut, A] = leaf if first else node
    tree[cut, B] = node if first else leaf
    if up < 0:
        return cut
    tree[up, A if tree[up, A] == node else B] = cut
    return root


@kernel
def _change(
    tree: Ints, count: int, most: int, stairs: int, hall: int, terrace: int, open_slot: int, roof: bool, large: Ints,
    parent: Ints, leaves: Ints, state: Bits,
) -> int:  # fmt: skip
    """Makes one random small change and returns the root; nothing, where the change that was drawn can't be made."""
    root = count - 1
    parent[root] = -1
    number = 0
    for n in range(count):
        if tree[n, OP]:
            parent[tree[n, A]] = parent[tree[n, B]] = n
        else:
            leaves[number] = n
            number += 1
    if number < 2:
        return root
    pick = _draw(state, 8)
    if pick < 2:
        one, other = leaves[_draw(state, number)], leaves[_draw(state, number)]
        if tree[one, SPACE] == open_slot or tree[other, SPACE] == open_slot:
            return root
        for c in (SPACE, LESSER):
            tree[one, c], tree[other, c] = tree[other, c], tree[one, c]
        return root
    if pick < 4:
        node = _draw(state, count)
        while tree[node, OP] == 0:
            node = _draw(state, count)
        if pick == 2:
            # A cut with many parts is a chain of cuts, which is turned as one.
            op = tree[node, OP]
            while tree[node, OP] == op:
                tree[node, OP] = 3 - op
                node = tree[node, A]
            return root
        op, first = 1 + _draw(state, 2), node
        while tree[first, OP]:
            first = tree[first, A]
        for n in range(first, node):
            if tree[n, OP] == op:
                tree[n, A], tree[n, B] = tree[n, B], tree[n, A]
        if tree[node, OP] == op:
            tree[node, A], tree[node, B] = tree[node, B], tree[node, A]
        return root
    if pick < 6:
        leaf = leaves[_draw(state, number)]
        if tree[leaf, SPACE] == stairs or tree[leaf, SPACE] == open_slot:
            return root
        cut = parent[leaf]
        root = _take(tree, parent, root, leaf)
        node = _draw(state, count)
        while node in (leaf, cut):
            node = _draw(state, count)
        return _beside(tree, parent, root, node, leaf, cut, state)
    new, lesser = hall, 0
    if pick == 6:
        spare = 0
        for i in range(number):
            s = tree[leaves[i], SPACE]
            if s in (hall, terrace) or tree[leaves[i], LESSER]:
                leaves[spare] = leaves[i]
                spare += 1
        if spare and _draw(state, 10) < 6:
            return _take(tree, parent, root, leaves[_draw(state, spare)])
        if roof and _draw(state, 2) == 0:
            new = terrace
            for n in range(count):
                if tree[n, OP] == 0 and tree[n, SPACE] == terrace:
                    new = hall
    else:
        # A nook beside any part, of a large room that has none yet.
        rooms = 0
        for s in range(large.size):
            fresh = large[s] == 1
            for n in range(count):
                if tree[n, OP] == 0 and tree[n, SPACE] == s and tree[n, LESSER]:
                    fresh = False
            if fresh and _draw(state, rooms + 1) == 0:
                new, lesser = s, 1
            rooms += fresh
        if not rooms:
            return root
    if count + 2 > most:
        return root
    tree[count, OP], tree[count, SPACE], tree[count, LESSER] = 0, new, lesser
    return _beside(tree, parent, root, _draw(state, count), count, count + 1, state)


@kernel
def ring_of(tree: Ints, count: int, stairs: int, parent: Ints, ring: Ints, head: Ints) -> None:
    """Fills `head` with nodes, parts around the stairs and the stairs' node, `ring` with side and node of each part."""
    at = -1
    for n in range(count):
        if tree[n, OP]:
            parent[tree[n, A]] = parent[tree[n, B]] = n
        elif at < 0 and tree[n, SPACE] == stairs:
            at = n
    head[0], head[1], head[2] = count, 0, at
    while 0 <= at < count - 1:
        up = parent[at]
        low = tree[up, B] == at  # what else is in the cut lies on the low side: left or in front
        ring[head[1], 0] = (0 if low else 1) + 2 * (tree[up, OP] - 1)
        ring[head[1], 1] = tree[up, A] if low else tree[up, B]
        head[1] += 1
        at = up


@kernel
def breed(
    trees: Ints, heads: Ints, parents: Ints, stairs: int, hall: int, terrace: int, open_slot: int, roof: bool,
    large: Ints, state: Bits, kept: int, out: Ints, head: Ints, ring: Ints, marks: Bits,
) -> None:  # fmt: skip
    """Fills `out`, `head` and `ring` with `parents`, then with topologies that are one to three small changes away.

    `marks` tells equal topologies. Slots: of the stairs, the hall, the terrace, open ground (-2 where there is
    none), and which ones are large rooms. With `roof` a terrace may be added where there is none.
    """
    most = out.shape[1]
    buffers = np.zeros((2, most + 4, 5), np.int32)
    stack = np.zeros((most + 4, 3), np.int32)
    parent = np.zeros(most + 4, np.int32)
    leaves = np.zeros(most + 4, np.int32)
    for c in range(out.shape[0]):
        k = parents[c] if c < kept else parents[_draw(state, parents.size)]
        count = int(heads[k, 0])  # as `_emit` returns it: or all below would be compiled for either kind
        now = 0
        for n in range(count):
            for column in range(5):
                buffers[0, n, column] = trees[k, n, column]
        changes = 0
        if c >= kept:
            roll = _draw(state, 10)
            changes = 1 if roll < 5 else 2 if roll < 8 else 3
        for _ in range(changes):
            root = _change(
                buffers[now], count, most, stairs, hall, terrace, open_slot, roof, large, parent, leaves, state
            )
            count = _emit(buffers[now], root, buffers[1 - now], stack)
            now = 1 - now
        mark = np.uint64(count)
        for n in range(count):
            for column in range(5):
                out[c, n, column] = buffers[now, n, column]
                mark = (mark ^ np.uint64(buffers[now, n, column] + 7)) * np.uint64(1099511628211)
        marks[c] = mark
        ring_of(out[c], count, stairs, parent, ring[c], head[c])


def bred(pool: Pool, parents: list[int], number: int, seed: int, roof: bool = False) -> Pool:
    """The topologies `parents` of a pool and up to `number` different ones that are small changes away.

    With `roof` a terrace, or a court where the pool has that slot instead, is among the changes.
    """
    slots = list(pool.slots)
    most = int(pool.head[parents, 0].max()) + 4
    total = len(parents) + number
    tree, head = np.zeros((total, most, 5), np.int32), np.zeros((total, 3), np.int32)
    ring, marks = np.zeros((total, most, 2), np.int32), np.zeros(total, np.uint64)
    stairs = slots.index("stairs") if "stairs" in slots else -2
    large = np.array([int(name.startswith(LARGE)) for name in slots], np.int32)
    open_air = slots.index(COURT if COURT in slots else "terrace")
    breed(
        pool.tree, pool.head, np.array(parents, np.int32), stairs, slots.index("hall"), open_air,
        slots.index(OPEN) if OPEN in slots else -2, roof, large, np.array([seed], np.uint64), len(parents), tree, head,
        ring, marks,
    )  # fmt: skip
    first = np.sort(np.unique(marks, return_index=True)[1])
    nodes, steps = int(head[first, 0].max()), max(1, int(head[first, 1].max()))
    return Pool(pool.slots, head[first], tree[first, :nodes], ring[first, :steps])
