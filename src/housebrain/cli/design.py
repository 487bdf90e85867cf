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
) -> None:
    """Design a house for one brief with the solver, and print it as JSON."""
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
        design = solver.solve(brief, seed)
    except BadRecord as error:
        raise bad_record(raw, content, error) from error
    except Rejected as rejected:
        raise UserError(f"{record}: {rejected}. Change the brief.") from rejected
    print(json.dumps(design.model_dump(), indent=2))
