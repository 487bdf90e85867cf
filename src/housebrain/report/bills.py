"""A house's bill for the terminal: every line, sums by trade and floor, and how it stands to the budget."""

from rich.console import Console
from rich.table import Table

from housebrain.rules.bill import Bill
from housebrain.rules.codes import CERTAINTY


def print_bill(bill: Bill) -> None:
    """Prints the bill in its own currency, its sums in US dollars besides."""
    console = Console(width=120, markup=False)
    place = bill.region if bill.city is None else f"{bill.city.capitalize()}, {bill.region}"
    table = Table(title=f"Cost in {bill.currency}, quality {bill.quality}, {place}", title_justify="left")
    for column in ("trade", "floor", "item", "quantity", "unit", "rate", "amount"):
        table.add_column(column, justify="right" if column in ("floor", "quantity", "rate", "amount") else "left")
    for line in bill.lines:
        table.add_row(
            line.trade,
            "" if line.floor is None else str(line.floor),
            line.item.replace("_", " "),
            "" if line.quantity is None else f"{line.quantity:,.0f}",
            line.unit,
            "" if line.rate is None else f"{line.rate:,.2f}",
            f"{line.amount:,.0f}",
        )
    console.print(table)

    def say(text: str) -> None:
        console.print(text, highlight=False)

    trades = ", ".join(f"{trade} {amount:,.0f}" for trade, amount in bill.by_trade().items())
    say(f"By trade: {trades}.")
    floors = bill.by_floor()
    named = [f"floor {floor} {amount:,.0f}" for floor, amount in floors.items() if floor is not None]
    say(f"By floor: {', '.join(named)}, the whole house {floors.get(None, 0.0):,.0f}.")
    apart = bill.total / bill.plinth - 1
    dollars = f", {bill.total_usd:,.0f} USD at {bill.per_usd:g} {bill.currency}" if bill.currency != "USD" else ""
    say(f"Total: {bill.total:,.0f} {bill.currency}{dollars}.")
    say(f"By built area alone: {bill.plinth:,.0f} {bill.currency}; the bill is {apart:+.1%} beside it.")
    sure = {part: CERTAINTY[tag] for part, tag in bill.certainty.items()}
    say(
        f"Rates: {bill.source}, {bill.year}. By square foot: {sure['plinth']}; by item: {sure['rates']}; "
        f"the region's index and currency: {sure['region']}."
    )
    if bill.within_budget:
        say(f"Within the budget of {bill.budget_usd:,.0f} USD.")
    else:
        over = bill.total_usd - bill.budget_usd
        say(f"Over the budget of {bill.budget_usd:,.0f} USD by {over:,.0f} USD. What to cut:")
        for cut in bill.cuts:
            say(f"  {cut}")
