"""Commands for who wants a house for one brief."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from housebrain.errors import UserError

if TYPE_CHECKING:
    from pydantic import ValidationError

    from housebrain.house.brief import Brief
    from housebrain.house.design import Design

app = typer.Typer()
Record = Annotated[Path, typer.Argument(help="A JSON file with a brief, or a record {id, input, metadata}")]


def _read(record: Path) -> "Brief":
    """The brief in a file: a brief of this project, or a record of the dataset, which has one.

    Raises:
        UserError: there is no such file, or neither in it.
        Rejected: the brief contradicts itself.
    """
    from pydantic import ValidationError

    from housebrain.dataset.records import RawRecord, bad_record, parse_json
    from housebrain.dataset.v5 import BadRecord, parse_record
    from housebrain.house.brief import Brief

    if not record.is_file():
        raise UserError(f"{record}: no such file. Give a JSON file with a brief or a record.")
    raw = RawRecord(str(record), "train", record.read_bytes())
    content = parse_json(raw)
    if isinstance(content, dict) and "plot" in content:
        try:
            return Brief.model_validate(content)
        except ValidationError as error:
            raise _invalid(record, "brief", error) from error
    try:
        return parse_record(content)[1]
    except BadRecord as error:
        raise bad_record(raw, content, error) from error


def _invalid(file: Path, what: str, error: "ValidationError") -> UserError:
    """What a file that is no brief or design is told, by its first fault."""
    first = error.errors()[0]
    field = ".".join(map(str, first["loc"])) or "the whole"
    return UserError(f"{file}: no {what}: {field}: {first['msg']}. Mend it, or have it written anew.")


def _read_design(file: Path) -> "Design":
    """The design in a file.

    Raises:
        UserError: there is no such file, or no design in it.
    """
    from pydantic import ValidationError

    from housebrain.house.design import Design

    if not file.is_file():
        raise UserError(f"{file}: no such file. Give a JSON file with a design, as `housebrain solve --out` writes it.")
    try:
        return Design.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise _invalid(file, "design", error) from error


def _render(
    design: "Design",
    brief: "Brief | None",
    out: Path,
    formats: list[str],
    furniture: bool = True,
    quiet: bool = False,
) -> None:
    """Writes the drawings of a design, and names them on the screen; `quiet` keeps them off what is printed."""
    from housebrain.drawing.formats import FORMATS, render
    from housebrain.drawing.scene import scene, unfurnished

    house = scene(design, brief)
    files = render(house if furniture else unfurnished(house), out, formats or FORMATS)
    typer.echo(f"{out}: {', '.join(file.name for file in files)}", err=quiet)


@app.command()
def render(
    design: Annotated[Path, typer.Argument(help="A JSON file with a design, as `housebrain solve --out` writes it")],
    out: Annotated[Path, typer.Option(help="A folder, which is made where it is missing")] = Path("drawings"),
    brief: Annotated[
        Path | None, typer.Option(help="What the design answers: gives plot, setbacks, north and the roof's form")
    ] = None,
    svg: Annotated[bool, typer.Option("--svg", help="Plans, elevations, a section and the site plan")] = False,
    pdf: Annotated[bool, typer.Option("--pdf", help="The sheet set on A3")] = False,
    letter: Annotated[bool, typer.Option("--letter", help="The sheet set on Letter")] = False,
    png: Annotated[bool, typer.Option("--png", help="The plans as pictures")] = False,
    glb: Annotated[bool, typer.Option("--glb", help="A model in three dimensions, in one file")] = False,
    obj: Annotated[bool, typer.Option("--obj", help="The same as text, with its materials")] = False,
    furniture: Annotated[bool, typer.Option(help="Show furniture")] = True,
) -> None:
    """Draw a design. Without a flag for a format it is drawn in every one."""
    wanted = {"svg": svg, "pdf": pdf, "letter": letter, "png": png, "glb": glb, "obj": obj}
    answered = _brief(brief) if brief else None
    _render(_read_design(design), answered, out, [kind for kind, chosen in wanted.items() if chosen], furniture)


def _brief(file: Path) -> "Brief":
    from housebrain.house.brief import Rejected

    try:
        return _read(file)
    except Rejected as rejected:
        raise UserError(f"{file}: {rejected}. Change the brief.") from rejected


@app.command()
def solve(
    record: Record,
    seed: Annotated[int, typer.Option(help="Of the solver")] = 0,
    alternatives: Annotated[int, typer.Option(min=1, help="Designs; more than one are printed as a list")] = 1,
    out: Annotated[Path | None, typer.Option(help="A JSON file to write the design to, instead of printing it")] = None,
    render: Annotated[Path | None, typer.Option(help="A folder for drawings in every format")] = None,
) -> None:
    """Design a house for one brief with the solver, and print it as JSON; with more alternatives, as a list of them.

    With `--render` the first one is drawn as well.
    """
    from housebrain.files import write_json
    from housebrain.house.brief import Rejected
    from housebrain.solver import solve as solver

    try:
        brief = _read(record)
        designs = [solver.solve(brief, seed + number) for number in range(alternatives)]
    except Rejected as rejected:
        raise UserError(f"{record}: {rejected}. Change the brief.") from rejected
    different = [design.model_dump() for number, design in enumerate(designs) if design not in designs[:number]]
    found = different[0] if alternatives == 1 else different
    if out:
        write_json(out, found)
    else:
        print(json.dumps(found, indent=2))
    if render:
        _render(designs[0], brief, render, [], quiet=out is None)


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
        plans = [path.name for path in api.draw(house, folder / "plan.svg", brief)]
    print_designed(designed, brief)
    print(f"{out}: design.json, {', '.join(plans)}, answer.txt")
