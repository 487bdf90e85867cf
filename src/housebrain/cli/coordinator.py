"""Commands for who runs a round: its remote, its start and end, and an eye on its workers."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from housebrain.cluster.scratch import SCRATCH
from housebrain.errors import UserError
from housebrain.shard import Shard

app = typer.Typer()
remote_app = typer.Typer(help="The DVC remote that shards, checkpoints and results go through.", no_args_is_help=True)
app.add_typer(remote_app, name="remote")
round_app = typer.Typer(help="A round: a training a worker, all from one start.", no_args_is_help=True)
app.add_typer(round_app, name="round")


@remote_app.command("check")
def remote_check(name: Annotated[str | None, typer.Argument(help="Else the default remote")] = None) -> None:
    """Prove that write, list, read and delete work on the remote."""
    from housebrain.supervision.remote import check, open_remote

    remote = open_remote(name)
    for step, fault in check(remote):
        print(f"remote {remote.name}: {step:<7}{fault or 'works'}")
        if fault:
            raise UserError(f"remote {remote.name}: {step} does not work: {fault}")
    free = remote.free_bytes()
    if free is not None:
        print(f"remote {remote.name}: {free / 1e9:.1f} GB free")


@remote_app.command("setup")
def remote_setup(
    kind: Annotated[str, typer.Option(prompt="local, gdrive or s3", help="local, gdrive or s3")],
    address: Annotated[str, typer.Option(prompt="Address", help="A folder, the id of a Drive folder, or bucket/path")],
    client_id: Annotated[str, typer.Option(help="gdrive: of your own OAuth client")] = "",
    client_secret: Annotated[str, typer.Option(help="gdrive: of your own OAuth client")] = "",
) -> None:
    """Set the remote that all machines of a round share, and try it."""
    from housebrain.supervision.remote_setup import setup

    setup(kind, address, client_id, client_secret)
    remote_check(None)


@round_app.command("plan")
def round_plan() -> None:
    """Show what each worker will train, in which sessions, and what the remote has to hold."""
    from rich.console import Console
    from rich.table import Table

    from housebrain.params import load_params
    from housebrain.supervision.remote import open_remote
    from housebrain.supervision.rounds import plan

    params, remote = load_params(), open_remote()
    planned = plan(params, remote)
    table = Table(title=f"Round {params.round}, {params.base}", title_justify="left")
    for column in planned.rows[0]:
        table.add_column(column.replace("_", " "), justify="left" if column in ("worker", "platform") else "right")
    for row in planned.rows:
        computing = "unknown" if row["hours"] is None else f"{row['hours']:.2f}"
        shown = row | {"hours": computing, "session_hours": row["session_hours"] or "no limit"}
        table.add_row(*map(str, shown.values()))
    console = Console(width=110, markup=False)
    console.print(table)
    free = "unknown" if planned.free_bytes is None else f"{planned.free_bytes / 1e9:.1f} GB"
    console.print(f"Remote {remote.name}: {planned.needed_bytes / 1e9:.2f} GB needed, {free} free.", highlight=False)
    console.print("Hours: of computing on one card, where that was measured. Kaggle gives about 30 GPU hours a week.")


@round_app.command("start")
def round_start() -> None:
    """Check that all is committed and pushed, push what workers need, and tag the round. Prints the plan first."""
    from housebrain.params import load_params
    from housebrain.supervision.rounds import start

    round_plan()
    tag = start(load_params())
    print(f"round: {tag} is tagged. Workers may start: the notebooks, or `housebrain work --shard K`.")


@round_app.command("run")
def round_run(
    ray: Annotated[str, typer.Option(help="The cluster's head as HOST:PORT, auto on one of its nodes, or local")],
    scratch: Annotated[str, typer.Option(help="A folder on every node, for clones and the base model")] = SCRATCH,
    every: Annotated[float, typer.Option(min=0.1, max=86_400, help="Seconds between looks")] = 30,
) -> None:
    """Train all shards of a started round, on a Ray cluster, beside notebooks or without. Safe to run again."""
    from rich.console import Console

    from housebrain.cluster.rounds import run_round
    from housebrain.params import load_params
    from housebrain.supervision import status as workers

    params, console = load_params(), Console(width=160, markup=False)

    def show(table: list[dict[str, Any]], notes: list[str]) -> None:
        console.print(workers.as_table(table, workers.title_of(params)))
        for message in [*workers.messages(table), *notes]:
            console.print(message, highlight=False)

    run_round(params, ray, scratch, every, show)
    print("round: all shards are trained and pushed. Go on with `dvc repro --pull`.")


@round_app.command("next")
def round_next() -> None:
    """Make what this round merged the start of the next one, and go on to it. With several `rounds` only."""
    from housebrain.params import load_params
    from housebrain.supervision.rounds import next_round

    number = next_round(load_params())
    print(
        f"round: {number} is next. `dvc repro split init_lora`, commit and push, `housebrain round start`; "
        "where this machine trains all shards, `dvc repro`."
    )


@round_app.command("check")
def round_check() -> None:
    """Name what changed since the round's tag and would keep `dvc repro --pull` from finding the workers' results."""
    from housebrain.params import load_params
    from housebrain.supervision.changes import changed_since, lost_by, tag_of

    tag = tag_of(load_params())
    if changed := changed_since(tag):
        raise UserError(lost_by(tag, changed))
    print(f"round: nothing that training depends on has changed since {tag}")


@app.command()
def status(
    watch: Annotated[bool, typer.Option("--watch", help="Look again and again, until Ctrl-C")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array, a row a shard")] = False,
    page: Annotated[Path | None, typer.Option(help="Also write a page for the browser")] = None,
    every: Annotated[float, typer.Option(min=1, max=86_400, help="Seconds between looks, with --watch")] = 30,
    mlflow: Annotated[bool, typer.Option(help="Also bring the workers' curves into MLflow")] = True,
) -> None:
    """Show all workers of the round in one table, from what they last wrote to the remote."""
    from rich.console import Console

    from housebrain.params import load_params
    from housebrain.supervision import status as workers
    from housebrain.supervision.remote import open_remote

    params = load_params()

    def show(table: list[dict[str, Any]]) -> None:
        if as_json:
            print(json.dumps(table, allow_nan=False))
            return
        console = Console(width=160, markup=False)
        console.print(workers.as_table(table, workers.title_of(params)))
        for message in workers.messages(table):
            console.print(message, highlight=False)

    workers.follow(open_remote(), params, show, every, again=watch, page=page, mlflow=mlflow)


@app.command()
def watch(
    notify: Annotated[
        list[str] | None, typer.Option(help="An apprise address, such as ntfy://topic; may be repeated")
    ] = None,
    every: Annotated[float, typer.Option(min=1, max=86_400, help="Seconds between looks")] = 60,
    once: Annotated[bool, typer.Option("--once", help="Look once, and end")] = False,
) -> None:
    """Send word when a worker is silent, fails, diverges, nears its session's end or is done, or the remote is full."""
    from housebrain.params import load_params
    from housebrain.supervision.alerts import Watch, notifier
    from housebrain.supervision.remote import open_remote

    watching = Watch(load_params(), notifier(notify or []))
    watching.follow(open_remote(), every, again=not once)


@app.command()
def promote(shard: Annotated[int, typer.Option(help="Whose worker never comes back, from 1")]) -> None:
    """Make a shard's last good checkpoint its result."""
    from housebrain.params import load_params
    from housebrain.supervision.promote import promote as make_result

    done = make_result(Shard(shard), load_params())
    print(
        f"promote: shard {shard} is its checkpoint of step {done['steps']} of {done['total_steps']}. "
        "Go on with `dvc repro --pull -k`."
    )


@app.command()
def backup(
    to: Annotated[str | None, typer.Option("--to", help="A folder on another disk, or a DVC remote's name")] = None,
    every: Annotated[str | None, typer.Option(help="Again and again, such as 30m or 2h, until Ctrl-C")] = None,
    back: Annotated[
        str | None, typer.Option("--restore", metavar="FROM", help="Bring back from there what was lost here")
    ] = None,
    at: Annotated[str | None, typer.Option(help="With --restore: the copy of that time, not the newest")] = None,
) -> None:
    """Keep a second copy of checkpoints, results, MLflow's store and what its registry names, every file verified."""
    from housebrain.params import load_params
    from housebrain.supervision.backup import backup as copy_all
    from housebrain.supervision.copies import open_copy
    from housebrain.supervision.polling import poll, seconds_of
    from housebrain.supervision.restore import restore

    if (to is None) == (back is None) or (every and to is None) or (at and back is None):
        raise UserError("backup: give --to with or without --every, or --restore with or without --at.")
    seconds = seconds_of(every) if every else 0.0
    if back is not None:
        done = restore(open_copy(back), at)
        print(
            f"backup: {done.files} files ({done.bytes / 1e6:.1f} MB) of {done.time} brought back, {done.present} were "
            "here. Go on with `dvc pull`, or `dvc repro --pull -k`."
        )
        return
    keep, was_there = load_params().supervision.keep_remote, False

    def look() -> None:
        nonlocal was_there
        copy = open_copy(str(to), was_there)
        done = copy_all(copy, keep)
        was_there = True
        print(
            f"backup: {done.files} files ({done.bytes / 1e6:.1f} MB) copied to {copy.name}, {done.present} were there; "
            f"{done.time}",
            flush=True,
        )

    def told(error: UserError) -> None:
        if not every:
            raise error
        print(f"warning: {error} Trying again in {every}.", file=sys.stderr, flush=True)

    poll(look, told, seconds, again=bool(every))


@app.command("import")
def import_result(path: Annotated[Path, typer.Argument(help="RESULT.zip of a bundle")]) -> None:
    """Check a result that was trained by hand and make it its shard's."""
    from housebrain.params import load_params
    from housebrain.supervision.bundle import import_result as bring_home

    shard, done = bring_home(path, load_params())
    print(f"import: {shard.name}, {done['steps']} of {done['total_steps']} steps. Go on with `dvc repro --pull -k`.")
