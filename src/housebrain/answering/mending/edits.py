"""Small changes to a slicing tree with positions, each with how far it moves rooms: for drafts that can't be kept."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from housebrain.answering.mending.draft import Box

HALL_FT = 4.0  # how wide a hall is
REMOVED_FT = 4.0  # what it counts that a leaf goes
SPARE = frozenset({"hall", "terrace", "porch", "court"})  # leaves that nobody asked for
SIDES = ("left", "right", "front", "rear")
LEAST_SHARE, MOST_SHARE = 0.2, 0.8  # of a room's box that a new neighbour may take


class Placed(NamedTuple):
    """A leaf: which parts lead to it from the root, its name, and its box in feet."""

    path: tuple[int, ...]
    name: str
    box: Box

    @property
    def area(self) -> float:
        return self.box[2] * self.box[3]

    @property
    def middle(self) -> tuple[float, float]:
        x, y, w, d = self.box
        return x + w / 2, y + d / 2


class Edit(NamedTuple):
    """A changed tree, by how many feet rooms are moved in all, roughly, and how many changes it took."""

    cost: float
    tree: Any
    steps: int = 1


Change = tuple[float, Callable[[], Any]]  # what it costs, and what makes the changed tree


def placed(node: Any, box: Box, path: tuple[int, ...] = ()) -> list[Placed]:
    """The leaves of a tree in a box; cuts outside of their box move in."""
    if isinstance(node, str):
        return [Placed(path, node, box)]
    return [leaf for index, part, inner in _parts(node, box) for leaf in placed(part, inner, (*path, index))]


def replaced(node: Any, path: tuple[int, ...], new: Any) -> Any:
    """The tree with another part at the end of a path."""
    if not path:
        return new
    written = list(node)
    written[path[0]] = replaced(node[path[0]], path[1:], new)
    return written


def without(node: Any, path: tuple[int, ...]) -> Any:
    """The tree without the part at the end of a path: its neighbour takes the room. The root can't be taken."""
    if len(path) > 1:
        return replaced(node, path[:1], without(node[path[0]], path[1:]))
    first = path[0] if path[0] + 1 < len(node) else path[0] - 1
    written = [*node[:first], *node[first + 2 :]]
    return written[1] if len(written) == 2 else written


def beside(node: Any, at: Placed, name: str, area: float, side: str) -> Any:
    """The tree with a new leaf at one of the `SIDES` of one that is there."""
    axis = 0 if side in ("left", "right") else 1
    start, length = at.box[axis], at.box[axis + 2]
    share = min(MOST_SHARE, max(LEAST_SHARE, area / max(at.area, 1.0)))
    if side in ("left", "front"):
        return replaced(node, at.path, ["vh"[axis], name, start + share * length, at.name])
    return replaced(node, at.path, ["vh"[axis], at.name, start + (1 - share) * length, name])


def edits(
    node: Any, size: tuple[float, float], fixed: frozenset[str] = frozenset(), most: int | None = None
) -> list[Edit]:
    """Trees that are one small change away, the least change first.

    Two leaves change places, one moves beside another, a piece of hall is added or taken away, a room loses one of its
    boxes, a terrace or the like goes, a cut is turned.

    Args:
        node: the tree, cuts in feet.
        size: of its box, in feet.
        fixed: leaves that stay where they are, such as the stairs.
        most: about how many are wanted: half of them the least, the others evenly from all. None for all.
    """
    # Trees are made of those changes alone that are wanted: there are a thousand and more.
    changes = sorted(_changes(node, size, fixed), key=lambda change: change[0])
    if most is not None:
        others = changes[most // 2 :]
        changes = [*changes[: most // 2], *others[:: max(1, 2 * len(others) // most)]]
    return [Edit(cost, make()) for cost, make in changes]


def _changes(node: Any, size: tuple[float, float], fixed: frozenset[str]) -> Iterator[Change]:
    whole = (0.0, 0.0, *size)
    leaves = placed(node, whole)
    for i, one in enumerate(leaves):
        for other in leaves[i + 1 :]:
            if one.name != other.name and one.name not in fixed and other.name not in fixed:
                cost = _apart(one, other) + 0.3 * abs(one.area - other.area) ** 0.5
                yield cost, partial(_swapped, node, one, other)
    yield from _with_hall(node, node, whole, ())
    names = Counter(leaf.name for leaf in leaves)
    for one in leaves:
        if one.path and (one.name in SPARE or (names[one.name] > 1 and one.name not in fixed)):
            yield REMOVED_FT, partial(without, node, one.path)
        if one.name in fixed or not one.path:
            continue
        rest = without(node, one.path)
        for other in placed(rest, whole):
            if other.name != one.name:
                cost = _apart(one, other) + 3.0
                for side in SIDES:
                    yield cost, partial(beside, rest, other, one.name, one.area, side)
    yield from _turned(node, node, whole, ())


def _swapped(node: Any, one: Placed, other: Placed) -> Any:
    return replaced(replaced(node, one.path, other.name), other.path, one.name)


def _apart(one: Placed, other: Placed) -> float:
    (x, y), (x2, y2) = one.middle, other.middle
    return abs(x - x2) + abs(y - y2)


def _with_hall(root: Any, node: Any, box: Box, path: tuple[int, ...]) -> Iterator[Change]:
    """A strip of hall at one side of a room or of a whole part."""
    if node == "hall":
        return
    for axis, direction in ((0, "v"), (1, "h")):
        strip = min(HALL_FT, 0.5 * box[axis + 2])
        cost = HALL_FT + 0.02 * strip * box[3 - axis]
        low, high = box[axis] + strip, box[axis] + box[axis + 2] - strip
        yield cost, partial(replaced, root, path, [direction, "hall", low, node])
        yield cost, partial(replaced, root, path, [direction, node, high, "hall"])
    for index, part, inner in _parts(node, box):
        yield from _with_hall(root, part, inner, (*path, index))


def _parts(node: Any, box: Box) -> Iterator[tuple[int, Any, Box]]:
    """A cut's parts: where each is in the node, the part, and its box. None for a leaf."""
    if isinstance(node, str):
        return
    axis = 0 if node[0] == "v" else 1
    low, end = box[axis], box[axis] + box[axis + 2]
    for index in range(1, len(node), 2):
        high = min(max(node[index + 1], low), end) if index + 1 < len(node) else end
        inner = list(box)
        inner[axis], inner[axis + 2] = low, high - low
        yield index, node[index], (inner[0], inner[1], inner[2], inner[3])
        low = high


def _turned(root: Any, node: Any, box: Box, path: tuple[int, ...]) -> Iterator[Change]:
    """One cut turned, its parts in the same order, with the same shares."""
    if isinstance(node, str):
        return
    axis = 0 if node[0] == "v" else 1
    other = 1 - axis
    scale = box[other + 2] / box[axis + 2] if box[axis + 2] else 1.0
    turned = [("h" if axis == 0 else "v") if not i else part for i, part in enumerate(node)]
    for index in range(2, len(node), 2):
        turned[index] = box[other] + (node[index] - box[axis]) * scale
    yield (box[2] + box[3]) / 4 * (len(node) // 2), partial(replaced, root, path, turned)
    for index, part, inner in _parts(node, box):
        yield from _turned(root, part, inner, (*path, index))
