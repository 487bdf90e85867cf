"""The blocks of a model compiled for a GPU, where it pays: one compilation serves all blocks, as they are alike."""

import sys
import time
from collections.abc import Iterable
from typing import Any

import torch

from housebrain.model.loss import row_losses
from housebrain.model.packed import Rows
from housebrain.training.group import Group

PAYS_FROM_STEPS = 700  # compiling takes 15 s on an H100, and a recorded step 37 ms in place of 59 (docs/benchmarks.md)
VARIANTS = 64  # of a block's code: torch stops compiling at 8, which widths, devices and modes together can pass


def blocks(model: Any) -> list[torch.nn.Module]:
    """The layers that a model repeats, by the name that transformers keeps for those that belong together."""
    names = set(getattr(model.get_base_model(), "_no_split_modules", None) or ())
    return [module for module in model.modules() if type(module).__name__ in names]


def compile_blocks(model: Any, rows: int, widths: Iterable[int], group: Group) -> float:
    """Compiles a model's blocks for micro-batches of `rows` by each of `widths`; leaves them as they are if that fails.

    Returns:
        The seconds that it took; 0 where nothing is compiled.

    Raises:
        torch.OutOfMemoryError: a micro-batch does not fit the GPU.
    """
    found = blocks(model)
    started = time.monotonic()
    torch._dynamo.config.recompile_limit = VARIANTS
    model.enable_input_require_grads()  # or the first block would be another variant than the rest
    for block in found:
        block.compile(dynamic=False)
    try:
        for width in widths:
            rehearse(model, rows, width, group.device)
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # the compiler is a large thing, with other compilers behind it
        reason = " ".join(str(error).split())[:200]
        print(f"warning: the model can't be compiled ({type(error).__name__}: {reason}).", file=sys.stderr)
        for block in found:
            block._compiled_call_impl = None
        return 0.0
    return time.monotonic() - started


def rehearse(model: Any, rows: int, width: int, device: torch.device) -> None:
    """Puts a micro-batch through the model and back that changes nothing: no gradient, no random state."""
    ids = torch.zeros(rows, width, dtype=torch.int64, device=device)
    places = torch.arange(width // 2, width - 1, device=device).expand(rows, -1)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        row_losses(model, Rows(ids, places, torch.zeros_like(places))).sum().backward()
    for weight in model.parameters():
        weight.grad = None
    if device.type == "cuda":
        torch.cuda.synchronize(device)
