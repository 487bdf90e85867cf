"""Tests for housebrain.evaluation.leave_one_out, on two shards: without one, only the other is left."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from housebrain.evaluation import evaluate as module
from housebrain.evaluation.cache import Cache
from housebrain.evaluation.evaluate import Evaluator
from housebrain.evaluation.leave_one_out import ALONE, leave_one_out
from housebrain.evaluation.metrics import loss_measure
from housebrain.files import write_json
from housebrain.merging import outer
from housebrain.merging import start as starts
from housebrain.merging.merge import merge_adapters
from housebrain.merging.strategies import Average, Metrics, strategy
from housebrain.model.adapter import FINGERPRINT
from housebrain.params import Outer, Params

METRICS: dict[str, Metrics] = {"shard 1": {"eval_loss": 2.0}, "shard 2": {"eval_loss": 1.0}}


class Round:
    """Two shards, merged as asked for; generates nothing."""

    def __init__(self, evaluator: Evaluator, shards: dict[str, Path], params: Params, folder: Path) -> None:
        self.evaluator = evaluator
        self.shards = shards
        self.params = params
        self.folder = folder

    def rows(
        self, how: str, weights: dict[str, float] | None = None, scale: float = 1.0, **parameters: Any
    ) -> dict[str, dict[str, Any]]:
        """What is said of each shard."""
        merge_adapters(
            self.shards,
            strategy(how, **parameters),
            METRICS,
            "exact",
            "float32",
            self.folder,
            weights,
            scale,
            progress=False,
        )
        merge = self.params.merge.model_copy(update={"strategy": how, "parameters": parameters})
        params = self.params.model_copy(update={"merge": merge})
        rows = leave_one_out(self.evaluator, self.shards, self.folder, METRICS, params)
        return {row["without"]: row for row in rows}

    def loss_of(self, folder: Path) -> float:
        return loss_measure(self.evaluator.losses(folder), self.evaluator.lengths).mean


@pytest.fixture
def two(
    params: Params,
    adapters: dict[str, Path],
    test_split: Path,
    tiny_base: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Round:
    monkeypatch.setattr(module, "ensure_base", lambda params: tiny_base)
    monkeypatch.delattr(module, "generate_answers")
    evaluator = Evaluator(params, test_split, Cache(tmp_path / "answers"))
    shards = {name: adapters[name] for name in METRICS}
    return Round(evaluator, shards, params, tmp_path / "merged")


def test_without_one_of_two_only_the_other_is_left(two: Round) -> None:
    rows = two.rows("average")
    full = two.loss_of(two.folder)
    for name, other in (("shard 1", "shard 2"), ("shard 2", "shard 1")):
        row = rows[name]
        assert row["weight"] == 0.5
        assert row["eval_loss"] == pytest.approx(two.loss_of(two.shards[other]), rel=1e-5)
        assert row["difference"] == pytest.approx(row["eval_loss"] - full)
        assert row["low"] <= row["difference"] <= row["high"]
        assert 0 < row["p"] <= 1


def test_the_best_is_followed_by_the_next_best(two: Round) -> None:
    """And without the other, whose weight is 0, nothing changes."""
    rows = two.rows("best")
    assert (rows["shard 1"]["weight"], rows["shard 1"]["difference"], rows["shard 1"]["p"]) == (0, 0, 1)
    assert rows["shard 2"]["eval_loss"] == pytest.approx(two.loss_of(two.shards["shard 1"]), rel=1e-5)


def test_weights_that_were_searched_for_are_kept_and_so_is_the_scale(two: Round, tmp_path: Path) -> None:
    rows = two.rows("search", {"shard 1": 0.7, "shard 2": 0.3}, scale=1.5)
    alone = {"shard 2": two.shards["shard 2"]}
    out = tmp_path / "by hand"
    merge_adapters(alone, strategy("average"), {}, "exact", "float32", out, scale=1.5, progress=False)
    assert rows["shard 1"]["eval_loss"] == pytest.approx(two.loss_of(out), rel=1e-5)


def test_a_shard_that_is_all_of_the_merge_has_no_difference(two: Round) -> None:
    row = two.rows("greedy", {"shard 1": 0.0, "shard 2": 1.0})["shard 2"]
    assert (row["note"], row["eval_loss"], row["difference"], row["p"]) == (ALONE, None, None, None)


def test_parameters_of_the_strategy_are_kept(two: Round) -> None:
    dropped = two.rows("ties", density=0.1)["shard 1"]
    assert dropped["eval_loss"] != pytest.approx(two.rows("ties", density=0.9)["shard 1"]["eval_loss"], rel=1e-5)


def test_in_a_later_round_the_outer_step_is_taken_without_the_shard(
    two: Round, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the start that the full step had, with the velocity."""
    monkeypatch.chdir(tmp_path)
    for folder in two.shards.values():
        write_json(folder / FINGERPRINT, {"shared": {"round": 1}})
    merged, state = Path("stepped"), Path("outer")
    step = {"rounds": 3, "outer": Outer(learning_rate=0.9, momentum=0.5)}
    first, second = (two.params.model_copy(update=step | {"round": number}) for number in (1, 2))
    outer.merge_round(two.shards, Average(), {}, first, None, 1.0, merged, state)
    starts.hand_over(first, merged, state)
    shutil.copytree(merged, outer.INIT)

    outer.merge_round({"shard 2": two.shards["shard 2"]}, Average(), {}, second, None, 1.0, Path("by hand"), state)
    outer.merge_round(two.shards, Average(), {}, second, None, 1.0, merged, state)
    rows = leave_one_out(two.evaluator, two.shards, merged, METRICS, second)
    assert rows[0]["without"] == "shard 1"
    assert rows[0]["eval_loss"] == pytest.approx(two.loss_of(Path("by hand")), rel=1e-5)
    assert rows[0]["difference"] == pytest.approx(rows[0]["eval_loss"] - two.loss_of(merged))


def test_a_second_time_nothing_is_computed(two: Round, monkeypatch: pytest.MonkeyPatch) -> None:
    first = two.rows("average")
    monkeypatch.delattr(module, "mean_loss")
    assert two.rows("average") == first
