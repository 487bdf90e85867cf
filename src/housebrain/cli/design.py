"""Commands for who wants a house for one brief."""

import json
from pathlib import Path
from typing import Annotated

import typer

from housebrain.errors import UserError

app = typer.Typer()


@app.command()
def solve(
    record: Annotated[Path, typer.Argument(help="A JSON file with one record {id, input, metadata}")],
    seed: Annotated[int, typer.Option(help="Of the solver")] = 0,
    alternatives: Annotated[int, typer.Option(min=1, help="Designs; more than one are printed as a list")] = 1,
) -> None:
    """Design a house for one brief with the solver, and print it as JSON; with more alternatives, as a list of them."""
    from housebrain.dataset.records import RawRecord, bad_record, parse_json
    from housebrain.dataset.v5 import BadRecord, parse_record
    from housebrain.house.brief import Rejected
    from housebrain.solver import solve as solver

    if not record.is_file():
        raise UserError(f"{record}: no such file. Give a JSON file with one record.")
    raw = RawRecord(str(record), "train", record.read_bytes())
    content = parse_json(raw)
    try:
        _, brief = parse_record(content)
        designs = [solver.solve(brief, seed + number) for number in range(alternatives)]
    except BadRecord as error:
        raise bad_record(raw, content, error) from error
    except Rejected as rejected:
        raise UserError(f"{record}: {rejected}. Change the brief.") from rejected
    different = [design.model_dump() for number, design in enumerate(designs) if design not in designs[:number]]
    print(json.dumps(different[0] if alternatives == 1 else different, indent=2))
