"""Weighted means of the updates, with weights that are found by trying them on validation samples."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from housebrain.errors import UserError
from housebrain.merging.strategies.base import GIVEN, Loss, Metrics, Strategy, register


@dataclass(frozen=True)
class Searched(Strategy, ABC):
    """What strategies that find their weights by trying them on validation samples have in common."""

    def weights(self, metrics: dict[str, Metrics]) -> dict[str, float]:
        raise UserError(
            f"merge: {self.name} tries weights on validation samples, which only the pipeline has. Set merge.strategy "
            f"to {self.name} in params.yaml and run `dvc repro merge`, or give --weights."
        )

    @abstractmethod
    def search(self, names: list[str], loss: Loss) -> dict[str, float]:
        """The weights found for the adapters `names`; `loss` is asked for every trial."""


@register
@dataclass(frozen=True)
class Greedy(Searched):
    """A soup that leaves out what spoils it: from the best adapter on, one more is averaged in if the loss falls.

    For shards of unequal quality: one that diverged, or was cut short, is left out. As many trials as adapters, twice.
    """

    name = "greedy"
    paper = "https://arxiv.org/abs/2203.05482"  # Wortsman et al. 2022, model soups, recipe 1

    def formula(self) -> str:
        return "w_i = 1 / n for the n adapters that lower the validation loss, taken in from the best on, else 0"

    def search(self, names: list[str], loss: Loss) -> dict[str, float]:
        def mean(chosen: list[str]) -> dict[str, float]:
            return {name: (name in chosen) / len(chosen) for name in names}

        alone = {name: loss(mean([name])) for name in names}
        best, *others = sorted(names, key=lambda name: alone[name])
        chosen, lowest = [best], alone[best]
        for name in others:
            tried = loss(mean([*chosen, name]))
            if tried < lowest:
                chosen, lowest = [*chosen, name], tried
        return mean(chosen)


@register
@dataclass(frozen=True)
class Search(Searched):
    """Free weights, one an adapter, found without gradients; they need not sum to 1, so the scale is found as well.

    For shards whose data differ from what is wanted, where there are validation samples enough to tell. From the mean
    or the best adapter on, whichever is lower, by Powell's method, each weight within `bound`. Parameters: `trials`, at
    most so many; `bound`.
    """

    name = "search"
    paper = "https://arxiv.org/abs/2307.13269"  # Huang et al. 2023, LoraHub
    trials: int = 60
    bound: float = 1.5

    def __post_init__(self) -> None:
        if self.trials < 1:
            raise UserError(f"{GIVEN}: trials is {self.trials}. Give a number from 1 up.")
        if not 1 <= self.bound < math.inf:  # the search begins with each adapter alone, whose weight is 1
            raise UserError(f"{GIVEN}: bound is {self.bound:g}. Give a number from 1 up.")

    def formula(self) -> str:
        return f"w_i = argmin of the validation loss, |w_i| <= {self.bound:g}, at most {self.trials} trials"

    def search(self, names: list[str], loss: Loss) -> dict[str, float]:
        from scipy.optimize import minimize  # half a second, and no other strategy needs it

        found: list[tuple[float, dict[str, float]]] = []

        def try_weights(values: Any) -> float:
            # The method looks at its limit only between passes over all weights.
            if len(found) < self.trials:
                weights = dict(zip(names, map(float, values), strict=True))
                found.append((loss(weights), weights))
                return found[-1][0]
            return math.inf

        starts = [[1 / len(names)] * len(names), *(map(float, one) for one in np.eye(len(names)))]
        start = min((list(one) for one in starts), key=try_weights)
        limits = [(-self.bound, self.bound)] * len(names)
        minimize(try_weights, start, method="Powell", bounds=limits, options={"maxfev": self.trials, "xtol": 0.01})
        return min(found, key=lambda one: one[0])[1]
