"""Tests for housebrain.release.charts: the right bars, where a person looks for them."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from housebrain.evaluation.reports import MERGED
from housebrain.files import read_json
from housebrain.params import Params
from housebrain.release.charts import log_charts, losses, weights
from housebrain.tracking import client, log_run
from release.conftest import EXPERIMENT, register_round


def bars(figure: Figure) -> dict[str, float]:
    axes: Any = figure.axes[0]
    labels = [tick.get_text() for tick in axes.get_yticklabels()]
    return dict(zip(labels, [bar.get_width() for bar in axes.patches], strict=True))


def test_bars_are_what_was_measured() -> None:
    rows: dict[str, dict[str, Any]] = {
        "base": {"eval_loss": 3.0},
        "shard 1": {"eval_loss": None},
        MERGED: {"eval_loss": 1.25},
    }
    assert bars(losses(rows)) == {"base": 3.0, MERGED: 1.25}
    assert bars(weights({"shard 1": 0.75, "shard 2": 0.25})) == {"shard 1": 0.75, "shard 2": 0.25}


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
