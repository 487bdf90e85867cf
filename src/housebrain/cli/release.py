"""Commands for who chooses a model and hands it on."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from housebrain.errors import UserError

if TYPE_CHECKING:
    from housebrain.params import Params

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
        _make_ready(params)


def _make_ready(params: "Params") -> None:
    """Writes the champion for this machine's CPU, so that nobody waits for it later. It is chosen either way."""
    from housebrain.model.onnx_export import can_write
    from housebrain.release.current import current
    from housebrain.release.served import ensure_served

    if not can_write():
        return
    try:
        ensure_served(current(params), params)
    except UserError as error:
        print(f"warning: it can't answer by onnxruntime yet: {error}")


Form = Literal["adapter", "safetensors", "gguf", "onnx", "ollama"]


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="The folder to write")] = Path("models/export"),
    form: Annotated[
        Form, typer.Option("--format", help="For transformers and vLLM, llama.cpp, onnxruntime-genai, Ollama; or PEFT")
    ] = "safetensors",
) -> None:
    """Write the champion for others, with its tokenizer, chat template and a model card.

    `adapter` is the adapter alone, in bf16, as models/released holds one. All others are the base with the adapter in
    its weights: `safetensors` as they are, the others with matrices in eight bits.
    """
    from housebrain.params import load_params
    from housebrain.release.champion import champion
    from housebrain.release.export import export as write
    from housebrain.release.export import export_adapter

    params = load_params()
    chosen = champion(params)
    if form == "adapter":
        export_adapter(chosen, params, Path("reports"), out)
    else:
        write(chosen, params, Path("reports"), out, form)
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
