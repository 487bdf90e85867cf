"""The closing table: what was trained, merged and measured, where the files are, what to do next."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from housebrain.evaluation.evaluate import BASE, MERGED, read_shard_reports
from housebrain.files import read_json
from housebrain.params import Params

_STYLES = {"pass": "green", "fail": "red", "not measured": "yellow"}


def print_summary(params: Params, reports: Path) -> None:
    """Prints the summary from the report files alone, so that it can be had again at any time.

    Raises:
        UserError: a report is missing.
    """
    console = Console(width=110)
    models = read_json(reports / "evaluation.json")
    criteria = read_json(reports / "criteria.json")
    merge = read_json(reports / "merge.json")
    training = read_shard_reports(reports / "shards", params.split.shards)

    table = Table(title=f"Trained on {params.base}, measured on held-out test briefs", title_justify="left")
    for column in ("model", "samples", "steps", "train loss", "test loss", "JSON", "designs", "accuracy", "s/design"):
        table.add_column(column, justify="left" if column == "model" else "right")
    for name, metrics in models.items():
        shard = training.get(name)
        weight = merge.get(f"weight_{name.replace(' ', '_')}")
        label = name + (f" (weight {weight:.3f})" if weight is not None else "")
        table.add_row(
            f"[bold]{label}[/bold]" if name == MERGED else label,
            str(shard["samples"]) if shard else "",
            f"{shard['steps']}/{shard['total_steps']}" if shard else "",
            f"{shard['train_loss']:.3f}" if shard else "",
            f"{metrics['eval_loss']:.3f}",
            f"{metrics['json_validity']:.0%}",
            f"{metrics['decoded']:.0%}",
            f"{metrics['design_accuracy']:.0%}",
            "" if metrics["seconds_per_design"] is None else f"{metrics['seconds_per_design']:.1f}",
        )
    console.print(table)
    gain = models[BASE]["eval_loss"] - models[MERGED]["eval_loss"]
    console.print(
        f"Merged by [bold]{params.merge.strategy}[/bold]: {merge['size_mb']:.1f} MB, test loss lower than the base's "
        f"by {gain:.3f}.\n"
    )

    table = Table(title="Criteria (params.yaml, evaluate.criteria), merged model", title_justify="left")
    for column in ("criterion", "bound", "value", "verdict"):
        table.add_column(column, justify="right" if column in ("bound", "value") else "left")
    for row in criteria.values():
        value = "" if row["value"] is None else f"{row['value']:.3g}"
        verdict = row["verdict"]
        table.add_row(row["about"], row["bound"], value, f"[{_STYLES[verdict]}]{verdict}[/]")
    console.print(table)
    console.print(
        "Files   models/shards/1..6 adapters   models/merged merged adapter   reports/ all measures\n"
        "Next    mlflow ui --backend-store-uri sqlite:///mlflow.db      curves and runs, at http://127.0.0.1:5000\n"
        "        dvc metrics show; dvc plots show                       the same, from DVC\n"
        "        dvc repro after setting merge.strategy: weighted       another merge; training is not repeated",
        highlight=False,
    )
    if any(row["verdict"] == "fail" for row in criteria.values()):
        console.print(
            "As shipped a 135M model sees two dozen samples a shard: criteria fail here. docs/production.md has the "
            "settings for the whole dataset."
        )
