"""Pictures for MLflow: how models and strategies compare, and how much each shard counts in the merged model."""

import json
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from housebrain.evaluation.reports import BASE, MERGED
from housebrain.files import read_json
from housebrain.params import Params
from housebrain.release.register import Table
from housebrain.tracking import Version, find_runs, log_files

LOSS = "eval_loss"
_COLOURS = {BASE: "#8c8c8c", MERGED: "#1b7837"}
_SHARD = "#4c72b0"


def losses(evaluation: Table) -> Figure:
    """The test loss of every model that has one, in nats a token; lower is better."""
    rows = {name: metrics[LOSS] for name, metrics in evaluation.items() if metrics[LOSS] is not None}
    figure = _bars(rows, "test loss (nats a token, lower is better)")
    axes = figure.axes[0]
    if MERGED in rows:
        axes.axvline(rows[MERGED], color=_COLOURS[MERGED], linewidth=0.8, linestyle="--")
    return figure


def weights(of_shards: dict[str, float]) -> Figure:
    """Each shard's weight in the merged model."""
    return _bars(of_shards, "weight in the merged model")


def strategies(trials: list[dict[str, Any]]) -> Figure:
    """The validation loss of every strategy that was tried; green is the one that was taken."""
    rows = {row["strategy"]: row["loss"] for row in trials}
    colours = {row["strategy"]: _COLOURS[MERGED] for row in trials if row["chosen"]}
    return _bars(rows, "validation loss (nats a token, lower is better)", colours)


def _bars(rows: dict[str, float], label: str, colours: dict[str, str] = _COLOURS) -> Figure:
    """One bar a row, the first on top, with its number."""
    figure = Figure(figsize=(7, 1.2 + 0.35 * len(rows)), layout="constrained")
    axes: Any = figure.subplots()
    bars = axes.barh(list(rows), list(rows.values()), color=[colours.get(name, _SHARD) for name in rows])
    axes.bar_label(bars, fmt="%.3f", padding=3)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_xlabel(label)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def log_charts(evaluation: Table, merged: Version, params: Params, folder: Path) -> None:
    """Draws the charts in `folder` and puts them among the artifacts of the merge's run and of its evaluation's.

    Args:
        evaluation: `reports/evaluation.json`.
        merged: the merged model's version.
        params: name the experiment.
        folder: exists.

    Raises:
        UserError: the store can't be written.
    """
    files = {"losses.png": losses(evaluation), "weights.png": weights(json.loads(merged.tags["weights"]))}
    for name, figure in files.items():
        figure.savefig(folder / name, dpi=120)
    tags = {"kind": "evaluation", "model": MERGED, "weights": merged.tags["sha256"]}
    evaluations = find_runs(params.tracking.experiment, tags)[:1]
    for run_id in {*evaluations, merged.run_id} - {None}:
        log_files(str(run_id), [folder / name for name in files])


def log_strategies(choice: Path, run_id: str, folder: Path) -> None:
    """Draws how strategies compare in `folder`, and puts chart and table among the artifacts of the merge's run.

    Args:
        choice: `reports/merge_choice.json`; where nothing was tried there is nothing to log.
        run_id: of the merge.
        folder: exists.

    Raises:
        UserError: the report is missing or damaged, or the store can't be written.
    """
    trials = read_json(choice)
    if trials:
        chart = folder / "strategies.png"
        strategies(trials).savefig(chart, dpi=120)
        log_files(run_id, [chart, choice])
