"""Tests for housebrain.training.packing: samples in a row don't see each other, and no sample is lost."""

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from housebrain.data.samples import Tokens
from housebrain.errors import UserError
from housebrain.training.base_model import load_base
from housebrain.training.packing import IGNORED, collate, fit, pack, token_losses


@pytest.fixture(scope="module")
def model(tiny_base: Path) -> Any:
    return load_base(tiny_base).eval()


def random_samples(lengths: list[int], vocabulary: int = 300) -> list[Tokens]:
    generator = torch.Generator().manual_seed(1)
    return [
        Tokens(f"S-{i}", torch.randint(3, vocabulary, (n,), generator=generator).tolist(), n // 2)
        for i, n in enumerate(lengths)
    ]


@given(lengths=st.lists(st.integers(1, 100), min_size=1, max_size=400))
def test_every_sample_is_in_exactly_one_row_that_is_not_too_long(lengths: list[int]) -> None:
    rows = pack(lengths, 100)
    assert sorted(number for row in rows for number in row) == list(range(len(lengths)))
    assert max(sum(lengths[number] for number in row) for row in rows) <= 100
    assert all(rows)
    assert pack(lengths, 100) == rows


@given(lengths=st.lists(st.integers(1, 100), min_size=1, max_size=200))
def test_rows_are_at_least_half_full_but_for_one(lengths: list[int]) -> None:
    """First fit: two rows that are both at most half full would have been one."""
    rows = pack(lengths, 100)
    assert sum(sum(lengths[number] for number in row) <= 50 for row in rows) <= 1


def test_packed_logits_equal_those_of_each_sample_alone(model: Any) -> None:
    samples = random_samples([40, 25, 60])
    batch = collate(samples, [[0, 1, 2]])
    with torch.inference_mode():
        packed = model(batch.input_ids, position_ids=batch.position_ids, use_cache=False).logits[0]
        alone = [model(torch.tensor([sample.input_ids]), use_cache=False).logits[0] for sample in samples]
        # What the isolation rests on: with a mask of ones the samples do see each other.
        mask = torch.ones_like(batch.input_ids)
        leaking = model(batch.input_ids, attention_mask=mask, position_ids=batch.position_ids, use_cache=False)
    torch.testing.assert_close(packed, torch.cat(alone), rtol=0, atol=1e-5)
    assert (leaking.logits[0] - torch.cat(alone)).abs().max() > 1e-2


def test_rows_of_one_batch_are_isolated_too(model: Any) -> None:
    samples = random_samples([40, 25, 60])
    batch = collate(samples, [[0], [2, 1]])
    assert batch.samples.tolist() == [0, 2, 1]
    with torch.inference_mode():
        losses = token_losses(model, batch.input_ids, batch.position_ids, batch.labels)
        alone = [token_losses(model, *collate(samples, [[number]])[:3]) for number in (0, 2, 1)]
    torch.testing.assert_close(losses, torch.cat(alone), rtol=0, atol=1e-5)


def test_loss_is_the_plain_loss_over_all_logits(model: Any) -> None:
    """Logits only where there are labels: same mean, same gradient as transformers' own loss."""
    samples = random_samples([40, 25])
    batch = collate(samples, [[0, 1]])
    weight = model.model.layers[0].mlp.up_proj.weight
    ours = token_losses(model, batch.input_ids, batch.position_ids, batch.labels)
    (gradient,) = torch.autograd.grad(ours.mean(), weight)
    plain = model(batch.input_ids, position_ids=batch.position_ids, labels=batch.labels, use_cache=False).loss
    (plain_gradient,) = torch.autograd.grad(plain, weight)
    assert len(ours) == sum(len(s.input_ids) - s.prompt_length for s in samples)
    torch.testing.assert_close(ours.mean(), plain)
    torch.testing.assert_close(gradient, plain_gradient)


def test_labels_cover_the_answers_only() -> None:
    samples = [Tokens("a", [5, 6, 7, 8], 2), Tokens("b", [9, 10, 11], 1)]
    batch = collate(samples, [[1, 0]])
    assert batch.input_ids.tolist() == [[9, 10, 11, 5, 6, 7, 8]]
    assert batch.position_ids.tolist() == [[0, 1, 2, 0, 1, 2, 3]]
    assert batch.labels.tolist() == [[IGNORED, 10, 11, IGNORED, IGNORED, 7, 8]]


def test_too_long_samples_are_left_out_whole() -> None:
    samples = random_samples([10, 30, 20])
    assert fit(samples, 20) == [samples[0], samples[2]]


def test_nothing_left_is_an_error_that_says_how_long_is_enough() -> None:
    with pytest.raises(UserError, match="shortest has 10 tokens"):
        fit(random_samples([10, 30]), 9)


def test_sample_without_an_answer_is_named() -> None:
    with pytest.raises(UserError, match="S-9"):
        fit([Tokens("S-9", [1, 2, 3], 3)], 10)
