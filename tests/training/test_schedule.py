"""Tests for housebrain.training.schedule: rounds together read every row once an epoch, in one order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import REPOSITORY
from housebrain.errors import UserError
from housebrain.params import Params, Platform, load_params
from housebrain.shard import Shard
from housebrain.training.schedule import Part, part_of_round, row_order

PARAMS = load_params(REPOSITORY / "params.yaml")


def in_round(round_: int, rounds: int) -> Params:
    return PARAMS.model_copy(update={"round": round_, "rounds": rounds})


def settings_of(epochs: int, batch_size: int, accumulation: int) -> Platform:
    changes = {"epochs": epochs, "batch_size": batch_size, "gradient_accumulation": accumulation}
    return PARAMS.platform(Shard(1)).model_copy(update=changes)


@given(rows=st.integers(1, 200), epochs=st.integers(1, 4), seed=st.integers(0, 5))
def test_each_epoch_has_every_row_once_in_an_order_of_its_own(rows: int, epochs: int, seed: int) -> None:
    order = row_order(rows, epochs, seed)
    in_epochs = [order[epoch * rows : (epoch + 1) * rows] for epoch in range(epochs)]
    assert all(sorted(numbers) == list(range(rows)) for numbers in in_epochs)
    assert row_order(rows, epochs, seed) == order
    if rows > 20:
        assert len({tuple(numbers) for numbers in in_epochs}) == epochs
        assert row_order(rows, epochs, seed + 1) != order


@given(
    rows=st.integers(1, 300),
    epochs=st.integers(1, 3),
    batch_size=st.integers(1, 4),
    accumulation=st.integers(1, 8),
    rounds=st.integers(1, 12),
)
def test_rounds_share_all_steps_out(rows: int, epochs: int, batch_size: int, accumulation: int, rounds: int) -> None:
    settings = settings_of(epochs, batch_size, accumulation)
    order = row_order(rows, epochs, seed=1)
    whole = part_of_round(rows, settings, in_round(9, 1))
    assert whole == Part(0, whole.total, whole.total)
    assert (whole.total - 1) * settings.rows_a_step < len(order) <= whole.total * settings.rows_a_step
    if whole.total < rounds:
        with pytest.raises(UserError, match=f"rounds: {whole.total} optimizer steps .* to {rounds} rounds"):
            part_of_round(rows, settings, in_round(1, rounds))
        return
    parts = [part_of_round(rows, settings, in_round(round_, rounds)) for round_ in range(1, rounds + 1)]
    assert [part.first for part in parts] == [0, *(part.end for part in parts[:-1])]
    assert parts[-1].end == whole.total
    lengths = {part.end - part.first for part in parts}
    assert min(lengths) > 0 and max(lengths) - min(lengths) <= 1
    read = [order[part.first * settings.rows_a_step : part.end * settings.rows_a_step] for part in parts]
    assert all(read)
    assert [number for numbers in read for number in numbers] == order
