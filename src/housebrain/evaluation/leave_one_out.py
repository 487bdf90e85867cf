"""What each shard brings to a round: the same merge without it, and how much higher the test loss is then."""

import tempfile
from pathlib import Path
from typing import Any

from housebrain.evaluation.compare import as_columns
from housebrain.evaluation.evaluate import Evaluator
from housebrain.evaluation.intervals import difference
from housebrain.evaluation.metrics import finite, loss_measure
from housebrain.evaluation.names import LOSS
from housebrain.files import read_json
from housebrain.merging.choose import AUTO
from housebrain.merging.outer import merge_round
from housebrain.merging.strategies import Metrics, Searched, strategy
from housebrain.model.adapter import MERGE_REPORT
from housebrain.params import Params

ALONE = "no weight is left without it"


def leave_one_out(
    evaluator: Evaluator,
    shards: dict[str, Path],
    merged: Path,
    metrics: dict[str, Metrics],
    params: Params,
) -> list[dict[str, Any]]:
    """Merges without each shard in turn, and compares the test loss with that of the full merge.

    The strategy, its weights, scale, rank and dtype are those of the full merge. Where the strategy searched for its
    weights, those found are kept without the shard's and scaled to sum to 1; nothing is searched for again. With
    several rounds the outer step is taken from the same start without the shard; what it brought in earlier rounds
    stays.

    Args:
        evaluator: measures the loss. Nothing is generated.
        shards: the adapters' folders, by name.
        merged: the full merge's folder.
        metrics: by shard, what MLflow had of each.
        params: of the round.

    Returns:
        Rows of `without`, `weight` (in the full merge), `eval_loss` (without it), and `difference` (without it less the
        full merge: above 0 the shard helps), `low`, `high`, `p`, `note`; None for what is not defined.

    Raises:
        UserError: an adapter, or what the round before left, is missing or damaged.
    """
    settings = params.merge
    report = read_json(merged / MERGE_REPORT)
    parameters = {} if settings.strategy == AUTO else settings.parameters
    how = strategy(report["strategy"], settings.metric, settings.mode, settings.temperature, **parameters)
    full = loss_measure(evaluator.losses(merged), evaluator.lengths)
    rows = []
    for name in shards:
        others = {other: folder for other, folder in shards.items() if other != name}
        found = {other: report["weights"][other] for other in others} if isinstance(how, Searched) else None
        row = {"without": name, "weight": report["weights"][name], LOSS: None, "note": None}
        if not others or (found is not None and sum(found.values()) <= 0):
            rows.append(row | as_columns(None) | {"note": ALONE})
            continue
        if report["weights"][name] == 0:
            measure = full  # all is the same without it
        else:
            with tempfile.TemporaryDirectory(prefix="without-") as folder:
                out, outer = Path(folder) / "merged", Path(folder) / "outer"
                known = {other: metrics[other] for other in others}
                merge_round(others, how, known, params, found, report["scale"], out, outer, progress=False)
                measure = loss_measure(evaluator.losses(out), evaluator.lengths)
        compared = as_columns(difference(measure, full))
        rows.append(row | {LOSS: finite(measure.mean)} | compared)
        change = compared["difference"]
        shown = "not finite" if change is None else f"{measure.mean:.3f} ({change:+.4f})"
        print(f"leave_one_out: without {name}  loss {shown}", flush=True)
    return rows
