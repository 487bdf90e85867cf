"""Tests for housebrain.training.result."""

import math
from pathlib import Path

from housebrain.files import read_json
from housebrain.shard import Shard
from housebrain.training.result import write_curves


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
