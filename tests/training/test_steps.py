"""Tests for housebrain.training.steps: each step's samples once, whoever takes them and however many at once."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from housebrain.language.tokens import Tokens
from housebrain.model.packed import Batch, Rows
from housebrain.training.group import Group
from housebrain.training.steps import MULTIPLE, WORTH, Steps, best_widths


def make_steps(
    lengths: list[int], a_step: int, at_once: int, rank: int = 0, count: int = 1, rows: bool = False
) -> Steps:
    """Steps over samples of these lengths, the last third of each an answer, in their order."""
    prompts = [length - max(1, length // 3) for length in lengths]
    samples = [
        Tokens(str(number), [number + 1] * length, prompt)
        for number, (length, prompt) in enumerate(zip(lengths, prompts, strict=True))
    ]
    group = Group(rank, count, torch.device("cpu"))
    sizes = np.array(lengths)
    read = list(range(len(lengths)))
    return Steps(samples, sizes, sizes - np.array(prompts), read, a_step, at_once, rows, group)


@given(
    lengths=st.lists(st.integers(2, 300), min_size=1, max_size=60),
    a_step=st.integers(1, 20),
    at_once=st.integers(1, 8),
    count=st.integers(1, 4),
)
def test_processes_share_each_step_out(lengths: list[int], a_step: int, at_once: int, count: int) -> None:
    each = [make_steps(lengths, a_step, at_once, rank, count) for rank in range(count)]
    read = []
    for step in range(len(each[0])):
        shares = [steps.shares(step) for steps in each]
        numbers = sorted(number for share in shares for batch in share for number in batch)
        assert numbers == sorted(each[0].samples_of(step))
        assert len(numbers) == min(a_step, len(lengths) - step * a_step)
        read += numbers
        for steps, share in zip(each, shares, strict=True):
            assert all(0 < len(batch) <= steps.rows <= at_once for batch in share)
        sizes = [sum(map(len, share)) for share in shares]
        assert max(sizes) - min(sizes) <= 1
    assert sorted(read) == list(range(len(lengths)))


def test_a_step_that_does_not_fit_is_cut_evenly() -> None:
    assert make_steps([100] * 16, 16, 7).rows == 6
    assert [len(batch) for batch in make_steps([100] * 16, 16, 7).shares(0)] == [6, 6, 4]
    assert make_steps([100] * 16, 16, 99).rows == 16
    assert make_steps([100] * 16, 16, 99, count=2).rows == 8


def test_those_of_a_length_are_taken_together() -> None:
    steps = make_steps([100, 500, 110, 510], 4, 2)
    assert steps.shares(0) == [[3, 1], [2, 0]]


@pytest.mark.parametrize("rows", [False, True])
def test_batches_come_in_order_from_any_step(rows: bool) -> None:
    steps = make_steps([20, 30, 70, 150, 40, 10, 60], 2, 2, rows=rows)
    assert len(steps) == 4
    for first in range(5):
        found = list(steps.batches(first))
        assert [step for step, _ in found] == list(range(first, 4))
        for step, batches in found:
            assert all(isinstance(batch, Rows if rows else Batch) for batch in batches)
            learnt = sum(int((batch.labels >= 0).sum()) for batch in batches)
            assert learnt == steps.learnt(step)


def test_rows_have_few_shapes_and_hold_each_sample() -> None:
    steps = make_steps([20, 30, 70, 150, 40, 10, 60], 4, 2, rows=True)
    assert set(steps.widths) <= {64, 128, 192}
    shapes = {tuple(batch.input_ids.shape) for _, batches in steps.batches(0) for batch in batches}
    assert shapes <= {(2, width) for width in steps.widths}
    ((_, batches), _) = steps.batches(0)
    assert [sorted(set(batch.input_ids.flatten().tolist()) - {0}) for batch in batches] == [[3, 4], [1, 2]]


def test_a_process_may_be_left_without_any_sample() -> None:
    """Such as the second GPU where there is one sample of validation."""
    steps = make_steps([20], 4, 2, rank=1, count=2, rows=True)
    assert steps.widths == []
    assert list(steps.batches(0)) == [(0, [])]
    assert steps.learnt(0) == 6


def test_an_error_while_a_batch_is_laid_is_raised() -> None:
    steps = make_steps([20, 30], 1, 1)
    steps._samples = []
    with pytest.raises(IndexError):
        list(steps.batches(0))


@given(longest=st.lists(st.integers(1, 900), min_size=1, max_size=200), count=st.integers(1, 4))
def test_widths_hold_every_row_and_each_is_worth_it(longest: list[int], count: int) -> None:
    widths = best_widths(np.array(longest), count)

    def filled(chosen: list[int]) -> int:
        return sum(next(width for width in chosen if width >= length) for length in longest)

    assert 1 <= len(widths) <= count
    assert widths == sorted(set(widths))
    assert widths[-1] == -(-max(longest) // MULTIPLE) * MULTIPLE
    if len(widths) > 1:
        fewer = min(filled([one for one in widths if one != out]) for out in widths[:-1])
        assert filled(widths) <= (1 - WORTH) * filled(widths[-1:])
        assert filled(widths) <= fewer
