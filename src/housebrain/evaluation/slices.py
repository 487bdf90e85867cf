"""Every metric by the kind of brief, so that a mean hides no kind that a model fails at."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from housebrain.evaluation.metrics import Answered, finite, measures
from housebrain.evaluation.names import SMALL
from housebrain.house.brief import Brief

DIMENSIONS: dict[str, Callable[[Brief], Any]] = {
    "bedrooms": lambda brief: brief.bedrooms,
    "floors": lambda brief: brief.floors,
    "region": lambda brief: brief.region,
    "style": lambda brief: brief.style,
}


def slices(answers: list[Answered]) -> list[dict[str, Any]]:
    """One model's metrics by each dimension's values.

    Returns:
        Rows of `slice` (such as `bedrooms 3`), `dimension`, `value`, `briefs` (how many), `small` (whether too few to
        say much), and the metrics; None where one is not finite.
    """
    rows = []
    answered = pd.Series(answers, dtype=object)
    for dimension, value_of in DIMENSIONS.items():
        for value, group in answered.groupby([value_of(one.sample.brief) for one in answers]):
            means = {name: finite(measure.mean) for name, measure in measures(group.tolist()).items()}
            about = {"slice": f"{dimension} {value}", "dimension": dimension, "value": value}
            rows.append({**about, "briefs": len(group), "small": len(group) < SMALL, **means})
    return rows
