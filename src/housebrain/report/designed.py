"""What came of one brief, for the terminal: what was read, the rooms, what was changed of an answer, rules and cost."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from housebrain.answering.finish import Finished
from housebrain.house.brief import Brief
from housebrain.house.design import Design, Rect
from housebrain.house.units import FT_PER_M, SQFT_PER_SQM
from housebrain.report.verdicts import print_failed
from housebrain.rules.bill import bill
from housebrain.rules.codes import check_codes
from housebrain.words.facts import Assumed

_WIDTH = 110


def print_read(brief: Brief, assumed: Sequence[Assumed], not_understood: Sequence[str]) -> None:
    """Prints what was made of a person's words: the brief in a line, what was assumed, what was not understood."""
    console, plot = Console(width=_WIDTH, markup=False), brief.plot
    corner = ", a corner" if plot.is_corner else ""
    console.print(
        f"{brief.bedrooms} bedrooms, {brief.bathrooms} baths, {brief.floors} floor{'s' if brief.floors > 1 else ''}; "
        f"plot {plot.width_ft:g} x {plot.length_ft:g} ft facing {plot.orientation}{corner}; {brief.style}; "
        f"{f'{brief.city}, ' if brief.city else ''}{brief.region}, {brief.climate_zone}; {brief.budget_usd:,.0f} USD",
        highlight=False,
    )
    if assumed:
        table = Table(title="Assumed (--plot, --floors, --city and others set it)", title_justify="left")
        for column in ("what", "taken", "why"):
            table.add_column(column)
        for one in assumed:
            table.add_row(*map(str, one))
        console.print(table)
    if not_understood:
        console.print(f"Not understood: {', '.join(not_understood)}", highlight=False)


def print_designed(design: Design, brief: Brief, finished: Finished | None = None) -> None:
    """Prints a table of rooms and a few lines.

    Args:
        design: the house.
        brief: what it is for.
        finished: of the model's answer; None where the solver alone made the house.
    """
    console = Console(width=_WIDTH, markup=False)
    asked = {room.name: room.min_area_sqft for room in brief.wanted_rooms}
    moved = finished.moved_ft if finished else {}
    table = Table(title="The house", title_justify="left")
    columns = ["floor", "room", "size, ft", "size, m", "asked for, sqft", "built, sqft"]
    for column in [*columns, "moved, ft"] if moved else columns:
        table.add_column(column, justify="left" if column == "room" else "right")
    for number, level in enumerate(design.levels):
        for room in level.rooms:
            least, way = asked.get(room.name), moved.get((number, room.name))
            row = [str(number), room.name, _size(room.main, 1, ""), _size(room.main, FT_PER_M, ".1f")]
            row += ["" if least is None else f"{least:.0f}", f"{room.area_sqft:.0f}"]
            table.add_row(*row, *(["" if way is None else f"{way:.1f}"] if moved else []))
    console.print(table)
    area = design.built_area_sqft
    console.print(
        f"Built area: {area:,.0f} sqft ({area / SQFT_PER_SQM:,.0f} m2), "
        f"{design.footprint.w:g} x {design.footprint.d:g} ft on the ground.",
        highlight=False,
    )
    if finished is not None:
        console.print(_changed(finished), highlight=False)
    print_failed(check_codes(design, brief), console)
    made = bill(design, brief)
    local = f"{made.total:,.0f} {made.currency}, " if made.currency != "USD" else ""
    within = "within" if made.within_budget else "over"
    console.print(
        f"Cost: {local}{made.total_usd:,.0f} USD at {design.quality} quality, {within} the budget of "
        f"{brief.budget_usd:,.0f} USD.",
        highlight=False,
    )
    for cut in made.cuts:
        console.print(f"  to cut: {cut}", highlight=False)


def _changed(finished: Finished) -> str:
    """What the engine changed of the model's answer."""
    if finished.replaced:
        return "No sizes make the model's rooms a valid house: this one is the solver's own."
    small = f"; it had made {', '.join(finished.too_small)} too small" if finished.too_small else ""
    moved_ft = f"{finished.mean_moved_ft:.1f}" if finished.mean_moved_ft is not None else "0"
    kept = "The rooms and their order are the model's"
    if finished.edits:
        changes = "one small change" if finished.edits == 1 else f"{finished.edits} small changes"
        kept = f"The rooms are the model's, their arrangement took {changes}"
    return f"{kept}. They were moved by {moved_ft} ft on average{small}."


def _size(box: Rect, unit: float, form: str) -> str:
    return f"{box.w / unit:{form or 'g'}} x {box.d / unit:{form or 'g'}}"
