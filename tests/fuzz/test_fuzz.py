"""Every fuzzer with a small budget and fixed draws; `python -m bench.fuzz` runs them for long."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from fuzz.target import Target
from fuzz.targets import TARGETS
from housebrain.service.warm import warm

pytestmark = [pytest.mark.slow, pytest.mark.long]


@pytest.fixture(scope="module", autouse=True)
def warmed() -> None:
    """The search is compiled before the first case, whose time is watched."""
    warm()


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_the_promise_holds(target: Target) -> None:
    outcomes: Counter[str] = Counter()

    @given(target.cases)
    @settings(
        max_examples=target.examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def hold(case: Any) -> None:
        outcomes[target.check(case)] += 1

    hold()
    assert target.outcomes <= outcomes.keys(), outcomes


KEPT = [(target, number) for target in TARGETS for number in range(len(target.kept))]


@pytest.mark.parametrize(("target", "number"), KEPT, ids=[f"{target.name} {number}" for target, number in KEPT])
def test_what_broke_the_promise_once(target: Target, number: int) -> None:
    assert target.check(target.kept[number])
