"""Measuring every model of a round on the held-out test briefs: the base, each shard's adapter, the merged one."""

import sys
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import transformers
from tqdm import tqdm

from housebrain.errors import UserError
from housebrain.evaluation.cache import Answers, Cache, Loss
from housebrain.evaluation.memory import PeakMemory
from housebrain.evaluation.metrics import Answered, finite, judge, measures
from housebrain.evaluation.names import BASE, LOSS, MERGED
from housebrain.evaluation.reports import Evaluated
from housebrain.files import sha256_file, sha256_folder
from housebrain.language.prompt import prompt
from housebrain.language.samples import load_samples
from housebrain.language.tokens import Tokens, tokenize
from housebrain.model.adapter import CONFIG, WEIGHTS, Adapter
from housebrain.model.base import ensure_base
from housebrain.model.generation import generate_answers
from housebrain.model.loading import load_model, load_tokenizer
from housebrain.model.loss import mean_loss
from housebrain.model.stacked import can_be_stacked, load_stacked
from housebrain.params import Params
from housebrain.provenance import code_hash
from housebrain.rules.tables import table

# What answers and losses depend on, whichever the adapter; a test compares it with what these files import.
CODE = [
    "house/brief.py",
    "house/rooms.py",
    "house/tree.py",
    "house/units.py",
    "language/answer.py",
    "language/prompt.py",
    "language/samples.py",
    "language/tokens.py",
    "model/adapter.py",
    "model/adapter_files.py",
    "model/base.py",
    "model/foreign.py",
    "model/generation.py",
    "model/loading.py",
    "model/loss.py",
    "model/packed.py",
    "model/preflight.py",
    "model/stacked.py",
    "model/tensors.py",
]


class Evaluator:
    """Puts models to the first `evaluate.briefs` briefs of the test split.

    Args:
        params: of the pipeline.
        test: the test split, Parquet.
        cache: what is in it is neither generated nor computed again.

    Raises:
        UserError: the test split is missing, damaged or empty, or the ruleset is unknown.
    """

    def __init__(self, params: Params, test: Path, cache: Cache) -> None:
        self.settings, self.codec = params.evaluate, params.train.codec
        rulesets = ["auto", *table("codes")["rulesets"]]
        if self.settings.codes not in rulesets:
            raise UserError(f"evaluate.codes: unknown ruleset '{self.settings.codes}'. Known: {', '.join(rulesets)}.")
        self.samples = load_samples(test, self.codec, self.settings.briefs)
        if not self.samples:
            raise UserError(f"{test}: it holds no sample. Raise split.test_count in params.yaml.")
        self.base = ensure_base(params)
        self.cache = cache
        self.tokenizer = load_tokenizer(self.base)
        self.tokens = [tokenize(self.tokenizer, sample, self.codec) for sample in self.samples]
        self.prompts = [prompt(self.tokenizer, sample.brief, self.codec) for sample in self.samples]
        self.lengths = [len(one.input_ids) - one.prompt_length for one in self.tokens]

    @cached_property
    def made_with(self) -> dict[str, Any]:
        """What every measurement depends on, whichever the adapter."""
        return {
            "base": sha256_folder(self.base),
            "code": code_hash(CODE),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        }

    def losses(self, adapter: Path | None) -> list[float]:
        """The loss of the base, or of the base with an adapter, on each reference answer, nats a token.

        Raises:
            UserError: the adapter doesn't fit the base.
        """
        model = _Model(self, adapter)
        return [model.loss(one) for one in self.tokens]

    def answers(self, load: Callable[[], Any], depends_on: dict[str, Any], prompts: list[str]) -> Answers:
        """To one batch. A batch is kept as a whole: padding moves the last bits of logits, and so which token wins.

        Args:
            load: the model; called only where the answers are not in the cache.
            depends_on: what they depend on besides `prompts` and settings.
            prompts: rendered chats.
        """
        limit = self.settings.max_new_tokens

        def measure() -> Answers:
            model = load()
            with PeakMemory() as memory:
                started = time.perf_counter()
                answers = generate_answers(model, self.tokenizer, prompts, limit, len(prompts))
                seconds = time.perf_counter() - started
            return Answers(answers=answers, seconds=seconds, peak_gb=memory.peak_gb)

        depends_on = depends_on | {"prompts": prompts, "codec": self.codec, "max_new_tokens": limit}
        return self.cache.get_or_make(Answers, depends_on, measure)

    def evaluate(self, adapter: Path | None, alone: bool, together: tuple[Path, ...] = ()) -> Evaluated:
        """Loss on the reference answers, greedy answers and their verdicts, and how long a design takes.

        Answers are made in batches: `seconds_per_design_batched` is each one's part of the wall time. With `alone` the
        first brief is answered once more by itself, which is what a user waits for: `seconds_per_design`, else not
        measured. `peak_memory_gb` is the process's while it answers, in batches. An answer from the cache keeps the
        time and memory that it took when it was made.

        Args:
            adapter: its folder; None for the base alone.
            alone: whether the first brief is answered by itself.
            together: adapters, this one among them, that answer in the same batches.

        Raises:
            UserError: the adapter doesn't fit the base.
        """
        model = _Model(self, adapter)
        answering = _Together(self, together, together.index(adapter)) if adapter in together else model
        losses = [model.loss(one) for one in self.tokens]
        size = self.settings.batch_size
        firsts = range(0, len(self.prompts), size)
        progress = tqdm(firsts, "answers", unit=" batches", mininterval=1, leave=False, file=sys.stderr)
        batches = [answering.answers(self.prompts[first : first + size]) for first in progress]
        seconds = model.answers(self.prompts[:1]).seconds if alone else None
        answers = [
            Answered(sample, loss, length, answer, judge(answer, sample, self.codec, self.settings.codes))
            for sample, loss, length, answer in zip(
                self.samples, losses, self.lengths, [a for batch in batches for a in batch.answers], strict=True
            )
        ]
        metrics: dict[str, float | None] = {
            **{name: measure.mean for name, measure in measures(answers).items()},
            # No answer states a cost: it is derived from the geometry, so that there is nothing to compare.
            "stated_cost_within_10pct": None,
            "seconds_per_design": seconds,
            "seconds_per_design_batched": sum(batch.seconds for batch in batches) / len(answers),
            "peak_memory_gb": max(batch.peak_gb for batch in batches),
            "adapter_mb": (adapter / WEIGHTS).stat().st_size / 1e6 if adapter else 0.0,
        }
        return Evaluated({name: finite(value) for name, value in metrics.items()}, answers)


class _Model:
    """One model before an evaluator's briefs: in memory only once something isn't in the cache."""

    def __init__(self, evaluator: Evaluator, adapter: Path | None) -> None:
        self.of = evaluator
        self.adapter = adapter
        self._depends_on = evaluator.made_with | {"adapter": _hashes(adapter) if adapter else None}

    @cached_property
    def _loaded(self) -> Any:
        return load_model(self.of.base, self.adapter)

    def loss(self, tokens: Tokens) -> float:
        """On one brief's reference answer. It is computed alone, and so kept alone."""
        depends_on = self._depends_on | {"tokens": [tokens.input_ids, tokens.prompt_length]}
        return self.of.cache.get_or_make(Loss, depends_on, lambda: Loss(loss=mean_loss(self._loaded, [tokens]))).loss

    def answers(self, prompts: list[str]) -> Answers:
        """To one batch."""
        return self.of.answers(lambda: self._loaded, self._depends_on, prompts)


class _Together:
    """One of several adapters that answer in the same batches. They are in memory only while they do.

    Args:
        evaluator: whose briefs they answer.
        adapters: their folders.
        number: which of them it is, from 0.
    """

    def __init__(self, evaluator: Evaluator, adapters: tuple[Path, ...], number: int) -> None:
        self.of, self.adapters, self.number = evaluator, adapters, number
        self._depends_on = evaluator.made_with | {"adapters": [_hashes(adapter) for adapter in adapters]}

    @cached_property
    def _loaded(self) -> Any:
        return load_stacked(self.of.base, list(self.adapters))

    def answers(self, prompts: list[str]) -> Answers:
        """To one batch: this adapter's, and its part of the time."""
        of_all = self.of.answers(lambda: self._loaded, self._depends_on, prompts * len(self.adapters))
        first = self.number * len(prompts)
        return Answers(
            answers=of_all.answers[first : first + len(prompts)],
            seconds=of_all.seconds / len(self.adapters),
            peak_gb=of_all.peak_gb,
        )


def _hashes(adapter: Path) -> list[str]:
    """Of what an adapter's answers depend on."""
    return [sha256_file(adapter / name) for name in (WEIGHTS, CONFIG)]


def evaluate(evaluator: Evaluator, adapters: dict[str, Path]) -> dict[str, Evaluated]:
    """Evaluates the base and every adapter, by name.

    Raises:
        UserError: an adapter is missing or damaged, or doesn't fit the base.
    """
    for folder in adapters.values():
        Adapter(folder)  # all are looked at before the first minute is spent
    models: dict[str, Path | None] = {BASE: None, **adapters}
    # The merged model answers by itself: another merge shall not ask the shards again.
    shards = tuple(adapter for name, adapter in adapters.items() if name != MERGED)
    together = shards if len(shards) > 1 and can_be_stacked(list(shards)) else ()
    evaluated = {}
    started = time.perf_counter()
    for number, (name, adapter) in enumerate(models.items(), 1):
        # Shards' adapters are as fast as the merged one. The model is held by nobody, so that the next has its memory.
        evaluated[name] = evaluator.evaluate(adapter, name in (BASE, MERGED), together)
        metrics, loss = evaluated[name].metrics, evaluated[name].metrics[LOSS]
        left = (time.perf_counter() - started) / number * (len(models) - number)
        print(
            f"evaluate: {number}/{len(models)} {name:<8} loss {'not finite' if loss is None else f'{loss:.3f}'}  "
            f"JSON {metrics['json_validity']:.0%}  accuracy {metrics['design_accuracy']:.0%}  about {left:.0f} s left",
            flush=True,
        )
    return evaluated
