"""Commands for who has a design: its building code, its bill, its drawings, and its mending."""

import json
from pathlib import Path
from typing import Annotated

import typer

from housebrain.cli.given import read_brief, read_design
from housebrain.errors import UserError

app = typer.Typer()
House = Annotated[Path, typer.Argument(help="A JSON file with one design, as `solve` and `design` write it")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table")]


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
    house = read_design(design)
    asked = None if brief is None else read_brief(brief)
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

    made = bill_of(read_design(design), read_brief(brief))
    if as_json:
        print(json.dumps(made.model_dump(mode="json"), indent=2))
    else:
        print_bill(made)


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
    from housebrain.report.mended import print_mended
    from housebrain.solver.house import Infeasible

    try:
        content = draft.read_bytes()
    except OSError as error:
        raise os_error(error, draft) from error
    wanted = read_brief(brief)
    mended = mend(content, wanted)
    if isinstance(mended, Infeasible):
        raise UserError(f"{draft}: can't be mended ({mended.detail}). Change the draft or the brief.")
    write_json(out, mended.design.model_dump(mode="json"))
    print_mended(mended)
    print(out)


@app.command()
def render(
    design: House,
    out: Annotated[Path, typer.Option(help="A folder, which is made where it is missing")] = Path("drawings"),
    brief: Annotated[
        Path | None, typer.Option(help="What the design answers: gives plot, setbacks, north and the roof's form")
    ] = None,
    svg: Annotated[bool, typer.Option("--svg", help="Plans, elevations, a section and the site plan")] = False,
    pdf: Annotated[bool, typer.Option("--pdf", help="The sheet set on A3")] = False,
    letter: Annotated[bool, typer.Option("--letter", help="The sheet set on Letter")] = False,
    png: Annotated[bool, typer.Option("--png", help="The plans as pictures")] = False,
    dxf: Annotated[bool, typer.Option("--dxf", help="For CAD programs")] = False,
    ifc: Annotated[bool, typer.Option("--ifc", help="IFC4, for BIM programs")] = False,
    glb: Annotated[bool, typer.Option("--glb", help="A model for viewers and web pages")] = False,
    obj: Annotated[bool, typer.Option("--obj", help="The model as OBJ with its materials")] = False,
    furniture: Annotated[bool, typer.Option(help="Show furniture")] = True,
) -> None:
    """Draw a design. Without a flag it is drawn in every format."""
    from housebrain.drawing.formats import FORMATS, PACKAGES, installed
    from housebrain.drawing.formats import render as draw
    from housebrain.drawing.scene import scene, unfurnished

    wanted = {
        "svg": svg, "pdf": pdf, "letter": letter, "png": png, "dxf": dxf, "ifc": ifc, "glb": glb, "obj": obj,
    }  # fmt: skip
    formats = [kind for kind, chosen in wanted.items() if chosen]
    house = scene(read_design(design), read_brief(brief) if brief else None)
    files = draw(house if furniture else unfurnished(house), out, formats)
    print(f"{out}: {', '.join(file.name for file in files)}")
    for kind in [] if formats else FORMATS.keys() - installed():
        print(f"{kind}: left out, as {PACKAGES[kind]} is not installed. Run `pip install 'housebrain[{kind}]'`.")
