"""The criteria of params.yaml, held against what was measured."""

import math
from typing import Any

from housebrain.evaluation.names import answers_of
from housebrain.params import Criterion


def check_criteria(criteria: dict[str, Criterion], measured: dict[str, float | None]) -> dict[str, dict[str, Any]]:
    """Each criterion with its bound, its value and its verdict: `pass`, `fail` or `not measured`.

    `answers` is `guided` or `free` where it judges answers of that kind.

    Args:
        measured: values by the criteria's names; None, NaN or absence is `not measured`.
    """
    table = {}
    for name, criterion in criteria.items():
        value = measured.get(name)
        bound = f">= {criterion.min:g}" if criterion.min is not None else f"<= {criterion.max:g}"
        if value is None or not math.isfinite(value):
            value, verdict = None, "not measured"
        elif criterion.min is not None:
            verdict = "pass" if value >= criterion.min else "fail"
        else:
            verdict = "pass" if criterion.max is not None and value <= criterion.max else "fail"
        found = {"bound": bound, "value": value, "verdict": verdict}
        table[name] = {"about": criterion.about, "answers": answers_of(name), **found}
    return table


def undecided(criteria: dict[str, Criterion], intervals: dict[str, dict[str, float] | None]) -> set[str]:
    """The criteria whose verdict is not the same at both ends of the interval, `low` and `high`, of what they bound."""
    known = {name: interval for name, interval in intervals.items() if interval is not None}
    low, high = (check_criteria(criteria, {name: one[end] for name, one in known.items()}) for end in ("low", "high"))
    return {name for name in criteria if low[name]["verdict"] != high[name]["verdict"]}
