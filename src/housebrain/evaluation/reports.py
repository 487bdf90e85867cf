"""What an evaluation leaves behind: report files for DVC and people, runs for MLflow.

Nothing here needs torch or scipy, so that the summary is printed at once.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from housebrain.evaluation.criteria import check_criteria
from housebrain.evaluation.guided import Guided
from housebrain.evaluation.metrics import Answered, finite
from housebrain.evaluation.names import ANSWERS, DESIGNS, GUIDED, MEASURED, MERGED, OF_THE_MACHINE
from housebrain.evaluation.slices import slices
from housebrain.files import atomic_folder, write_json
from housebrain.language.answer import Codec
from housebrain.language.designs import decode
from housebrain.params import Params
from housebrain.shard import key_of
from housebrain.tables import write_csv
from housebrain.tracking import log_run


class Evaluated(NamedTuple):
    """What one model came to.

    Attributes:
        metrics: by name; None is not measured, or not finite.
        answers: brief by brief.
        guided: those that it gave under the briefs' grammars; few or none.
    """

    metrics: dict[str, float | None]
    answers: list[Answered]
    guided: Sequence[Guided] = ()


def criteria_values(
    evaluated: dict[str, Evaluated], shard_reports: dict[str, dict[str, Any]]
) -> dict[str, float | None]:
    """What the criteria speak of: the merged model's metrics, and what all shards came to.

    `shards_finished` is the share of the shards that were trained to their last step. `train_loss` is the mean over the
    shards of each one's loss at the end of its training.
    """
    finished = [report for report in shard_reports.values() if report["steps"] == report["total_steps"]]
    losses = [report["train_loss"] for report in shard_reports.values()]
    merged = evaluated[MERGED].metrics
    return {
        **merged,
        "shards_finished": len(finished) / len(shard_reports) if shard_reports else None,
        "train_loss": sum(losses) / len(losses) if losses else None,
        "merged_size_mb": merged["adapter_mb"],
    }


def write_reports(
    evaluated: dict[str, Evaluated],
    params: Params,
    shard_reports: dict[str, dict[str, Any]],
    inputs: dict[str, str],
    tables: dict[str, Any],
    out: Path,
) -> None:
    """Writes `out/evaluation.json`, `out/criteria.json` and in `out/evaluation/` all that is behind them.

    That is which models were measured (`measured.json`), a row a model (`models.csv`), all answers (`answers.jsonl`),
    the merged model's designs with their references (`designs.jsonl`), all guided answers (`guided.jsonl`), each
    model's slices (`slices/merged.csv` and so on), and `tables`.

    Args:
        evaluated: by model, the merged one among them.
        shard_reports: the shards' training summaries, by name.
        inputs: by model, the hash of its weights, or the revision of the base.
        tables: what goes to a JSON file of its own, by the file's name without its ending.
        out: the reports' folder.

    Raises:
        UserError: `out` can't be written.
    """
    verdicts = check_criteria(params.evaluate.criteria, criteria_values(evaluated, shard_reports))
    with atomic_folder(out / "evaluation") as folder:
        write_json(folder / MEASURED, inputs)
        _write_csv(folder / "models.csv", [{"model": name, **result.metrics} for name, result in evaluated.items()])
        with (folder / ANSWERS).open("w") as file:
            for name, result in evaluated.items():
                for one in result.answers:
                    row = {"model": name, "id": one.sample.id, "eval_loss": finite(one.loss), "tokens": one.tokens}
                    row |= {"answer": one.answer} | one.verdict._asdict()
                    file.write(json.dumps(row, allow_nan=False) + "\n")
        with (folder / DESIGNS).open("w") as file:
            for one in evaluated[MERGED].answers:
                file.write(json.dumps(_designs(one, params.train.codec)) + "\n")
        with (folder / GUIDED).open("w") as file:
            for name, result in evaluated.items():
                for answer in result.guided:
                    file.write(json.dumps({"model": name} | _guided(answer, name == MERGED), allow_nan=False) + "\n")
        for name, result in evaluated.items():
            _write_csv(folder / "slices" / f"{key_of(name)}.csv", slices(result.answers))
        for name, content in tables.items():
            write_json(folder / f"{name}.json", content)
    write_json(out / "evaluation.json", {name: result.metrics for name, result in evaluated.items()})
    write_json(out / "criteria.json", verdicts)


def _designs(one: Answered, codec: Codec) -> dict[str, Any]:
    """A brief with its reference design and the model's own; None where the answer is no design."""
    brief, decoded = one.sample.brief, one.verdict.decoded
    return {
        "id": one.sample.id,
        "brief": brief.model_dump(mode="json"),
        "reference": decode(one.sample.answer, brief, codec).model_dump(mode="json"),
        "answer": decode(one.answer, brief, codec).model_dump(mode="json") if decoded else None,
    }


def _guided(one: Guided, with_design: bool) -> dict[str, Any]:
    design = one.design.model_dump(mode="json") if one.design and with_design else None
    about = {"id": one.sample.id, "answer": one.answer, "replaced": one.replaced, "edits": one.edits}
    about |= {"changed": one.changed, "moved_ft": one.moved_ft, "penalty": one.penalty} | one.verdict._asdict()
    return about | ({"brief": one.sample.brief.model_dump(mode="json"), "design": design} if with_design else {})


def _write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(exist_ok=True)
    write_csv(path, pd.DataFrame(rows))


def log_evaluation(evaluated: dict[str, Evaluated], params: Params, inputs: dict[str, str], test_sha256: str) -> None:
    """One MLflow run a model. The same model with the same outcome on the same briefs is the same run.

    Args:
        inputs: by model, the hash of its weights, or the revision of the base.
        test_sha256: hash of the test split.

    Raises:
        UserError: the store can't be written.
    """
    chosen = params.evaluate.model_dump(exclude={"criteria"})  # they don't change what is measured
    settings = {"base": params.base, "codec": params.train.codec, **chosen}
    for name, result in evaluated.items():
        measured = {metric: value for metric, value in result.metrics.items() if value is not None}
        outcome = {metric: value for metric, value in measured.items() if metric not in OF_THE_MACHINE}
        what = [name, inputs[name], test_sha256, params.round, settings, outcome]
        key = hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:32]
        log_run(
            f"evaluate-{key}",
            f"evaluate {name}",
            params.tracking.experiment,
            settings,
            measured,
            {
                "kind": "evaluation",
                "model": name,
                "round": str(params.round),
                "weights": inputs[name],
                "data_hash": test_sha256,
            },
        )
