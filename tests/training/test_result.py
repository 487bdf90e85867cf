"""Tests for housebrain.training.result."""

import math
from pathlib import Path

import pytest

from housebrain.errors import UserError
from housebrain.files import read_json
from housebrain.shard import Shard
from housebrain.tracking import RunRecord
from housebrain.training.result import History, summarize, write_curves


@pytest.mark.parametrize("history", [[], [{"step": 4, "eval_loss": 1.0, "seconds": 3.0}]])
def test_of_a_training_that_logged_no_loss_there_is_no_summary(history: History) -> None:
    """As that of a worker which was stopped early: `housebrain promote` then says so."""
    counts = {"samples": "4", "left_out": "0", "validation_left_out": "0", "response_tokens": "90"}
    record = RunRecord(record_id="1", name="round 1 shard 2", start_ms=0, params=counts)
    with pytest.raises(UserError, match="round 1 shard 2: at step 4 of 10 no loss was logged yet"):
        summarize(history, 4, 10, record)


def test_a_curve_has_a_row_a_step_and_leaves_empty_what_is_not_known(tmp_path: Path) -> None:
    shard = Shard(2, tmp_path)
    history = [
        {"step": 1, "loss": 2.5, "learning_rate": 0.1, "seconds": 3.0},
        {"step": 2, "loss": math.nan, "learning_rate": 0.05, "seconds": 4.0},
        {"step": 2, "eval_loss": 1.0 / 3},
        {"step": 10, "loss": 1e-7, "learning_rate": 0.0},
    ]
    write_curves(history, {"steps": 10}, shard)
    assert shard.curve.read_text().splitlines() == [
        "step,loss,eval_loss,learning_rate,grad_norm",
        "1,2.5,,0.1,",
        f"2,,{1 / 3},0.05,",
        "10,1e-07,,0.0,",
    ]
    assert read_json(shard.report) == {"steps": 10}
