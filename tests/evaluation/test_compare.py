"""Tests for housebrain.evaluation.compare."""

from pathlib import Path

import pytest

from housebrain.evaluation.compare import best_shard, comparisons, intervals
from housebrain.evaluation.metrics import Answered, judge, measures
from housebrain.evaluation.names import BASE, MERGED
from housebrain.evaluation.reports import Evaluated
from housebrain.language.samples import load_samples


def outcome(test: Path, losses: list[float], good: int) -> Evaluated:
    """A model with these losses, one a brief, that gets the first `good` briefs right."""
    answers = []
    for number, (sample, loss) in enumerate(zip(load_samples(test), losses, strict=False)):
        text = sample.answer if number < good else "?"
        answers.append(Answered(sample, loss, 100, text, judge(text, sample, "tree", "auto")))
    means = {name: measure.mean for name, measure in measures(answers).items()}
    return Evaluated(
        {**means, "eval_loss": None if means["eval_loss"] != means["eval_loss"] else means["eval_loss"]}, answers
    )


@pytest.fixture
def evaluated(test_split: Path) -> dict[str, Evaluated]:
    return {
        BASE: outcome(test_split, [3.0, 3.1, 3.3, 3.6], 0),
        "shard 1": outcome(test_split, [float("nan")] * 4, 1),
        "shard 2": outcome(test_split, [1.0, 1.2, 1.1, 1.6], 1),
        "shard 3": outcome(test_split, [1.1, 1.2, 1.2, 1.6], 4),
        MERGED: outcome(test_split, [0.9, 1.3, 1.0, 1.2], 3),
    }


def test_each_model_and_metric_has_its_interval(evaluated: dict[str, Evaluated]) -> None:
    table = intervals(evaluated)
    assert list(table) == list(evaluated)
    loss = table[MERGED]["eval_loss"]
    assert 0.9 <= loss["low"] < 1.1 < loss["high"] <= 1.3
    assert table["shard 1"]["eval_loss"] is None
    assert table[MERGED]["json_validity"]["high"] == 1
    assert table["shard 3"]["json_validity"]["low"] == pytest.approx(0.025**0.25)


def test_the_merged_model_is_compared_with_every_other(evaluated: dict[str, Evaluated]) -> None:
    rows = {(row["against"], row["metric"]): row for row in comparisons(evaluated)}
    assert list(dict.fromkeys(against for against, _ in rows)) == [BASE, "shard 1", "shard 2", "shard 3"]
    assert {against for against, row in ((key[0], row) for key, row in rows.items()) if row["best_shard"]} == {
        "shard 2"
    }
    against_base = rows[BASE, "eval_loss"]
    assert against_base["difference"] == pytest.approx(1.1 - 3.25)
    assert against_base["low"] <= against_base["difference"] <= against_base["high"] < 0
    assert against_base["p"] == pytest.approx(2 / 16)
    broken = rows["shard 1", "eval_loss"]
    assert (broken["difference"], broken["low"], broken["p"]) == (None, None, None)
    assert rows["shard 3", "decoded"]["difference"] == -0.25


def test_without_a_finite_loss_no_shard_is_the_best(evaluated: dict[str, Evaluated]) -> None:
    assert best_shard({name: evaluated[name] for name in (BASE, "shard 1", MERGED)}) is None


def test_one_brief_is_no_obstacle(test_split: Path) -> None:
    one = {name: outcome(test_split, [2.0], 1) for name in (BASE, "shard 1", MERGED)}
    assert set(intervals(one)[MERGED].values()) == {None}
    assert {(row["low"], row["p"]) for row in comparisons(one)} == {(None, None)}
