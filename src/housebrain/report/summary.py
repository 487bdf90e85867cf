"""The closing table: what was trained, merged and measured, where the files are, what to do next."""

from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from housebrain.errors import UserError, os_error
from housebrain.evaluation.criteria import check_criteria, undecided
from housebrain.evaluation.names import BASE, DESIGNS, GUIDED, LOSS, MEASURED, MERGED, RELEASED, answers_of, p_text
from housebrain.files import count_lines, read_json, sha256_file
from housebrain.params import Params
from housebrain.report.cases import read_lines
from housebrain.report.houses import FOLDER, read_houses
from housebrain.shard import key_of, read_shard_reports

# Columns of the models' table on their answers; `met` are requirements of the brief.
ANSWERED = (
    ("free:\nJSON", "json_validity"),
    ("free:\nmet", "design_accuracy"),
    ("guided:\nvalid", "guided_validity"),
    ("guided:\nmet", "guided_accuracy"),
    ("s/design", "seconds_per_design"),
)
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
    training = read_shard_reports(reports / "shards", params.shards)

    briefs = count_lines(reports / "evaluation" / DESIGNS)  # the test split may have fewer than were asked for
    title = f"Trained on {params.base}, measured on {briefs} held-out test brief{'s' if briefs > 1 else ''}"
    table = Table(title=title, title_justify="left")
    for column in ("model", "samples", "steps", "train\nloss", "test\nloss", *(column for column, _ in ANSWERED)):
        table.add_column(column, justify="left" if column == "model" else "right", no_wrap=True)
    for name in [name for name in (BASE, *training, MERGED, RELEASED) if name in models]:
        table.add_row(*_model_row(name, models[name], training.get(name), merge))
    console.print(table)
    console.print(
        "met: requirements of the brief. Guided answers keep to the brief's grammar and are finished into houses.",
        highlight=False,
    )
    losses = models[BASE][LOSS], models[MERGED][LOSS]
    change = "" if None in losses else f", test loss {losses[0]:.3f} before and {losses[1]:.3f} after"
    console.print(f"Merged by [bold]{merge['strategy']}[/bold]: {merge['size_mb']:.1f} MB{change}.", highlight=False)
    for line in _differences(read_json(reports / "evaluation/comparisons.json")):
        console.print(line, highlight=False)
    console.print()

    console.print(criteria_table(criteria, params, _intervals(reports)))
    for line in _houses(reports):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    console.print(
        "Files   models/merged        the merged adapter; plain PEFT loads it\n"
        "        models/shards        the shards' adapters, with their fingerprints and run records\n"
        "        reports/index.html   all of this and more as a page, with plans of the designs\n"
        "        reports              all measures; reports/evaluation/answers.jsonl has every answer and its faults\n"
        "Next    housebrain design examples/brief.json --model models/merged    a house for a brief of your own\n"
        "        mlflow ui --backend-store-uri sqlite:///mlflow.db      curves and runs, at http://127.0.0.1:5000\n"
        "        dvc metrics show; dvc plots show                       the same, from DVC\n"
        "        dvc repro after setting merge.strategy: weighted       another merge; training is not repeated",
        highlight=False,
    )
    if params.prepare.source == "generate":
        console.print(
            "As shipped a small model sees a few generated samples: this shows that everything works, not how good it "
            "gets. docs/production.md has the settings for the whole dataset."
        )


def _intervals(reports: Path) -> dict[str, Any]:
    """Of the merged model's metrics; none where only the criteria are known."""
    path = reports / "evaluation/intervals.json"
    found: dict[str, Any] = read_json(path)[MERGED] if path.exists() else {}
    return found


def _houses(reports: Path) -> list[str]:
    """What the merged model made of the first test briefs under their grammars, and where the pictures are."""
    evaluation = reports / "evaluation"
    answers = [row for row in read_lines(evaluation / GUIDED) if row["model"] == MERGED]  # not only those drawn
    own = [row["moved_ft"] for row in answers if not row["replaced"]]
    if not answers:
        return []
    moved = f"; rooms were moved by {fmean(own):.1f} ft on average to make them valid" if own else ""
    lines = [f"Houses  {len(own)} of {len(answers)} guided answers of the merged model became valid houses{moved}"]
    for house in read_houses(evaluation):
        note = "   the solver's own: the answer could not be kept" if house.row["replaced"] else ""
        lines += [f"        {reports / FOLDER / name}{note}" for name in house.files]
    return lines


def _differences(rows: list[dict[str, Any]]) -> list[str]:
    """How the merged model's test loss compares with that of the base and of the best shard, with 95% intervals."""
    lines = []
    for row in rows:
        if row["metric"] == LOSS and (row["against"] == BASE or row["best_shard"]) and row["difference"] is not None:
            name = f"{row['against']}, the best" if row["best_shard"] else row["against"]
            between = "" if row["low"] is None else f" ({row['low']:+.3f} to {row['high']:+.3f})"
            lines.append(f"Its test loss less that of {name}: {row['difference']:+.3f}{between}, p {p_text(row['p'])}")
    return lines


def criteria_table(criteria: dict[str, dict[str, Any]], params: Params, intervals: dict[str, Any]) -> Table:
    """What `check_criteria` returns, for the terminal; with what the merged model's 95% intervals leave open."""
    table = Table(title="Criteria (params.yaml, evaluate.criteria), merged model", title_justify="left")
    for column in ("criterion", "answers", "bound", "value", "95% interval", "verdict"):
        table.add_column(column, justify="left" if column in ("criterion", "answers", "verdict") else "right")
    not_sure = undecided(params.evaluate.criteria, intervals)
    for name, row in criteria.items():
        verdict, found = row["verdict"], intervals.get(name)
        between = f"{found['low']:.3g} to {found['high']:.3g}" if found else ""
        shown = f"[{_STYLES[verdict]}]{verdict}[/]{', open' if name in not_sure else ''}"
        table.add_row(
            escape(row["about"]), answers_of(name), row["bound"], _number(row["value"], ".3g"), between, shown
        )
    return table


def check(params: Params, reports: Path, merged: Path) -> None:
    """Prints the criteria, held against the last evaluation.

    Args:
        params: with the criteria.
        reports: the reports' folder.
        merged: the merged adapter's folder.

    Raises:
        UserError: a criterion does not hold or was not measured, there is none, nothing was evaluated yet, or `merged`
            is not the adapter that was.
    """
    if not params.evaluate.criteria:
        raise UserError("params.yaml: evaluate.criteria is empty, so that anything would pass. Add a criterion.")
    measured = {name: row["value"] for name, row in read_json(reports / "criteria.json").items()}
    _check_measured(reports, merged)
    criteria = check_criteria(params.evaluate.criteria, measured)
    Console(width=110).print(criteria_table(criteria, params, _intervals(reports)))
    missed = [f"{name} ({row['verdict']})" for name, row in criteria.items() if row["verdict"] != "pass"]
    if missed:
        raise UserError(
            f"{len(missed)} of {len(criteria)} criteria do not hold: {', '.join(missed)}. Train or merge a better "
            "model; after a change of params.yaml or data, `dvc repro` measures again."
        )


def _check_measured(reports: Path, merged: Path) -> None:
    """Refuses an adapter that is not the one which the reports are of."""
    from housebrain.model.adapter import WEIGHTS  # needs torch, which the summary does without

    path = merged / WEIGHTS
    try:
        sha256 = sha256_file(path)
    except OSError as error:
        raise os_error(error, path) from error
    evaluated = read_json(reports / "evaluation" / MEASURED)[MERGED]
    if sha256 != evaluated:
        raise UserError(
            f"{path}: it is not the adapter that was measured (its hash is {sha256[:12]}, not {evaluated[:12]}). "
            "Run `dvc repro`."
        )


def _model_row(
    name: str, metrics: dict[str, Any], training: dict[str, Any] | None, merge: dict[str, Any]
) -> tuple[str, ...]:
    weight = merge.get(f"weight_{key_of(name)}")
    label = name if weight is None else f"{name} (weight {weight:.3f})"
    return (
        f"[bold]{label}[/bold]" if name == MERGED else label,
        str(training["samples"]) if training else "",
        f"{training['steps']}/{training['total_steps']}" if training else "",
        _number(training["train_loss"], ".3f") if training else "",
        _number(metrics["eval_loss"], ".3f"),
        *(_number(metrics[metric], ".0%") for _, metric in ANSWERED[:-1]),
        _number(metrics["seconds_per_design"], ".1f"),
    )


def _number(value: float | None, style: str) -> str:
    """Nothing where nothing was measured."""
    return "" if value is None else format(value, style)
