"""The ways to merge, one class each, in a registry. To add one: subclass `Strategy`, give it a name, register it."""

import math
from abc import ABC, abstractmethod
from typing import ClassVar

from housebrain.errors import UserError
from housebrain.merging.adapter import Factors
from housebrain.merging.lowrank import Merged, Rank, combine

Metrics = dict[str, float]  # of one adapter, as MLflow has them

REGISTRY: dict[str, type["Strategy"]] = {}


def register(strategy: type["Strategy"]) -> type["Strategy"]:
    """Makes a strategy known by its name."""
    REGISTRY[strategy.name] = strategy
    return strategy


class Strategy(ABC):
    """How several adapters become one.

    Args:
        metric: the MLflow metric that is read, by strategies that read one.
        mode: `min` where a lower metric is better, else `max`.
        temperature: how sharply `weighted` prefers the better ones.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    paper: ClassVar[str]

    def __init__(self, metric: str, mode: str, temperature: float) -> None:
        self.metric = metric
        self.sign = -1.0 if mode == "min" else 1.0
        self.temperature = temperature

    @abstractmethod
    def weights(self, metrics: dict[str, Metrics]) -> dict[str, float]:
        """The adapters' weights, by name, from their metrics; they sum to 1."""

    def formula(self) -> str:
        """How the weights came about, for a person to read."""
        return self.summary

    def merge(self, factors: list[Factors], weights: list[float], rank: Rank) -> Merged:
        """Merges one module; the weighted sum of the updates unless a strategy does something else."""
        return combine(factors, weights, rank)

    def read(self, metrics: dict[str, Metrics]) -> dict[str, float]:
        """The metric of every adapter.

        Raises:
            UserError: an adapter has no such metric, or it is not finite.
        """
        values = {}
        for name, known in metrics.items():
            value = known.get(self.metric)
            if value is None or not math.isfinite(value):
                raise UserError(
                    f"merge.metric: {name} has no finite metric '{self.metric}' in MLflow. "
                    f"It has: {', '.join(sorted(known)) or 'none'}."
                )
            values[name] = value
        return values


@register
class Average(Strategy):
    """Every adapter counts the same: right for shards of one distribution and size."""

    name = "average"
    summary = "w_i = 1 / K"
    paper = "https://arxiv.org/abs/2203.05482"  # Wortsman et al. 2022, Model soups

    def weights(self, metrics: dict[str, Metrics]) -> dict[str, float]:
        return dict.fromkeys(metrics, 1 / len(metrics))


@register
class Weighted(Strategy):
    """Better adapters count more: for shards that trained unequally far, or on data of unequal worth."""

    name = "weighted"
    summary = "w_i = softmax(metric_i / temperature), the metric negated where lower is better"
    paper = "https://arxiv.org/abs/2111.09832"  # Matena and Raffel 2022, weighted averaging of models

    def formula(self) -> str:
        return f"w_i = softmax({'-' if self.sign < 0 else ''}{self.metric}_i / {self.temperature:g})"

    def weights(self, metrics: dict[str, Metrics]) -> dict[str, float]:
        scores = {name: self.sign * value / self.temperature for name, value in self.read(metrics).items()}
        highest = max(scores.values())
        powers = {name: math.exp(score - highest) for name, score in scores.items()}
        total = sum(powers.values())
        return {name: power / total for name, power in powers.items()}


@register
class Best(Strategy):
    """The one best adapter, unchanged: the yardstick that every merge has to beat."""

    name = "best"
    summary = "w_i = 1 for the best, 0 for the others"
    paper = "https://arxiv.org/abs/2203.05482"  # the best single model of Model soups' comparisons

    def formula(self) -> str:
        return f"w_i = 1 for the {'lowest' if self.sign < 0 else 'highest'} {self.metric}, else 0"

    def weights(self, metrics: dict[str, Metrics]) -> dict[str, float]:
        values = self.read(metrics)
        best = max(values, key=lambda name: self.sign * values[name])
        return {name: float(name == best) for name in values}


def strategy(name: str, metric: str, mode: str, temperature: float) -> Strategy:
    """The strategy of that name.

    Raises:
        UserError: there is none.
    """
    if name not in REGISTRY:
        raise UserError(f"merge.strategy: unknown strategy '{name}'. Known: {', '.join(REGISTRY)}.")
    return REGISTRY[name](metric, mode, temperature)
