"""Choosing a merge by its loss on validation samples: the weights, the scale, or the strategy itself.

Only validation samples are ever read here. With several strategies to compare they are dealt into two halves: what a
strategy tunes (weights, scale) is tuned on the first, and strategies are compared on the second, so that one that
searches more doesn't win for having searched. What is tried is what the round would come to: with several rounds the
state after the outer step.
"""

import math
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from peft import PeftModel

from housebrain.errors import UserError
from housebrain.language.answer import Codec
from housebrain.language.samples import Sample
from housebrain.language.tokens import Tokens, tokenize
from housebrain.merging.outer import merge_round
from housebrain.merging.strategies import REGISTRY, Metrics, Searched, Strategy, strategy
from housebrain.model.loading import load_base, load_tokenizer
from housebrain.model.loss import mean_loss
from housebrain.params import Merge, Params
from housebrain.significance import paired_p

AUTO = "auto"
# What `auto` tries, simplest first: where a difference may be chance, the simpler is taken.
TRIED = ("average", "weighted", "best", "greedy", "slerp", "search", "ties", "dare", "della")
SCALES = (1.0, 1.25, 1.5, 0.75)  # of the merged update, with `scale: auto`
SIGNIFICANT = 0.05
# Half of them compare. With n of those a paired test's p is 2 / 2^n at the least: 6 are the fewest that can tell.
FEWEST_SAMPLES = 12

LossOf = Callable[[Path], list[float]]  # the loss on each validation sample of the adapter in a folder, nats a token


class Trial(NamedTuple):
    """A strategy as tuned, and its losses on the samples by which strategies are compared.

    All of these are infinite where one is not finite.
    `weights` are given for a strategy that searches them, else None: it has them from the shards' metrics.
    """

    how: Strategy
    weights: dict[str, float] | None
    scale: float
    losses: list[float]

    @property
    def loss(self) -> float:
        return float(np.mean(self.losses))


class Choice(NamedTuple):
    """The trial that was taken, and a row for each strategy: name, scale, loss, p (that it equals the lowest loss).

    The loss is None where it is not finite.
    """

    trial: Trial
    table: list[dict[str, Any]]


class Validation:
    """Losses of adapters on validation samples; the base is loaded once.

    Args:
        base: the base model's folder.
        samples: from the validation split.
        codec: of their answers.
    """

    def __init__(self, base: str | Path, samples: list[Sample], codec: Codec) -> None:
        self._model = load_base(base)
        tokenizer = load_tokenizer(base)
        self._tokens: list[Tokens] = [tokenize(tokenizer, sample, codec) for sample in samples]

    def losses(self, adapter: Path, which: slice = slice(None)) -> list[float]:
        """On each sample, or some of them, nats a token."""
        model = PeftModel.from_pretrained(self._model, adapter)
        losses = [mean_loss(model, [one]) for one in self._tokens[which]]
        self._model = model.unload()
        return losses


def left_open(settings: Merge) -> bool:
    """Whether the settings leave something to be chosen by validation loss."""
    searched = settings.strategy in REGISTRY and issubclass(REGISTRY[settings.strategy], Searched)
    return settings.strategy == AUTO or settings.scale == "auto" or searched


def choose(folders: dict[str, Path], metrics: dict[str, Metrics], params: Params, losses_of: LossOf) -> Choice:
    """Tunes and compares what `merge` leaves open.

    After `budget_minutes` nothing further is tried: what was found by then counts.

    Args:
        folders: the adapters, by name.
        metrics: by name, what MLflow has of each.
        params: whose `merge.strategy` and `merge.scale` may be `auto`.
        losses_of: the losses of an adapter on the validation samples, such as `Validation.losses`.

    Raises:
        UserError: as for `merge_round`; or too few samples to compare strategies by.
    """
    settings = params.merge
    common = (settings.metric, settings.mode, settings.temperature)
    if settings.strategy == AUTO:
        strategies = [strategy(name, *common) for name in TRIED]
    else:
        strategies = [strategy(settings.strategy, *common, **settings.parameters)]
    scales = SCALES if settings.scale == "auto" else (settings.scale,)
    started = time.monotonic()
    trials: list[Trial] = []
    with tempfile.TemporaryDirectory(prefix="merge-") as temporary:
        tuning = _Tuning(folders, metrics, params, losses_of, len(strategies) > 1, Path(temporary))
        for number, how in enumerate(strategies):
            if trials and tuning.is_late():
                untried = ", ".join(one.name for one in strategies[number:])
                print(f"merge: the budget of {settings.budget_minutes:g} min is spent; not tried: {untried}")
                break
            trials.append(tuning.try_out(how, scales))
            print(
                f"merge: {number + 1}/{len(strategies)} {how.name:<9} validation loss {trials[-1].loss:.4f} "
                f"at scale {trials[-1].scale:g}  {(time.monotonic() - started) / 60:.1f} min",
                flush=True,
            )
    return decide(trials)


class _Tuning:
    """Merges into a work folder and asks for the loss there."""

    def __init__(
        self,
        folders: dict[str, Path],
        metrics: dict[str, Metrics],
        params: Params,
        losses_of: LossOf,
        halves: bool,
        work: Path,
    ) -> None:
        self.folders = folders
        self.metrics = metrics
        self.params = params
        self.losses_of = losses_of
        self.halves = halves
        self.work = work
        self.deadline = time.monotonic() + 60 * params.merge.budget_minutes

    def is_late(self) -> bool:
        return time.monotonic() > self.deadline

    def losses(self, how: Strategy, weights: dict[str, float] | None, scale: float) -> tuple[list[float], list[float]]:
        """To tune by, to compare by."""
        merged, outer = self.work / "merged", self.work / "outer"
        merge_round(self.folders, how, self.metrics, self.params, weights, scale, merged, outer, progress=False)
        losses = self.losses_of(merged)
        if not np.isfinite(losses).all():  # so it is nowhere the lowest, which NaN would be taken for
            losses = [math.inf] * len(losses)
        if not self.halves:
            return losses, losses
        if len(losses) < FEWEST_SAMPLES:
            raise UserError(
                f"merge: auto compares strategies on half of the validation samples, and {len(losses)} are too few to "
                f"tell any two apart. Set merge.validation_samples, and split.validation_count, to {FEWEST_SAMPLES} or "
                "more."
            )
        return losses[::2], losses[1::2]

    def try_out(self, how: Strategy, scales: tuple[float, ...]) -> Trial:
        weights, factor = None, 1.0
        if isinstance(how, Searched):
            weights, factor = normalised(self._searched(how))
        trials: list[tuple[float, list[float], list[float]]] = []
        for scale in scales:
            if not trials or not self.is_late():
                trials.append((scale * factor, *self.losses(how, weights, scale * factor)))
        scale, _, compared = min(trials, key=lambda trial: np.mean(trial[1]))
        return Trial(how, weights, scale, compared)

    def _searched(self, how: Searched) -> dict[str, float]:
        """The weights that it finds; what it asks for past the budget counts as worse than all before."""
        asked, refused = 0, 0

        def loss(weights: dict[str, float]) -> float:
            nonlocal asked, refused
            if sum(weights.values()) <= 0:
                return float("inf")  # the opposite of what was learnt
            if asked and self.is_late():
                refused += 1
                return float("inf")
            asked += 1
            shares, scale = normalised(weights)
            return float(np.mean(self.losses(strategy("average"), shares, scale)[0]))

        found = how.search(list(self.folders), loss)
        if refused:
            print(f"merge: {how.name} was stopped after {asked} trials: the budget is spent", flush=True)
        return found


def normalised(weights: dict[str, float]) -> tuple[dict[str, float], float]:
    """Weights that sum to 1, and the scale that this takes out of them."""
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}, total


def decide(trials: list[Trial]) -> Choice:
    """The trial with the lowest mean loss, or the first that can't be told from it.

    Each is compared with the lowest by a paired permutation test (signs of the differences flipped, exact for few
    samples); where p is not below 0.05, a trial that comes before it, and so is simpler, is taken in its place.

    Args:
        trials: simplest first, on the same samples; losses that are infinite are never taken.

    Raises:
        UserError: all are infinite.
    """
    lowest = min(trials, key=lambda trial: trial.loss)
    if not math.isfinite(lowest.loss):
        raise UserError(
            "merge: no merge that was tried has a finite loss on the validation samples. Look at the shards' curves: "
            "one has diverged. Train it again."
        )
    p_values = [_p(trial, lowest) for trial in trials]
    taken = next(trial for trial, p in zip(trials, p_values, strict=True) if p >= SIGNIFICANT)
    table = [
        {
            "strategy": trial.how.name,
            "scale": trial.scale,
            "loss": trial.loss if math.isfinite(trial.loss) else None,
            "p": p,
            "chosen": trial is taken,
        }
        for trial, p in zip(trials, p_values, strict=True)
    ]
    return Choice(taken, table)


def _p(trial: Trial, lowest: Trial) -> float:
    """How likely a trial is no worse than the lowest."""
    if trial is lowest:
        return 1.0
    return paired_p(trial.losses, lowest.losses) if math.isfinite(trial.loss) else 0.0
