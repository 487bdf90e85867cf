"""Commands for who wants a house for one brief."""

import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

from housebrain.errors import UserError

if TYPE_CHECKING:
    from housebrain.answering.finish import Finished
    from housebrain.house.brief import Brief
    from housebrain.house.design import Design
    from housebrain.release.current import Current

app = typer.Typer()
DRAWN = 0.8  # the temperature of a model's second answer and further ones, where less is asked for
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


Engine = Literal["solver", "model"]
Flag = Annotated[str | None, typer.Option(rich_help_panel="What the words leave open")]


@app.command()
def design(
    asked: Annotated[
        list[str],
        typer.Argument(help="Words, or JSON: a brief or a record; or a file of either", show_default=False),
    ],
    out: Annotated[Path, typer.Option(help="A folder, which is made or replaced")] = Path("design"),
    engine: Annotated[
        Engine | None, typer.Option(help="`model` where there is one, else `solver`, which answers in seconds")
    ] = None,
    alternatives: Annotated[int, typer.Option(min=1, max=20, help="Different houses, each in a folder of its own")] = 1,
    plot: Flag = None,
    area: Flag = None,
    floors: Flag = None,
    bedrooms: Flag = None,
    bathrooms: Flag = None,
    city: Flag = None,
    climate: Flag = None,
    facing: Flag = None,
    budget: Flag = None,
    style: Flag = None,
    setbacks: Flag = None,
    model: Annotated[
        Path | None, typer.Option(help="An adapter's folder; else the champion, or the released adapter")
    ] = None,
    temperature: Annotated[float, typer.Option(min=0, help="0 takes the likeliest answer, more draws one")] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the draw, or of the solver's choice")] = 0,
) -> None:
    """Design a house: `housebrain design "3 bedroom house, 40x60 ft plot facing east, Bengaluru, 60 lakh"`.

    The folder gets the brief, the design and its floor plans; the screen says what was assumed, what was not
    understood and what was changed. A model answers under the brief's grammar, and is finished to the rules.
    """
    from housebrain.answering.asked import read_given, solve_asked
    from housebrain.files import atomic_folder, write_json
    from housebrain.house.brief import Rejected
    from housebrain.report.designed import print_designed, print_read

    given = " ".join(asked)
    flags = {
        "plot": plot, "area": area, "floors": floors, "bedrooms": bedrooms, "bathrooms": bathrooms, "city": city,
        "climate": climate, "facing": facing, "budget": budget, "style": style, "setbacks": setbacks,
    }  # fmt: skip
    asked_for_model = engine == "model" or model is not None
    if engine == "solver" and model is not None:
        raise UserError("--engine solver asks no model: leave out --model, or --engine.")
    try:
        request = read_given(given, flags)
        chosen = None if engine == "solver" else _model(model, needed=asked_for_model)
        if chosen is not None:
            by, designed = chosen.about, _by_model(request.brief, chosen, temperature, seed, alternatives)
        else:
            by = "the solver"
            request, houses = solve_asked(request, seed, alternatives)
            designed = [Answered(house) for house in houses]
    except Rejected as rejected:
        raise UserError(f"{_shown(given)}: {rejected}. Change the brief.") from rejected
    if request.words is not None:
        print_read(request.brief, request.assumed, request.not_understood)
    with atomic_folder(out) as folder:
        write_json(folder / "brief.json", {
            "words": request.words, "brief": request.brief.model_dump(mode="json"),
            "assumed": [one._asdict() for one in request.assumed], "not_understood": list(request.not_understood),
        })  # fmt: skip
        for number, answer in enumerate(designed, 1):
            place = folder if len(designed) == 1 else folder / str(number)
            names = _write(answer, place)
    for number, answer in enumerate(designed, 1):
        if len(designed) > 1:
            print(f"\nAlternative {number}:")
        print_designed(answer.design, request.brief, answer.finished)
    if len(designed) < alternatives:
        print(f"No more than {len(designed)} different houses were found.")
    print(f"Designed by {by}.")
    where = out if len(designed) == 1 else f"{out}/1 to {out}/{len(designed)}"
    print(f"{where}: {', '.join(names)}; {out / 'brief.json'}")


def _model(adapter: Path | None, needed: bool) -> "Current | None":
    """The model that answers; None where none is needed and none is there, or torch is not installed.

    Raises:
        UserError: one is needed, and none is there.
    """
    if not needed and (not Path("params.yaml").is_file() or importlib.util.find_spec("torch") is None):
        return None
    from housebrain.params import load_params
    from housebrain.release.current import Current, current, find_current

    params = load_params()
    if adapter is not None:
        return Current(adapter, params, str(adapter))
    return current(params) if needed else find_current(params)


class Answered(NamedTuple):
    """A house; `text` and `finished` are the model's answer and what was changed of it."""

    design: "Design"
    text: str | None = None
    finished: "Finished | None" = None


def _by_model(brief: "Brief", by: "Current", temperature: float, seed: int, count: int) -> list[Answered]:
    """Different houses by a model; beyond the first answer they are drawn."""
    from housebrain.answering.designer import Designer
    from housebrain.model.base import ensure_base

    designer = Designer(ensure_base(by.params), by.adapter)
    found: list[Answered] = []
    for number in range(count):
        drawn = temperature if number == 0 else max(temperature, DRAWN)
        made = designer.design(brief, drawn, seed + number)
        if all(made.finished.design != one.design for one in found):
            found.append(Answered(made.finished.design, made.answer, made.finished))
    return found


def _write(answer: Answered, folder: Path) -> list[str]:
    """Writes a house into a folder; returns the files' names."""
    from housebrain import api
    from housebrain.files import write_json

    folder.mkdir(exist_ok=True)
    write_json(folder / "design.json", answer.design.model_dump(mode="json"))
    names = ["design.json", *(path.name for path in api.draw(answer.design, folder / "plan.svg"))]
    if answer.text is not None:
        (folder / "answer.txt").write_text(answer.text + "\n", encoding="utf-8")
        names.append("answer.txt")
    return names


def _shown(given: str) -> str:
    return given if len(given) <= 80 else f"{given[:77]}..."
