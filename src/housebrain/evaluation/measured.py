"""How many briefs an evaluation is of, from what it left behind."""

from pathlib import Path

from housebrain.errors import os_error
from housebrain.evaluation.names import DESIGNS


def count_briefs(evaluation: Path) -> int:
    """How many test briefs were measured: fewer than `evaluate.briefs` where the test split has no more.

    Args:
        evaluation: the folder that `evaluate` wrote; among its files is one with a line a brief.

    Raises:
        UserError: that file can't be read.
    """
    path = evaluation / DESIGNS
    try:
        with path.open("rb") as lines:
            return sum(1 for _ in lines)
    except OSError as error:
        raise os_error(error, path) from error
