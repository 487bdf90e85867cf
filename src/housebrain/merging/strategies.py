"""The ways to merge, one class each, in a registry.

To add one: a frozen dataclass below `Strategy` with a docstring, a name, its parameters as fields, and `@register`.
A strategy decides the adapters' weights from their metrics, and how a module's updates become one; the second is the
weighted sum for most. It works on factors and returns factors: how they are cut to a rank is none of its concern.
"""

import math
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import Field, dataclass, fields
from typing import Any, ClassVar, Literal, NamedTuple, get_args, get_type_hints

import numpy as np
import torch
from pydantic import TypeAdapter, ValidationError
from scipy.optimize import minimize

from housebrain.errors import UserError
from housebrain.merging.lowrank import Product
from housebrain.model.adapter import Factors

Metrics = dict[str, float]  # of one adapter, as MLflow has them
Loss = Callable[[dict[str, float]], float]  # of the weighted sum, by adapter, on validation samples

REGISTRY: dict[str, type["Strategy"]] = {}
GIVEN = "merge.parameters (or --parameter)"  # where a strategy's own parameters come from


def register(strategy: type["Strategy"]) -> type["Strategy"]:
    """Makes a strategy known by its name."""
    REGISTRY[strategy.name] = strategy
    return strategy


def strategy(
    name: str, metric: str = "eval_loss", mode: str = "min", temperature: float = 0.1, /, **parameters: Any
) -> "Strategy":
    """The strategy of that name, with those of the settings that it has.

    Args:
        name: a key of `REGISTRY`.
        metric: for strategies that read one.
        mode: `min` where a lower metric is better, else `max`.
        temperature: for those that have one.
        parameters: of the strategy's own, the settings above among them; text is read as the field's type.

    Raises:
        UserError: there is no such strategy, or it has no such parameter, or a value does not fit.
    """
    if name not in REGISTRY:
        raise UserError(f"merge.strategy: unknown strategy '{name}'. Known: {', '.join(REGISTRY)}.")
    hints = get_type_hints(REGISTRY[name])
    types = {field.name: hints[field.name] for field in fields(REGISTRY[name])}
    known = ", ".join(sorted(types)) or "none"
    for parameter in parameters:
        if parameter not in types:
            raise UserError(f"{GIVEN}: {name} has no parameter '{parameter}'. It has: {known}.")
    settings = {"metric": metric, "mode": mode, "temperature": temperature} | parameters
    values = {key: value for key, value in settings.items() if key in types}
    for key, value in values.items():
        try:
            values[key] = TypeAdapter(types[key]).validate_python(value)
        except ValidationError as error:
            message = error.errors()[0]["msg"]
            raise UserError(f"{GIVEN}: {key} of {name} is {value!r}. {message}.") from error
    return REGISTRY[name](**values)


class About(NamedTuple):
    """What a person chooses a strategy by."""

    name: str
    what: str
    parameters: str  # with their defaults, their choices and what they mean
    paper: str


def about() -> list[About]:
    """Of every strategy, in the registry's order, from its docstring and fields."""
    found = []
    for name, one in REGISTRY.items():
        what, _, meaning = " ".join((one.__doc__ or "").split()).partition(" Parameters: ")
        defaults = ", ".join(f"{field.name}={field.default}{_choices(field)}" for field in fields(one))
        found.append(About(name, what, f"{defaults}: {meaning}" if meaning else defaults, one.paper))
    return found


def _choices(field: Field[Any]) -> str:
    """What else a parameter can be, where that is one of a few."""
    known = (False, True) if field.type is bool else get_args(field.type)
    others = [str(value) for value in known if value != field.default]
    return f" (or {' or '.join(others)})" if others else ""


@dataclass(frozen=True)
class Strategy:
    """How several adapters become one."""

    name: ClassVar[str]
    paper: ClassVar[str]
    linear: ClassVar[bool] = True  # the update is the weighted sum, so whole tensors can be averaged alike

    def weights(self, metrics: dict[str, Metrics]) -> dict[str, float]:
        """The adapters' weights, by name, from their metrics; they sum to 1. The same for all unless overridden."""
        return dict.fromkeys(metrics, 1 / len(metrics))

    def formula(self) -> str:
        """How the weights came about and what was done with them, for a person to read."""
        return "w_i = 1 / K"

    def update(self, factors: list[Factors], weights: list[float], module: str) -> Product:
        """One module's merged update; the weighted sum unless overridden.

        Args:
            factors: K updates.
            weights: K numbers.
            module: its name.
        """
        return weighted_sum(factors, weights)


def weighted_sum(factors: list[Factors], weights: list[float]) -> Product:
    """The sum of `weight * scale * B @ A` as one product, exactly: factors side by side, float64."""
    A = [weight * f.scale * f.A.double() for f, weight in zip(factors, weights, strict=True)]
    return Product(B=torch.cat([f.B.double() for f in factors], dim=1), A=torch.cat(A))


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
class Average(Strategy):
    """The mean of the updates. Right for shards of one distribution and size, and hard to beat there."""

    name = "average"
    paper = "https://arxiv.org/abs/2203.05482"  # Wortsman et al. 2022, Model soups


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

    def formula(self) -> str:
        return f"w_i = argmin of the validation loss, |w_i| <= {self.bound:g}, at most {self.trials} trials"

    def search(self, names: list[str], loss: Loss) -> dict[str, float]:
        found: list[tuple[float, dict[str, float]]] = []

        def tried(values: Any) -> float:
            # The method looks at its limit only between passes over all weights.
            if len(found) < self.trials:
                weights = dict(zip(names, map(float, values), strict=True))
                found.append((loss(weights), weights))
                return found[-1][0]
            return math.inf

        starts = [[1 / len(names)] * len(names), *(map(float, one) for one in np.eye(len(names)))]
        start = min((list(one) for one in starts), key=tried)
        limits = [(-self.bound, self.bound)] * len(names)
        minimize(tried, start, method="Powell", bounds=limits, options={"maxfev": self.trials, "xtol": 0.01})
        return min(found, key=lambda one: one[0])[1]


@register
@dataclass(frozen=True)
class Slerp(Strategy):
    """Turns from one update's direction to the other's along the arc, so that norms don't shrink where they disagree.

    For two adapters. More are folded in one after the other, in the order given, each by its share of the weight so
    far; that result depends on the order. Angles are taken between whole updates B A, module by module.
    """

    name = "slerp"
    paper = "https://doi.org/10.1145/325165.325242"  # Shoemake 1985
    linear = False

    def formula(self) -> str:
        return "w_i = 1 / K; spherical interpolation of the updates, in the order of the adapters"

    def update(self, factors: list[Factors], weights: list[float], module: str) -> Product:
        # Everything stays a combination of the K updates, so coefficients and inner products are all it takes.
        products = inner_products(factors)
        unit = torch.eye(len(factors), dtype=torch.float64)
        merged, so_far = unit[0], weights[0]
        for other, weight in zip(unit[1:], weights[1:], strict=True):
            so_far += weight
            merged = _slerp(merged, other, weight / so_far, products)
        return weighted_sum(factors, merged.tolist())


def inner_products(factors: list[Factors]) -> torch.Tensor:
    """[K, K] float64, Frobenius inner products of the updates: <B1 A1, B2 A2> = <B1^T B2, A1 A2^T>."""
    K = len(factors)
    products = torch.zeros(K, K, dtype=torch.float64)
    for i in range(K):
        for j in range(i, K):
            a, b = factors[i], factors[j]
            inner = ((a.B.double().T @ b.B.double()) * (a.A.double() @ b.A.double().T)).sum()
            products[i, j] = products[j, i] = a.scale * b.scale * inner
    return products


def _slerp(a: torch.Tensor, b: torch.Tensor, t: float, products: torch.Tensor) -> torch.Tensor:
    """Between the combinations with coefficients a and b; straight where they are (anti)parallel or one is zero."""
    norms = (a @ products @ a).clamp_min(0).sqrt() * (b @ products @ b).clamp_min(0).sqrt()
    cosine = float((a @ products @ b) / norms) if norms > 0 else 1.0
    if abs(cosine) > 1 - 1e-9:
        return (1 - t) * a + t * b
    angle = math.acos(cosine)
    return (math.sin((1 - t) * angle) * a + math.sin(t * angle) * b) / math.sin(angle)


@dataclass(frozen=True)
class _Aligned(Strategy, ABC):
    """What methods that drop and compare single numbers have in common: numbers that can be compared.

    Entries of A and B mean nothing by themselves (B R and R^-1 A are the same update), and entries of the update are
    too many. As in KnOTS, all updates are written on one orthonormal basis of outputs, U: the left singular vectors of
    [dW_1 .. dW_K]. dW_i = U N_i exactly, N_i is at most K r x d_in, and merging works on the entries of the N_i: entry
    (j, k) says how strongly input k drives the shared output direction j. So it is those that are trimmed, and whose
    signs are elected, not single weights. U is the same for any order of the adapters.
    """

    linear = False
    density: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.density <= 1:
            raise UserError(f"{GIVEN}: density is {self.density:g}. Give a number above 0 and at most 1.")

    def update(self, factors: list[Factors], weights: list[float], module: str) -> Product:
        Q, R = torch.linalg.qr(torch.cat([f.B.double() for f in factors], dim=1))
        updates, first = [], 0
        for f in factors:
            rank = f.B.shape[1]
            updates.append(R[:, first : first + rank] @ (f.scale * f.A.double()))
            first += rank
        _, U = torch.linalg.eigh(sum(update @ update.T for update in updates))
        aligned = torch.stack([U.T @ update for update in updates])
        return Product(B=Q @ U, A=self.combine(aligned, torch.tensor(weights, dtype=torch.float64), module))

    @abstractmethod
    def combine(self, aligned: torch.Tensor, weights: torch.Tensor, module: str) -> torch.Tensor:
        """[K, n, d_in] and [K] to [n, d_in]."""


def elected_mean(values: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """TIES' last two steps: the sign with more weighted mass wins; the mean is over those that have it.

    Args:
        values: [K, ...], where 0 means dropped.
        weights: [K].
    """
    weights = weights.reshape(-1, *[1] * (values.dim() - 1))
    sign = (weights * values).sum(0).sign()
    agreeing = (values.sign() == sign) & (values != 0)
    total = (weights * agreeing).sum(0)
    return (weights * values * agreeing).sum(0) / total.clamp_min(torch.finfo(torch.float64).tiny)


@register
@dataclass(frozen=True)
class Ties(_Aligned):
    """Drops each adapter's small entries, then averages only those whose sign agrees with the majority's.

    For adapters of different tasks, which would cancel each other out. Parameters: `density`, the share of each
    adapter's entries that is kept.
    """

    name = "ties"
    paper = (
        "https://arxiv.org/abs/2306.01708"  # Yadav et al. 2023; on aligned updates: https://arxiv.org/abs/2410.19735
    )

    def formula(self) -> str:
        return f"w_i = 1 / K; largest {self.density:.0%} of entries, mean of those with the elected sign"

    def combine(self, aligned: torch.Tensor, weights: torch.Tensor, module: str) -> torch.Tensor:
        sizes = aligned.abs().flatten(1)
        dropped = sizes.shape[1] - math.ceil(self.density * sizes.shape[1])
        if dropped:
            cut = sizes.kthvalue(dropped, dim=1).values
            aligned = torch.where(aligned.abs() > cut[:, None, None], aligned, 0)
        return elected_mean(aligned, weights)


@register
@dataclass(frozen=True)
class Dare(_Aligned):
    """Drops entries at random and scales the rest up, so that the expected update stays the same.

    For adapters of different tasks with much redundancy. Parameters: `density`, the probability that an entry is kept;
    `seed`; `elect`, whether signs are elected afterwards as in `ties`.
    """

    name = "dare"
    paper = "https://arxiv.org/abs/2311.03099"  # Yu et al. 2023
    seed: int = 0
    elect: bool = False

    def formula(self) -> str:
        return f"w_i = 1 / K; entries kept with probability {self.density:g} (seed {self.seed}), then " + (
            "mean of those with the elected sign" if self.elect else "mean"
        )

    def probabilities(self, aligned: torch.Tensor) -> torch.Tensor:
        """How likely each entry is kept; broadcast to `aligned`."""
        return torch.full((1, 1, 1), self.density, dtype=torch.float64)

    def combine(self, aligned: torch.Tensor, weights: torch.Tensor, module: str) -> torch.Tensor:
        keep = self.probabilities(aligned)
        # Each module has numbers of its own, the same in every run. (torch's CPU generator takes 32 bits of a seed.)
        generator = torch.Generator().manual_seed(zlib.crc32(f"{self.seed} {module}".encode()))
        kept = torch.rand(aligned.shape, generator=generator, dtype=torch.float64) < keep
        values = torch.where(kept, aligned / keep, 0)
        return elected_mean(values, weights) if self.elect else torch.einsum("k,kij->ij", weights, values)


@register
@dataclass(frozen=True)
class Della(Dare):
    """As `dare`, but the larger an entry within its row, the likelier it is kept; signs are elected afterwards.

    Parameters: those of `dare`; `spread`, how far the probabilities reach to either side of `density`, within 0 to 1.
    """

    name = "della"
    paper = "https://arxiv.org/abs/2406.11617"  # Deep et al. 2024
    spread: float = 0.2
    elect: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (0 <= self.spread < self.density and self.density + self.spread <= 1):
            raise UserError(
                f"{GIVEN}: spread is {self.spread:g} around a density of {self.density:g}. Give a smaller one, from 0 "
                "up: all of density - spread to density + spread must be above 0 and at most 1."
            )

    def probabilities(self, aligned: torch.Tensor) -> torch.Tensor:
        ranks = aligned.abs().argsort(-1).argsort(-1).double()
        low = self.density - self.spread
        return (low + 2 * self.spread * ranks / max(1, aligned.shape[-1] - 1)).clamp(1e-3, 1)
