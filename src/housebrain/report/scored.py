"""Scores for the terminal: each part of one, or several houses side by side."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from housebrain.rules.score import Score


def print_scores(scores: Sequence[Score]) -> None:
    """Prints the scores of some houses of one brief to the error stream, the first one's parts with their sentences."""
    console = Console(stderr=True, width=120)
    if len(scores) > 1:
        table = Table(title="The houses, best first", title_justify="left")
        names = [part.name for part in scores[0].parts if part.weight]
        for column in ("house", "score", *names):
            table.add_column(column, justify="right")
        for number, one in enumerate(scores, 1):
            values = [found.value if (found := one.part(name)) else None for name in names]
            table.add_row(
                str(number), f"{one.total:.2f}", *("" if value is None else f"{value:.1f}" for value in values)
            )
        console.print(table)
    first = scores[0]
    table = Table(title=f"The {'first' if len(scores) > 1 else 'house'}: {first.total:.2f} of 1", title_justify="left")
    table.add_column("part")
    table.add_column("value", justify="right")
    table.add_column("weight", justify="right")
    table.add_column("why")
    for part in first.parts:
        table.add_row(part.name, f"{part.value:.2f}", f"{part.weight:g}", part.says)
    console.print(table)
