"""The `housebrain` command: what a person does by hand. The pipeline's own steps are in stages/ and run by DVC."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from housebrain.errors import UserError, reported
from housebrain.files import atomic_file
from housebrain.shard import Shard

app = typer.Typer(
    help="House briefs in, a house-design LLM out: shard, train apart, merge, evaluate.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
remote_app = typer.Typer(help="The DVC remote that shards, checkpoints and results go through.", no_args_is_help=True)
app.add_typer(remote_app, name="remote")
round_app = typer.Typer(help="A round: six trainings from one start.", no_args_is_help=True)
app.add_typer(round_app, name="round")
# Heavy libraries are imported inside the commands that need them: `housebrain --help` answers at once.


@app.command()
def base() -> None:
    """Fetch the base model that params.yaml names, once, and try it: packed rows, chat template, end of an answer."""
    from housebrain.model.base import ensure_base
    from housebrain.model.preflight import examine
    from housebrain.params import load_params

    folder = ensure_base(load_params())
    for note in examine(folder):
        print(f"base: {note}")
    print(f"base: {folder}")


@app.command()
def ingest(
    folder: Annotated[Path, typer.Argument(help="A folder of .json, .jsonl (also .gz, .zst) or .parquet, or a file")],
) -> None:
    """Pack the raw dataset into a few Parquet files under data/raw/dataset and track them with DVC."""
    from housebrain.dataset.ingest import ingest as pack

    out = Path("data/raw/dataset")
    counts = pack(folder, out)
    print(f"ingest: {', '.join(f'{count:,} {side} records' for side, count in counts.items())} in {out}")
    if subprocess.run([sys.executable, "-m", "dvc", "add", "--quiet", str(out)]).returncode:
        raise UserError(f"{out}: `dvc add` failed. Run `dvc add {out}` and look at what it says.")
    print(f"Next: set prepare.source to raw in params.yaml, `git add {out}.dvc data/raw/.gitignore`, `dvc repro`.")


@app.command()
def audit(
    path: Annotated[Path, typer.Argument(help="The dataset: a folder or a file, as for ingest")],
    out: Annotated[Path, typer.Option(help="The page to write")] = Path("reports/audit.md"),
    max_length: Annotated[int, typer.Option(help="Tokens of a training window")] = 512,
) -> None:
    """Look the dataset over: duplicates, contradictions, token lengths, fields that nothing predicts."""
    from housebrain.dataset.audit.audit import UnreadableError
    from housebrain.dataset.audit.audit import audit as look_over
    from housebrain.model.base import ensure_base
    from housebrain.model.loading import load_tokenizer
    from housebrain.params import load_params

    fault = None
    try:
        page = look_over(path, load_tokenizer(ensure_base(load_params())), max_length)
    except UnreadableError as error:
        page, fault = error.page, error
    with atomic_file(out) as temporary:
        temporary.write_text(page)
    print(page)
    print(f"audit: written to {out}")
    if fault is not None:
        raise fault


@app.command()
def solve(
    record: Annotated[Path, typer.Argument(help="A JSON file with one record {id, input, metadata}")],
    seed: Annotated[int, typer.Option(help="Of the solver")] = 0,
) -> None:
    """Design a house for one brief with the solver, and print it as JSON."""
    from housebrain.dataset.records import RawRecord, bad_record, parse_json
    from housebrain.dataset.v5 import BadRecord, parse_record
    from housebrain.house.brief import Rejected
    from housebrain.solver import solve as solver

    if not record.is_file():
        raise UserError(f"{record}: no such file. Give a JSON file with one record.")
    raw = RawRecord(str(record), "train", record.read_bytes())
    content = parse_json(raw)
    try:
        _, brief = parse_record(content)
        design = solver.solve(brief, seed)
    except BadRecord as error:
        raise bad_record(raw, content, error) from error
    except Rejected as rejected:
        raise UserError(f"{record}: {rejected}. Change the brief.") from rejected
    print(json.dumps(design.model_dump(), indent=2))


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
) -> None:
    """Merge any PEFT LoRA adapters, outside the pipeline: by default the exact (weighted) mean of their updates."""
    from housebrain.merging.merge import check_out, merge_adapters
    from housebrain.merging.strategies import strategy

    check_out(out, adapters)
    folders = {str(folder): folder for folder in adapters}
    own = {}
    for pair in parameter or []:
        name, equals, value = pair.partition("=")
        if not equals:
            raise UserError(f"--parameter: '{pair}' has no '='. Give a name and a value, such as density=0.3.")
        own[name] = value
    by_hand = None
    if weights:
        try:
            numbers = [float(weight) for weight in weights.split(",")]
        except ValueError as error:
            raise UserError(f"--weights: {error}. Give numbers, such as 1,2,0.5.") from error
        if len(numbers) != len(folders):
            raise UserError(f"--weights: {len(numbers)} numbers for {len(folders)} adapters. Give one an adapter.")
        by_hand = dict(zip(folders, numbers, strict=True))
    report = merge_adapters(folders, strategy(how, **own), {}, rank, dtype, out, by_hand, scale)
    print(
        f"merge: {len(folders)} adapters in {out}, rank {report['rank_max']}, {report['size_mb']:.1f} MB, "
        f"at most {report['dropped_energy_max']:.2e} of a module's energy dropped"
    )


@app.command("inspect")
def inspect_adapters(
    adapters: Annotated[list[Path], typer.Argument(help="Two or more PEFT LoRA adapters of one base")],
    out: Annotated[Path, typer.Option(help="The picture to write")] = Path("reports/inspect.png"),
) -> None:
    """Show what adapters have in common: norms, effective ranks, angles, shared directions, distance from the mean."""
    from rich.console import Console
    from rich.table import Table

    from housebrain.merging.inspect import draw, inspect

    found = inspect({str(folder): folder for folder in adapters})
    table = Table(title=f"{len(adapters)} adapters", title_justify="left")
    table.add_column("adapter")
    headings = ("norm", "effective rank", "from the mean", *(f"cosine {i + 1}" for i in range(len(adapters))))
    for heading in headings:
        table.add_column(heading, justify="right")
    for i, name in enumerate(found.names):
        values = (found.norms[i], found.effective_ranks[i], found.from_mean[i], *found.cosines[i])
        table.add_row(f"{i + 1} {name}", *(f"{float(value):.3f}" for value in values))
    Console(width=160).print(table)
    draw(found, out)
    print(f"inspect: overlaps of their spaces are in {out}")


@app.command()
def work(
    shard: Annotated[int, typer.Option(help="Which shard this machine trains, from 1")],
) -> None:
    """Train one shard on this machine, from wherever it was left, and push the result. Safe to start again any time."""
    from housebrain.params import load_params
    from housebrain.supervision.work import work as train_and_push

    train_and_push(Shard(shard), load_params())


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
def bundle(
    shard: Annotated[int, typer.Option(help="To be trained by hand, from 1")],
    out: Annotated[Path, typer.Option(help="The folder for the zip")] = Path(),
) -> None:
    """Pack a shard and all its training needs into one zip, for a machine that can't reach the remote."""
    from housebrain.params import load_params
    from housebrain.supervision.bundle import make_bundle

    path = make_bundle(Shard(shard), load_params(), out)
    print(f"bundle: {path}, {path.stat().st_size / 1e6:.1f} MB. Its README.md says how to go on.")


@app.command("import")
def import_result(path: Annotated[Path, typer.Argument(help="RESULT.zip of a bundle")]) -> None:
    """Check a result that was trained by hand and make it its shard's."""
    from housebrain.params import load_params
    from housebrain.supervision.bundle import import_result as bring_home

    shard, done = bring_home(path, load_params())
    print(f"import: {shard.name}, {done['steps']} of {done['total_steps']} steps. Go on with `dvc repro --pull -k`.")


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
        table.add_row(*(("no limit" if k == "session_hours" and not v else str(v)) for k, v in row.items()))
    console = Console(width=110)
    console.print(table)
    free = "unknown" if planned.free_bytes is None else f"{planned.free_bytes / 1e9:.1f} GB"
    console.print(f"Remote {remote.name}: {planned.needed_bytes / 1e9:.2f} GB needed, {free} free.", highlight=False)
    console.print("Kaggle gives about 30 GPU hours a week. Steps are without packing, which makes them fewer.")


@round_app.command("start")
def round_start() -> None:
    """Check that all is committed and pushed, push what workers need, and tag the round. Prints the plan first."""
    from housebrain.params import load_params
    from housebrain.supervision.rounds import start

    round_plan()
    tag = start(load_params())
    print(f"round: {tag} is tagged. Workers may start: the notebooks, or `housebrain work --shard K`.")


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
    every: Annotated[float, typer.Option(min=1, help="Seconds between looks, with --watch")] = 30,
    mlflow: Annotated[bool, typer.Option(help="Also bring the workers' curves into MLflow")] = True,
) -> None:
    """Show all workers of the round in one table, from what they last wrote to the remote."""
    import time

    from rich.console import Console

    from housebrain.params import load_params
    from housebrain.supervision import changes
    from housebrain.supervision import status as workers
    from housebrain.supervision.remote import open_remote

    params = load_params()
    remote = open_remote()
    title = f"Round {params.round}, {params.base}"
    while True:
        try:
            beats = workers.look(remote, params)
            table = workers.rows(beats, params)
            if changed := changes.warning(params):
                print(f"warning: {changed}", file=sys.stderr)
            if page is not None:
                workers.write_page(table, title, page, every)
            if as_json:
                print(json.dumps(table, allow_nan=False))
            else:
                console = Console(width=160)
                console.print(workers.as_table(table, title))
                for message in workers.messages(table):
                    console.print(message, highlight=False)
            if mlflow:
                workers.import_records(remote, beats, params)
        except UserError as error:
            if not watch:
                raise
            print(f"warning: {error} Looking again in {every:.0f} s.", file=sys.stderr)
        if not watch:
            return
        time.sleep(every)


@app.command()
def watch(
    notify: Annotated[
        list[str] | None, typer.Option(help="An apprise address, such as ntfy://topic; may be repeated")
    ] = None,
    every: Annotated[float, typer.Option(min=1, help="Seconds between looks")] = 60,
    once: Annotated[bool, typer.Option("--once", help="Look once, and end")] = False,
) -> None:
    """Send word when a worker is silent, fails, diverges, nears its session's end or is done, or the remote is full."""
    import time

    from housebrain.params import load_params
    from housebrain.supervision.alerts import Watch, notifier
    from housebrain.supervision.remote import open_remote
    from housebrain.supervision.status import look

    params = load_params()
    watching = Watch(params, notifier(notify or []))
    remote = open_remote()
    while True:
        try:
            watching.look(look(remote, params), time.time())
            watching.look_at(remote)
        except UserError as error:
            watching.trouble(error)
        if once:
            return
        time.sleep(every)


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
def export(out: Annotated[Path, typer.Option(help="The folder to write")] = Path("models/export")) -> None:
    """Write the champion for others: full weights that transformers loads, its adapter, and a model card."""
    from housebrain.params import load_params
    from housebrain.release.champion import champion
    from housebrain.release.export import export as write

    params = load_params()
    chosen = champion(params)
    write(chosen, params, Path("reports"), out)
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


def main() -> None:
    with reported():
        app()
