"""How a service is used: by day and region, what was refused, what was accepted, and how briefs drift."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from statistics import median
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from housebrain.service.store import Store, StoredUse, damaged

# A population stability index from which the training set no longer is like what is asked for: the usual thresholds
# are 0.1 for a small change and 0.25 for a large one.
SMALL, LARGE = 0.1, 0.25
NUMBERS = ("bedrooms", "floors", "rooms", "asked_sqft", "envelope_sqft")
KINDS = ("climate", "region")
BINS = 10
LEAST = 50  # briefs on both sides, for a drift to mean something
T = TypeVar("T")


def stability(reference: Sequence[float] | NDArray[np.float64], now: Sequence[float] | NDArray[np.float64]) -> float:
    """The population stability index of two samples of a number, over deciles of `reference`; 0 is no change."""
    edges = np.unique(np.quantile(reference, np.linspace(0, 1, BINS + 1)[1:-1]))
    shares = [np.bincount(np.digitize(values, edges), minlength=len(edges) + 1) for values in (reference, now)]
    return _psi(*shares)


def stability_of_kinds(reference: Iterable[str], now: Iterable[str]) -> float:
    """The same for two samples of names."""
    first, second = Counter(reference), Counter(now)
    names = sorted(first | second)
    return _psi(np.array([first[name] for name in names]), np.array([second[name] for name in names]))


def _psi(first: Any, second: Any) -> float:
    # Half a brief more in each bin, so that an empty one does not make it infinite.
    p, q = ((counts + 0.5) / (counts.sum() + 0.5 * len(counts)) for counts in (first, second))
    return float(((p - q) * np.log(p / q)).sum())


def usage(store: Store, since: datetime, reference: Mapping[str, Sequence[Any]] | None = None) -> dict[str, Any]:
    """Figures of a service's requests.

    Args:
        store: of the service.
        since: from when on.
        reference: the facts of the training set's briefs, by name, for drift.

    Returns:
        `requests`, `designed`, `by_day`, `by_region`, `outcomes`, `feedback`, `seconds_median`, and `drift` by fact;
        `drift` is empty where there are fewer than `LEAST` briefs.

    Raises:
        DamagedRowError: a row holds something else than what the service puts there.
    """
    rows = store.uses(since)
    designed = [row for row in rows if row.outcome == "designed"]
    drift = {}
    if reference and min(len(designed), len(reference[NUMBERS[0]])) >= LEAST:
        for name in NUMBERS:
            drift[name] = stability(reference[name], [_fact(row, name, int) for row in designed])
        for name in KINDS:
            drift[name] = stability_of_kinds(reference[name], [_fact(row, name, str) for row in designed])
    return {
        "requests": len(rows),
        "designed": len(designed),
        "by_day": dict(sorted(Counter(row.made.date().isoformat() for row in rows).items())),
        "by_region": dict(Counter(row.region or "unknown" for row in rows).most_common()),
        "outcomes": dict(Counter(row.outcome for row in rows).most_common()),
        "feedback": store.verdicts(since),
        "seconds_median": round(median([row.seconds for row in designed]), 3) if designed else None,
        "drift": {name: round(value, 3) for name, value in drift.items()},
    }


def _fact(row: StoredUse, name: str, kind: type[T]) -> T:
    """What a use's brief was like.

    Raises:
        DamagedRowError: the row doesn't say, or says it in another kind.
    """
    value = row.facts.get(name) if isinstance(row.facts, dict) else None
    if not isinstance(value, kind):
        raise damaged(row, f"facts: no {name} of kind {kind.__name__}")
    return value


def drifted(figures: dict[str, Any]) -> list[str]:
    """The facts whose briefs are no longer those of the training set."""
    return [name for name, value in figures["drift"].items() if value >= LARGE]


def as_tables(figures: dict[str, Any]) -> list[Table]:
    """The figures to read on a screen."""
    tables = []
    for title, name in (("Requests by day", "by_day"), ("By region", "by_region"), ("Outcomes", "outcomes"),
                        ("Feedback", "feedback")):  # fmt: skip
        table = Table(title=title, title_justify="left")
        table.add_column("")
        table.add_column("requests", justify="right")
        for key, count in figures[name].items():
            table.add_row(key, f"{count:,}")
        tables.append(table)
    table = Table(title="Drift from the training set", title_justify="left")
    for column in ("fact", "stability index", "says"):
        table.add_column(column)
    for name, value in figures["drift"].items():
        table.add_row(name, f"{value:.3f}", "as trained" if value < SMALL else "moved" if value < LARGE else "drifted")
    return [*tables, table]
