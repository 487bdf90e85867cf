"""Tests for housebrain.training.schedule: rounds together read every sample once an epoch, in one order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import REPOSITORY
from housebrain.errors import UserError
from housebrain.params import Params, Platform, load_params
from housebrain.shard import Shard
from housebrain.training.schedule import Part, part_of_round, sample_order

PARAMS = load_params(REPOSITORY / "params.yaml")


def in_round(round_: int, rounds: int) -> Params:
    return PARAMS.model_copy(update={"round": round_, "rounds": rounds})


def settings_of(epochs: int, batch_size: int, accumulation: int) -> Platform:
    changes = {"epochs": epochs, "batch_size": batch_size, "gradient_accumulation": accumulation}
    return PARAMS.platform(Shard(1)).model_copy(update=changes)


@given(samples=st.integers(1, 200), epochs=st.integers(1, 4), seed=st.integers(0, 5))
def test_each_epoch_has_every_sample_once_in_an_order_of_its_own(samples: int, epochs: int, seed: int) -> None:
    order = sample_order(samples, epochs, seed)
    in_epochs = [order[epoch * samples : (epoch + 1) * samples] for epoch in range(epochs)]
    assert all(sorted(numbers) == list(range(samples)) for numbers in in_epochs)
    assert sample_order(samples, epochs, seed) == order
    if samples > 20:
        assert len({tuple(numbers) for numbers in in_epochs}) == epochs
        assert sample_order(samples, epochs, seed + 1) != order


@given(
    samples=st.integers(1, 300),
    epochs=st.integers(1, 3),
    batch_size=st.integers(1, 4),
    accumulation=st.integers(1, 8),
    rounds=st.integers(1, 12),
)
def test_rounds_share_all_steps_out(samples: int, epochs: int, batch_size: int, accumulation: int, rounds: int) -> None:
    settings = settings_of(epochs, batch_size, accumulation)
    order = sample_order(samples, epochs, seed=1)
    whole = part_of_round(samples, settings, in_round(9, 1))
    assert whole == Part(0, whole.total, whole.total)
    assert (whole.total - 1) * settings.samples_a_step < len(order) <= whole.total * settings.samples_a_step
    if whole.total < rounds:
        with pytest.raises(UserError, match=f"rounds: {whole.total} optimizer steps .* to {rounds} rounds"):
            part_of_round(samples, settings, in_round(1, rounds))
        return
    parts = [part_of_round(samples, settings, in_round(round_, rounds)) for round_ in range(1, rounds + 1)]
    assert [part.first for part in parts] == [0, *(part.end for part in parts[:-1])]
    assert parts[-1].end == whole.total
    lengths = {part.end - part.first for part in parts}
    assert min(lengths) > 0 and max(lengths) - min(lengths) <= 1
    read = [order[part.first * settings.samples_a_step : part.end * settings.samples_a_step] for part in parts]
    assert all(read)
    assert [number for numbers in read for number in numbers] == order
