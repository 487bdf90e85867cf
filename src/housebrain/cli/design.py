"""Commands for who wants a house for one brief."""

import contextlib
import json
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple, TypeVar

import typer

from housebrain.cli.given import read_brief
from housebrain.errors import UserError

if TYPE_CHECKING:
    from housebrain.answering.finish import Finished
    from housebrain.drawing.aside import Aside
    from housebrain.house.brief import Brief
    from housebrain.house.design import Design
    from housebrain.release.answering import Answering

T = TypeVar("T")
app = typer.Typer()
_MARKS = ("codes.json", "1/codes.json")  # what shows that a folder is one of `design`
Record = Annotated[Path, typer.Argument(help="A JSON file with a brief, or a record {id, input, metadata}")]


@app.command()
def solve(
    record: Record,
    seed: Annotated[int, typer.Option(help="Of the solver")] = 0,
    alternatives: Annotated[int, typer.Option(min=1, help="Houses; more than one are printed as a list")] = 1,
    out: Annotated[Path | None, typer.Option(help="A JSON file to write to, instead of printing")] = None,
    render: Annotated[Path | None, typer.Option(help="A folder for drawings of the first in every format")] = None,
) -> None:
    """Design a house for one brief with the solver, and print it as JSON; on the error stream how good it is, and why.

    With more alternatives they are printed as a list: houses of different topologies, the best first. What each part of
    the score counts for is set in params.yaml, section `score`.
    """
    from housebrain.answering.alternatives import Ranked, ranked
    from housebrain.drawing.formats import render as draw
    from housebrain.drawing.scene import scene
    from housebrain.files import write_json
    from housebrain.house.brief import Rejected
    from housebrain.report.scored import print_scores
    from housebrain.rules.score import score
    from housebrain.solver import solve as solver

    weights, brief = _weights(), read_brief(record)
    _note_compiling()
    try:
        if alternatives > 1:
            found = ranked(brief, alternatives, seed, weights)
        else:
            design = solver.solve(brief, seed)
            found = [Ranked(design, score(design, brief, weights))]
    except Rejected as rejected:
        raise UserError(f"{record}: {rejected}. Change the brief.") from rejected
    designs = [one.design.model_dump() for one in found]
    content = designs[0] if alternatives == 1 else designs
    if out is None:
        print(json.dumps(content, indent=2))
    else:
        write_json(out, content)
    if render is not None:
        draw(scene(found[0].design, brief), render)
    print_scores([one.score for one in found])


def _note_compiling() -> None:
    """Says why the first house on a machine takes so long."""
    from housebrain.solver.kernel import is_compiled

    if not is_compiled():
        print("compiling the solver for this machine, once: half a minute", file=sys.stderr, flush=True)


def _weights() -> dict[str, float]:
    """What params.yaml has for the parts of a score; nothing where there is no such file here."""
    from housebrain.params import load_params

    return dict(load_params().score.weights) if Path("params.yaml").exists() else {}


Engine = Literal["solver", "model", "transformers"]
Flag = Annotated[str | None, typer.Option(rich_help_panel="What the words leave open")]


@app.command()
def design(
    asked: Annotated[
        list[str],
        typer.Argument(help="Words, or JSON: a brief or a record; or a file of either", show_default=False),
    ],
    out: Annotated[Path, typer.Option(help="A folder, which is made; one of an earlier design is replaced")] = Path(
        "design"
    ),
    engine: Annotated[
        Engine | None,
        typer.Option(help="`model` where a champion was chosen, else `solver`. `transformers`: the model on a GPU"),
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
    walls: Annotated[
        str | None, typer.Option(help="Where a neighbour's house stands: `left`, `right`, `both` or `none`")
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(help="An adapter's or an export's folder; else the champion, or the released adapter"),
    ] = None,
    server: Annotated[
        str | None, typer.Option(help="The address of one that has the export named by --model, or models/export")
    ] = None,
    temperature: Annotated[float, typer.Option(min=0, help="0 takes the likeliest answer, more draws one")] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Of the draw, or of the solver's choice")] = 0,
) -> None:
    """Design a house: `housebrain design "3 bedroom house, 40x60 ft plot facing east, Bengaluru, 60 lakh"`.

    The folder gets the brief, the design and its floor plans; the screen says what was assumed, what was not
    understood and what was changed. A model answers under the brief's grammar, and is finished to the rules.
    """
    from housebrain.drawing.aside import Aside
    from housebrain.files import atomic_folder, check_replaceable, write_json

    given = " ".join(asked)
    flags = {
        "plot": plot, "area": area, "floors": floors, "bedrooms": bedrooms, "bathrooms": bathrooms, "city": city,
        "climate": climate, "facing": facing, "budget": budget, "style": style, "setbacks": setbacks,
        "walls": walls,
    }  # fmt: skip
    if engine == "solver" and (model is not None or server is not None):
        raise UserError("--engine solver asks no model: leave out --model and --server, or --engine.")
    check_replaceable(out, _MARKS, "folder of a design")
    with contextlib.closing(Aside()) as aside:
        opened = _opened(engine, model, server)
        # Only now: importing these takes as long as opening a model.
        from housebrain.answering.asked import on_enough_floors, read_given, solve_asked
        from housebrain.house.brief import Rejected
        from housebrain.report.designed import print_designed, print_read

        try:
            request = read_given(given, flags)
            _note_compiling()
            chosen = opened.result() if opened else None if engine == "solver" else _model(engine, model, server)
            if chosen is not None:
                by, model_ = chosen.about, chosen
                request, designed = on_enough_floors(
                    request, lambda brief: _by_model(brief, model_, temperature, seed, alternatives)
                )
            else:
                by = "the solver"
                request, houses = solve_asked(request, seed, alternatives)
                designed = [Answered(house) for house in houses]
        except Rejected as rejected:
            raise UserError(f"{_shown(given)}: {rejected}. Change the brief.") from rejected
        # The process that draws ends before an interrupt has its folder removed.
        with atomic_folder(out) as folder, contextlib.closing(aside):
            write_json(folder / "brief.json", {
                "words": request.words, "brief": request.brief.model_dump(mode="json"),
                "assumed": [one._asdict() for one in request.assumed], "not_understood": list(request.not_understood),
            })  # fmt: skip
            for number, answer in enumerate(designed, 1):
                place = folder if len(designed) == 1 else folder / str(number)
                names = _write(answer, request.brief, place, aside)
    # Nothing is printed before the files are there: who reads it may have had enough.
    if request.words is not None:
        print_read(request.brief, request.assumed, request.not_understood)
    for number, answer in enumerate(designed, 1):
        if len(designed) > 1:
            print(f"\nAlternative {number}:")
        print_designed(answer.design, request.brief, answer.finished)
    if len(designed) < alternatives:
        print(f"No more than {len(designed)} different houses were found.")
    print(f"Designed by {by}.")
    where = out if len(designed) == 1 else f"{out}/1 to {out}/{len(designed)}"
    print(f"{where}: {', '.join(names)}; {out / 'brief.json'}")


def _opened(engine: Engine | None, model: Path | None, server: str | None) -> "Future[Answering | None] | None":
    """The model that answers, while it is opened; None where files have to be written for it: those are waited for."""
    needed = _needs_model(engine, model, server)
    if engine == "solver" or (not needed and not Path("params.yaml").is_file()):
        return None
    from housebrain.release.answering import opens_at_once

    if not opens_at_once(model, needed, engine == "transformers", server):
        return None
    return _in_background(lambda: _model(engine, model, server))


def _needs_model(engine: Engine | None, model: Path | None, server: str | None) -> bool:
    return engine is not None or model is not None or server is not None


def _model(engine: Engine | None, model: Path | None, server: str | None) -> "Answering | None":
    """The model that answers; None where none was asked for and no champion was chosen.

    Raises:
        UserError: one was asked for, and none is there, or it can't be loaded.
    """
    needed = _needs_model(engine, model, server)
    if not needed and not Path("params.yaml").is_file():
        return None
    from housebrain.release.answering import open_model
    from housebrain.solver.kernel import is_compiled
    from housebrain.solver.library import load_kernels

    found = open_model(model, needed, engine == "transformers", server)
    if found is not None and is_compiled():
        _in_background(load_kernels)  # while the first floor is written
    return found


def _in_background(work: Callable[[], T]) -> Future[T]:
    """Begins some work, for which the program does not wait when it ends."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # who asks for the result gets it
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


class Answered(NamedTuple):
    """A house; `text` and `finished` are the model's answer and what was changed of it."""

    design: "Design"
    text: str | None = None
    finished: "Finished | None" = None


def _by_model(brief: "Brief", by: "Answering", temperature: float, seed: int, count: int) -> list[Answered]:
    """Different houses by a model, the best first; beyond the first answer they are drawn."""
    from housebrain.answering.engine import SPREAD
    from housebrain.rules.score import score

    found: list[Answered] = []
    for number in range(count):
        drawn = temperature if number == 0 else max(temperature, SPREAD)
        made = by.designer.design(brief, drawn, seed + number)
        if all(made.finished.design != one.design for one in found):
            found.append(Answered(made.finished.design, made.answer, made.finished))
    return sorted(found, key=lambda one: -score(one.design, brief).total)


def _write(answer: Answered, brief: "Brief", folder: Path, aside: "Aside") -> list[str]:
    """Writes a house into a folder, with its drawings in every format; returns the files' names."""
    from housebrain.drawing.aside import SLOW
    from housebrain.drawing.formats import installed
    from housebrain.drawing.formats import render as draw
    from housebrain.drawing.scene import scene
    from housebrain.files import write_json
    from housebrain.rules.bill import bill
    from housebrain.rules.codes import check_codes

    folder.mkdir(exist_ok=True)
    formats = installed()
    aside.draw(answer.design, brief, folder, [kind for kind in formats if kind in SLOW])
    write_json(folder / "design.json", answer.design.model_dump(mode="json"))
    write_json(folder / "codes.json", [one._asdict() for one in check_codes(answer.design, brief)])
    write_json(folder / "bill.json", bill(answer.design, brief).model_dump(mode="json"))
    names = ["design.json", "codes.json", "bill.json"]
    quick = [kind for kind in formats if kind not in SLOW]
    names += [path.name for path in draw(scene(answer.design, brief), folder, quick)] + aside.names()
    if answer.text is not None:
        (folder / "answer.txt").write_text(answer.text + "\n", encoding="utf-8")
        names.append("answer.txt")
    return names


def _shown(given: str) -> str:
    return given if len(given) <= 80 else f"{given[:77]}..."
