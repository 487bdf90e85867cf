"""Commands for who chooses a model and hands it on."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def champion(
    which: Annotated[
        str | None, typer.Argument(help="A version's number, merged, or 'shard 3'; else all are shown")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Even if it does not meet the criteria")] = False,
) -> None:
    """Choose the model that is exported and served, or show all there are."""
    from rich.console import Console

    from housebrain.params import load_params
    from housebrain.release import champion as release

    params = load_params()
    if which is None:
        Console(width=160).print(release.as_table(params))
    else:
        version = release.choose(which, params, force)
        print(f"champion: version {version.number}, {version.tags['model']}")


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="The folder to write")] = Path("models/export"),
    adapter_only: Annotated[
        bool, typer.Option("--adapter-only", help="The adapter alone, in bf16, as models/released holds one")
    ] = False,
) -> None:
    """Write the champion for others: full weights that transformers loads, its adapter, and a model card."""
    from housebrain.params import load_params
    from housebrain.release.champion import champion
    from housebrain.release.export import export as write
    from housebrain.release.export import export_adapter

    params = load_params()
    chosen = champion(params)
    (export_adapter if adapter_only else write)(chosen, params, Path("reports"), out)
    print(
        f"export: version {chosen.version.number}, {chosen.version.tags['model']}, in {out}. Its README.md says more."
    )


@app.command()
def check() -> None:
    """Exit with an error unless the merged model was measured and meets every criterion in params.yaml: a gate."""
    from housebrain.params import load_params
    from housebrain.report.summary import check as hold_against

    hold_against(load_params(), Path("reports"), Path("models/merged"))


@app.command()
def summary() -> None:
    """Print what the last run trained, merged and measured."""
    from housebrain.params import load_params
    from housebrain.report.summary import print_summary

    print_summary(load_params(), Path("reports"))
