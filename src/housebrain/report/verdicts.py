"""A building code's verdicts for the terminal: rule by rule, always with how sure the rule's bound is."""

from collections import Counter

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from housebrain.rules.codes import Outcome, RuleResult

_COLOURS: dict[Outcome, str] = {"passed": "green", "failed": "red", "unverified": "yellow", "not applicable": "dim"}


def number(value: float | None, unit: str, digits: int = 3) -> str:
    """A measure or a bound, such as `0.914 m`; a share is a percentage."""
    if value is None:
        return "none"
    shown = float(f"{value if unit else 100 * value:.{digits}g}")
    return f"{shown:.10g} {unit}" if unit else f"{shown:.10g}%"


def _digits(result: RuleResult) -> int:
    """So many that what failed does not read like what is asked for: 105.96 m2 where 106 m2 are."""
    if result.outcome != "failed":
        return 3
    found = (few for few in range(3, 7) if number(result.measured, "m", few) != number(result.bound, "m", few))
    return next(found, 7)


def measured(result: RuleResult) -> str:
    """What a house has: `0.914 m`."""
    return number(result.measured, result.unit, _digits(result))


def asked(result: RuleResult) -> str:
    """What a rule asks for: `at least 1 m`."""
    if result.bound is None:
        return ""
    return f"at {'least' if result.is_least else 'most'} {number(result.bound, result.unit, _digits(result))}"


def counted(results: list[RuleResult]) -> str:
    """How many results of each outcome there are, in words."""
    counts = Counter(result.outcome for result in results)
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in _COLOURS if counts[outcome])


def print_verdicts(results: list[RuleResult], title: str) -> None:
    """Prints a table of all results, and a line that counts them."""
    console = Console(width=150)
    table = Table(title=escape(title), title_justify="left")
    for column in ("rule", "clause", "where", "outcome", "measured", "required", "source of the bound", "note"):
        table.add_column(column)
    for result in results:
        colour = _COLOURS[result.outcome]
        note = result.note or ("the brief's setbacks decide" if result.given else "")
        table.add_row(
            escape(result.rule),
            escape(result.clause),
            escape(result.where),
            f"[{colour}]{result.outcome}[/{colour}]",
            measured(result) if result.decided else "",
            asked(result),
            result.certainty,
            escape(note),
        )
    console.print(table)
    console.print(f"{counted(results)}. A check of a sketch, not a permit.", highlight=False)


def print_failed(results: list[RuleResult], console: Console) -> None:
    """Prints one line that counts the results, and one for each rule that failed."""
    decided = [result for result in results if result.decided]
    passed = sum(result.passed for result in decided)
    rest = Counter(result.outcome for result in results if not result.decided)
    besides = "".join(f", {count} {outcome}" for outcome, count in sorted(rest.items()))
    console.print(
        f"Building code ({results[-1].edition}): {passed} of {len(decided)} rules passed{besides}.", highlight=False
    )
    for result in results:
        if result.outcome == "failed":
            console.print(
                f"  failed: {result.rule} ({result.clause}), {result.where}: {measured(result)}, "
                f"{asked(result)} is wanted; source of the bound: {result.certainty}",
                highlight=False,
                markup=False,
            )
