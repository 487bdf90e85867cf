"""Trees of one level as the solver's kernels look at them: many together, which is much faster than singly."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from housebrain.solver.compiled import NOOK, Pool, Wants, pool_of
from housebrain.solver.doors import ANYONE, UNKNOWN
from housebrain.solver.engine import UNIT_FT
from housebrain.solver.kinds import KINDS, type_of
from housebrain.solver.library import wants_of
from housebrain.solver.needs import Programme
from housebrain.solver.tree import MAX_LEAVES, Node

_HALLS = ("hall", "hall2", "hall3", "hall4")


class Topologies(NamedTuple):
    """What could be read of some trees: compiled, what their rooms ask for, and which of the trees each one is."""

    pool: Pool
    wants: Wants
    where: list[int]


class _UnreadableError(Exception):
    """Something is no tree of known rooms."""


def topologies_of(trees: Sequence[Any], size: tuple[float, float], programme: Programme) -> Topologies | None:
    """Compiles trees; None where none of them can be read.

    Args:
        trees: of the same rooms, cuts in feet.
        size: width and depth that are wished for, in feet: of a room's boxes the largest one then carries its area.
        programme: whose least areas count.
    """
    nodes: list[Node] = []
    where: list[int] = []
    names: set[str] = set()
    for index, tree in enumerate(trees):
        leaves: list[tuple[str, float]] = []
        try:
            node = _read(tree, 0.0, 0.0, *size, leaves)
        except _UnreadableError:
            continue
        if len(leaves) > MAX_LEAVES:
            continue
        names.update(name for name, _ in leaves)
        if any(nooks := _nooks(leaves)):
            node = _with_nooks(node, iter(nooks))
        nodes.append(node)
        where.append(index)
    if not nodes:
        return None
    slots = (*sorted(names - {"hall"}), *_HALLS)
    hosts = [UNKNOWN if type_of(name) == "bath" else ANYONE for name in slots]
    sqft = {room.name: room.area_sqft for room in programme.rooms}
    return Topologies(
        pool_of(nodes, slots), wants_of(slots, hosts, sqft, UNIT_FT, party_walls=programme.party_walls), where
    )


def _read(part: Any, x: float, y: float, w: float, d: float, leaves: list[tuple[str, float]]) -> Node:
    """The tree of a box without its cuts; adds its leaves' names and areas to `leaves`.

    Raises:
        _UnreadableError: it is none, or holds a room of no known kind.
    """
    if isinstance(part, str):
        name = _known(part)
        if name is None:
            raise _UnreadableError
        leaves.append((name, w * d))
        return name
    if len(part) < 4:
        raise _UnreadableError
    made: list[Any] = [part[0]]
    count = len(part)
    beside = part[0] == "v"
    low, end = (x, x + w) if beside else (y, y + d)
    for at in range(1, count, 2):
        # Cuts outside of their box move in.
        high = min(max(part[at + 1], low), end) if at + 1 < count else end
        if beside:
            made.append(_read(part[at], low, y, high - low, d, leaves))
        else:
            made.append(_read(part[at], x, low, w, high - low, leaves))
        low = high
    return tuple(made)


@lru_cache(maxsize=1_000)
def _known(name: str) -> str | None:
    """A leaf's name as the solver has it, the same for all boxes of halls; None for what is no room."""
    name = name.rstrip(NOOK)
    kind = type_of(name)
    return None if kind not in KINDS else kind if kind in ("hall", "stairs") else name


def _nooks(leaves: list[tuple[str, float]]) -> list[bool]:
    """Which leaves are lesser boxes of their rooms: all but the largest, of equal ones the first."""
    largest: dict[str, int] = {}
    for index, (name, area) in enumerate(leaves):
        if name not in largest or area > leaves[largest[name]][1]:
            largest[name] = index
    return [name != "hall" and largest[name] != index for index, (name, _) in enumerate(leaves)]


def _with_nooks(node: Node, nooks: Iterator[bool]) -> Node:
    if isinstance(node, str):
        return node + NOOK if next(nooks) else node
    return (node[0], *[_with_nooks(part, nooks) for part in node[1:]])
