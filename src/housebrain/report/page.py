"""The report of a round as one page: no script, nothing fetched, so that it can be mailed and kept.

Everything on it comes from the report files; nothing is measured here.
"""

from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from housebrain.evaluation.criteria import undecided
from housebrain.evaluation.names import BASE, GUIDED_AMOUNTS, LOSS, MERGED, RELEASED, SHARES, SMALL, p_text
from housebrain.files import atomic_file, read_json
from housebrain.params import Params
from housebrain.report.cases import faults, read_cases, worst
from housebrain.report.charts import Row, lines, ranges
from housebrain.report.colours import GREEN, GREY, coloured
from housebrain.report.houses import read_houses
from housebrain.shard import key_of, read_shard_reports
from housebrain.tables import read_csv

SAMPLES = 4  # the first of the test split, not the best
WORST = 6
SIGNIFICANT = 0.05
NOTHING = "-"  # where there is no number
FEW = 20  # with fewer briefs than this, intervals of a loss are too narrow (docs/evaluation.md)
LABELS = {
    LOSS: "test loss, nats a token",
    "json_validity": "answers that are valid JSON",
    "schema_validity": "with all parts of a design",
    "decoded": "that can be laid out",
    "zero_overlap": "without overlapping rooms",
    "design_validity": "without any fault",
    "design_accuracy": "requirements of the brief met",
    "compliance": "building-code rules passed",
    "cost_within_10pct": "cost within 10% of the reference's",
}
GUIDED_LABELS = {
    "guided_validity": "valid houses",
    "guided_accuracy": "requirements of the brief met",
    "guided_compliance": "building-code rules passed",
    "guided_cost_within_10pct": "cost within 10% of the reference's",
    "guided_mended": "guided answers mended by small changes of their arrangement",
    "guided_edits": "such changes of an answer",
    "guided_changed": "rooms changed to make them valid",
    "guided_moved_ft": "rooms moved by, feet",
    "guided_penalty": "to object to, 0 is nothing",
}


def write_page(params: Params, reports: Path, out: Path) -> None:
    """Writes the page.

    Args:
        params: of the round.
        reports: the folder with the report files of `merge`, `evaluate` and the shards' trainings.
        out: the page.

    Raises:
        UserError: a report is missing or damaged, or is of another evaluation.
    """
    environment = Environment(
        loader=PackageLoader("housebrain.report", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    page = environment.get_template("page.html").render(_content(params, reports))
    with atomic_file(out) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _content(params: Params, reports: Path) -> dict[str, Any]:
    evaluation = reports / "evaluation"
    models: dict[str, dict[str, float | None]] = read_json(reports / "evaluation.json")
    training = read_shard_reports(reports / "shards", params.shards)
    models = {name: models[name] for name in (BASE, *training, MERGED, RELEASED) if name in models}
    intervals = read_json(evaluation / "intervals.json")
    colours = coloured(list(training)) | {BASE: GREY, MERGED: GREEN, RELEASED: GREY}
    cases = read_cases(evaluation, MERGED)
    return {
        "params": params,
        "labels": LABELS,
        "briefs": len(cases),
        "few": FEW,
        "small": SMALL,
        "merge": read_json(reports / "merge.json"),
        "criteria": _criteria(
            read_json(reports / "criteria.json"),
            intervals[MERGED],
            undecided(params.evaluate.criteria, intervals[MERGED]),
        ),
        "models": _models(models, intervals),
        "model_charts": [_models_chart(metric, models, intervals, colours) for metric in LABELS],
        **_comparisons(read_json(evaluation / "comparisons.json"), colours),
        "guided_labels": GUIDED_LABELS,
        "guided": _guided(models, intervals),
        "guided_differences": _guided_differences(read_json(evaluation / "comparisons.json")),
        "houses": [(house, house.plans()) for house in read_houses(evaluation)],
        "training": training,
        "colours": colours,
        **_curves(reports / "shards", list(training)),
        **_strategies(read_json(reports / "merge_choice.json")),
        **_leave_one_out(read_json(reports / "leave_one_out.json"), colours),
        "slices": _slices(evaluation / "slices", list(models)),
        "faults": faults(cases),
        "faulty": sum(bool(case.faults) for case in cases),
        "worst": worst(cases, WORST),
        "samples": cases[:SAMPLES],
    }


def _formatted(metric: str, value: float | None, sign: str = "") -> str:
    """A loss with three digits (a difference of two with four), an amount with two, a share in percent."""
    if value is None:
        return NOTHING
    if metric == LOSS:
        return f"{value:{sign}.{4 if sign else 3}f}"
    return f"{value:{sign}.2f}" if metric in GUIDED_AMOUNTS else f"{value:{sign}.0%}"


def _between(metric: str, found: dict[str, Any] | None, sign: str = "") -> str:
    if found is None or found["low"] is None:
        return ""
    return f"{_formatted(metric, found['low'], sign)} to {_formatted(metric, found['high'], sign)}"


def _criteria(criteria: dict[str, dict[str, Any]], intervals: dict[str, Any], open_: set[str]) -> list[dict[str, Any]]:
    """With the interval, where the criterion is a metric that has one."""
    rows = []
    for name, row in criteria.items():
        found = intervals.get(name)
        value = NOTHING if row["value"] is None else f"{row['value']:.3g}"
        between = f"{found['low']:.3g} to {found['high']:.3g}" if found else ""
        rows.append({**row, "value": value, "interval": between, "open": name in open_})
    return rows


def _models(models: dict[str, dict[str, Any]], intervals: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        name: {
            "cells": {
                metric: (_formatted(metric, row[metric]), _between(metric, intervals[name][metric]))
                for metric in LABELS
            },
            "seconds": NOTHING if row["seconds_per_design"] is None else f"{row['seconds_per_design']:.1f}",
            "megabytes": f"{row['adapter_mb']:.1f}",
        }
        for name, row in models.items()
    }


def _models_chart(
    metric: str, models: dict[str, dict[str, Any]], intervals: dict[str, Any], colours: dict[str, str]
) -> Markup:
    rows = []
    for name, row in models.items():
        found = intervals[name][metric] or {"low": None, "high": None}
        value = row[metric]
        rows.append(Row(name, value, found["low"], found["high"], colours[name], _formatted(metric, value)))
    return Markup(ranges(rows, LABELS[metric], (0.0, 1.0) if metric in SHARES else None))


def _comparisons(rows: list[dict[str, Any]], colours: dict[str, str]) -> dict[str, Any]:
    """The merged model less each other: a chart of the loss, without the base, and a table of all."""
    others = {row["against"]: row["best_shard"] for row in rows}
    of_loss = {row["against"]: row for row in rows if row["metric"] == LOSS}
    charted = [
        Row(name, row["difference"], row["low"], row["high"], colours[name], _formatted(LOSS, row["difference"], "+"))
        for name, row in of_loss.items()
        if name != BASE  # far off, where training has done anything
    ]
    cells: dict[str, dict[str, Any]] = {metric: {} for metric in LABELS}
    for row in rows:
        if row["metric"] in LABELS:
            cells[row["metric"]][row["against"]] = _difference(row)
    chart = ranges(charted, "test loss of the merged model less that of the shard", zero=True)
    return {"others": others, "comparisons": cells, "comparison_chart": Markup(chart)}


def _difference(row: dict[str, Any]) -> dict[str, str]:
    """A row of the comparisons, as a cell."""
    lower_is_better = row["metric"] in (LOSS, "guided_mended", "guided_changed", *GUIDED_AMOUNTS)
    better = (row["difference"] or 0) < 0 if lower_is_better else (row["difference"] or 0) > 0
    sure = row["low"] is not None and not row["low"] <= 0 <= row["high"] and row["p"] < SIGNIFICANT
    return {
        "difference": _formatted(row["metric"], row["difference"], "+"),
        "interval": _between(row["metric"], row, "+"),
        "p": p_text(row["p"]),
        "kind": ("better" if better else "worse") if sure else "",
    }


def _guided(models: dict[str, dict[str, Any]], intervals: dict[str, Any]) -> dict[str, dict[str, tuple[str, str]]]:
    """Of the models that were guided, each metric with its interval."""
    return {
        name: {
            metric: (_formatted(metric, row[metric]), _between(metric, intervals[name].get(metric)))
            for metric in GUIDED_LABELS
        }
        for name, row in models.items()
        if row.get("guided_validity") is not None
    }


def _guided_differences(rows: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """The merged model less the base, by metric; nothing where they were not guided."""
    of_base = {row["metric"]: row for row in rows if row["against"] == BASE}
    return {metric: _difference(of_base[metric]) for metric in GUIDED_LABELS if metric in of_base}


def _curves(folder: Path, shards: list[str]) -> dict[str, Markup]:
    curves: dict[str, dict[str, list[tuple[float, float]]]] = {"loss": {}, "eval_loss": {}}
    for number, name in enumerate(shards, 1):
        table = read_csv(folder / f"{number}_loss.csv")
        for column, of_shard in curves.items():
            known = table[np.isfinite(table[column])]
            of_shard[name] = list(zip(known["step"].astype(float), known[column].astype(float), strict=True))
    return {
        "training_chart": Markup(lines(curves["loss"], "optimizer step", "training loss, nats a token")),
        "validation_chart": Markup(lines(curves["eval_loss"], "optimizer step", "validation loss, nats a token")),
    }


def _strategies(table: list[dict[str, Any]]) -> dict[str, Any]:
    """What `merge` tried; nothing where it had nothing to choose."""
    if not table:
        return {"strategies": [], "strategies_chart": ""}
    losses = [NOTHING if row["loss"] is None else f"{row['loss']:.4f}" for row in table]
    rows = [
        Row(row["strategy"], row["loss"], None, None, GREEN if row["chosen"] else GREY, text)
        for row, text in zip(table, losses, strict=True)
    ]
    shown = [
        {**row, "loss": text, "p": p_text(row["p"]), "scale": f"{row['scale']:g}"}
        for row, text in zip(table, losses, strict=True)
    ]
    return {"strategies": shown, "strategies_chart": Markup(ranges(rows, "validation loss, nats a token"))}


def _leave_one_out(table: list[dict[str, Any]], colours: dict[str, str]) -> dict[str, Any]:
    if not table:
        return {"leave_one_out": [], "leave_one_out_chart": ""}
    rows = [
        Row(
            row["without"],
            row["difference"],
            row["low"],
            row["high"],
            colours[row["without"]],
            _formatted(LOSS, row["difference"], "+"),
        )
        for row in table
    ]
    shown = [
        {
            **row,
            "weight": f"{row['weight']:.3f}",
            "loss": _formatted(LOSS, row[LOSS]),
            "difference": _formatted(LOSS, row["difference"], "+"),
            "interval": _between(LOSS, row, "+"),
            "p": p_text(row["p"]),
        }
        for row in table
    ]
    chart = ranges(rows, "test loss without the shard less that of the full merge", zero=True)
    return {"leave_one_out": shown, "leave_one_out_chart": Markup(chart)}


def _slices(folder: Path, models: list[str]) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """By metric and dimension, a row a slice with every model's value."""
    of_models = {name: read_csv(folder / f"{key_of(name)}.csv", texts=["value"]) for name in models}
    first = next(iter(of_models.values()))
    tables: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for metric in LABELS:
        tables[metric] = {dimension: [] for dimension in first["dimension"].unique()}
        for number, row in enumerate(first.to_dict("records")):
            values = [table[metric].iloc[number] for table in of_models.values()]
            about = {"value": row["value"], "briefs": row["briefs"], "small": row["small"]}
            shown = [_formatted(metric, None if np.isnan(value) else float(value)) for value in values]
            tables[metric][row["dimension"]].append(about | {"values": shown})
    return tables
