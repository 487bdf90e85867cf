"""The closing table: what was trained, merged and measured, where the files are, what to do next."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from housebrain.errors import UserError
from housebrain.evaluation.criteria import check_criteria
from housebrain.evaluation.reports import BASE, MERGED, read_shard_reports
from housebrain.files import read_json
from housebrain.params import Params

_STYLES = {"pass": "green", "fail": "red", "not measured": "yellow"}


def print_summary(params: Params, reports: Path) -> None:
    """Prints the summary from the report files alone, so that it can be had again at any time.

    Raises:
        UserError: a report is missing or damaged.
    """
    console = Console(width=110)
    models = read_json(reports / "evaluation.json")
    criteria = read_json(reports / "criteria.json")
    merge = read_json(reports / "merge.json")
    training = read_shard_reports(reports / "shards", params.split.shards)

    title = f"Trained on {params.base}, measured on {params.evaluate.briefs} held-out test briefs"
    table = Table(title=title, title_justify="left")
    for column in ("model", "samples", "steps", "train loss", "test loss", "JSON", "designs", "accuracy", "s/design"):
        table.add_column(column, justify="left" if column == "model" else "right")
    for name in [BASE, *training, MERGED]:
        table.add_row(*_model_row(name, models[name], training.get(name), merge))
    console.print(table)
    losses = models[BASE]["eval_loss"], models[MERGED]["eval_loss"]
    change = "" if None in losses else f", test loss {losses[0]:.3f} before and {losses[1]:.3f} after"
    console.print(
        f"Merged by [bold]{params.merge.strategy}[/bold]: {merge['size_mb']:.1f} MB{change}.\n", highlight=False
    )

    console.print(criteria_table(criteria))
    console.print(
        "Files   models/merged     the merged adapter; plain PEFT loads it\n"
        "        models/shards     the shards' adapters, with their fingerprints and run records\n"
        "        reports           all measures; reports/evaluation/answers.jsonl has every answer and its faults\n"
        "Next    mlflow ui --backend-store-uri sqlite:///mlflow.db      curves and runs, at http://127.0.0.1:5000\n"
        "        dvc metrics show; dvc plots show                       the same, from DVC\n"
        "        dvc repro after setting merge.strategy: weighted       another merge; training is not repeated",
        highlight=False,
    )
    if params.prepare.source == "generate":
        console.print(
            "As shipped a small model sees a few generated samples: this shows that everything works, not how good it "
            "gets. docs/production.md has the settings for the whole dataset."
        )


def criteria_table(criteria: dict[str, dict[str, Any]]) -> Table:
    """What `check_criteria` returns, for the terminal."""
    table = Table(title="Criteria (params.yaml, evaluate.criteria), merged model", title_justify="left")
    for column in ("criterion", "bound", "value", "verdict"):
        table.add_column(column, justify="right" if column in ("bound", "value") else "left")
    for row in criteria.values():
        verdict = row["verdict"]
        table.add_row(row["about"], row["bound"], _number(row["value"], ".3g"), f"[{_STYLES[verdict]}]{verdict}[/]")
    return table


def check(params: Params, reports: Path) -> None:
    """Prints the criteria, held against the last evaluation.

    Raises:
        UserError: one does not hold or was not measured, or nothing was evaluated yet.
    """
    measured = {name: row["value"] for name, row in read_json(reports / "criteria.json").items()}
    criteria = check_criteria(params.evaluate.criteria, measured)
    Console(width=110).print(criteria_table(criteria))
    missed = [f"{name} ({row['verdict']})" for name, row in criteria.items() if row["verdict"] != "pass"]
    if missed:
        raise UserError(
            f"{len(missed)} of {len(criteria)} criteria do not hold: {', '.join(missed)}. Train or merge a better "
            "model; after a change of params.yaml or data, `dvc repro` measures again."
        )


def _model_row(
    name: str, metrics: dict[str, Any], training: dict[str, Any] | None, merge: dict[str, Any]
) -> tuple[str, ...]:
    weight = merge.get(f"weight_{name.replace(' ', '_')}")
    label = name if weight is None else f"{name} (weight {weight:.3f})"
    return (
        f"[bold]{label}[/bold]" if name == MERGED else label,
        str(training["samples"]) if training else "",
        f"{training['steps']}/{training['total_steps']}" if training else "",
        _number(training["train_loss"], ".3f") if training else "",
        _number(metrics["eval_loss"], ".3f"),
        _number(metrics["json_validity"], ".0%"),
        _number(metrics["decoded"], ".0%"),
        _number(metrics["design_accuracy"], ".0%"),
        _number(metrics["seconds_per_design"], ".1f"),
    )


def _number(value: float | None, style: str) -> str:
    """Nothing where nothing was measured."""
    return "" if value is None else format(value, style)
