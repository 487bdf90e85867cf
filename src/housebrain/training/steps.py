"""The optimizer steps of a training, and each step's micro-batches as one process reads them.

A step has the same samples however many are taken at once, and however many processes share them. They are taken by
length, so that those in a micro-batch are about as long.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from housebrain.language.tokens import Tokenized
from housebrain.model.packed import Batch, Rows, collate, in_rows
from housebrain.training.group import Group

WIDTHS = 3  # that rows of their own come in; each is compiled for, and recorded
MULTIPLE = 64  # of which widths are
WORTH = 0.03  # of all tokens, that a width must save to be compiled for


class Steps:
    """What a training reads, step by step.

    Args:
        samples: tokenized.
        lengths: tokens of each, int [samples].
        answer_lengths: those of them that carry loss, int [samples].
        read: the samples' numbers in the order in which they are read.
        a_step: samples an optimizer step; the last may have fewer.
        at_once: how many samples a micro-batch has at most.
        in_rows: lays each sample in a row of its own, as is best for a GPU, instead of all in one packed row.
        group: who shares each step.

    Attributes:
        rows: samples in a micro-batch, which is less than `at_once` where that shares a step out evenly.
        widths: that rows of their own come in, ascending; empty where micro-batches are packed, or this process has
            none at all.
        most_learnt: by width: the tokens that carry loss in a row, at most.
    """

    def __init__(
        self,
        samples: Tokenized,
        lengths: np.ndarray,
        answer_lengths: np.ndarray,
        read: list[int],
        a_step: int,
        at_once: int,
        in_rows: bool,
        group: Group,
    ) -> None:
        self._samples = samples
        self._lengths = lengths
        self._answer_lengths = answer_lengths
        self._group = group
        self._numbers = [read[first : first + a_step] for first in range(0, len(read), a_step)]
        share = -(-a_step // group.count)
        self.rows = -(-share // -(-share // at_once))
        self.widths: list[int] = []
        self.most_learnt: dict[int, int] = {}
        batches = [numbers for step in range(len(self)) for numbers in self.shares(step)] if in_rows else []
        if batches:
            longest = np.array([self._lengths[numbers].max() for numbers in batches])
            learnt = np.array([self._answer_lengths[numbers].max() for numbers in batches])
            self.widths = best_widths(longest, WIDTHS)
            places = np.searchsorted(self.widths, longest)
            self.most_learnt = {width: int(learnt[places == i].max()) for i, width in enumerate(self.widths)}

    def __len__(self) -> int:
        return len(self._numbers)

    def samples_of(self, step: int) -> list[int]:
        """The numbers of a step's samples, of all processes."""
        return self._numbers[step]

    def learnt(self, step: int) -> int:
        """How many tokens carry loss in a step, of all processes."""
        return int(self._answer_lengths[self._numbers[step]].sum())

    def tokens(self, first: int, end: int) -> int:
        """All tokens of the steps `first` to `end`, of all processes."""
        return sum(int(self._lengths[numbers].sum()) for numbers in self._numbers[first:end])

    def shares(self, step: int) -> list[list[int]]:
        """The samples of this process's micro-batches; none where others have the step's few."""
        longest_first = sorted(self._numbers[step], key=lambda number: -self._lengths[number])
        mine = longest_first[self._group.rank :: self._group.count]
        return [mine[first : first + self.rows] for first in range(0, len(mine), self.rows)]

    def _laid(self, step: int) -> list[Batch | Rows]:
        return [self.lay(numbers) for numbers in self.shares(step)]

    def lay(self, numbers: list[int]) -> Batch | Rows:
        """A micro-batch of these samples, at most `rows`; for a GPU in memory that it can copy from by itself."""
        if not self.widths:
            return collate(self._samples, [numbers])
        longest = int(self._lengths[numbers].max())
        width = next(width for width in self.widths if width >= longest)
        rows = in_rows(self._samples, numbers, self.rows, width)
        return Rows(*(tensor.pin_memory() for tensor in rows)) if torch.cuda.is_available() else rows

    def batches(self, first: int) -> Iterator[tuple[int, list[Batch | Rows]]]:
        """Each step from `first` with this process's micro-batches, laid while the step before it is computed."""
        with ThreadPoolExecutor(1) as pool:
            coming = pool.submit(self._laid, first) if first < len(self) else None
            for step in range(first, len(self)):
                assert coming is not None
                batches = coming.result()
                coming = pool.submit(self._laid, step + 1) if step + 1 < len(self) else None
                yield step, batches


def best_widths(longest: np.ndarray, count: int) -> list[int]:
    """The widths, multiples of 64, that rows fit in with little to fill up.

    Args:
        longest: tokens of each micro-batch's longest sample, int [batches].
        count: of widths, at most; a further one must save `WORTH` of all tokens.

    Returns:
        Ascending; the last holds the longest.
    """
    counts = np.bincount(-(-longest // MULTIPLE))
    used = np.flatnonzero(counts)
    widths = [int(used[-1])]

    def filled(chosen: list[int]) -> int:
        in_order = np.array(sorted(chosen))
        return int((in_order[np.searchsorted(in_order, used)] * counts[used]).sum())

    while len(widths) < min(count, len(used)):
        # One after the other the width that saves the most: with a handful to choose from that is nearly the best.
        added = min((int(one) for one in used if one not in widths), key=lambda one: filled([*widths, one]))
        if filled([*widths, added]) > (1 - WORTH) * filled(widths):
            break
        widths.append(added)
    return [MULTIPLE * width for width in sorted(widths)]
