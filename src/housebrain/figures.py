"""Pictures for MLflow: bars, one a row."""

from typing import Any

from matplotlib.figure import Figure

GREY, GREEN, BLUE = "#8c8c8c", "#1b7837", "#4c72b0"


def bars(rows: dict[str, float], label: str, colours: dict[str, str]) -> Figure:
    """One bar a row, the first on top, with its number."""
    figure = Figure(figsize=(7, 1.2 + 0.35 * len(rows)), layout="constrained")
    axes: Any = figure.subplots()
    bars = axes.barh(list(rows), list(rows.values()), color=[colours.get(name, BLUE) for name in rows])
    axes.bar_label(bars, fmt="%.3f", padding=3)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_xlabel(label)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
