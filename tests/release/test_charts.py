"""Tests for housebrain.release.charts: the right bars, where a person looks for them."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from housebrain.evaluation.names import MERGED
from housebrain.files import read_json, write_json
from housebrain.merging.trials import log_strategies, strategies
from housebrain.params import Params
from housebrain.release.charts import log_charts, losses, weights
from housebrain.tracking import client, log_run
from release.conftest import EXPERIMENT, register_round


def bars(figure: Figure) -> dict[str, float]:
    axes: Any = figure.axes[0]
    labels = [tick.get_text() for tick in axes.get_yticklabels()]
    return dict(zip(labels, [bar.get_width() for bar in axes.patches], strict=True))


TRIALS = [
    {"strategy": "average", "scale": 1.0, "loss": 0.5, "p": 0.25, "chosen": True},
    {"strategy": "ties", "scale": 1.5, "loss": 0.49, "p": 1.0, "chosen": False},
]


def test_bars_are_what_was_measured() -> None:
    rows: dict[str, dict[str, Any]] = {
        "base": {"eval_loss": 3.0},
        "shard 1": {"eval_loss": None},
        MERGED: {"eval_loss": 1.25},
    }
    assert bars(losses(rows)) == {"base": 3.0, MERGED: 1.25}
    assert bars(weights({"shard 1": 0.75, "shard 2": 0.25})) == {"shard 1": 0.75, "shard 2": 0.25}
    assert bars(strategies(TRIALS)) == {"average": 0.5, "ties": 0.49}


def test_the_strategy_that_was_taken_stands_out() -> None:
    axes: Any = strategies(TRIALS).axes[0]
    taken, other = (bar.get_facecolor() for bar in axes.patches)
    assert taken != other


def test_charts_are_artifacts_of_the_merge_and_of_its_evaluation(
    evaluated_round: Path, params: Params, tmp_path: Path
) -> None:
    merged = register_round(params)[MERGED]
    tags = {"kind": "evaluation", "model": MERGED, "weights": merged.tags["sha256"]}
    evaluation = log_run("evaluate-1", "evaluate merged", EXPERIMENT, {}, {}, tags)
    log_charts(read_json("reports/evaluation.json"), merged, params, tmp_path)
    for run_id in (evaluation, str(merged.run_id)):
        logged = client().list_artifacts(run_id)
        assert [file.path for file in logged] == ["losses.png", "weights.png"]
        content = Path(client().download_artifacts(run_id, "losses.png")).read_bytes()
        assert content.startswith(b"\x89PNG")
        assert len(content) > 2_000


def test_strategies_that_were_compared_are_artifacts_of_the_merge(mlflow_store: str, tmp_path: Path) -> None:
    run_id = log_run("merge-1", "merge average", EXPERIMENT, {}, {}, {"kind": "merge"})
    choice = tmp_path / "merge_choice.json"
    write_json(choice, [])
    log_strategies(choice, run_id, tmp_path)
    assert client().list_artifacts(run_id) == []
    write_json(choice, TRIALS)
    log_strategies(choice, run_id, tmp_path)
    assert [file.path for file in client().list_artifacts(run_id)] == ["merge_choice.json", "strategies.png"]
    assert read_json(client().download_artifacts(run_id, "merge_choice.json")) == TRIALS
