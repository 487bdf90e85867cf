"""What a way to merge is, and the registry of all of them.

To add one: a frozen dataclass below `Strategy` with a docstring, a name, its parameters as fields, and `@register`, in
its family's file. The package's `__init__.py` imports every family.

A strategy decides the adapters' weights from their metrics, and how a module's updates become one; the second is the
weighted sum for most. It works on factors and returns factors: how they are cut to a rank is none of its concern.
"""

from collections.abc import Callable
from dataclasses import Field, dataclass, fields
from typing import Any, ClassVar, NamedTuple, get_args, get_type_hints

import torch
from pydantic import TypeAdapter, ValidationError

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
