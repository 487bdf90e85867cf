from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from housebrain.dataset.audit.dependence import codes, dependences, entropy_bits, joint

COUNT = 3000


@pytest.fixture(scope="module")
def inputs() -> dict[str, list[Any]]:
    rng = np.random.default_rng(0)
    return {
        "style": rng.choice(["a", "b", "c", "d"], COUNT).tolist(),
        "floors": rng.integers(1, 5, COUNT).tolist(),
        "corner": rng.integers(0, 2, COUNT).tolist(),
        "steep": rng.integers(0, 2, COUNT).tolist(),
        "budget": rng.uniform(1e5, 2e6, COUNT).tolist(),
        "unit": ["ft"] * COUNT,
    }


@pytest.mark.parametrize("levels", [2, 5, 11])
def test_random_columns_are_called_random(levels: int, inputs: dict[str, list[Any]]) -> None:
    rng = np.random.default_rng(levels)
    columns: dict[str, list[Any]] = {str(n): rng.integers(0, levels, COUNT).tolist() for n in range(10)}
    found = dependences(columns, inputs, seed=0)
    assert {field.kind for field in found.values()} == {"random"}
    assert found["0"].bits == pytest.approx(np.log2(levels), abs=0.01)


def test_a_column_that_an_input_decides_is_found(inputs: dict[str, list[Any]]) -> None:
    outputs: dict[str, list[Any]] = {
        "cost": [int(budget * 0.6) for budget in inputs["budget"]],
        "path": [f"{s}.png" for s in inputs["style"]],
    }
    found = dependences(outputs, inputs, seed=0)
    assert [(field.kind, field.by) for field in found.values()] == [("predicted", "budget"), ("predicted", "style")]
    assert all(field.share > 0.95 for field in found.values())


def test_a_weak_relation_is_found(inputs: dict[str, list[Any]]) -> None:
    rng = np.random.default_rng(1)
    output = [floors if rng.random() < 0.25 else int(rng.integers(1, 5)) for floors in inputs["floors"]]
    found = dependences({"output": output}, inputs, seed=0)["output"]
    assert (found.kind, found.by) == ("predicted", "floors")


def test_what_only_two_inputs_tell_is_found(inputs: dict[str, list[Any]]) -> None:
    output = [a ^ b for a, b in zip(inputs["corner"], inputs["steep"], strict=True)]
    found = dependences({"output": output}, inputs, seed=0)["output"]
    assert (found.kind, found.by) == ("predicted", "corner and steep")
    assert found.share > 0.95


def test_a_copy_of_another_output_follows_from_it(inputs: dict[str, list[Any]]) -> None:
    climate = np.random.default_rng(2).choice(["hot", "mild", "cold"], COUNT).tolist()
    outputs: dict[str, list[Any]] = {
        "climate": climate,
        "cooling": [{"hot": "High"}.get(zone, "Low") for zone in climate],
    }
    found = dependences(outputs, inputs, seed=0)
    assert found["climate"].kind == "random"
    assert (found["cooling"].kind, found["cooling"].by) == ("follows", "climate")


def test_constant_columns_and_free_text_are_told_apart(inputs: dict[str, list[Any]]) -> None:
    outputs: dict[str, list[Any]] = {"empty": [None] * COUNT, "text": [f"text {n}" for n in range(COUNT)]}
    found = dependences(outputs, inputs, seed=0)
    assert (found["empty"].kind, found["text"].kind) == ("constant", "unknown")


columns = st.integers(1, 60).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 4), min_size=n, max_size=n).map(np.array) for _ in range(2)])
)


@given(columns)
def test_joint_entropy_is_symmetric_and_bounded(pair: tuple[np.ndarray, np.ndarray]) -> None:
    a, b = pair
    both = entropy_bits(joint(a, b))
    assert both == pytest.approx(entropy_bits(joint(b, a)), abs=1e-9)
    assert max(entropy_bits(a), entropy_bits(b)) - 1e-9 <= both <= entropy_bits(a) + entropy_bits(b) + 1e-9
    assert entropy_bits(joint(a, a)) == pytest.approx(entropy_bits(a), abs=1e-9)


@given(st.lists(st.integers(-(10**6), 10**6), min_size=60, max_size=200, unique=True))
def test_many_numbers_are_cut_by_deciles(values: list[int]) -> None:
    found = codes(values)
    assert found is not None
    assert (np.diff(found[np.argsort(values)]) >= 0).all()
    sizes = np.bincount(found)
    assert len(sizes) == 10
    assert sizes.max() - sizes.min() <= 2


def test_many_values_of_which_most_are_the_least_make_two_bins() -> None:
    values = [0.0] * 1900 + [float(number) for number in range(1, 101)]
    column = codes(values)
    assert column is not None
    assert np.bincount(column).tolist() == [1900, 100]
    assert dependences({"a": values}, {"b": list(range(2000))}, 0)["a"].kind == "predicted"
