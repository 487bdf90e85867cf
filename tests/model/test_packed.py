"""Tests for housebrain.model.packed: samples have the losses that each has alone, however they are laid out."""

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM

from housebrain.language.tokens import Tokens
from housebrain.model import loss
from housebrain.model.loading import load_base
from housebrain.model.loss import token_losses
from housebrain.model.packed import ATTENTION, IGNORED, collate, layout


@pytest.fixture(scope="module")
def model(tiny_base: Path) -> Any:
    return load_base(tiny_base).eval()


@pytest.fixture(scope="module")
def plain(tiny_base: Path) -> Any:
    """The same model as transformers loads it, with its own attention."""
    return AutoModelForCausalLM.from_pretrained(tiny_base).eval()


def random_samples(lengths: list[int], shared: int = 0) -> list[Tokens]:
    """Half prompt, half answer; the first `shared` tokens of all are the same, and no more than those."""
    generator = torch.Generator().manual_seed(1)
    samples = []
    for number, n in enumerate(lengths):
        ids = torch.randint(50, 300, (n,), generator=generator).tolist()
        ids[: shared + 1] = [*range(10, 10 + shared), 300 + number]
        samples.append(Tokens(f"S-{number}", ids[:n], n // 2))
    return samples


def plain_losses(plain: Any, samples: list[Tokens]) -> torch.Tensor:
    """Of each answer's tokens, each sample by itself, over all logits."""
    losses = []
    for sample in samples:
        logits = plain(torch.tensor([sample.input_ids]), use_cache=False).logits[0]
        losses.append(
            torch.nn.functional.cross_entropy(logits[:-1], torch.tensor(sample.input_ids[1:]), reduction="none")
        )
    return torch.cat([loss[sample.prompt_length - 1 :] for loss, sample in zip(losses, samples, strict=True)])


@pytest.mark.parametrize("shared", [0, 1, 7, 12])
@pytest.mark.parametrize("rows", [[[0, 1, 2]], [[0], [2, 1]], [[1]]])
def test_packed_samples_have_the_losses_and_gradients_that_each_has_alone(
    model: Any, plain: Any, rows: list[list[int]], shared: int
) -> None:
    """No sample sees another, the prefix laid once counts for each, and logits where there are labels are enough."""
    samples = random_samples([40, 25, 60], shared)
    batch = collate(samples, rows)
    numbers = batch.samples.tolist()
    assert numbers == [number for row in rows for number in row]
    losses = token_losses(model, batch.input_ids, batch.position_ids, batch.labels)
    alone = plain_losses(plain, [samples[number] for number in numbers])
    torch.testing.assert_close(losses, alone, rtol=0, atol=1e-5)
    # Of the first layer: what comes before everything that samples could share.
    of_first = ["k_proj", "q_proj", "o_proj"]
    gradients, alone_gradients = (
        torch.autograd.grad(loss.mean(), [getattr(of.model.layers[0].self_attn, name).weight for name in of_first])
        for of, loss in ((model, losses), (plain, alone))
    )
    for name, gradient, expected in zip(of_first, gradients, alone_gradients, strict=True):
        assert (gradient - expected).norm() < 1e-5 * expected.norm(), name


def test_samples_that_saw_each_other_would_be_noticed(plain: Any) -> None:
    samples = random_samples([40, 25, 60])
    together = Tokens("all", [token for sample in samples for token in sample.input_ids], 65 + 30)
    assert (plain_losses(plain, [together]) - plain_losses(plain, samples[2:])).abs().max() > 1e-2


def test_a_prefix_is_laid_once() -> None:
    samples = [Tokens("a", [5, 6, 7, 8, 9], 3), Tokens("b", [5, 6, 10, 11], 3), Tokens("c", [5, 6, 7, 12], 3)]
    batch = collate(samples, [[0, 1], [2]])
    assert batch.input_ids.tolist() == [[5, 6, 7, 8, 9, 10, 11, 7, 12]]
    assert batch.position_ids.tolist() == [[0, 1, 2, 3, 4, 2, 3, 2, 3]]
    assert batch.labels.tolist() == [[IGNORED, IGNORED, IGNORED, 8, 9, IGNORED, 11, IGNORED, 12]]
    assert layout(batch.position_ids) == [2, 3, 2, 2]


def test_same_prompts_keep_a_token_each_to_predict_the_answer_from() -> None:
    batch = collate([Tokens("a", [5, 6, 7], 2), Tokens("b", [5, 6, 8], 2)], [[0, 1]])
    assert batch.input_ids.tolist() == [[5, 6, 7, 6, 8]]


@given(lengths=st.lists(st.integers(9, 60), min_size=1, max_size=8), shared=st.integers(0, 3))
def test_layout_is_read_off_the_positions(lengths: list[int], shared: int) -> None:
    batch = collate(random_samples(lengths, shared), [list(range(len(lengths)))])
    prefix = shared if len(lengths) > 1 else 0
    assert layout(batch.position_ids) == [prefix, *(length - prefix for length in lengths)]
    assert sum(layout(batch.position_ids)) == batch.input_ids.shape[1]


@pytest.mark.parametrize("rows", [[[0, 1]], [[1], [0]], [[1]], [[]]])
def test_a_model_with_another_attention_gets_samples_in_rows_of_their_own(plain: Any, rows: list[list[int]]) -> None:
    """It would take no notice of the layout, and samples would miss their prefix."""
    samples = random_samples([40, 25], shared=7)
    batch = collate(samples, rows)
    losses = token_losses(plain, batch.input_ids, batch.position_ids, batch.labels)
    expected = [plain_losses(plain, [samples[number]]) for number in batch.samples.tolist()]
    torch.testing.assert_close(losses, torch.cat([losses[:0], *expected]), rtol=0, atol=1e-5)


def test_a_packed_row_without_its_layout_fails(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Attention that took no notice of it would meet a mask of no size."""
    monkeypatch.setattr(loss, "is_packing", lambda of: True)
    model.set_attn_implementation("sdpa")
    batch = collate(random_samples([40, 25], shared=7), [[0, 1]])
    try:
        with pytest.raises(RuntimeError, match="attn_mask"):
            token_losses(model, batch.input_ids, batch.position_ids, batch.labels)
    finally:
        model.set_attn_implementation(ATTENTION)


def test_what_is_not_packed_has_the_attention_of_transformers(model: Any, plain: Any) -> None:
    """As in generation: a batch padded on the left."""
    ids = torch.tensor([[3, 3, 10, 11, 12], [20, 21, 22, 23, 24]])
    mask = (ids != 3).long()
    with torch.inference_mode():
        logits = [of(ids, attention_mask=mask).logits[mask.bool()] for of in (model, plain)]
    torch.testing.assert_close(logits[0], logits[1], rtol=0, atol=1e-5)


def test_labels_cover_the_answers_only() -> None:
    samples = [Tokens("a", [5, 6, 7, 8], 2), Tokens("b", [9, 10, 11], 1)]
    batch = collate(samples, [[1, 0]])
    assert batch.input_ids.tolist() == [[9, 10, 11, 5, 6, 7, 8]]
    assert batch.position_ids.tolist() == [[0, 1, 2, 0, 1, 2, 3]]
    assert batch.labels.tolist() == [[IGNORED, 10, 11, IGNORED, IGNORED, 7, 8]]
