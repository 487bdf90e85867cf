"""From grid units to a house in feet: the chosen topologies are laid out once more, with names, doors and cuts."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from housebrain.solver.compiled import node_of
from housebrain.solver.curves import Ints
from housebrain.solver.doors import FINE
from housebrain.solver.floors import Floor
from housebrain.solver.house import OUTSIDE, Box, Door, House, Space, Storey
from housebrain.solver.judge import NAMES, WEIGHTS
from housebrain.solver.kinds import type_of
from housebrain.solver.survey import Measured, StairsAt, draw
from housebrain.solver.tree import Node


@dataclass(frozen=True, slots=True)
class Candidate:
    """A house on the grid: the topology picked for each level and the box they all stand in."""

    floors: list[Floor]
    levels: list[Measured]
    picks: list[int]
    stairs: StairsAt
    width: int
    depth: int
    built: float
    wishes: list[Ints] | None = None  # where cuts should come


def finish(candidate: Candidate, unit_ft: float) -> House:
    """The house of a candidate, in feet, rooms under the brief's names."""
    storeys = [_storey(candidate, index, unit_ft) for index in range(len(candidate.levels))]
    return House(candidate.width * unit_ft, candidate.depth * unit_ft, tuple(storeys))


def _storey(candidate: Candidate, index: int, unit_ft: float) -> Storey:
    level, pick, ground = candidate.levels[index], candidate.picks[index], index == 0
    pool = level.pool
    wish = candidate.wishes[index] if candidate.wishes else None
    drawn = draw(level, pick, ground, candidate.stairs, candidate.width, candidate.depth, wish)
    assert drawn.reason == FINE
    size = int(pool.head[pick, 0])
    boxes = drawn.places[np.flatnonzero(pool.tree[pick, :size, 0] == 0)].tolist()
    rooms = candidate.floors[index].rooms
    names = [rooms[slot].name if slot in rooms else slot for slot in pool.slots]
    spaces = drawn.spaces.tolist()
    labels = [names[s] for s in spaces]
    grouped: dict[str, list[Box]] = {}
    for label, (x, y, w, d) in zip(labels, boxes, strict=True):
        grouped.setdefault(label, []).append((x * unit_ft, y * unit_ft, w * unit_ft, d * unit_ft))
    return Storey(
        _tree(node_of(pool, pick), iter(zip(labels, boxes, strict=True)), unit_ft)[0],
        tuple(Space(name, type_of(name), tuple(own)) for name, own in grouped.items()),
        tuple(_doors(names, boxes, spaces, drawn.doors.tolist(), drawn.entrance if ground else -1, unit_ft)),
        dict(zip(NAMES, (drawn.parts * WEIGHTS).tolist(), strict=True)),
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
    names: list[str], boxes: list[list[int]], spaces: list[int], rows: list[list[int]], root: int, unit_ft: float
) -> list[Door]:
    found = []
    for s, t, i, j, along, opened in rows:
        axis = 0 if along == 0 else 1
        one, other = boxes[i], boxes[j]
        low = max(one[axis], other[axis])
        high = min(one[axis] + one[axis + 2], other[axis] + other[axis + 2])
        across = 1 - axis
        wall = one[across] if other[across] + other[across + 2] == one[across] else other[across]
        middle, length = (low + high) / 2 * unit_ft, (high - low) * unit_ft
        x, y = (middle, wall * unit_ft) if axis == 0 else (wall * unit_ft, middle)
        width = length - 0.5 if opened else 2.5 if "bath" in (type_of(names[s]), type_of(names[t])) else 3.0
        found.append(Door(names[s], names[t], x, y, "xy"[axis], width, bool(opened)))
    if root >= 0:
        fronts = [box for box, s in zip(boxes, spaces, strict=True) if s == root and box[1] == 0]
        x, _, wide, _ = max(fronts, key=lambda box: box[2])
        found.append(Door(names[root], OUTSIDE, (x + wide / 2) * unit_ft, 0.0, "x", 3.0, False))
    for (x, y, wide, _), s in zip(boxes, spaces, strict=True):
        if type_of(names[s]) == "garage" and y == 0:
            found.append(Door(names[s], OUTSIDE, (x + wide / 2) * unit_ft, 0.0, "x", wide * unit_ft - 1.0, True))
    return found
