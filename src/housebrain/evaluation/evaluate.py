"""Measuring every model of a round on the held-out test briefs: the base, each shard's adapter, the merged one."""

import csv
import hashlib
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import torch
from peft import PeftModel

from housebrain.data.samples import Sample, Tokens, load_samples, prompt, tokenize
from housebrain.design.text import Codec
from housebrain.errors import UserError
from housebrain.evaluation.criteria import check_criteria
from housebrain.evaluation.metrics import Verdict, aggregate, judge
from housebrain.files import atomic_folder, read_json, write_json
from housebrain.merging.adapter import WEIGHTS, Adapter
from housebrain.params import Evaluate, Params
from housebrain.tracking import log_run
from housebrain.training.base_model import ensure_base, load_base, load_tokenizer
from housebrain.training.generate import generate_answers
from housebrain.training.train import mean_loss

BASE = "base"
MERGED = "merged"


class Evaluated(NamedTuple):
    """What one model came to: its metrics, and for each sample its answer and verdict."""

    metrics: dict[str, float | None]
    answers: list[tuple[Sample, str, Verdict]]


def peak_memory_gb() -> float:
    """The most memory this process has held so far, on the GPU where there is one, in GB."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 1e9
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e9 if sys.platform == "darwin" else peak * 1024 / 1e9


def evaluate_model(
    model: Any,
    tokenizer: Any,
    samples: list[Sample],
    tokens: list[Tokens],
    codec: Codec,
    settings: Evaluate,
    alone: bool,
) -> Evaluated:
    """Loss on the reference answers, greedy answers and their verdicts, and how long a design takes.

    The loss is over all `tokens`; `samples`, the first of the same, are answered in batches. With `alone` the first
    brief is answered once more by itself, which is what a user waits for: `seconds_per_design`. Otherwise that is
    None, not measured.
    """
    loss = mean_loss(model, tokens)
    prompts = [prompt(tokenizer, sample.brief, codec) for sample in samples]
    started = time.perf_counter()
    answers = generate_answers(model, tokenizer, prompts, settings.max_new_tokens, settings.batch_size)
    in_batches = (time.perf_counter() - started) / len(samples)
    seconds = None
    if alone:
        started = time.perf_counter()
        generate_answers(model, tokenizer, prompts[:1], settings.max_new_tokens, 1)
        seconds = time.perf_counter() - started
    verdicts = [judge(answer, sample, codec, settings.codes) for answer, sample in zip(answers, samples, strict=True)]
    metrics: dict[str, float | None] = {
        "eval_loss": loss,
        **aggregate(verdicts),
        # No answer states a cost: it is derived from the geometry, so that there is nothing to compare.
        "stated_cost_within_10pct": None,
        "seconds_per_design": seconds,
        "seconds_per_design_batched": in_batches,
        "peak_memory_gb": peak_memory_gb(),
    }
    return Evaluated(metrics, list(zip(samples, answers, verdicts, strict=True)))


def evaluate(params: Params, adapters: dict[str, Path], test: Path) -> dict[str, Evaluated]:
    """Evaluates the base and every adapter in `adapters` (by name) on the test split; its first briefs are answered.

    Raises:
        UserError: an adapter or the test split is missing or damaged.
    """
    settings, codec = params.evaluate, params.train.codec
    for adapter in adapters.values():
        Adapter(adapter)  # all are looked at before the first minute is spent
    samples = load_samples(test, codec)
    if not samples:
        raise UserError(f"{test}: it holds no sample. Raise split.test_count in params.yaml.")
    base = ensure_base(params)
    tokenizer = load_tokenizer(base)
    tokens = [tokenize(tokenizer, sample, codec) for sample in samples]
    folders: dict[str, Path | None] = {BASE: None, **adapters}
    evaluated = {}
    for number, (name, folder) in enumerate(folders.items(), 1):
        started = time.perf_counter()
        model = load_base(base)
        if folder is not None:
            # Folded into the base, as it is served: no work a token for the adapter.
            model = PeftModel.from_pretrained(model, folder).merge_and_unload()
        alone = name in (BASE, MERGED)  # the shards' adapters are as fast as the merged one
        result = evaluate_model(model, tokenizer, samples[: settings.briefs], tokens, codec, settings, alone)
        metrics = result.metrics
        metrics["adapter_mb"] = (folder / WEIGHTS).stat().st_size / 1e6 if folder else 0.0
        evaluated[name] = result
        left = (len(folders) - number) * (time.perf_counter() - started)
        print(
            f"evaluate: {number}/{len(folders)} {name:<8} loss {metrics['eval_loss']:.3f}  "
            f"JSON {metrics['json_validity']:.0%}  accuracy {metrics['design_accuracy']:.0%}  about {left:.0f} s left",
            flush=True,
        )
    return evaluated


def write_reports(
    evaluated: dict[str, Evaluated], params: Params, shard_reports: dict[str, dict[str, Any]], out: Path
) -> None:
    """Writes `out/evaluation.json`, `out/criteria.json` and `out/evaluation/` (a row a model, the answers).

    Args:
        shard_reports: the shards' training summaries, by name.
        out: the reports' folder.
    """
    table = check_criteria(params.evaluate.criteria, criteria_values(evaluated, shard_reports))
    with atomic_folder(out / "evaluation") as folder:
        columns = ["model", *next(iter(evaluated.values())).metrics]
        with (folder / "models.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows({"model": name, **result.metrics} for name, result in evaluated.items())
        with (folder / "answers.jsonl").open("w") as file:
            for name, result in evaluated.items():
                for sample, answer, verdict in result.answers:
                    row = {"model": name, "id": sample.id, "answer": answer, **verdict._asdict()}
                    file.write(json.dumps(row) + "\n")
    write_json(out / "evaluation.json", {name: result.metrics for name, result in evaluated.items()})
    write_json(out / "criteria.json", table)


def criteria_values(
    evaluated: dict[str, Evaluated], shard_reports: dict[str, dict[str, Any]]
) -> dict[str, float | None]:
    """What the criteria speak of: the merged model's metrics, and what all shards came to."""
    finished = [r for r in shard_reports.values() if r["steps"] == r["total_steps"]]
    losses = [report["train_loss"] for report in shard_reports.values()]
    values = dict(evaluated[MERGED].metrics)
    values["shards_finished"] = float(len(finished))
    values["train_loss"] = sum(losses) / len(losses) if losses else None
    values["merged_size_mb"] = values["adapter_mb"]
    return values


def log_evaluation(evaluated: dict[str, Evaluated], params: Params, inputs: dict[str, str]) -> None:
    """One MLflow run a model; evaluating the same adapter with the same settings again adds nothing.

    Args:
        inputs: by model, the hash of its weights.
    """
    for name, result in evaluated.items():
        settings = params.evaluate.model_dump(exclude={"criteria"})
        key = hashlib.sha256(json.dumps([name, inputs[name], settings], sort_keys=True).encode()).hexdigest()[:32]
        log_run(
            f"evaluate-{key}",
            f"evaluate {name}",
            params.tracking.experiment,
            settings,
            {metric: value for metric, value in result.metrics.items() if value is not None},
            {"kind": "evaluation", "model": name, "round": str(params.round), "adapter_sha256": inputs[name]},
        )


def read_shard_reports(folder: Path, shards: int) -> dict[str, dict[str, Any]]:
    """The training summaries in `folder`, `1.json` and so on, by the shards' names."""
    return {f"shard {shard}": read_json(folder / f"{shard}.json") for shard in range(1, shards + 1)}
