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
    alternatives: Annotated[int, typer.Option(min=1, help="Houses; more than one are printed as a list")] = 1,
) -> None:
    """Design a house for one brief with the solver, and print it as JSON; on the error stream how good it is, and why.

    With more alternatives they are printed as a list: houses of different topologies, the best first. What each part of
    the score counts for is set in params.yaml, section `score`.
    """
    from housebrain.answering.alternatives import Ranked, ranked
    from housebrain.house.brief import Rejected
    from housebrain.report.scored import print_scores
    from housebrain.rules.score import score
    from housebrain.solver import solve as solver

    weights = _weights()
    try:
        brief = _read(record)
        if alternatives > 1:
            found = ranked(brief, alternatives, seed, weights)
        else:
            design = solver.solve(brief, seed)
            found = [Ranked(design, score(design, brief, weights))]
    except Rejected as rejected:
        raise UserError(f"{record}: {rejected}. Change the brief.") from rejected
    designs = [one.design.model_dump() for one in found]
    print(json.dumps(designs[0] if alternatives == 1 else designs, indent=2))
    print_scores([one.score for one in found])


def _weights() -> dict[str, float]:
    """What params.yaml has for the parts of a score; nothing where there is no such file here."""
    from housebrain.params import load_params

    return dict(load_params().score.weights) if Path("params.yaml").exists() else {}


@app.command()
def repair(
    draft: Annotated[Path, typer.Argument(help="A design's JSON, or an answer, right or wrong")],
    brief: Annotated[Path, typer.Option(help="A JSON file with the record {id, input, metadata}")],
    out: Annotated[Path, typer.Option(help="The mended design's file, which is made or replaced")],
) -> None:
    """Mend a design that a model or a person wrote: the nearest valid one, and a list of what was changed for it."""
    from housebrain.answering.mending.mend import repair as mend
    from housebrain.errors import os_error
    from housebrain.files import write_json
    from housebrain.house.brief import Rejected
    from housebrain.report.mended import print_mended
    from housebrain.solver.house import Infeasible

    try:
        content = draft.read_bytes()
        wanted = _read(brief)
    except OSError as error:
        raise os_error(error, draft) from error
    except Rejected as rejected:
        raise UserError(f"{brief}: {rejected}. Change the brief.") from rejected
    mended = mend(content, wanted)
    if isinstance(mended, Infeasible):
        raise UserError(f"{draft}: can't be mended ({mended.detail}). Change the draft or the brief.")
    write_json(out, mended.design.model_dump(mode="json"))
    print_mended(mended)
    print(out)


@app.command()
def design(
    record: Record,
    out: Annotated[Path, typer.Option(help="A folder, which is made or replaced")] = Path("design"),
    model: Annotated[Path, typer.Option(help="The adapter's folder")] = Path("models/merged"),
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
    from housebrain.report.designed import print_designed

    try:
        brief = _read(record)
        designed = Designer(ensure_base(load_params()), model).design(brief, temperature, seed)
    except Rejected as rejected:
        raise UserError(f"{record}: {rejected}. Change the brief.") from rejected
    house = designed.finished.design
    with atomic_folder(out) as folder:
        (folder / "answer.txt").write_text(designed.answer + "\n", encoding="utf-8")
        write_json(folder / "design.json", house.model_dump(mode="json"))
        plans = [path.name for path in api.draw(house, folder / "plan.svg")]
    print_designed(designed, brief)
    print(f"{out}: design.json, {', '.join(plans)}, answer.txt")
