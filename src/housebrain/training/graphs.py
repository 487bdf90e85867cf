"""A micro-batch's way through the model and back, recorded as a CUDA graph for each width and then replayed.

A small model's step is thousands of kernels, most of them shorter than Python takes to launch one. A replay launches
those of a micro-batch at once. It computes in the same memory each time. So batches are copied to where it reads, and
gradients stay where they are: they are added to, and set to zero in place. What a step does once stays outside: the sum
over processes, the gradient's norm, the scaler's part and the optimizer's.
"""

import sys
from collections.abc import Callable, Iterable
from typing import Any

import torch

from housebrain.model.packed import IGNORED, Rows
from housebrain.training.steps import Steps

# Forth and back: from a micro-batch, and the tokens learnt in its step, to its part of the loss.
Pass = Callable[[Rows, Any], torch.Tensor]

WARM_UP = 3  # passes before a recording, in which libraries choose their kernels and take their memory


class Recording:
    """A pass of micro-batches of one shape.

    Args:
        forth_and_back: what is recorded. It must not wait for the GPU.
        rows: of a micro-batch.
        width: of each row, in tokens.
        learnt: tokens that carry loss in a row, at most.
        device: of the model.
        pool: of memory, shared with other recordings: no two are replayed at once.
    """

    def __init__(
        self, forth_and_back: Pass, rows: int, width: int, learnt: int, device: torch.device, pool: Any
    ) -> None:
        places = torch.zeros(rows, learnt, dtype=torch.int64, device=device)
        ids = torch.zeros(rows, width, dtype=torch.int64, device=device)
        self._batch = Rows(ids, places, torch.full_like(places, IGNORED))
        self._learnt = torch.ones((), device=device)
        self._replay, self._loss = record(lambda: forth_and_back(self._batch, self._learnt), pool)

    def __call__(self, batch: Rows, learnt: int) -> torch.Tensor:
        """Adds a micro-batch's part to the gradients of the step, and returns its part of the loss."""
        ids, places, labels = self._batch
        ids.copy_(batch.input_ids)
        places.zero_()
        places[:, : batch.places.shape[1]] = batch.places
        labels.fill_(IGNORED)
        labels[:, : batch.labels.shape[1]] = batch.labels
        self._learnt.fill_(learnt)
        self._replay()
        return self._loss.clone()


def record(body: Callable[[], torch.Tensor], pool: Any) -> tuple[Callable[[], None], torch.Tensor]:
    """Records what `body` does on the GPU. Returns what replays it, and the tensor that then holds its result."""
    beside = torch.cuda.Stream()
    beside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(beside):
        for _ in range(WARM_UP):
            body()
    torch.cuda.current_stream().wait_stream(beside)
    graph = torch.cuda.CUDAGraph()
    # Other threads may go on using the GPU: that of NCCL looks for finished sums.
    with torch.cuda.graph(graph, pool=pool, capture_error_mode="thread_local"):
        result = body()
    return graph.replay, result


def record_passes(
    forth_and_back: Pass, weights: Iterable[torch.nn.Parameter], steps: Steps, device: torch.device
) -> dict[int, Recording]:
    """Records a pass for each width of `steps`, and gives all weights the gradients that it adds to, which are zero.

    Weights and random state are left as they are.

    Args:
        forth_and_back: see `Recording`; of a model that is set to train.
        weights: that are trained.
        steps: what will be read.
        device: a GPU.

    Returns:
        By width. Empty where something can't be recorded, which a warning then says; weights then have no gradients.

    Raises:
        torch.OutOfMemoryError: a micro-batch does not fit the GPU.
    """
    weights = list(weights)
    gradients = [torch.zeros_like(weight) for weight in weights]
    for weight, gradient in zip(weights, gradients, strict=True):
        weight.grad = gradient
    recordings = {}
    try:
        pool = torch.cuda.graph_pool_handle()
        with torch.random.fork_rng(devices=[device]):
            for width in reversed(steps.widths):  # the widest takes the memory that the others then share
                learnt = steps.most_learnt[width]
                recordings[width] = Recording(forth_and_back, steps.rows, width, learnt, device, pool)
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:  # an operation of this model waits for the GPU, or the driver can't record it
        reason = " ".join(str(error).split())[:200]
        print(
            f"warning: steps can't be recorded as CUDA graphs ({type(error).__name__}: {reason}). Training goes on "
            "without, and is slower.",
            file=sys.stderr,
        )
        for weight in weights:
            weight.grad = None
        return {}
    for gradient in gradients:
        gradient.zero_()
    return recordings
