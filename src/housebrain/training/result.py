"""What a training comes to: its curves and summary, and the files beside the adapter. Nothing here needs torch.

A result is written at a training's end, or from a checkpoint when its worker never comes back.
"""

import math
from pathlib import Path
from typing import Any

import pandas as pd

from housebrain.errors import UserError
from housebrain.files import write_json
from housebrain.shard import Shard
from housebrain.tables import write_csv
from housebrain.tracking import Point, RunRecord, now_ms

History = list[dict[str, Any]]  # the trainer's log: an entry has its step and some metrics
# Logged by the trainer at every `log_steps` and carried into MLflow.
CURVES = ("loss", "eval_loss", "learning_rate", "grad_norm", "tokens_per_second", "seconds_left", "progress")


def points_of(entry: dict[str, Any]) -> list[Point]:
    """The metrics in an entry of the trainer's log; values that are not finite have no place in MLflow."""
    return [
        Point(key=key, value=float(entry[key]), step=int(entry["step"]), timestamp_ms=int(entry["timestamp_ms"]))
        for key in CURVES
        if key in entry and math.isfinite(entry[key])
    ]


def progress_of(history: History, step: int, total_steps: int) -> dict[str, Any]:
    """What a worker says of its training: how far it is, and the latest finite value of each curve (None before)."""
    curves = {key: [entry[key] for entry in history if math.isfinite(entry.get(key, math.nan))] for key in CURVES}
    shown = ("loss", "eval_loss", "tokens_per_second", "seconds_left")
    latest = {key: curves[key][-1] if curves[key] else None for key in shown}
    return {"step": step, "total_steps": total_steps, "losses": curves["loss"][-20:], **latest}


def summarize(history: History, step: int, total_steps: int, record: RunRecord) -> dict[str, Any]:
    """A training's measures so far.

    Args:
        history: of the trainer.
        step: the optimizer steps done.
        total_steps: the steps planned.
        record: whose params say how many samples and tokens there are.

    Raises:
        UserError: it was cut off before its first loss was logged.
    """
    losses = [entry["loss"] for entry in history if "loss" in entry]
    if not losses:
        raise UserError(
            f"{record.name}: at step {step} of {total_steps} no loss was logged yet: there is no result to speak of. "
            "Go on with the training, or start it again."
        )
    eval_losses = [entry["eval_loss"] for entry in history if "eval_loss" in entry]
    tail = losses[-max(1, len(losses) // 10) :]
    counts = {key: int(record.params[key]) for key in ("samples", "left_out", "validation_left_out")}
    response_tokens = round(int(record.params["response_tokens"]) * step / total_steps)
    seconds = history[-1]["seconds"]
    summary = {
        "train_loss": sum(tail) / len(tail),
        "train_loss_mean": sum(losses) / len(losses),
        "steps": step,
        "total_steps": total_steps,
        "response_tokens": response_tokens,
        "seconds": seconds,
        "response_tokens_per_second": response_tokens / seconds,
        **counts,
    }
    if eval_losses:
        summary |= {"eval_loss": eval_losses[-1], "eval_loss_best": min(eval_losses)}
    return summary


def finished(record: RunRecord, history: History, summary: dict[str, Any]) -> RunRecord:
    """The record of a run that is over, with all points and the summary's values at its last step."""
    end_ms = now_ms()
    points = [point for entry in history for point in points_of(entry)]
    points += [Point(key=k, value=v, step=summary["steps"], timestamp_ms=end_ms) for k, v in summary.items()]
    start_ms = min(point.timestamp_ms for point in points)
    return record.model_copy(update={"points": points, "start_ms": start_ms, "end_ms": end_ms, "status": "FINISHED"})


def write_result(folder: Path, made_from: dict[str, Any], record: RunRecord) -> None:
    """Puts beside an adapter what it was made from and its run."""
    write_json(folder / "fingerprint.json", made_from)
    (folder / "run.json").write_text(record.model_dump_json(indent=1) + "\n")


def write_curves(history: History, summary: dict[str, Any], shard: Shard) -> None:
    """Writes a shard's report and its curve, a row a step."""
    write_json(shard.report, summary)
    columns = ["step", "loss", "eval_loss", "learning_rate", "grad_norm"]
    # Losses of training and of validation are entries of their own: of each column the step's last value is taken.
    of_steps = pd.DataFrame(history).groupby("step", as_index=False).last()
    write_csv(shard.curve, of_steps.reindex(columns=columns))
