"""The statistics of an evaluation: how sure each number is, and whether the merge differs from the other models."""

from typing import Any

from housebrain.evaluation.guided import guided_measures
from housebrain.evaluation.intervals import difference, interval
from housebrain.evaluation.metrics import Measure, measures
from housebrain.evaluation.names import BASE, LOSS, MERGED, RELEASED
from housebrain.evaluation.reports import Evaluated


def all_measures(result: Evaluated) -> dict[str, Measure]:
    """Of one model's free answers and of its guided ones."""
    return measures(result.answers) | guided_measures(result.guided)


def intervals(evaluated: dict[str, Evaluated]) -> dict[str, dict[str, Any]]:
    """By model and metric the 95% interval, `low` and `high`; None where there is none."""
    table: dict[str, dict[str, Any]] = {}
    for name, result in evaluated.items():
        found = {metric: interval(measure) for metric, measure in all_measures(result).items()}
        table[name] = {metric: between._asdict() if between else None for metric, between in found.items()}
    return table


def best_shard(evaluated: dict[str, Evaluated]) -> str | None:
    """The shard with the lowest test loss. It was chosen on the very briefs it is compared on, to its advantage."""
    losses = {name: result.metrics[LOSS] for name, result in evaluated.items() if name not in (BASE, MERGED, RELEASED)}
    finite = {name: loss for name, loss in losses.items() if loss is not None}
    return min(finite, key=lambda name: finite[name], default=None)


def comparisons(evaluated: dict[str, Evaluated]) -> list[dict[str, Any]]:
    """The merged model against the base, every shard and the released one, metric by metric, on the same briefs.

    Guided answers are compared where both models gave some.

    Returns:
        Rows of `against`, `best_shard` (whether that is it), `metric`, and `difference` (merged less the other), `low`,
        `high`, `p`; None for what is not defined.
    """
    merged = all_measures(evaluated[MERGED])
    best = best_shard(evaluated)
    rows = []
    for name, result in evaluated.items():
        if name == MERGED:
            continue
        others = all_measures(result)
        for metric, measure in merged.items():
            if metric not in others:
                continue
            row = {"against": name, "best_shard": name == best, "metric": metric}
            rows.append(row | as_columns(difference(measure, others[metric])))
    return rows


def as_columns(found: Any) -> dict[str, float | None]:
    """A `Difference`, or None, as columns of a row."""
    if found is None:
        return dict.fromkeys(("difference", "low", "high", "p"))
    low, high = found.interval or (None, None)
    return {"difference": found.value, "low": low, "high": high, "p": found.p}
