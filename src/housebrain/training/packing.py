"""Packing: several samples in one row of tokens, none of which sees another.

A micro-batch is one row `[1, tokens]` without padding. Positions restart at each sample; without an attention mask and
without a cache transformers reads the samples' borders off `position_ids` and keeps them apart (tests compare logits).
"""

from typing import NamedTuple

import torch

from housebrain.data.samples import Tokens
from housebrain.errors import UserError

IGNORED = -100  # labels that carry no loss


class Batch(NamedTuple):
    """A micro-batch: `input_ids`, `position_ids` and `labels`, each int64 [1, tokens]; the samples' numbers [n]."""

    input_ids: torch.Tensor
    position_ids: torch.Tensor
    labels: torch.Tensor
    samples: torch.Tensor


def fit(samples: list[Tokens], max_length: int) -> list[Tokens]:
    """The samples of at most `max_length` tokens; the others are left out, never cut.

    Raises:
        UserError: nothing is left, or a sample has no token to learn from.
    """
    kept = [sample for sample in samples if len(sample.input_ids) <= max_length]
    for sample in kept:
        if len(sample.input_ids) == sample.prompt_length:
            raise UserError(f"sample {sample.id}: no token of it carries loss. Prepare the dataset again.")
    if not kept:
        shortest = min((len(sample.input_ids) for sample in samples), default=0)
        raise UserError(
            f"platforms: no sample fits max_length {max_length}; the shortest has {shortest} tokens. Raise max_length."
        )
    return kept


def pack(lengths: list[int], max_length: int) -> list[list[int]]:
    """Shares samples out to rows of at most `max_length` tokens: first-fit decreasing.

    Args:
        lengths: tokens of each sample, none over `max_length`.

    Returns:
        The samples' numbers by row; each sample in exactly one row.
    """
    rows: list[list[int]] = []
    room: list[int] = []
    # Where rows are many only the latest are looked at: a full search would be quadratic and gain nothing.
    window = 200
    for number in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        first = max(0, len(rows) - window)
        row = next((i for i in range(first, len(rows)) if room[i] >= lengths[number]), None)
        if row is None:
            rows.append([])
            room.append(max_length)
            row = len(rows) - 1
        rows[row].append(number)
        room[row] -= lengths[number]
    return rows


class Rows(torch.utils.data.Dataset[list[int]]):
    """The packed rows, for a data loader; an item is the numbers of its samples."""

    def __init__(self, rows: list[list[int]]) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> list[int]:
        return self.rows[index]


def collate(samples: list[Tokens], rows: list[list[int]]) -> Batch:
    """Lays the samples of all `rows` end to end.

    Rows without a sample make a batch without loss, for a process that is left without work where others have some.
    """
    numbers = [number for row in rows for number in row]
    input_ids: list[int] = []
    position_ids: list[int] = []
    labels: list[int] = []
    if not numbers:
        input_ids = samples[0].input_ids
        position_ids += range(len(input_ids))
        labels += [IGNORED] * len(input_ids)
    for number in numbers:
        sample = samples[number]
        input_ids += sample.input_ids
        position_ids += range(len(sample.input_ids))
        labels += [IGNORED] * sample.prompt_length + sample.input_ids[sample.prompt_length :]
    return Batch(torch.tensor([input_ids]), torch.tensor([position_ids]), torch.tensor([labels]), torch.tensor(numbers))


def token_losses(
    model: torch.nn.Module, input_ids: torch.Tensor, position_ids: torch.Tensor, labels: torch.Tensor
) -> torch.Tensor:
    """Cross entropy, in nats, of every token that carries loss, float32 [n].

    Logits are computed only where there is a label: the output layer is a fifth of a small model's work, and more
    than half of the tokens are prompt.
    """
    targets = (labels[0] != IGNORED).nonzero()[:, 0]
    logits = model(input_ids=input_ids, position_ids=position_ids, use_cache=False, logits_to_keep=targets - 1).logits[
        0
    ]
    return torch.nn.functional.cross_entropy(logits.float(), labels[0, targets], reduction="none")
