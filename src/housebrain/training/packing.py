"""Sharing samples out to rows: as few rows of at most `max_length` tokens as a quick search finds."""

from collections.abc import Sequence

import numpy as np
import torch


def pack(lengths: Sequence[int] | np.ndarray, max_length: int) -> list[list[int]]:
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
    sizes = np.asarray(lengths)
    by_size = np.argsort(-sizes, kind="stable")
    for number, size in zip(by_size.tolist(), sizes[by_size].tolist(), strict=True):
        first = max(0, len(rows) - window)
        row = next((i for i in range(first, len(rows)) if room[i] >= size), None)
        if row is None:
            rows.append([])
            room.append(max_length)
            row = len(rows) - 1
        rows[row].append(number)
        room[row] -= size
    return rows


class Rows(torch.utils.data.Dataset[list[int]]):
    """The packed rows, for a data loader; an item is the numbers of its samples."""

    def __init__(self, rows: list[list[int]]) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> list[int]:
        return self.rows[index]
