"""Whether steps that are recorded as CUDA graphs train as others do: the same steps both ways, in a minute on one GPU.

    python -m bench.gpu_graphs --samples samples.parquet --out out [--steps 12]

The ways: all of a step at once; in four micro-batches, so in several widths; in fp16, whose gradients are scaled; with
dropout; and with a pass that can't be recorded, after which training must go on without. Nothing is compiled. What is
written is `graphs.json`: by way the losses of both, milliseconds a step, and memory. It ends with status 1 where losses
are more than a hundredth apart, with dropout five hundredths.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import torch
from bench.gpu_speed import A_STEP, prepare, settings_of
from torch import nn

from housebrain.files import write_json
from housebrain.model.base import base_folder
from housebrain.model.loading import load_tokenizer
from housebrain.model.packed import Batch, Rows
from housebrain.shard import Shard
from housebrain.tracking import RunRecord
from housebrain.training.data import read_shard
from housebrain.training.group import join
from housebrain.training.loop import Loop
from housebrain.training.train import load_trainable, make_loop

UNTIMED = 4  # steps


class Way(NamedTuple):
    name: str
    at_once: int = A_STEP
    precision: str = "bf16"
    dropout: float = 0.0
    can_record: bool = True
    far: float = 0.01  # of a loss, that both may be apart


WAYS = (
    Way("all at once"),
    Way("four micro-batches", at_once=A_STEP // 4),
    Way("fp16", precision="fp16"),
    Way("dropout", dropout=0.1, far=0.05),  # whether both drop the same is not asked
    Way("can't be recorded", can_record=False),
)


def make(way: Way, options: argparse.Namespace) -> Loop:
    """A training at its first step."""
    options.at_once, options.precision = way.at_once, way.precision
    shard, params, group = Shard(1, options.out / "project"), settings_of(options, A_STEP), join()
    data = read_shard(shard, params, load_tokenizer(base_folder(params)), group)
    data = data._replace(read=data.read[: options.steps * A_STEP])
    torch.manual_seed(0)
    model = load_trainable(params, shard)
    for module in model.modules():
        if way.dropout and hasattr(module, "lora_dropout"):
            module.lora_dropout["default"] = nn.Dropout(way.dropout)
    record = RunRecord(record_id="0", name=way.name, start_ms=0, tags={"shard": "1"})
    return make_loop(model, data, params, shard, record, "none", group, in_rows=True)


def trained(loop: Loop, rate: float) -> dict[str, Any]:
    """The losses of all steps, and how long one takes."""
    torch.manual_seed(1)
    torch.cuda.reset_peak_memory_stats()
    for step, batches in loop.steps.batches(0):
        if step == UNTIMED:
            torch.cuda.synchronize()
            started = time.perf_counter()
        loop._step(step, batches, rate)
    losses = torch.stack(loop.losses).tolist()
    return {
        "losses": losses,
        "milliseconds_a_step": 1000 * (time.perf_counter() - started) / (len(losses) - UNTIMED),
        "peak_memory_gb": torch.cuda.max_memory_allocated() / 1e9,
    }


def waiting(loop: Loop) -> None:
    """Makes a loop's pass wait for the GPU, which a recording can't."""
    forth_and_back = loop._forth_and_back

    def wait(batch: Batch | Rows, learnt: int | torch.Tensor) -> torch.Tensor:
        loss = forth_and_back(batch, learnt)
        loss.item()
        return loss

    loop._forth_and_back = wait  # type: ignore[method-assign]


def both(way: Way, options: argparse.Namespace) -> dict[str, Any]:
    """The same steps not recorded and recorded."""
    found: dict[str, Any] = {}
    for how in ("plain", "recorded"):
        loop = make(way, options)
        loop.model.train()
        if not way.can_record:
            waiting(loop)
        if how == "recorded":
            torch.cuda.synchronize()
            started = time.perf_counter()
            loop.record()
            found["record_seconds"] = time.perf_counter() - started
            found["widths"] = loop.steps.widths
            found["recordings"] = len(loop.recordings)
        found[how] = trained(loop, options.learning_rate)
    pairs = zip(found["plain"]["losses"], found["recorded"]["losses"], strict=True)
    found["largest_difference"] = max(abs(a - b) / a for a, b in pairs)
    expected = len(found["widths"]) if way.can_record else 0
    found["passed"] = found["largest_difference"] < way.far and found["recordings"] == expected
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=Path, required=True, help="a file as `prepare` writes them")
    parser.add_argument("--out", type=Path, required=True, help="a folder")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--max-length", type=int, default=512)
    parser.add_argument("--base", help="of params.yaml; else the one it names")
    options = parser.parse_args()
    options.at_once, options.precision = A_STEP, "bf16"
    options.out.mkdir(parents=True, exist_ok=True)
    prepare(options)
    results: dict[str, Any] = {"card": torch.cuda.get_device_name(), "torch": torch.__version__}
    for way in WAYS:
        results[way.name] = both(way, options)
        write_json(options.out / "graphs.json", results)
        print(f"{way.name}: {json.dumps(results[way.name])}", flush=True)
    return 0 if all(results[way.name]["passed"] for way in WAYS) else 1


if __name__ == "__main__":
    sys.exit(main())
