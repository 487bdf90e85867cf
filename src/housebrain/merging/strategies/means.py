"""Weighted means of the updates, with weights that no trial is needed for: all the same, by a metric, or the best's."""

import math
from dataclasses import dataclass
from typing import Literal

from housebrain.errors import UserError
from housebrain.merging.strategies.base import GIVEN, Metrics, Strategy, register


@register
@dataclass(frozen=True)
class Average(Strategy):
    """The mean of the updates. Right for shards of one distribution and size, and hard to beat there."""

    name = "average"
    paper = "https://arxiv.org/abs/2203.05482"  # Wortsman et al. 2022, Model soups


@dataclass(frozen=True)
class _Metric(Strategy):
    """What strategies that read a metric have in common: which one, and whether lower (`min`) is better."""

    metric: str = "eval_loss"
    mode: Literal["min", "max"] = "min"

    def read(self, metrics: dict[str, Metrics]) -> dict[str, float]:
        """The metric of every adapter.

        Raises:
            UserError: an adapter has no such metric, or it is not finite.
        """
        for name, known in metrics.items():
            if not math.isfinite(known.get(self.metric, math.nan)):
                raise UserError(
                    f"merge.metric: {name} has no finite metric '{self.metric}' in MLflow. "
                    f"It has: {', '.join(sorted(known)) or 'none'}."
                )
        return {name: known[self.metric] for name, known in metrics.items()}


@register
@dataclass(frozen=True)
class Weighted(_Metric):
    """A mean in which some count more: for shards that trained unequally far, or on data of unequal worth.

    Parameters: `metric`, which MLflow has of each shard; `mode`, whether the lowest or the highest is best;
    `formula_name`, `softmax` (of the metric over `temperature`: the lower that is, the more the best counts) or
    `proportional` (to the metric itself, whatever `mode` is, for counts such as samples, steps or response_tokens: with
    them the merge is the mean over samples, as in federated averaging).
    """

    name = "weighted"
    paper = "https://arxiv.org/abs/1602.05629"  # McMahan et al. 2016, federated averaging
    temperature: float = 0.1
    formula_name: Literal["softmax", "proportional"] = "softmax"

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise UserError(f"{GIVEN}: temperature is {self.temperature:g}. Give a number above 0.")

    def formula(self) -> str:
        if self.formula_name == "proportional":
            return f"w_i = {self.metric}_i / sum_j {self.metric}_j"
        return f"w_i = softmax({'-' if self.mode == 'min' else ''}{self.metric}_i / {self.temperature:g})"

    def weights(self, metrics: dict[str, Metrics]) -> dict[str, float]:
        values = self.read(metrics)
        if self.formula_name == "proportional":
            if min(values.values()) < 0 or sum(values.values()) <= 0:
                raise UserError(f"merge: weights can't be proportional to {self.metric}: {values}. Use softmax.")
            shares = values
        else:
            scores = {n: (-v if self.mode == "min" else v) / self.temperature for n, v in values.items()}
            highest = max(scores.values())
            shares = {name: math.exp(score - highest) for name, score in scores.items()}
        total = sum(shares.values())
        return {name: share / total for name, share in shares.items()}


@register
@dataclass(frozen=True)
class Best(_Metric):
    """The one best adapter, unchanged: the yardstick that every merge has to beat.

    Parameters: `metric`, which MLflow has of each shard; `mode`, whether the lowest or the highest is best.
    """

    name = "best"
    paper = "https://arxiv.org/abs/2203.05482"  # the best single model in Model soups' comparisons

    def formula(self) -> str:
        return f"w_i = 1 for the {'lowest' if self.mode == 'min' else 'highest'} {self.metric}, else 0"

    def weights(self, metrics: dict[str, Metrics]) -> dict[str, float]:
        values = self.read(metrics)
        best = (min if self.mode == "min" else max)(values, key=lambda name: values[name])
        return {name: float(name == best) for name in values}
