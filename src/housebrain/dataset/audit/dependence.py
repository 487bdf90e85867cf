"""Whether one column of a table tells anything about another: mutual information, held against shuffled columns."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

MAX_LEVELS = 50  # a number with more different values is cut into bins
BINS = 10
SHUFFLES = 4
# A column counts as predicted where its best feature tells this many times what any feature tells of shuffled columns.
MARGIN = 3.0
# Two features together are named only where they tell this many times what one does.
BETTER = 1.05

Codes = np.ndarray


class Dependence(NamedTuple):
    """What is known of a column from the others.

    `kind` is `constant`, `follows` (another output column decides it, `by`), `predicted` (`by` tells `share` of its
    entropy), `random` (nothing tells more than chance would) or `unknown` (free text). `share` and `chance`, the best
    that shuffled columns reach, are parts of the entropy; `bits` is the entropy itself.
    """

    kind: str
    by: str
    share: float
    chance: float
    bits: float


def codes(values: Sequence[Any]) -> Codes | None:
    """Values as small whole numbers [n]: categories as they are, many-valued numbers by deciles, free text as None."""
    levels = set(values)
    if len(levels) > MAX_LEVELS:
        if not all(isinstance(level, int | float) for level in levels):
            return None
        numbers = np.asarray(values, float)
        edges = np.unique(np.quantile(numbers, np.linspace(0, 1, BINS + 1)[1:-1]))
        deciles = np.searchsorted(edges, numbers, "right")
        # Where most values are the least one, every edge is, and nothing is below it.
        return deciles if deciles.min() < deciles.max() else np.searchsorted(edges, numbers, "left")
    order = {level: code for code, level in enumerate(sorted(levels, key=repr))}
    return np.array([order[value] for value in values])


def entropy_bits(column: Codes) -> float:
    """Shannon entropy of a column of codes."""
    shares = np.bincount(column) / len(column)
    shares = shares[shares > 0]
    return float(-(shares * np.log2(shares)).sum())


def joint(a: Codes, b: Codes) -> Codes:
    """Two columns as one: a code for each combination."""
    return a * (int(b.max()) + 1) + b


def with_pairs(features: Mapping[str, Codes]) -> dict[str, Codes]:
    """The features, and every two of them together: what only two can tell is not missed."""
    pairs = combinations(features.items(), 2)
    return {**features, **{f"{a} and {b}": joint(left, right) for (a, left), (b, right) in pairs}}


def best_predictor(column: Codes, features: Mapping[str, Codes], rng: np.random.Generator) -> Dependence:
    """The feature that tells the largest share of a column's entropy, chance taken off.

    Chance is measured: each feature's mean information about the column shuffled is what it tells by accident, and
    the largest excess over that mean, of any feature about any shuffle, is what still counts as noise.
    """
    total_bits = entropy_bits(column)
    shuffled = [rng.permutation(column) for _ in range(SHUFFLES)]
    by, share, chance = "", 0.0, 0.0
    for name, feature in features.items():
        # Shuffling changes neither column's own entropy: the joint one falls by just what they tell of each other.
        accidents = [entropy_bits(joint(other, feature)) for other in shuffled]
        accident = sum(accidents) / SHUFFLES
        excess = (accident - entropy_bits(joint(column, feature))) / total_bits
        chance = max(chance, (accident - min(accidents)) / total_bits)
        if excess > share * BETTER:
            by, share = name, excess
    return Dependence("predicted" if share > MARGIN * chance else "random", by, share, chance, total_bits)


def decided_by(column: Codes, others: Mapping[str, Codes]) -> str | None:
    """The first of the other columns of which each value always goes with one value of this column."""
    for name, other in others.items():
        levels = len(np.unique(other))
        if levels <= MAX_LEVELS and len(np.unique(joint(other, column))) == levels:
            return name
    return None


def dependences(
    outputs: Mapping[str, Sequence[Any]], inputs: Mapping[str, Sequence[Any]], seed: int
) -> dict[str, Dependence]:
    """What the inputs, or earlier outputs, tell of each output.

    Args:
        outputs: columns [n] to be explained, in order.
        inputs: columns [n] that may explain them.
        seed: of the shuffles.
    """
    rng = np.random.default_rng(seed)
    known = {name: column for name, values in inputs.items() if (column := codes(values)) is not None and column.any()}
    features = with_pairs(known)
    found: dict[str, Dependence] = {}
    earlier: dict[str, Codes] = {}
    for name, values in outputs.items():
        column = codes(values)
        if column is None:
            found[name] = Dependence("unknown", "", 0.0, 0.0, 0.0)
            continue
        if not column.any():
            found[name] = Dependence("constant", "", 0.0, 0.0, 0.0)
            continue
        # Entropy of the values as they are: bins are only for the comparison.
        bits = entropy_bits(np.unique(np.asarray(values, str), return_inverse=True)[1])
        source = decided_by(column, earlier) if len(set(values)) <= MAX_LEVELS else None
        if source is not None:
            found[name] = Dependence("follows", source, 1.0, 0.0, bits)
        else:
            found[name] = best_predictor(column, features, rng)._replace(bits=bits)
        if len(set(values)) <= MAX_LEVELS:
            earlier[name] = column
    return found
