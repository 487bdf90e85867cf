"""Odd values, and trees of JSON or YAML with something spoilt in them."""

import copy
import math
from typing import Any

from hypothesis import strategies as st

ODD: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1,
    2,
    2.5,
    -0.0,
    0.1,
    1e-300,
    1e300,
    10**9,
    10**18,
    10**30,
    10**400,
    math.nan,
    math.inf,
    -math.inf,
    "",
    " ",
    "0",
    "1",
    "true",
    "a" * 3000,
    "line\nbreak",
    "caf\u00e9 \U0001f3e0",
    "\x00",
    "\ud800",
    "'",
    '"',
    "'\"`$(x)",
    "../x",
    "a/b",
    "http://me:word@host/x",  # pragma: allowlist secret
    [],
    {},
    [[]],
    [None],
    {"": None},
    {"a": {"b": 1}},
]

values = st.sampled_from(ODD) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def paths(tree: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where every value in a tree is, the tree itself first."""
    found = [above]
    items: Any = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        found += paths(value, (*above, key))
    return found


@st.composite
def spoilt(draw: st.DrawFn, sound: st.SearchStrategy[Any], most: int = 3) -> Any:
    """A sound tree in which up to `most` places were changed, taken out, doubled or renamed."""
    tree = copy.deepcopy(draw(sound))
    for _ in range(draw(st.integers(0, most))):
        places = paths(tree)[1:]
        if not places:
            return tree
        *above, key = draw(st.sampled_from(places))
        parent = tree
        for step in above:
            parent = parent[step]
        how = draw(st.sampled_from(["change", "change", "scale", "scale", "drop", "double", "rename"]))
        if how == "change":
            parent[key] = copy.deepcopy(draw(values))  # or the next change would be to what is drawn from
        elif how == "scale" and type(parent[key]) in (int, float) and abs(parent[key]) < 1e15:
            parent[key] = draw(st.sampled_from([0, -1, 0.5, 2, 3, 10, 100])) * parent[key]
        elif how == "drop":
            del parent[key]
        elif how == "double" and isinstance(parent, list):
            parent.insert(key, copy.deepcopy(parent[key]))
        elif isinstance(parent, dict):
            parent[draw(st.sampled_from([f"{key}s", str(key).upper(), "", "unheard_of"]))] = parent.pop(key)
    return tree
