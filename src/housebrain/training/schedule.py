"""The order in which a training reads its samples, a round's part of the steps, and their learning rates.

Nothing here needs torch.
"""

import math
import random
from typing import NamedTuple

from housebrain.errors import UserError
from housebrain.params import Params, Platform


class Part(NamedTuple):
    """The optimizer steps `first` to `end` (exclusive, from 0) of the `total` that all rounds do together."""

    first: int
    end: int
    total: int


def sample_order(samples: int, epochs: int, seed: int) -> list[int]:
    """The numbers of all samples, `epochs` times over: each epoch a shuffle of its own."""
    order: list[int] = []
    for epoch in range(epochs):
        numbers = list(range(samples))
        random.Random(f"{seed} {epoch}").shuffle(numbers)
        order += numbers
    return order


def part_of_round(samples: int, settings: Platform, params: Params) -> Part:
    """The steps that `params.round` does: round t of R those from floor((t-1) T / R) to floor(t T / R) of T.

    Raises:
        UserError: a round would have no step.
    """
    total = -(-samples * settings.epochs // settings.samples_a_step)
    if params.rounds == 1:  # whatever the round's number, it trains everything
        return Part(0, total, total)
    if total < params.rounds:
        raise UserError(
            f"rounds: {total} optimizer steps can't be shared out to {params.rounds} rounds. Lower `rounds`, or raise "
            "`epochs` of the platform."
        )
    return Part((params.round - 1) * total // params.rounds, params.round * total // params.rounds, total)


def learning_rate(step: int, settings: Platform, total: int) -> float:
    """The rate of a step of the `total` that all rounds do together: it rises, then falls to 0 as a cosine does."""
    warmup = round(settings.warmup_share * total)
    if step < warmup:
        return settings.learning_rate * step / warmup
    return settings.learning_rate * 0.5 * (1.0 + math.cos(math.pi * (step - warmup) / max(1, total - warmup)))
