"""The criteria of params.yaml, held against what was measured."""

import math
from typing import Any

from housebrain.params import Criterion


def check_criteria(criteria: dict[str, Criterion], measured: dict[str, float | None]) -> dict[str, dict[str, Any]]:
    """Each criterion with its bound, its value and its verdict: `pass`, `fail` or `not measured`.

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
        table[name] = {"about": criterion.about, "bound": bound, "value": value, "verdict": verdict}
    return table
