"""Commands for who wants a house for one brief."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from housebrain.errors import UserError

if TYPE_CHECKING:
    from housebrain.house.brief import Brief

app = typer.Typer()
Record = Annotated[Path, typer.Argument(help="A JSON file with one record {id, input, metadata}")]


def _read(record: Path) -> "Brief":
    """The brief in a file.

    Raises:
        UserError: there is no such file, or no record in it.
        Rejected: the brief contradicts itself.
    """
    from housebrain.dataset.records import RawRecord, bad_record, parse_json
    from housebrain.dataset.v5 import BadRecord, parse_record

    if not record.is_file():
        raise UserError(f"{record}: no such file. Give a JSON file with one record.")
    raw = RawRecord(str(record), "train", record.read_bytes())
    content = parse_json(raw)
    try:
        return parse_record(content)[1]
    except BadRecord as error:
        raise bad_record(raw, content, error) from error


@app.command()
def solve(
    record: Record,
    seed: Annotated[int, typer.Option(help="Of the solver")] = 0,
    alternatives: Annotated[int, typer.Option(min=1, help="Designs; more than one are printed as a list")] = 1,
) -> None:
    """Design a house for one brief with the solver, and print it as JSON; with more alternatives, as a list of them."""
    from housebrain.house.brief import Rejected
    from housebrain.solver import solve as solver

    try:
        brief = _read(record)
        designs = [solver.solve(brief, seed + number) for number in range(alternatives)]
    except Rejected as rejected:
        raise UserError(f"{record}: {rejected}. Change the brief.") from rejected
    different = [design.model_dump() for number, design in enumerate(designs) if design not in designs[:number]]
    print(json.dumps(different[0] if alternatives == 1 else different, indent=2))


@app.command()
def design(
    record: Record,
    out: Annotated[Path, typer.Option(help="A folder, which is made or replaced")] = Path("design"),
    model: Annotated[
        Path | None,
        typer.Option(help="An adapter's folder; else the champion, or the released adapter"),
    ] = None,
    temperature: Annotated[float, typer.Option(min=0, help="0 takes the likeliest answer, more draws one")] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the draw")] = 0,
) -> None:
    """Design a house for one brief with a model: answered under the brief's grammar, then finished to its rules.

    The folder gets the design, its floor plans and the model's own answer. The screen says what was changed.
    """
    from housebrain import api
    from housebrain.answering.designer import Designer
    from housebrain.files import atomic_folder, write_json
    from housebrain.house.brief import Rejected
    from housebrain.model.base import ensure_base
    from housebrain.params import load_params
    from housebrain.release.current import Current, current
    from housebrain.report.designed import print_designed

    params = load_params()
    try:
        brief = _read(record)
        by = current(params) if model is None else Current(model, params, str(model))
        designed = Designer(ensure_base(by.params), by.adapter).design(brief, temperature, seed)
    except Rejected as rejected:
        raise UserError(f"{record}: {rejected}. Change the brief.") from rejected
    house = designed.finished.design
    with atomic_folder(out) as folder:
        (folder / "answer.txt").write_text(designed.answer + "\n", encoding="utf-8")
        write_json(folder / "design.json", house.model_dump(mode="json"))
        plans = [path.name for path in api.draw(house, folder / "plan.svg")]
    print_designed(designed, brief)
    print(f"Designed by {by.about}.")
    print(f"{out}: design.json, {', '.join(plans)}, answer.txt")
