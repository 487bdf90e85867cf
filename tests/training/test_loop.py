"""Tests for housebrain.training.loop: however samples are laid out and taken, a step is the same."""

from pathlib import Path
from typing import Any

import pytest
import torch

from housebrain.errors import UserError
from housebrain.files import read_json
from housebrain.model.loss import batch_losses
from housebrain.training.compiled import blocks, compile_blocks, rehearse
from housebrain.training.group import Group, join
from housebrain.training.loop import Pending
from housebrain.training.stopping import Stop
from loops import assert_same, make_loop, trained
from trainings import make_params


@pytest.mark.long
@pytest.mark.parametrize(("batch_size", "accumulation"), [(4, 1), ("auto", 4), (2, 2)])
def test_rows_of_their_own_train_as_packed_rows_do(project: Path, batch_size: Any, accumulation: int) -> None:
    params = make_params(dropout=0.0, batch_size=batch_size, gradient_accumulation=accumulation, epochs=2)
    packed, rows = make_loop(params, False, "packed"), make_loop(params, True, "rows")
    assert len(packed.steps) == len(rows.steps) == 6
    assert not packed.steps.widths and rows.steps.widths
    for loop in (packed, rows):
        trained(loop)
    assert_same(packed, rows)
    if batch_size == "auto":
        assert rows.steps.rows == 4  # as many as a step has


@pytest.mark.long
def test_compiled_blocks_train_as_others_do(project: Path) -> None:
    params = make_params(dropout=0.0, batch_size=4, gradient_accumulation=1, epochs=1, eval_steps=2)
    plain, compiled = make_loop(params, True, "plain"), make_loop(params, True, "compiled")
    assert len(blocks(compiled.model)) == 2
    before = torch.get_rng_state()
    assert compile_blocks(compiled.model, compiled.steps.rows, compiled.steps.widths[-1:], join()) > 0
    assert torch.equal(torch.get_rng_state(), before)
    assert all(weight.grad is None for weight in compiled.weights)
    for loop in (plain, compiled):
        trained(loop)
    assert_same(plain, compiled)


def test_a_model_that_cannot_be_compiled_is_trained_as_it_is(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    loop = make_loop(make_params(epochs=1), True, "loop")

    def broken(*_: Any) -> None:
        raise RuntimeError("no compiler\nwas found")

    monkeypatch.setattr("housebrain.training.compiled.rehearse", broken)
    assert compile_blocks(loop.model, 2, [64], join()) == 0.0
    assert "the model can't be compiled (RuntimeError: no compiler was found)" in capsys.readouterr().err
    assert all(block._compiled_call_impl is None for block in blocks(loop.model))
    rehearse(loop.model, 2, 64, torch.device("cpu"))


def test_memory_that_runs_out_while_compiling_is_no_failure_to_compile(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = make_loop(make_params(epochs=1), True, "loop")

    def full(*_: Any) -> None:
        raise torch.OutOfMemoryError("simulated")

    monkeypatch.setattr("housebrain.training.compiled.rehearse", full)
    with pytest.raises(torch.OutOfMemoryError):
        compile_blocks(loop.model, 2, [64], join())


def test_losses_that_are_not_logged_yet_are_in_the_checkpoint(project: Path) -> None:
    params = make_params(epochs=2, log_steps=5, save_steps=3, eval_steps=100)
    whole = make_loop(params, False, "whole")
    trained(whole)
    stopped = make_loop(params, False, "stopped")
    with Stop(stopped.folder) as stop:
        stopped.seal = lambda folder: setattr(stop, "reason", "enough")
        stopped.run(stop)
    assert stopped.done == 4  # asked for at the third step
    assert len(read_json(Path("stopped/checkpoint-4/trainer_state.json"))["losses"]) == 4
    resumed = make_loop(params, False, "resumed")
    resumed.resume(Path("stopped/checkpoint-4"))
    trained(resumed)
    losses = [[entry["loss"] for entry in loop.journal.history if "loss" in entry] for loop in (whole, resumed)]
    assert losses[0] == losses[1]


@pytest.mark.parametrize("rooms", [[5, 1], [1, 5]])
def test_processes_share_validation_out_alike_though_one_has_less_memory(
    rooms: list[int], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Beside(Group):
        """One of two, of which each knows what the other has room for."""

        def of_all(self, value: Any) -> list[Any]:
            return rooms

        def add_up(self, tensor: torch.Tensor) -> None:
            pass

    params = make_params(batch_size="auto", gradient_accumulation=12, epochs=1)
    loops = []
    for rank in range(2):
        monkeypatch.setattr("housebrain.training.train._at_once", lambda *_, rank=rank: rooms[rank])
        loops.append(make_loop(params, True, "loop", group=Beside(rank, 2, torch.device("cpu"))))
    for one in ("steps", "validation"):
        first, second = (getattr(loop, one) for loop in loops)
        assert first.rows == second.rows == 1
        for step in range(max(len(first), len(second))):
            assert first.samples_of(step) == second.samples_of(step)


def test_a_half_is_a_half_of_what_a_step_takes_at_once(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("housebrain.training.train._at_once", lambda *_: 100)  # a step has fewer
    params = make_params(batch_size="auto", gradient_accumulation=4)
    assert [make_loop(params, False, "loop", halvings).steps.rows for halvings in range(4)] == [4, 2, 1, 1]


def test_a_validation_loss_that_is_not_finite_ends_the_training(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In half precision a sample may overflow of which none was trained on."""

    def overflowing(model: Any, batch: Any) -> torch.Tensor:
        return batch_losses(model, batch) * (1.0 if model.training else torch.inf)

    monkeypatch.setattr("housebrain.training.loop.batch_losses", overflowing)
    loop = make_loop(make_params(epochs=1, eval_steps=2, save_steps=2), False, "never")
    with Stop(loop.folder) as stop, pytest.raises(UserError, match="step 2: the validation loss is inf"):
        loop.run(stop)
    assert not loop.folder.exists()


def test_where_numbers_are_read_later_nothing_is_saved_of_a_loss_that_is_not_finite(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU, where a step does not wait for its loss."""
    params = make_params(learning_rate=1e30, warmup_share=0.0, log_steps=100, save_steps=4, eval_steps=100)
    loop = make_loop(params, True, "never")
    monkeypatch.setattr(loop, "_watch", lambda *number: loop.pending.append(Pending(*number)))
    with (
        Stop(loop.folder) as stop,
        pytest.raises(UserError, match=r"step 2: the loss is (nan|inf) on sample\(s\) GEN-"),
    ):
        loop.run(stop)
    assert loop.done == 4
    assert not loop.folder.exists()
