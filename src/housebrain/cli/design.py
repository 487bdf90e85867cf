"""Commands for who wants a house for one brief."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from housebrain.errors import UserError

if TYPE_CHECKING:
    from housebrain.house.brief import Brief
    from housebrain.house.design import Design

app = typer.Typer()
Record = Annotated[Path, typer.Argument(help="A JSON file with one record {id, input, metadata}")]

House = Annotated[Path, typer.Argument(help="A JSON file with one design, as `solve` and `design` write it")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table")]


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


def _read_design(path: Path) -> "Design":
    """The design in a file.

    Raises:
        UserError: there is no such file, or no design in it.
    """
    from pydantic import ValidationError

    from housebrain.house.design import Design

    if not path.is_file():
        raise UserError(f"{path}: no such file. Give a JSON file with one design, as `housebrain solve` prints it.")
    try:
        return Design.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "design"
        raise UserError(
            f"{path}: field {field}: {first['msg']}. Give a design as `housebrain solve` prints it."
        ) from error


def _read_brief(record: Path) -> "Brief":
    """As `_read`, and a brief that contradicts itself is a UserError."""
    from housebrain.house.brief import Rejected

    try:
        return _read(record)
    except Rejected as rejected:
        raise UserError(f"{record}: {rejected}. Change the brief.") from rejected


@app.command()
def codes(
    design: House,
    brief: Annotated[Path | None, typer.Option(help="The record that it was made for: plot, climate, city")] = None,
    ruleset: Annotated[str, typer.Option(help="`auto` takes that of the brief's city or region")] = "auto",
    as_json: AsJson = False,
) -> None:
    """Check a design against a building code, rule by rule: passed, failed, not applicable or unverified."""
    from housebrain.report.verdicts import print_verdicts
    from housebrain.rules.codes import check_codes
    from housebrain.rules.rulesets import names, ruleset_for
    from housebrain.rules.rulesets import ruleset as ruleset_named

    known = ", ".join(names())
    if ruleset != "auto" and ruleset not in names():
        raise UserError(f"--ruleset: unknown ruleset '{ruleset}'. Known: auto, {known}.")
    if ruleset == "auto" and brief is None:
        raise UserError(f"--brief is needed to choose a ruleset. Give one, or --ruleset with one of {known}.")
    house = _read_design(design)
    asked = None if brief is None else _read_brief(brief)
    title = ""
    if asked is not None and ruleset == "auto":
        chosen = ruleset_for(asked.region, asked.city)
        ruleset = chosen.name
        place = asked.region if asked.city is None else f"{asked.city}, {asked.region}"
        title = f"{place} has no ruleset here: this one stands in. " if chosen.stands_in else f"{place}. "
    results = check_codes(house, asked, ruleset)
    if as_json:
        rows = [result._asdict() | {"certainty": result.certainty} for result in results]
        print(json.dumps({"ruleset": ruleset, "results": rows}, indent=2))
    else:
        print_verdicts(results, f"{title}{ruleset_named(ruleset).edition}")


@app.command()
def bill(
    design: House,
    brief: Annotated[Path, typer.Option(help="The record that it was made for: region, city, budget")],
    as_json: AsJson = False,
) -> None:
    """Print what a design costs: every quantity with its rate, by trade and floor, and what to cut where it is over."""
    from housebrain.report.bills import print_bill
    from housebrain.rules.bill import bill as bill_of

    made = bill_of(_read_design(design), _read_brief(brief))
    if as_json:
        print(json.dumps(made.model_dump(mode="json"), indent=2))
    else:
        print_bill(made)


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
