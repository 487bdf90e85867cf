"""Scores for the terminal: each part of one, or several houses side by side."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from housebrain.rules.score import Score


def print_scores(scores: Sequence[Score]) -> None:
    """Prints the scores of some houses of one brief to the error stream, the first one's parts with their sentences."""
    console = Console(stderr=True, width=120, markup=False)
    if len(scores) > 1:
        table = Table(title="The houses, best first", title_justify="left")
        for column in ("part", *map(str, range(1, len(scores) + 1))):
            table.add_column(column, justify="left" if column == "part" else "right")
        table.add_row("all", *(f"{one.total:.2f}" for one in scores))
        for name in dict.fromkeys(part.name for one in scores for part in one.parts):
            table.add_row(name, *(f"{found.value:.2f}" if (found := one.part(name)) else "" for one in scores))
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
