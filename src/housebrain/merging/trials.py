"""The strategies that were tried, as a picture and a table among the artifacts of the merge's run in MLflow."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from housebrain.figures import GREEN, bars
from housebrain.files import read_json
from housebrain.tracking import log_files


def strategies(trials: list[dict[str, Any]]) -> Figure:
    """The validation loss of every strategy that was tried and has one; green is the one that was taken."""
    rows = {row["strategy"]: row["loss"] for row in trials if row["loss"] is not None}
    colours = {row["strategy"]: GREEN for row in trials if row["chosen"]}
    return bars(rows, "validation loss (nats a token, lower is better)", colours)


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
