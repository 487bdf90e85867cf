"""Small changes to a topology, each again a topology of the same rooms: how the library's trees are bettered.

Rooms are exchanged or moved, cuts turned, parts mirrored, pieces of hall and nooks added and taken away. Whether the
result is any good is for the doors and the score to say.
"""

from random import Random
from typing import Any

from housebrain.solver.compiled import NOOK
from housebrain.solver.rows import HALL, TERRACE
from housebrain.solver.tree import Node, flip, h, mirror, v

Path = tuple[int, ...]


def _paths(node: Node, at: Path = ()) -> list[tuple[Path, Node]]:
    found = [(at, node)]
    if not isinstance(node, str):
        for index, part in enumerate(node[1:], start=1):
            found += _paths(part, (*at, index))
    return found


def _put(node: Node, path: Path, new: Node | None) -> Node | None:
    """The tree with what is at `path` replaced, or taken out where `new` is None."""
    if not path:
        return new
    assert not isinstance(node, str)
    parts: list[Any] = list(node[1:])
    changed = _put(parts[path[0] - 1], path[1:], new)
    if changed is None:
        parts.pop(path[0] - 1)
    else:
        parts[path[0] - 1] = changed
    return (v if node[0] == "v" else h)(*parts)


def mutate(rng: Random, node: Node) -> Node:
    """One random small change; the tree itself where the change that was drawn can't be made."""
    places = _paths(node)
    leaves = [(path, leaf) for path, leaf in places if isinstance(leaf, str) and path]
    cuts = [(path, part) for path, part in places if not isinstance(part, str)]
    if len(leaves) < 2:
        return node
    pick = rng.randrange(8)
    if pick in (0, 1):
        (one, a), (other, b) = rng.sample(leaves, 2)
        changed = _put(node, one, b)
        return (_put(changed, other, a) if changed is not None else None) or node
    if pick == 2:
        path, part = rng.choice(cuts)
        turned = ("h" if part[0] == "v" else "v", *part[1:])
        return _put(node, path, h(*turned[1:]) if turned[0] == "h" else v(*turned[1:])) or node
    if pick == 3:
        path, part = rng.choice(cuts)
        return _put(node, path, mirror(part) if rng.random() < 0.5 else flip(part)) or node
    if pick in (4, 5):
        path, leaf = rng.choice([(path, leaf) for path, leaf in leaves if leaf != "stairs"] or leaves)
        rest = _put(node, path, None)
        return node if rest is None else _beside(rng, rest, leaf)
    if pick == 6:
        spare = [path for path, leaf in leaves if leaf in (HALL, TERRACE) or leaf.endswith(NOOK)]
        if spare and rng.random() < 0.6:
            return _put(node, rng.choice(spare), None) or node
        return _beside(rng, node, HALL)
    # A nook beside any part, of a large room that has none yet.
    names = {leaf for _, leaf in leaves}
    large = [leaf for leaf in names if leaf.startswith(("living", "dining", "master", "bed"))]
    rooms = [leaf for leaf in large if leaf + NOOK not in names]
    return _beside(rng, node, rng.choice(sorted(rooms)) + NOOK) if rooms else node


def _beside(rng: Random, node: Node, leaf: str) -> Node:
    path, part = rng.choice(_paths(node))
    pair = (part, leaf) if rng.random() < 0.5 else (leaf, part)
    return _put(node, path, v(*pair) if rng.random() < 0.5 else h(*pair)) or node
