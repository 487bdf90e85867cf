"""Pictures for MLflow: how models and strategies compare, and how much each shard counts in the merged model."""

import json
from pathlib import Path

from matplotlib.figure import Figure

from housebrain.evaluation.names import BASE, LOSS, MERGED
from housebrain.figures import GREEN, GREY, bars
from housebrain.params import Params
from housebrain.registry import Version
from housebrain.release.register import Table, evaluations_of
from housebrain.tracking import log_files

_COLOURS = {BASE: GREY, MERGED: GREEN}


def losses(evaluation: Table) -> Figure:
    """The test loss of every model that has one, in nats a token; lower is better."""
    rows = {name: metrics[LOSS] for name, metrics in evaluation.items() if metrics[LOSS] is not None}
    figure = bars(rows, "test loss (nats a token, lower is better)", _COLOURS)
    axes = figure.axes[0]
    if MERGED in rows:
        axes.axvline(rows[MERGED], color=_COLOURS[MERGED], linewidth=0.8, linestyle="--")
    return figure


def weights(of_shards: dict[str, float]) -> Figure:
    """Each shard's weight in the merged model."""
    return bars(of_shards, "weight in the merged model", _COLOURS)


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
    evaluations = evaluations_of(MERGED, merged.tags["sha256"], evaluation[MERGED], params)[:1]
    for run_id in {*evaluations, merged.run_id} - {None}:
        log_files(str(run_id), [folder / name for name in files])
