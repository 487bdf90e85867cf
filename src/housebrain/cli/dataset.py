"""Commands for who brings data: the base model, packing the raw dataset, looking it over."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from housebrain.errors import UserError
from housebrain.files import atomic_file

app = typer.Typer()


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
    from housebrain.dataset.audit import UnreadableError
    from housebrain.dataset.audit import audit as look_over
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
