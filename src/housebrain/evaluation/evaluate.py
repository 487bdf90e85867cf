"""Measuring every model of a round on the held-out test briefs: the base, each shard's adapter, the merged one.

All answer freely. The base and the merged model answer under the briefs' grammars as well.
"""

import sys
import time
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import torch
import transformers
from tqdm import tqdm

from housebrain.answering.finish import Proposal
from housebrain.answering.guided import propose
from housebrain.errors import UserError
from housebrain.evaluation.cache import Answers, Cache, E, Loss, hash_of
from housebrain.evaluation.guided import CODEC, guided_measures, judge_guided
from housebrain.evaluation.memory import PeakMemory
from housebrain.evaluation.metrics import Answered, finite, judge, measures
from housebrain.evaluation.names import BASE, GUIDED_METRICS, LOSS, MERGED, RELEASED
from housebrain.evaluation.reports import Evaluated
from housebrain.files import sha256_folder
from housebrain.house.brief import Brief
from housebrain.language.prompt import prompt
from housebrain.language.samples import load_samples
from housebrain.language.tokens import Tokens, tokenize
from housebrain.model.adapter import CONFIG, WEIGHTS, Adapter
from housebrain.model.base import ensure_base
from housebrain.model.folded import load_model
from housebrain.model.generation import generate_answers
from housebrain.model.loading import load_tokenizer
from housebrain.model.loss import mean_loss
from housebrain.model.preflight import verdict
from housebrain.model.prepacked import prepack
from housebrain.model.stacked import can_be_stacked, load_stacked
from housebrain.model.vocabulary import Vocabulary
from housebrain.params import Params
from housebrain.provenance import code_hash, compute_device
from housebrain.rules.rulesets import names

# What free answers and losses depend on, whichever the adapter; a test compares it with what these files import.
CODE = [
    "house/brief.py",
    "house/land.py",
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
    "model/folded.py",
    "model/foreign.py",
    "model/generation.py",
    "model/growing_cache.py",
    "model/loading.py",
    "model/loss.py",
    "model/packed.py",
    "model/preflight.py",
    "model/prepacked.py",
    "model/stacked.py",
    "model/tensors.py",
]
# What guided answers depend on besides.
GUIDED_CODE = [
    "answering/critic.py",
    "answering/finish.py",
    "answering/guided.py",
    "answering/mending",
    "dataset/v5.py",
    "house/design.py",
    "house/limits.py",
    "language/fitting.py",
    "language/grammar.py",
    "language/levels.py",
    "language/written.py",
    "model/guided.py",
    "model/vocabulary.py",
    "model/writing.py",
    "rules",
    "rules/tables/codes",
    "rules/tables/codes.yaml",
    "rules/tables/massing.yaml",
    "rules/tables/quantities.yaml",
    "rules/tables/rates",
    "rules/tables/regions.yaml",
    "rules/tables/site.yaml",
    "solver",
]


Adapters = tuple[Path | None, ...]


class ToGuide(NamedTuple):
    """A batch of rendered chats to be answered under the grammars of their briefs."""

    prompts: list[str]
    briefs: list[Brief]


Content = Tokens | list[str] | ToGuide


class Asked(NamedTuple):
    """What a model is asked.

    Attributes:
        adapters: on the base; None is the base alone. Several are side by side, each with rows of its own.
        content: a sample, for the loss on its answer, or a batch of rendered chats, to be answered.
        depends_on: all that the reply depends on.
    """

    adapters: Adapters
    content: Content
    depends_on: dict[str, Any]

    @property
    def kind(self) -> type[Loss] | type[Answers]:
        """Of the reply."""
        return Loss if isinstance(self.content, Tokens) else Answers


class Elsewhere(Protocol):
    """Other machines that models can be asked on."""

    @property
    def device(self) -> str:
        """What they compute with."""
        ...

    def replies(self, asked: list[Asked]) -> Iterator[tuple[Asked, Loss | Answers]]:
        """The replies to all that is asked, in any order."""
        ...


def reply(model: Any, tokenizer: Any, content: Content, max_new_tokens: int) -> Loss | Answers:
    """A model's reply; as `Asked` for the arguments."""
    if isinstance(content, Tokens):
        return Loss(loss=mean_loss(model, [content]))
    proposals: list[Proposal] = []
    with PeakMemory() as memory:
        if isinstance(content, ToGuide):
            vocabulary = Vocabulary(tokenizer)  # made once for all that users ask
            started = time.perf_counter()
            proposals = propose(model, vocabulary, content.prompts, content.briefs)
            answers = [one.text for one in proposals]
        else:
            started = time.perf_counter()
            answers = generate_answers(model, tokenizer, content, max_new_tokens, len(content))
        seconds = time.perf_counter() - started
    return Answers(answers=answers, proposals=proposals, seconds=seconds, peak_gb=memory.peak_gb)


class Evaluator:
    """Puts models to the first `evaluate.briefs` briefs of the test split.

    Args:
        params: of the pipeline.
        test: the test split, Parquet.
        cache: what is in it is neither generated nor computed again.
        elsewhere: where models are asked; on this machine unless given.

    Raises:
        UserError: the test split is missing, damaged or empty, or the ruleset is unknown.
    """

    def __init__(self, params: Params, test: Path, cache: Cache, elsewhere: Elsewhere | None = None) -> None:
        self.settings, self.codec = params.evaluate, params.train.codec
        rulesets = ["auto", *names()]
        if self.settings.codes not in rulesets:
            raise UserError(f"evaluate.codes: unknown ruleset '{self.settings.codes}'. Known: {', '.join(rulesets)}.")
        self.samples = load_samples(test, self.codec, self.settings.briefs)
        if not self.samples:
            raise UserError(f"{test}: it holds no sample. Raise split.test_count in params.yaml.")
        self.base = ensure_base(params)
        self.cache, self.elsewhere = cache, elsewhere
        self.tokenizer = load_tokenizer(self.base)
        self.tokens = [tokenize(self.tokenizer, sample, self.codec) for sample in self.samples]
        self.prompts = [prompt(self.tokenizer, sample.brief, self.codec) for sample in self.samples]
        self.lengths = [len(one.input_ids) - one.prompt_length for one in self.tokens]

    @cached_property
    def made_with(self) -> dict[str, Any]:
        """What every measurement depends on, whichever the adapter."""
        verdict(self.base)  # it is written into the base's folder, whose hash would change once the base is loaded
        return {
            "base": sha256_folder(self.base),
            "code": code_hash(CODE),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "device": self.elsewhere.device if self.elsewhere else compute_device(),
        }

    def ask(self, asked: list[Asked]) -> None:
        """Has the cache hold the replies to all of it, where models are asked elsewhere."""
        if self.elsewhere is None:
            return
        once = {self.cache.path(one.kind, one.depends_on): one for one in asked}  # models together are asked once
        missing = [one for one in once.values() if not self.cache.has(one.kind, one.depends_on)]
        for one, entry in self.elsewhere.replies(missing):
            self.cache.keep(entry, one.depends_on)

    def losses(self, adapter: Path | None) -> list[float]:
        """The loss of the base, or of the base with an adapter, on each reference answer, nats a token.

        Raises:
            UserError: the adapter doesn't fit the base.
        """
        model = Model(self, (adapter,))
        self.ask([model.asked(one) for one in self.tokens])
        return [model.loss(one) for one in self.tokens]

    def asked(self, adapter: Path | None, together: Adapters = (), guided: Adapters = ()) -> list[Asked]:
        """All that `evaluate` asks, whose arguments these are."""
        model = Model(self, (adapter,))
        asked = [model.asked(one) for one in self.tokens]
        asked += [_Answering(model, together).asked(batch) for batch in self.batches]
        return asked + [_Answering(model, guided).asked(one) for one in self.to_guide if adapter in guided]

    @property
    def batches(self) -> list[list[str]]:
        """The prompts, as many at once as the settings say."""
        size = self.settings.batch_size
        return [self.prompts[first : first + size] for first in range(0, len(self.prompts), size)]

    @property
    def to_guide(self) -> list[ToGuide]:
        """What is answered under grammars: the first brief by itself, which is timed, and the others in batches.

        None in a codec that has no grammar.
        """
        count = min(self.settings.guided_briefs, len(self.samples)) if self.codec == CODEC else 0
        size = self.settings.batch_size
        parts = [slice(0, 1), *(slice(first, min(first + size, count)) for first in range(1, count, size))]
        batches = [ToGuide(self.prompts[part], [one.brief for one in self.samples[part]]) for part in parts]
        return batches if count else []

    def evaluate(self, adapter: Path | None, together: Adapters = (), guided: Adapters = ()) -> Evaluated:
        """Loss on the reference answers, greedy answers and their verdicts, and how long a design takes.

        Answers are made in batches: `seconds_per_design_batched` is each one's part of the wall time. With `guided`
        some briefs are answered under their grammars too, and the answers finished into houses. The first of them is
        answered by itself, or beside the others' of `guided`: that is what a user waits for, `seconds_per_design`.
        `peak_memory_gb` is the process's while it answers freely, in batches. An answer from the cache keeps the time
        and memory that it took when it was made.

        Args:
            adapter: its folder; None for the base alone.
            together: adapters, this one among them, that answer in the same batches; else it answers by itself.
            guided: the adapters that are guided, in the same batches where they can be; this one is, where it is among
                them.

        Raises:
            UserError: the adapter doesn't fit the base.
        """
        model = Model(self, (adapter,))
        answering, under = _Answering(model, together), _Answering(model, guided)
        losses = [model.loss(one) for one in self.tokens]
        progress = tqdm(self.batches, "answers", unit=" batches", mininterval=1, leave=False, file=sys.stderr)
        batches = [answering.answers(batch) for batch in progress]
        answers = [
            Answered(sample, loss, length, answer, judge(answer, sample, self.codec, self.settings.codes))
            for sample, loss, length, answer in zip(
                self.samples, losses, self.lengths, [a for batch in batches for a in batch.answers], strict=True
            )
        ]
        guides = [under.answers(one) for one in self.to_guide if adapter in guided]
        proposals = [one for batch in guides for one in batch.proposals]
        under_grammar = [
            judge_guided(one, sample, self.settings.codes) for one, sample in zip(proposals, self.samples, strict=False)
        ]
        metrics: dict[str, float | None] = {
            **{name: measure.mean for name, measure in measures(answers).items()},
            **dict.fromkeys(GUIDED_METRICS),
            **{name: measure.mean for name, measure in guided_measures(under_grammar).items()},
            # No answer states a cost: it is derived from the geometry, so that there is nothing to compare.
            "stated_cost_within_10pct": None,
            "seconds_per_design": guides[0].seconds if guides else None,
            "seconds_per_design_batched": sum(batch.seconds for batch in batches) / len(answers),
            "peak_memory_gb": max(batch.peak_gb for batch in batches),
            "adapter_mb": (adapter / WEIGHTS).stat().st_size / 1e6 if adapter else 0.0,
        }
        return Evaluated({name: finite(value) for name, value in metrics.items()}, answers, under_grammar)


class Model:
    """One model before an evaluator's briefs: in memory only once something isn't in the cache.

    Args:
        evaluator: whose briefs it answers.
        adapters: as in `Asked`.
    """

    def __init__(self, evaluator: Evaluator, adapters: Adapters) -> None:
        self.of, self.adapters = evaluator, adapters
        hashes = [_hashes(adapter) for adapter in adapters]
        of_model: dict[str, Any] = {"adapters": hashes} if len(hashes) > 1 else {"adapter": hashes[0]}
        self._depends_on = evaluator.made_with | of_model

    @cached_property
    def _loaded(self) -> Any:
        return load_asked(self.of.base, self.adapters)

    def asked(self, content: Content) -> Asked:
        """The question, with what its reply depends on.

        A batch is kept as a whole: padding moves the last bits of logits, and so which token wins. A loss is computed
        alone, and so kept alone.
        """
        if isinstance(content, Tokens):
            depends_on: dict[str, Any] = {"tokens": [content.input_ids, content.prompt_length]}
        elif isinstance(content, ToGuide):
            briefs = [brief.model_dump(mode="json") for brief in content.briefs]
            depends_on = {"prompts": content.prompts, "briefs": briefs, "grammar": code_hash(GUIDED_CODE)}
        else:
            limit = self.of.settings.max_new_tokens
            depends_on = {"prompts": content, "codec": self.of.codec, "max_new_tokens": limit}
        return Asked(self.adapters, content, self._depends_on | depends_on)

    def _reply(self, kind: type[E], content: Content) -> E:
        def make() -> Any:
            return reply(self._loaded, self.of.tokenizer, content, self.of.settings.max_new_tokens)

        return self.of.cache.get_or_make(kind, self.asked(content).depends_on, make)

    def loss(self, tokens: Tokens) -> float:
        """On one brief's reference answer."""
        return self._reply(Loss, tokens).loss

    def answers(self, batch: list[str] | ToGuide) -> Answers:
        """To one batch."""
        return self._reply(Answers, batch)


class _Answering:
    """One adapter among several that answer in the same batches, which are in memory only while they do.

    Args:
        model: with the one adapter that counts.
        together: all of them; the adapter answers by itself where it is not among them, or they can't be stacked.
    """

    def __init__(self, model: Model, together: Adapters) -> None:
        (adapter,) = model.adapters
        stacked = adapter in together and len(together) > 1 and can_be_stacked([one for one in together if one])
        self.model = Model(model.of, together) if stacked else model
        self.number = together.index(adapter) if stacked else 0

    def asked(self, batch: list[str] | ToGuide) -> Asked:
        """The question."""
        return self.model.asked(self._for_all(batch))

    def answers(self, batch: list[str] | ToGuide) -> Answers:
        """To one batch: this adapter's. Free answers take their part of the time; guided ones all of it."""
        of_all, count = self.model.answers(self._for_all(batch)), len(self.model.adapters)
        size = len(of_all.answers) // count
        return Answers(
            answers=of_all.answers[self.number * size :][:size],
            proposals=of_all.proposals[self.number * size :][:size],
            seconds=of_all.seconds if isinstance(batch, ToGuide) else of_all.seconds / count,
            peak_gb=of_all.peak_gb,
        )

    def _for_all(self, batch: list[str] | ToGuide) -> list[str] | ToGuide:
        count = len(self.model.adapters)
        if isinstance(batch, ToGuide):
            return ToGuide(batch.prompts * count, batch.briefs * count)
        return batch * count


def load_asked(base: Path, adapters: Adapters) -> Any:
    """The model with these adapters; as in `Asked`. It can't be trained or saved.

    Raises:
        UserError: an adapter was made for another base.
    """
    # Before anything is asked, or the last bits of a loss would depend on what was asked before.
    return prepack(load_stacked(base, list(adapters)) if len(adapters) > 1 else load_model(base, adapters[0]))


def _hashes(adapter: Path | None) -> list[str] | None:
    """Of what an adapter's answers depend on; None for the base alone."""
    return None if adapter is None else [hash_of(adapter / name) for name in (WEIGHTS, CONFIG)]


def evaluate(evaluator: Evaluator, adapters: dict[str, Path]) -> dict[str, Evaluated]:
    """Evaluates the base and every adapter, by name. The base, the merged and the released model are guided too.

    Raises:
        UserError: an adapter is missing or damaged, or doesn't fit the base.
    """
    for folder in adapters.values():
        Adapter(folder)  # all are looked at before the first minute is spent
    models: dict[str, Path | None] = {BASE: None, **adapters}
    # The merged model answers by itself: another merge shall not ask the base and the shards again.
    together = tuple(adapter for name, adapter in models.items() if name != MERGED)
    # So it does when it is guided, which is timed as well.
    lasting = tuple(adapter for name, adapter in models.items() if name in (BASE, RELEASED))
    guided = {name: (adapter,) if name == MERGED else lasting for name, adapter in models.items()}
    if evaluator.elsewhere:
        every = [evaluator.asked(adapter, together, guided[name]) for name, adapter in models.items()]
        evaluator.ask([one for of_model in every for one in of_model])
    evaluated = {}
    started = time.perf_counter()
    for number, (name, adapter) in enumerate(models.items(), 1):
        # The model is held by nobody, so that the next has its memory.
        evaluated[name] = evaluator.evaluate(adapter, together, guided[name])
        metrics, loss = evaluated[name].metrics, evaluated[name].metrics[LOSS]
        left = (time.perf_counter() - started) / number * (len(models) - number)
        valid = metrics["guided_validity"]
        print(
            f"evaluate: {number}/{len(models)} {name:<8} loss {'not finite' if loss is None else f'{loss:.3f}'}  "
            f"JSON {metrics['json_validity']:.0%}  accuracy {metrics['design_accuracy']:.0%}  "
            f"{'' if valid is None else f'guided: valid {valid:.0%}  '}about {left:.0f} s left",
            flush=True,
        )
    return evaluated
