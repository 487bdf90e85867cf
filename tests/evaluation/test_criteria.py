"""Tests for housebrain.evaluation.criteria."""

import math

import pytest

from housebrain.evaluation.criteria import check_criteria, undecided
from housebrain.params import Criterion

AT_LEAST = Criterion(about="accuracy", min=0.9)
AT_MOST = Criterion(about="seconds", max=5)


@pytest.mark.parametrize(
    ("criterion", "value", "verdict"),
    [
        (AT_LEAST, 0.9, "pass"),
        (AT_LEAST, 1.0, "pass"),
        (AT_LEAST, 0.89, "fail"),
        (AT_LEAST, 0.0, "fail"),
        (AT_MOST, 5.0, "pass"),
        (AT_MOST, 0.0, "pass"),
        (AT_MOST, 5.01, "fail"),
        (AT_MOST, None, "not measured"),
        (AT_LEAST, math.nan, "not measured"),
        (AT_MOST, -math.inf, "not measured"),
        (AT_LEAST, math.inf, "not measured"),
    ],
)
def test_a_bound_holds_or_does_not(criterion: Criterion, value: float | None, verdict: str) -> None:
    row = check_criteria({"it": criterion}, {"it": value})["it"]
    assert row["verdict"] == verdict
    assert row["value"] == (None if verdict == "not measured" else value)


def test_the_table_has_each_criterion_in_order_and_nothing_else() -> None:
    table = check_criteria({"seconds": AT_MOST, "accuracy": AT_LEAST}, {"accuracy": 1.0, "other": 3.0})
    assert list(table) == ["seconds", "accuracy"]
    nobodys = {"answers": ""}
    assert table["seconds"] == {"about": "seconds", "bound": "<= 5", "value": None, "verdict": "not measured"} | nobodys
    assert table["accuracy"] == {"about": "accuracy", "bound": ">= 0.9", "value": 1.0, "verdict": "pass"} | nobodys


def test_the_table_says_which_answers_are_judged() -> None:
    names = ("guided_validity", "seconds_per_design", "design_accuracy", "peak_memory_gb", "train_loss")
    table = check_criteria(dict.fromkeys(names, AT_LEAST), {})
    assert [table[name]["answers"] for name in names] == ["guided", "guided", "free", "free", ""]


@pytest.mark.parametrize(
    ("criterion", "low", "high", "is_open"),
    [
        (AT_LEAST, 0.9, 1.0, False),
        (AT_LEAST, 0.89, 1.0, True),
        (AT_LEAST, 0.1, 0.89, False),
        (AT_MOST, 4.0, 5.0, False),
        (AT_MOST, 5.0, 5.01, True),
        (AT_MOST, 5.01, 6.0, False),
    ],
)
def test_a_verdict_is_open_where_the_ends_of_the_interval_disagree(
    criterion: Criterion, low: float, high: float, is_open: bool
) -> None:
    intervals = {"it": {"low": low, "high": high}, "broken": None}
    assert undecided({"it": criterion, "broken": AT_MOST, "other": AT_LEAST}, intervals) == (
        {"it"} if is_open else set()
    )
