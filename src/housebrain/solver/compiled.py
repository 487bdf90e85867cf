"""Topologies as arrays, ready for the kernels: made once, used for every brief of the same programme."""

from dataclasses import dataclass

import numpy as np

from housebrain.solver.curves import Floats, Ints
from housebrain.solver.tree import Node, h, v

NOOK = "~"  # marks a leaf that is a lesser box of its space: `bed2~`
LARGE = ("living", "dining", "master", "bed")  # rooms that may have a nook
LEFT, RIGHT, FRONT, REAR = range(4)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A level's tree as arrays, nodes in post-order. `space[n]` numbers the slots for leaves and is -1 for cuts."""

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
    flight, stairs = slots.get("stairs", -2), -1
    sides: list[int] = []
    siblings: list[int] = []

    def walk(part: Node) -> tuple[int, bool]:
        """The part's number, and whether the stairs are in it: then what lies around them is added, from inside."""
        nonlocal stairs
        if isinstance(part, str):
            name = part.rstrip(NOOK)
            op.append(0)
            a.append(0)
            b.append(0)
            space.append(slots[name])
            nook.append(int(name != part))
            number = len(op) - 1
            first = stairs < 0 and slots[name] == flight
            if first:
                stairs = number
            return number, first
        kind = 1 if part[0] == "v" else 2
        left, inside = walk(part[1])
        for other in part[2:]:
            right, behind = walk(other)
            op.append(kind)
            a.append(left)
            b.append(right)
            space.append(-1)
            nook.append(0)
            if inside:
                siblings.append(right)
                sides.append(RIGHT if kind == 1 else REAR)
            elif behind:
                siblings.append(left)
                sides.append(LEFT if kind == 1 else FRONT)
            left, inside = len(op) - 1, inside or behind
        return left, inside

    walk(node)
    # A space whose boxes all claim to be nooks still needs one that carries its area.
    for s in {one for one, lesser in zip(space, nook, strict=True) if lesser}:
        own = [n for n, one in enumerate(space) if one == s]
        if all(nook[n] for n in own):
            nook[own[0]] = 0
    return Compiled(op, a, b, space, nook, stairs, sides, siblings)


@dataclass(frozen=True, slots=True)
class Pool:
    """The topologies of one level in arrays with a row each, padded to the longest.

    `head`: nodes, parts around the stairs, and the stairs' node by topology; `tree`: op, parts, slot and nook by node;
    `ring`: side and node of each part around the stairs.
    """

    slots: tuple[str, ...]
    head: Ints
    tree: Ints
    ring: Ints


def pool_of(nodes: list[Node], slots: tuple[str, ...]) -> Pool:
    """Compiles topologies whose leaves are all among `slots`."""
    number = {name: index for index, name in enumerate(slots)}
    members = [compile_tree(node, number) for node in nodes]
    head = np.array([(len(one.op), len(one.sides), one.stairs) for one in members], np.int32)
    tree = np.zeros((len(members), int(head[:, 0].max()), 5), np.int32)
    ring = np.zeros((len(members), max(1, int(head[:, 1].max())), 2), np.int32)
    for index, one in enumerate(members):
        tree[index, : len(one.op)] = np.array((one.op, one.a, one.b, one.space, one.nook), np.int32).T
        if one.sides:
            ring[index, : len(one.sides)] = np.array((one.sides, one.siblings), np.int32).T
    return Pool(slots, head, tree, ring)


@dataclass(frozen=True, slots=True)
class Wants:
    """What each slot of a level asks for, in grid units: the brief's part of the work."""

    need: Ints  # rows of least side, least area, kind and host, a column a slot
    taste: Floats  # rows of greatest aspect and growth
    nook: int  # the least side of a nook, a lobby and a hall, and the length of the stairs' landing
    door: int  # the least wall for a door
    corner: Ints  # width and depth of open ground at a rear corner, and whether that is the left one


def chosen(pool: Pool, picks: list[int]) -> Pool:
    """The pool with only these topologies."""
    return Pool(pool.slots, pool.head[picks], pool.tree[picks], pool.ring[picks])


def node_of(pool: Pool, pick: int) -> Node:
    """The tree of a topology, chains of cuts as cuts of many parts."""
    made: list[Node] = []
    for op, one, other, s, lesser in pool.tree[pick, : pool.head[pick, 0]].tolist():
        if op:
            made.append((v if op == 1 else h)(made[one], made[other]))
        else:
            made.append(pool.slots[s] + NOOK * lesser)
    return made[-1]
