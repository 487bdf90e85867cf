"""From grid units to a house in feet: the chosen topologies are laid out once more, with names, doors and cuts."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from housebrain.solver.curves import Floats, Ints
from housebrain.solver.doors import FINE, part_halls
from housebrain.solver.floors import Floor
from housebrain.solver.house import OUTSIDE, Box, Door, House, Space, Storey
from housebrain.solver.judge import NAMES, PARTS
from housebrain.solver.kinds import type_of
from housebrain.solver.library import Measured
from housebrain.solver.search import examine, lay_out
from housebrain.solver.tree import Node


@dataclass(frozen=True, slots=True)
class Candidate:
    """A house on the grid: the topology picked for each level and the box they all stand in."""

    floors: list[Floor]
    levels: list[Measured]
    picks: list[int]
    parts: list[Floats]
    box: tuple[int, int]  # of the stairs
    left: int  # of the stairs
    front: int  # of the stairs
    end: int  # at which the stairs are entered
    width: int
    depth: int
    built: float
    wishes: list[Ints] | None = None  # where cuts should come

    @property
    def penalty(self) -> float:
        return float(sum(parts.sum() for parts in self.parts))


def finish(candidate: Candidate, unit_ft: float) -> House:
    """The house of a candidate, in feet, rooms under the brief's names."""
    storeys = [_storey(candidate, index, unit_ft) for index in range(len(candidate.levels))]
    return House(candidate.width * unit_ft, candidate.depth * unit_ft, tuple(storeys))


def _storey(candidate: Candidate, index: int, unit_ft: float) -> Storey:
    level = candidate.levels[index]
    pool, wants, k = level.pool, level.wants, candidate.picks[index]
    longest = pool.op.shape[1]
    places = np.zeros((longest, 4), np.int32)
    wish = np.full(longest, -1, np.int32) if candidate.wishes is None else candidate.wishes[index]
    doors = np.zeros((120, 6), np.int32)
    facts = np.zeros(5, np.int32)
    parts = np.zeros(PARTS)
    stairs_w, stairs_d = candidate.box
    fits = lay_out(
        k, pool.size, pool.op, pool.a, pool.b, pool.steps, pool.sides, pool.siblings, level.F, level.G, level.grown,
        stairs_w, stairs_d, candidate.left, candidate.front, candidate.width, candidate.depth, wish, places,
    )  # fmt: skip
    assert fits
    reason = examine(
        k, pool.size, pool.op, pool.space, pool.nook, places, wants.side, wants.area, wants.kind, wants.host,
        index == 0, candidate.end, wants.door, wants.nook, candidate.width, candidate.depth, doors,
        facts, parts,
    )  # fmt: skip
    assert reason == FINE
    size = int(pool.size[k])
    leaves = [n for n in range(size) if pool.op[k, n] == 0]
    boxes = places[leaves]
    spaces = pool.space[k][leaves].copy()
    part_halls(boxes, spaces, wants.kind, wants.door, np.zeros(wants.kind.size, np.int64))
    rooms = candidate.floors[index].rooms
    names = [rooms[slot].name if slot in rooms else slot for slot in pool.slots]
    labels = [names[s] for s in spaces]
    grouped: dict[str, list[Box]] = {}
    for label, box in zip(labels, boxes, strict=True):
        grouped.setdefault(label, []).append(tuple(float(side) * unit_ft for side in box))  # type: ignore[arg-type]
    return Storey(
        _tree(pool.members[k].node, iter(zip(labels, boxes.tolist(), strict=True)), unit_ft)[0],
        tuple(Space(name, type_of(name), tuple(own)) for name, own in grouped.items()),
        tuple(_doors(names, boxes, spaces, doors[: facts[0]], int(facts[3]) if index == 0 else -1, level, unit_ft)),
        dict(zip(NAMES, (float(part) for part in candidate.parts[index]), strict=True)),
    )


def _tree(node: Node, leaves: Iterator[tuple[str, list[int]]], unit_ft: float) -> tuple[Any, list[int]]:
    """The tree with final names and the positions of its cuts in feet, and where it ends in x and y on the grid."""
    if isinstance(node, str):
        name, (x, y, w, d) = next(leaves)
        return name, [x + w, y + d]
    written: list[Any] = [node[0]]
    axis = 0 if node[0] == "v" else 1
    end = [0, 0]
    for index, part in enumerate(node[1:]):
        if index:
            written.append(end[axis] * unit_ft)
        inner, end = _tree(part, leaves, unit_ft)
        written.append(inner)
    return written, end


def _doors(
    names: list[str], boxes: Ints, spaces: Ints, rows: Ints, root: int, level: Measured, unit_ft: float
) -> list[Door]:
    found = []
    for s, t, i, j, along, opened in rows:
        axis = 0 if along == 0 else 1
        low = max(boxes[i, axis], boxes[j, axis])
        high = min(boxes[i, axis] + boxes[i, axis + 2], boxes[j, axis] + boxes[j, axis + 2])
        across = 1 - axis
        wall = boxes[i, across] if boxes[j, across] + boxes[j, across + 2] == boxes[i, across] else boxes[j, across]
        middle, length = (low + high) / 2 * unit_ft, (high - low) * unit_ft
        x, y = (middle, wall * unit_ft) if axis == 0 else (wall * unit_ft, middle)
        width = length - 0.5 if opened else 2.5 if "bath" in (type_of(names[s]), type_of(names[t])) else 3.0
        found.append(Door(names[s], names[t], float(x), float(y), "xy"[axis], float(width), bool(opened)))
    if root >= 0:
        fronts = [box for box, s in zip(boxes, spaces, strict=True) if s == root and box[1] == 0]
        front = max(fronts, key=lambda box: box[2])
        found.append(Door(names[root], OUTSIDE, float(front[0] + front[2] / 2) * unit_ft, 0.0, "x", 3.0, False))
    for box, s in zip(boxes, spaces, strict=True):
        if level.pool.slots[s].startswith("garage") and box[1] == 0:
            middle = float(box[0] + box[2] / 2) * unit_ft
            found.append(Door(names[s], OUTSIDE, middle, 0.0, "x", float(box[2]) * unit_ft - 1.0, True))
    return found
