"""Commands for who trains a shard: on a machine that reaches the remote, or by hand."""

from pathlib import Path
from typing import Annotated

import typer

from housebrain.shard import Shard

app = typer.Typer()


@app.command()
def work(
    shard: Annotated[int, typer.Option(help="Which shard this machine trains, from 1")],
) -> None:
    """Train one shard on this machine, from wherever it was left, and push the result. Safe to start again any time."""
    from housebrain.params import load_params
    from housebrain.supervision.work import work as train_and_push

    train_and_push(Shard(shard), load_params())


@app.command()
def bundle(
    shard: Annotated[int, typer.Option(help="To be trained by hand, from 1")],
    out: Annotated[Path, typer.Option(help="The folder for the zip")] = Path(),
) -> None:
    """Pack a shard and all its training needs into one zip, for a machine that can't reach the remote."""
    from housebrain.params import load_params
    from housebrain.supervision.bundle import make_bundle

    path = make_bundle(Shard(shard), load_params(), out)
    print(f"bundle: {path}, {path.stat().st_size / 1e6:.1f} MB. Its README.md says how to go on.")
