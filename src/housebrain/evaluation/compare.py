"""The statistics of an evaluation: how sure each number is, and whether the merge differs from the other models."""

from typing import Any

from housebrain.evaluation.intervals import difference, interval
from housebrain.evaluation.metrics import measures
from housebrain.evaluation.names import BASE, LOSS, MERGED
from housebrain.evaluation.reports import Evaluated


def intervals(evaluated: dict[str, Evaluated]) -> dict[str, dict[str, Any]]:
    """By model and metric the 95% interval, `low` and `high`; None where there is none."""
    table: dict[str, dict[str, Any]] = {}
    for name, result in evaluated.items():
        found = {metric: interval(measure) for metric, measure in measures(result.answers).items()}
        table[name] = {metric: between._asdict() if between else None for metric, between in found.items()}
    return table


def best_shard(evaluated: dict[str, Evaluated]) -> str | None:
    """The shard with the lowest test loss. It was chosen on the very briefs it is compared on, to its advantage."""
    losses = {name: result.metrics[LOSS] for name, result in evaluated.items() if name not in (BASE, MERGED)}
    finite = {name: loss for name, loss in losses.items() if loss is not None}
    return min(finite, key=lambda name: finite[name], default=None)


def comparisons(evaluated: dict[str, Evaluated]) -> list[dict[str, Any]]:
    """The merged model against the base and every shard, metric by metric, on the same briefs.

    Returns:
        Rows of `against`, `best_shard` (whether that is it), `metric`, and `difference` (merged less the other), `low`,
        `high`, `p`; None for what is not defined.
    """
    merged = measures(evaluated[MERGED].answers)
    best = best_shard(evaluated)
    rows = []
    for name, result in evaluated.items():
        if name == MERGED:
            continue
        others = measures(result.answers)
        for metric, measure in merged.items():
            row = {"against": name, "best_shard": name == best, "metric": metric}
            rows.append(row | as_columns(difference(measure, others[metric])))
    return rows


def as_columns(found: Any) -> dict[str, float | None]:
    """A `Difference`, or None, as columns of a row."""
    if found is None:
        return dict.fromkeys(("difference", "low", "high", "p"))
    low, high = found.interval or (None, None)
    return {"difference": found.value, "low": low, "high": high, "p": found.p}
