"""Commands for who merges adapters, of this project or any other."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from housebrain.errors import UserError

app = typer.Typer()


class _MergeCommand(TyperCommand):
    """Adds the strategies to the help, from the registry, which takes seconds to import."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        from housebrain.merging.strategies import about

        self.epilog = "\n\n".join(
            f"{one.name}: {one.what} Parameters: {(one.parameters or 'none').removesuffix('.')}. {one.paper}"
            for one in about()
        )
        super().format_help(ctx, formatter)


@app.command(cls=_MergeCommand)
def merge(
    adapters: Annotated[list[Path], typer.Argument(help="Two or more PEFT LoRA adapters")],
    out: Annotated[Path, typer.Option(help="The folder to write")],
    weights: Annotated[str, typer.Option(help="One number an adapter, comma-separated; else all the same")] = "",
    how: Annotated[str, typer.Option("--strategy", help="One of those below")] = "average",
    parameter: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Of the strategy's own, such as density=0.3; may be repeated"),
    ] = None,
    rank: Annotated[
        str, typer.Option(help="exact, a number (16), an energy share (0.999) or a size (100MB)")
    ] = "exact",
    dtype: Annotated[str, typer.Option(help="float32, float16 or bfloat16")] = "float32",
    scale: Annotated[float, typer.Option(help="Factor on the merged update")] = 1.0,
    same_base: Annotated[
        bool, typer.Option("--same-base", help="The adapters name one base in different ways, or copies of it")
    ] = False,
    validate: Annotated[
        str | None, typer.Option(metavar="BASE", help="Load the merge on this base (a folder or hub id) and ask it")
    ] = None,
) -> None:
    """Merge any PEFT LoRA adapters, outside the pipeline: by default the exact (weighted) mean of their updates."""
    from housebrain.merging.outside import merge_named
    from housebrain.merging.strategies import strategy

    own = {}
    for pair in parameter or []:
        name, equals, value = pair.partition("=")
        if not equals:
            raise UserError(f"--parameter: '{pair}' has no '='. Give a name and a value, such as density=0.3.")
        own[name] = value
    by_hand = None
    if weights:
        try:
            by_hand = [float(weight) for weight in weights.split(",")]
        except ValueError as error:
            raise UserError(f"--weights: {error}. Give numbers, such as 1,2,0.5.") from error
    report, answer = merge_named(
        adapters, strategy(how, **own), rank, dtype, out, by_hand, scale, same_base=same_base, validate_on=validate
    )
    print(
        f"merge: {len(adapters)} adapters in {out}, rank {report['rank_max']}, {report['size_mb']:.1f} MB, "
        f"at most {report['dropped_energy_max']:.2e} of a module's energy dropped"
    )
    if validate is not None:
        print(f"merge: loaded on {validate}, its answer: {answer}")


@app.command("inspect")
def inspect_adapters(
    adapters: Annotated[list[Path], typer.Argument(help="Two or more PEFT LoRA adapters of one base")],
    out: Annotated[Path, typer.Option(help="The picture to write")] = Path("reports/inspect.png"),
    same_base: Annotated[
        bool, typer.Option("--same-base", help="The adapters name one base in different ways")
    ] = False,
) -> None:
    """Show what adapters have in common: norms, effective ranks, angles, shared directions, distance from the mean."""
    from rich.console import Console
    from rich.table import Table

    from housebrain.merging.inspect import draw, inspect
    from housebrain.merging.outside import named

    found = inspect(named(adapters), same_base)
    table = Table(title=f"{len(adapters)} adapters", title_justify="left")
    table.add_column("adapter")
    headings = ("norm", "effective rank", "from the mean", *(f"cosine {i + 1}" for i in range(len(adapters))))
    for heading in headings:
        table.add_column(heading, justify="right")
    for i, name in enumerate(found.names):
        values = (found.norms[i], found.effective_ranks[i], found.from_mean[i], *found.cosines[i])
        table.add_row(f"{i + 1} {name}", *(f"{float(value):.3f}" for value in values))
    Console(width=160, markup=False).print(table)
    draw(found, out)
    print(f"inspect: overlaps of their spaces are in {out}")
