"""Tests for housebrain.training.graphs: recorded or not, a training is the same."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch

from housebrain.model.packed import Rows
from housebrain.training import graphs
from housebrain.training.group import Group
from housebrain.training.train import _make_fast
from loops import assert_same, make_loop, trained
from trainings import make_params


def pretended(body: Callable[[], torch.Tensor], pool: Any) -> tuple[Callable[[], None], torch.Tensor]:
    """As `graphs.record`: what is played again computes in the same memory, and leaves its result there."""
    result = body().clone()

    def replay() -> None:
        result.copy_(body())

    return replay, result


@pytest.fixture(autouse=True)
def without_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recordings that a CPU can make."""
    monkeypatch.setattr(graphs, "record", pretended)
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: None)
    monkeypatch.setattr(torch.random, "fork_rng", lambda devices: nullcontext())


@pytest.mark.long
@pytest.mark.parametrize("at_once", [4, 2, 3])
def test_recorded_steps_train_as_others_do(project: Path, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    """Several widths, several micro-batches a step, and last ones with fewer samples."""
    monkeypatch.setattr("housebrain.training.steps.MULTIPLE", 16)
    params = make_params(dropout=0.0, batch_size=at_once, gradient_accumulation=2, epochs=2, eval_steps=2)
    plain, recorded = make_loop(params, True, "plain"), make_loop(params, True, "recorded")
    recorded.record()
    assert list(recorded.recordings) == recorded.steps.widths[::-1]
    assert all(weight.grad is not None and not weight.grad.any() for weight in recorded.weights)
    places = [weight.grad.data_ptr() for weight in recorded.weights if weight.grad is not None]
    for loop in (plain, recorded):
        trained(loop)
    assert places == [weight.grad.data_ptr() for weight in recorded.weights if weight.grad is not None]
    assert_same(plain, recorded)


def test_every_width_takes_its_longest_answer(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("housebrain.training.steps.MULTIPLE", 16)
    loop = make_loop(make_params(batch_size=1, gradient_accumulation=1, epochs=1), True, "loop")
    assert len(loop.steps.widths) > 1
    for _, batches in loop.steps.batches(0):
        for batch in batches:
            assert isinstance(batch, Rows)
            assert batch.labels.shape[1] <= loop.steps.most_learnt[batch.input_ids.shape[1]]


def test_what_cannot_be_recorded_is_trained_as_it_is(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("operation not permitted\nwhen stream is capturing")

    monkeypatch.setattr(graphs, "record", broken)
    params = make_params(dropout=0.0, epochs=1)
    plain, loop = make_loop(params, True, "plain"), make_loop(params, True, "loop")
    _make_fast(loop, "shard-1")
    assert not loop.recordings
    assert all(weight.grad is None for weight in loop.weights)
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert "(RuntimeError: operation not permitted when stream is capturing)" in printed.err
    assert "recorded" not in printed.out
    for one in (plain, loop):
        trained(one)
    assert_same(plain, loop)


def test_memory_that_runs_out_while_recording_is_no_failure_to_record(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise torch.OutOfMemoryError("simulated")

    monkeypatch.setattr(graphs, "record", full)
    with pytest.raises(torch.OutOfMemoryError):
        make_loop(make_params(epochs=1), True, "loop").record()


def test_sums_over_processes_come_to_where_recordings_add(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = make_loop(make_params(dropout=0.0, epochs=1), True, "loop")
    loop.record()
    loop.group = Group(0, 2, torch.device("cpu"))
    monkeypatch.setattr(Group, "add_up", lambda group, tensor: tensor.mul_(2))
    gradients = [weight.grad for weight in loop.weights if weight.grad is not None]
    for number, gradient in enumerate(gradients):
        gradient.fill_(number)
    loss = torch.tensor(3.0)
    loop._add_up(loss)
    assert loss == 6
    for number, (weight, gradient) in enumerate(zip(loop.weights, gradients, strict=True)):
        assert weight.grad is gradient
        assert torch.all(gradient == 2 * number)
