"""Tests for housebrain.report.verdicts."""

import pytest

from housebrain.report.verdicts import asked, measured
from housebrain.rules.codes import Outcome, RuleResult


def result(value: float, bound: float, unit: str, outcome: Outcome = "failed") -> RuleResult:
    return RuleResult("rule", "1", "code", "S", "house", outcome, value, bound, True, unit, "", False)


@pytest.mark.parametrize(
    ("value", "bound", "unit", "shown", "wanted"),
    [
        (0.9144, 1.0, "m", "0.914 m", "at least 1 m"),
        (105.96, 106, "m2", "105.96 m2", "at least 106 m2"),  # three or four digits would say 106 of both
        (11.4967, 11.5, "m2", "11.497 m2", "at least 11.5 m2"),
        (0.07964, 0.08, "", "7.96%", "at least 8%"),
        (1234.5, 2000, "m2", "1230 m2", "at least 2000 m2"),
    ],
)
def test_what_failed_never_reads_like_what_is_asked_for(
    value: float, bound: float, unit: str, shown: str, wanted: str
) -> None:
    failed = result(value, bound, unit)
    assert (measured(failed), asked(failed)) == (shown, wanted)


def test_what_passed_is_short() -> None:
    passed = result(106.04, 105.96, "m2", "passed")
    assert (measured(passed), asked(passed)) == ("106 m2", "at least 106 m2")
