"""Topologies as arrays, ready for the kernels: made once, used for every brief of the same programme."""

from dataclasses import dataclass

import numpy as np

from housebrain.solver.curves import Floats, Ints
from housebrain.solver.tree import Node, h, v

NOOK = "~"  # marks a leaf that is a lesser box of its space: `bed2~`
LARGE = ("living", "dining", "master", "bed")  # rooms that may have a nook
LEFT, RIGHT, FRONT, REAR = range(4)


class _Compiled:
    """A level's tree as rows, nodes in post-order: cuts of many parts as chains of cuts in two.

    Attributes:
        nodes: op, parts, slot and nook of each node; the slot is -1 for cuts.
        ring: from the stairs outwards, on which side a part lies, and which node it is.
        stairs: the leaf's node, -1 where there is none.
    """

    def __init__(self, node: Node, slots: dict[str, int]) -> None:
        self.nodes: list[list[int]] = []
        self.ring: list[tuple[int, int]] = []
        self.stairs = -1
        self._slots, self._flight = slots, slots.get("stairs", -2)
        self._nooks: set[int] = set()
        self._add(node)
        # A space whose boxes all claim to be nooks still needs one that carries its area.
        for s in self._nooks:
            own = [row for row in self.nodes if row[3] == s]
            if all(row[4] for row in own):
                own[0][4] = 0

    def _add(self, part: Node) -> tuple[int, bool]:
        """The part's number, and whether the stairs are in it: then what lies around them is added, from inside."""
        nodes = self.nodes
        if isinstance(part, str):
            name = part.rstrip(NOOK)
            slot, is_nook = self._slots[name], name != part
            nodes.append([0, 0, 0, slot, int(is_nook)])
            if is_nook:
                self._nooks.add(slot)
            first = slot == self._flight and self.stairs < 0
            if first:
                self.stairs = len(nodes) - 1
            return len(nodes) - 1, first
        kind = 1 if part[0] == "v" else 2
        left, inside = self._add(part[1])
        for other in part[2:]:
            right, behind = self._add(other)
            nodes.append([kind, left, right, -1, 0])
            if inside:
                self.ring.append((RIGHT if kind == 1 else REAR, right))
            elif behind:
                self.ring.append((LEFT if kind == 1 else FRONT, left))
            left, inside = len(nodes) - 1, inside or behind
        return left, inside


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
    members = [_Compiled(node, number) for node in nodes]
    head = np.array([(len(one.nodes), len(one.ring), one.stairs) for one in members], np.int32)
    tree = np.zeros((len(members), int(head[:, 0].max()), 5), np.int32)
    ring = np.zeros((len(members), max(1, int(head[:, 1].max())), 2), np.int32)
    tree[np.arange(tree.shape[1]) < head[:, :1]] = [row for one in members for row in one.nodes]
    if head[:, 1].any():
        ring[np.arange(ring.shape[1]) < head[:, 1:2]] = [row for one in members for row in one.ring]
    return Pool(slots, head, tree, ring)


@dataclass(frozen=True, slots=True)
class Wants:
    """What each slot of a level asks for, in grid units: the brief's part of the work."""

    need: Ints  # rows of least side, least area, kind and host, a column a slot
    taste: Floats  # rows of greatest aspect and growth
    nook: int  # the least side of a nook, a lobby and a hall, and the length of the stairs' landing
    door: int  # the least wall for a door
    # Width and depth of open ground at a rear corner, and whether that is the left one; whether a neighbour's house
    # stands against the left wall, and against the right one.
    site: Ints


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
