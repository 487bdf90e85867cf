"""The processes that train a shard together, one a GPU, as one of them sees them. One alone is a group of one.

What all must agree on goes through the collective calls here, which every process makes in the same order.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import distributed

from housebrain.environment import LOCAL_RANK, RANK, WORLD_SIZE

T = TypeVar("T")

PATIENCE = timedelta(minutes=30)  # of processes that wait for each other, such as for a save to a slow disk
# What frees a process group holds Python's lock and waits for gloo's threads, which may be waiting for that lock.
_never_freed: list[Any] = []


@dataclass(frozen=True)
class Group:
    """This process's place among those that train together.

    Attributes:
        rank: its number, from 0.
        count: how many there are.
        device: what it computes on.
    """

    rank: int
    count: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        """Whether it is the one that logs and writes."""
        return self.rank == 0

    def say(self, text: str) -> None:
        """Prints a line, once for all processes."""
        if self.is_first:
            print(text, flush=True)

    def wait(self) -> None:
        """Waits for all to come here."""
        self.add_up(torch.zeros(1))

    @contextmanager
    def first_before_others(self) -> Iterator[None]:
        """Lets the first do what follows while the others wait, then these."""
        if not self.is_first:
            self.wait()
        yield
        if self.is_first:
            self.wait()

    def add_up(self, tensor: torch.Tensor) -> None:
        """Replaces a tensor by the sum of those of all processes."""
        if self.count > 1:
            distributed.all_reduce(tensor)

    def of_all(self, value: T) -> list[T]:
        """The values of all processes, by rank."""
        values: list[Any] = [value] * self.count
        if self.count > 1:
            distributed.all_gather_object(values, value)
        return values


def join() -> Group:
    """This process's group, as the environment tells; of one where it was started alone."""
    rank, count = int(os.environ.get(RANK, 0)), int(os.environ.get(WORLD_SIZE, 1))
    if torch.cuda.is_available():
        device = torch.device("cuda", int(os.environ.get(LOCAL_RANK, 0)))
        torch.cuda.set_device(device)
    else:
        device = torch.device("cpu")
    if count > 1 and not distributed.is_initialized():
        # Objects go through gloo on GPUs too, where they would otherwise wait for all that a GPU still has to do.
        backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
        distributed.init_process_group(backend, timeout=PATIENCE)
        _never_freed.append(distributed.group.WORLD)
    return Group(rank, count, device)
