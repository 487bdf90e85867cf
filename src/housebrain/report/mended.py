"""What was changed of a draft, for the terminal."""

from rich.console import Console
from rich.table import Table

from housebrain.answering.mending.mend import Mended


def print_mended(mended: Mended) -> None:
    """Prints the changes, and every room with how far it was moved and its area before and after."""
    console = Console(width=110, markup=False)
    if not mended.changed:
        console.print("The design is valid: nothing was changed.")
        return
    for change in mended.changes:
        console.print(
            f"{change.kind.replace('_', ' ')}: {change.where or 'a room'}: {change.detail}",
            highlight=False,
        )
    table = Table(title="Rooms", title_justify="left")
    for column in ("floor", "room", "moved, ft", "sqft before", "after"):
        table.add_column(column, justify="left" if column == "room" else "right")
    for room in mended.rooms:
        table.add_row(
            str(room.level),
            room.room,
            "new" if room.moved_ft is None else f"{room.moved_ft:.1f}",
            "" if room.before_sqft is None else f"{room.before_sqft:.0f}",
            f"{room.after_sqft:.0f}",
        )
    console.print(table)
