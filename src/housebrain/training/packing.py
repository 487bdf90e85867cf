"""Sharing samples out to rows: as few rows of at most `max_length` tokens as a quick search finds."""

import torch

from housebrain.errors import UserError
from housebrain.language.tokens import Tokens


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
