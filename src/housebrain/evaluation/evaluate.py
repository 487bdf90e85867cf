"""Measuring every model of a round on the held-out test briefs: the base, each shard's adapter, the merged one."""

import time
from pathlib import Path
from typing import Any

from peft import PeftModel

from housebrain.data.samples import Sample, Tokens, load_samples, prompt, tokenize
from housebrain.design.tables import table
from housebrain.design.text import Codec
from housebrain.errors import UserError
from housebrain.evaluation.memory import PeakMemory
from housebrain.evaluation.metrics import aggregate, judge
from housebrain.evaluation.reports import BASE, MERGED, Evaluated, finite
from housebrain.merging.adapter import WEIGHTS, Adapter
from housebrain.params import Evaluate, Params
from housebrain.training.base_model import ensure_base, load_base, load_tokenizer
from housebrain.training.generate import generate_answers
from housebrain.training.train import mean_loss


def load_model(base: Path, adapter: Path | None) -> Any:
    """The base, with an adapter folded into its weights as it is served: no work a token for the adapter.

    Raises:
        UserError: the adapter was made for another base.
    """
    model = load_base(base)
    if adapter is None:
        return model
    try:
        return PeftModel.from_pretrained(model, adapter).merge_and_unload()
    except (RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        raise UserError(f"{adapter}: it doesn't fit the base in {base} ({reason}). Train it on this base.") from error


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

    Answers are made in batches: `seconds_per_design_batched` is each one's part of the wall time. With `alone` the
    first brief is answered once more by itself, which is what a user waits for: `seconds_per_design`, else not
    measured. `peak_memory_gb` is the process's while it answers, in batches.
    """
    losses = [mean_loss(model, [one]) for one in tokens]
    lengths = [len(one.input_ids) - one.prompt_length for one in tokens]
    prompts = [prompt(tokenizer, sample.brief, codec) for sample in samples]
    with PeakMemory() as memory:
        started = time.perf_counter()
        answers = generate_answers(model, tokenizer, prompts, settings.max_new_tokens, settings.batch_size)
        batched = (time.perf_counter() - started) / len(samples)
    seconds = None
    if alone:
        started = time.perf_counter()
        generate_answers(model, tokenizer, prompts[:1], settings.max_new_tokens, 1)
        seconds = time.perf_counter() - started
    verdicts = [judge(answer, sample, codec, settings.codes) for answer, sample in zip(answers, samples, strict=True)]
    metrics: dict[str, float | None] = {
        "eval_loss": sum(loss * n for loss, n in zip(losses, lengths, strict=True)) / sum(lengths),
        **aggregate(verdicts),
        # No answer states a cost: it is derived from the geometry, so that there is nothing to compare.
        "stated_cost_within_10pct": None,
        "seconds_per_design": seconds,
        "seconds_per_design_batched": batched,
        "peak_memory_gb": memory.peak_gb,
    }
    return Evaluated(
        {name: finite(value) for name, value in metrics.items()},
        list(zip(samples, losses, answers, verdicts, strict=True)),
    )


def evaluate(params: Params, adapters: dict[str, Path], test: Path) -> dict[str, Evaluated]:
    """Evaluates the base and every adapter in `adapters` (by name) on the first briefs of the test split.

    Raises:
        UserError: an adapter or the test split is missing or damaged, or the ruleset is unknown.
    """
    settings, codec = params.evaluate, params.train.codec
    rulesets = ["auto", *table("codes")["rulesets"]]
    if settings.codes not in rulesets:
        raise UserError(f"evaluate.codes: unknown ruleset '{settings.codes}'. Known: {', '.join(rulesets)}.")
    for folder in adapters.values():
        Adapter(folder)  # all are looked at before the first minute is spent
    samples = load_samples(test, codec, settings.briefs)
    if not samples:
        raise UserError(f"{test}: it holds no sample. Raise split.test_count in params.yaml.")
    base = ensure_base(params)
    tokenizer = load_tokenizer(base)
    tokens = [tokenize(tokenizer, sample, codec) for sample in samples]
    models: dict[str, Path | None] = {BASE: None, **adapters}
    evaluated = {}
    started = time.perf_counter()
    for number, (name, adapter) in enumerate(models.items(), 1):
        # Shards' adapters are as fast as the merged one. The model is held by nobody, so that the next has its memory.
        result = evaluate_model(
            load_model(base, adapter), tokenizer, samples, tokens, codec, settings, alone=name in (BASE, MERGED)
        )
        result.metrics["adapter_mb"] = (adapter / WEIGHTS).stat().st_size / 1e6 if adapter else 0.0
        evaluated[name] = result
        metrics, loss = result.metrics, result.metrics["eval_loss"]
        left = (time.perf_counter() - started) / number * (len(models) - number)
        print(
            f"evaluate: {number}/{len(models)} {name:<8} loss {'not finite' if loss is None else f'{loss:.3f}'}  "
            f"JSON {metrics['json_validity']:.0%}  accuracy {metrics['design_accuracy']:.0%}  about {left:.0f} s left",
            flush=True,
        )
    return evaluated
