"""What came of one brief, for the terminal: the rooms, what was changed of the model's answer, rules and cost."""

from rich.console import Console
from rich.table import Table

from housebrain.answering.designer import Designed
from housebrain.house.brief import Brief
from housebrain.report.verdicts import print_failed
from housebrain.rules.bill import bill
from housebrain.rules.codes import check_codes


def print_designed(designed: Designed, brief: Brief) -> None:
    """Prints a table of rooms and a few lines."""
    console, finished, house = Console(width=110), designed.finished, designed.finished.design
    asked = {room.name: room.min_area_sqft for room in brief.wanted_rooms}
    table = Table(title="The house", title_justify="left")
    for column in ("floor", "room", "asked for, sqft", "built, sqft", "moved, ft"):
        table.add_column(column, justify="left" if column == "room" else "right")
    for number, level in enumerate(house.levels):
        for room in level.rooms:
            least, moved = asked.get(room.name), finished.moved_ft.get((number, room.name))
            table.add_row(
                str(number),
                room.name,
                "" if least is None else f"{least:.0f}",
                f"{room.area_sqft:.0f}",
                "" if moved is None else f"{moved:.1f}",
            )
    console.print(table)
    if finished.replaced:
        console.print("No sizes make the model's rooms a valid house: this one is the solver's own.", highlight=False)
    else:
        small = f"; it had made {', '.join(finished.too_small)} too small" if finished.too_small else ""
        moved_ft = f"{finished.mean_moved_ft:.1f}" if finished.mean_moved_ft is not None else "0"
        console.print(
            f"The rooms and their order are the model's. They were moved by {moved_ft} ft on average{small}.",
            highlight=False,
        )
    print_failed(check_codes(house, brief), console)
    made = bill(house, brief)
    local = f"{made.total:,.0f} {made.currency}, " if made.currency != "USD" else ""
    within = "within" if made.within_budget else "over"
    console.print(
        f"Cost: {local}{made.total_usd:,.0f} USD, {within} the budget of {brief.budget_usd:,.0f} USD.", highlight=False
    )
    for cut in made.cuts:
        console.print(f"  to cut: {cut}", highlight=False)
