"""Topologies as arrays, ready for the kernels: made once, used for every brief of the same programme."""

from dataclasses import dataclass

import numpy as np

from housebrain.solver.curves import Floats, Ints
from housebrain.solver.tree import Node

NOOK = "~"  # marks a leaf that is a lesser box of its space: `bed2~`
LEFT, RIGHT, FRONT, REAR = range(4)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A level's tree as arrays, nodes in post-order. `space[n]` numbers the slots for leaves and is -1 for cuts."""

    node: Node
    op: list[int]
    a: list[int]
    b: list[int]
    space: list[int]
    nook: list[int]
    stairs: int  # the leaf's node, -1 where there is none
    sides: list[int]  # from the stairs outwards: on which side a part lies
    siblings: list[int]  # and which node it is


def compile_tree(node: Node, slots: dict[str, int]) -> Compiled:
    """Numbers nodes in post-order, cuts of many parts as chains of cuts in two; leaves `name~` are nooks of `name`."""
    op: list[int] = []
    a: list[int] = []
    b: list[int] = []
    space: list[int] = []
    nook: list[int] = []

    def add(o: int, i: int, j: int, s: int, k: int) -> int:
        op.append(o)
        a.append(i)
        b.append(j)
        space.append(s)
        nook.append(k)
        return len(op) - 1

    def walk(part: Node) -> int:
        if isinstance(part, str):
            name = part.rstrip(NOOK)
            return add(0, 0, 0, slots[name], int(name != part))
        left = walk(part[1])
        for other in part[2:]:
            left = add(1 if part[0] == "v" else 2, left, walk(other), -1, 0)
        return left

    root = walk(node)
    parent = {}
    for n in range(root + 1):
        if op[n]:
            parent[a[n]] = parent[b[n]] = n
    stairs = next((n for n in range(root + 1) if op[n] == 0 and space[n] == slots.get("stairs", -2)), -1)
    sides, siblings = [], []
    n = stairs
    while n >= 0 and n != root:
        up = parent[n]
        low = b[up] == n  # the sibling lies on the low side: left or in front
        siblings.append(a[up] if low else b[up])
        sides.append((LEFT if low else RIGHT) if op[up] == 1 else (FRONT if low else REAR))
        n = up
    # A space whose boxes all claim to be nooks still needs one that carries its area.
    for s in set(space) - {-1}:
        own = [n for n in range(root + 1) if space[n] == s]
        if all(nook[n] for n in own):
            nook[own[0]] = 0
    return Compiled(node, op, a, b, space, nook, stairs, sides, siblings)


@dataclass(frozen=True, slots=True)
class Pool:
    """The topologies of one level in arrays with a row each, padded to the longest."""

    members: tuple[Compiled, ...]
    slots: tuple[str, ...]
    size: Ints  # nodes by topology
    op: Ints
    a: Ints
    b: Ints
    space: Ints
    nook: Ints
    steps: Ints  # parts around the stairs by topology
    sides: Ints
    siblings: Ints
    stairs: Ints


def pool_of(nodes: list[Node], slots: tuple[str, ...]) -> Pool:
    """Compiles topologies whose leaves are all among `slots`."""
    number = {name: index for index, name in enumerate(slots)}
    members = tuple(compile_tree(node, number) for node in nodes)
    longest = max(len(member.op) for member in members)
    deepest = max(1, *(len(member.sides) for member in members))

    def padded(rows: list[list[int]], width: int) -> Ints:
        out = np.zeros((len(rows), width), np.int32)
        for index, row in enumerate(rows):
            out[index, : len(row)] = row
        return out

    return Pool(
        members,
        slots,
        np.array([len(member.op) for member in members], np.int32),
        padded([member.op for member in members], longest),
        padded([member.a for member in members], longest),
        padded([member.b for member in members], longest),
        padded([member.space for member in members], longest),
        padded([member.nook for member in members], longest),
        np.array([len(member.sides) for member in members], np.int32),
        padded([member.sides for member in members], deepest),
        padded([member.siblings for member in members], deepest),
        np.array([member.stairs for member in members], np.int32),
    )


@dataclass(frozen=True, slots=True)
class Wants:
    """What each slot of a level asks for, in grid units: the brief's part of the work."""

    side: Ints
    area: Ints
    aspect: Floats
    growth: Floats
    kind: Ints
    host: Ints
    nook: int  # the least side of a nook, a lobby and a hall, and the length of the stairs' landing
    door: int  # the least wall for a door


def chosen(pool: Pool, picks: list[int]) -> Pool:
    """The pool with only these topologies."""
    return Pool(
        tuple(pool.members[k] for k in picks), pool.slots, pool.size[picks], pool.op[picks], pool.a[picks],
        pool.b[picks], pool.space[picks], pool.nook[picks], pool.steps[picks], pool.sides[picks],
        pool.siblings[picks], pool.stairs[picks],
    )  # fmt: skip
