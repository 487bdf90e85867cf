"""Training speed on one GPU, side by side with the plain transformers Trainer, in a few minutes.

    python -m bench.gpu_speed --samples samples.parquet --out out [--steps 320] [--precision bf16]

All train the same adapter on the same samples in the same order, 16 an optimizer step, at the same learning rates:

- `graphed`: the pipeline's loop as it is: blocks compiled, forward and backward pass recorded as CUDA graphs;
- `compiled`: the same, not recorded;
- `eager`: the same, neither recorded nor compiled;
- `trainer`: transformers' Trainer with PEFT, batches of 16 padded to their longest sample;
- `four`: as `graphed` with 64 samples a step, to see whether a GPU would do more with larger steps.

Each is a process of its own with a limit of time, so that one that fails costs nothing but its own figures. Speed is in
real tokens: those of the samples, prompt and answer, without what rows are filled up with. Seconds count from when the
libraries are imported: with loading the model and the samples, which were made tokens before, and with compiling.

What is written, a file each in the folder `--out`: `speed.json` with all figures, and a profile of a few steps of ours.
Without a GPU the same is done on the CPU, with rows as a GPU has them, to try the program: `--precision fp32`.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import torch

from housebrain.environment import STOP
from housebrain.files import write_json
from housebrain.model.base import base_folder, ensure_base
from housebrain.model.loading import load_tokenizer
from housebrain.model.lora_init import write_init
from housebrain.model.packed import IGNORED
from housebrain.params import Params, load_params
from housebrain.shard import Shard
from housebrain.tracking import RunRecord, now_ms
from housebrain.training.compiled import compile_blocks
from housebrain.training.data import ShardData, read_shard
from housebrain.training.group import join
from housebrain.training.loop import Loop
from housebrain.training.schedule import Part
from housebrain.training.stopping import Stop
from housebrain.training.train import load_trainable, make_loop

PARTS = ("graphed", "trainer", "compiled", "eager", "four")
A_STEP = 16
VALIDATION = 32  # samples
LOG_STEPS = 10
PROFILED = 5  # steps


def settings_of(options: argparse.Namespace, a_step: int) -> Params:
    """The project's settings with one shard, which is trained for `options.steps` steps."""
    params = load_params()
    changes = {
        "batch_size": options.at_once or "auto",
        "gradient_accumulation": a_step // (options.at_once or 1),
        "epochs": 1,
        "learning_rate": options.learning_rate,
        "warmup_share": 0.03,
        "max_length": options.max_length,
        "max_samples": 0,
        "log_steps": LOG_STEPS,
        "eval_steps": 10**6,
        "save_steps": 10**6,
        "precision": options.precision,
    }
    local = params.platforms["local"].model_copy(update=changes)
    update: dict[str, Any] = {"platforms": {**params.platforms, "local": local}}
    if options.base:
        update["base"] = options.base
    return params.model_copy(update=update)


def prepare(options: argparse.Namespace) -> dict[str, Any]:
    """Puts the samples and the init where a shard has them, and makes them tokens once, for all parts."""
    shard, params = Shard(1, options.out / "project"), settings_of(options, A_STEP)
    found, started = {}, time.monotonic()
    ensure_base(params)
    found["base_seconds"] = time.monotonic() - started
    table = pq.read_table(options.samples)
    shard.data.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.slice(0, VALIDATION), shard.data / "validation.parquet")
    pq.write_table(table.slice(VALIDATION), shard.data / "train.parquet")
    write_init(params.lora, params.base, base_folder(params), shard.init)
    started = time.monotonic()
    data = read_shard(shard, params, load_tokenizer(base_folder(params)), join())
    found["tokenizing_seconds"] = time.monotonic() - started
    read = data.read[: options.steps * A_STEP]
    found |= {
        "samples": len(read),
        "tokens": int(data.samples.lengths[read].sum()),
        "response_tokens": int(data.samples.answer_lengths[read].sum()),
        "padded_512": int(len(read) * options.max_length),
    }
    return found


class Clock:
    """Seconds since it was made, by what they went to."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._started = self._last = time.perf_counter()

    def note(self, what: str) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        now = time.perf_counter()
        self.seconds[what] = now - self._last
        self._last = now

    @property
    def total(self) -> float:
        return self._last - self._started


def ours(part: str, options: argparse.Namespace) -> dict[str, Any]:
    """The pipeline's own loop."""
    a_step = 4 * A_STEP if part == "four" else A_STEP
    clock = Clock()
    shard, params = Shard(1, options.out / "project"), settings_of(options, a_step)
    group = join()
    data = read_shard(shard, params, load_tokenizer(base_folder(params)), group)
    read = data.read[: options.steps * A_STEP]
    data = data._replace(read=read, part=Part(0, -(-len(read) // a_step), -(-len(read) // a_step)))
    clock.note("samples")
    torch.manual_seed(0)
    model = load_trainable(params, shard)
    clock.note("model")
    record = RunRecord(record_id="0", name=part, start_ms=now_ms(), tags={"shard": "1"})
    loop = make_loop(model, data, params, shard, record, "none", group, in_rows=True)
    loop.folder = options.out / f"checkpoints-{part}"
    loop.seal = lambda folder: None
    clock.note("loop")
    compiled = 0.0
    model.train()
    if part != "eager":
        compiled = compile_blocks(model, loop.steps.rows, loop.steps.widths, group)
        clock.note("compile")
    if part in ("graphed", "four") and group.device.type == "cuda":
        loop.record()
        clock.note("record")
    with Stop(loop.folder) as stop:
        loop.folder.mkdir(parents=True, exist_ok=True)
        timer = threading.Timer(options.limit, (loop.folder / STOP).write_text, ["the limit of time"])
        timer.daemon = True
        timer.start()
        first = warmed_up(loop)
        loop.run(stop)
        timer.cancel()
    clock.note("training")
    tokens = loop.steps.tokens(0, loop.done)
    # The first steps are slower: memory is allocated, kernels are chosen. This is what a long training goes at.
    steady = loop.steps.tokens(int(first[0]), loop.done) / (time.perf_counter() - first[1]) if first else 0.0
    result = figures(clock, tokens, loop.done, compiled) | {
        "tokens_per_second_steady": steady,
        "samples_at_once": loop.steps.rows,
        "widths": loop.steps.widths,
        "losses": {str(entry["step"]): entry["loss"] for entry in loop.journal.history if "loss" in entry},
        "eval_loss": loop.journal.history[-1].get("eval_loss"),
    }
    if part in ("compiled", "eager"):
        result["profile"] = profiled(loop, options.out / f"profile-{part}.txt")
    return result


def warmed_up(loop: Loop) -> list[float]:
    """Notes when the first steps are over: their number and the time, once `loop.run` has come there."""
    found: list[float] = []
    note = loop.journal.note

    def noted(step: int, metrics: dict[str, float]) -> None:
        if not found:
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            found.extend((step, time.perf_counter()))
        note(step, metrics)

    loop.journal.note = noted  # type: ignore[method-assign]
    return found


def figures(clock: Clock, tokens: int, steps: int, compiled: float) -> dict[str, Any]:
    """What a part came to."""
    training = clock.seconds["training"]
    return {
        "steps": steps,
        "tokens": tokens,
        "seconds": clock.seconds,
        "compile_seconds": compiled,
        "tokens_per_second": tokens / training,
        "tokens_per_second_with_loading": tokens / clock.total,
        "tokens_per_second_with_loading_without_compiling": tokens / (clock.total - compiled),
        "peak_memory_gb": torch.cuda.max_memory_allocated() / 1e9 if torch.cuda.is_available() else 0.0,
    }


def profiled(loop: Loop, path: Path) -> dict[str, float]:
    """What a few more steps spend their time on: seconds a step by the clock, and of the GPU's kernels alone."""
    from torch.profiler import ProfilerActivity, profile

    gpu = torch.cuda.is_available()
    again = iter(list(loop.steps.batches(max(0, len(loop.steps) - PROFILED - 2))))
    for step, batches in (next(again), next(again)):
        loop._step(step, batches, 0.0)
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if gpu else [])]
    started, count = time.perf_counter(), 0
    with profile(activities=activities) as found:
        for step, batches in again:
            loop._step(step, batches, 0.0)
            count += 1
        if gpu:
            torch.cuda.synchronize()
        seconds = (time.perf_counter() - started) / count
    averages = found.key_averages()
    by = "self_cuda_time_total" if gpu else "self_cpu_time_total"
    path.write_text(averages.table(sort_by=by, row_limit=60, max_name_column_width=90))
    # Operators carry their kernels' time a second time.
    kernels = [one for one in averages if one.device_type != torch.autograd.DeviceType.CPU]
    return {
        "seconds_a_step_profiled": seconds,
        "kernel_seconds_a_step": sum(one.self_device_time_total for one in kernels) / 1e6 / count,
        "kernels_a_step": sum(one.count for one in kernels) / count,
    }


def plain(options: argparse.Namespace) -> dict[str, Any]:
    """The transformers Trainer with PEFT, batches padded to their longest sample, labels on the answers only."""
    from peft import PeftModel
    from transformers import (
        AutoModelForCausalLM,
        DataCollatorForSeq2Seq,
        Trainer,
        TrainerCallback,
        TrainingArguments,
    )

    clock = Clock()
    shard, params = Shard(1, options.out / "project"), settings_of(options, A_STEP)
    tokenizer = load_tokenizer(base_folder(params))
    data = read_shard(shard, params, tokenizer, join())
    rows = [as_trainer_wants(data, number) for number in data.read[: options.steps * A_STEP]]
    clock.note("samples")
    torch.manual_seed(0)
    dtypes = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}
    base = AutoModelForCausalLM.from_pretrained(base_folder(params), dtype=dtypes[options.precision])
    model = PeftModel.from_pretrained(base, shard.init, is_trainable=True)
    clock.note("model")
    tokenizer.padding_side = "right"
    settings = params.platform(shard)
    total = -(-len(rows) // A_STEP)
    arguments = TrainingArguments(
        output_dir=str(options.out / "checkpoints-trainer"),
        per_device_train_batch_size=options.at_once or A_STEP,
        gradient_accumulation_steps=A_STEP // (options.at_once or A_STEP),
        num_train_epochs=1,
        train_sampling_strategy="sequential",
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=round(settings.warmup_share * total),
        weight_decay=0.0,
        max_grad_norm=1.0,
        logging_steps=LOG_STEPS,
        save_strategy="no",
        use_cpu=not torch.cuda.is_available(),
        bf16=options.precision == "bf16",
        fp16=options.precision == "fp16",
        dataloader_pin_memory=torch.cuda.is_available(),
        disable_tqdm=True,
        report_to="none",
    )
    began = time.monotonic()
    first: list[float] = []

    class Limit(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step == LOG_STEPS:
                if torch.cuda.is_available():
                    torch.cuda.synchronize()
                first.extend((state.global_step, time.perf_counter()))
            control.should_training_stop |= time.monotonic() - began > options.limit

    training_rows: Any = rows
    trainer = Trainer(
        model, arguments, DataCollatorForSeq2Seq(tokenizer), train_dataset=training_rows, callbacks=[Limit()]
    )
    clock.note("loop")
    trainer.train()
    clock.note("training")
    done = trainer.state.global_step
    lengths = data.samples.lengths[data.read]
    since_first = int(lengths[int(first[0]) * A_STEP : done * A_STEP].sum()) if first else 0
    steady = since_first / (time.perf_counter() - first[1]) if first else 0.0
    return figures(clock, int(lengths[: done * A_STEP].sum()), done, 0.0) | {
        "tokens_per_second_steady": steady,
        "losses": {str(entry["step"]): entry["loss"] for entry in trainer.state.log_history if "loss" in entry},
    }


def as_trainer_wants(data: ShardData, number: int) -> dict[str, list[int]]:
    sample = data.samples[number]
    return {
        "input_ids": sample.input_ids,
        "attention_mask": [1] * len(sample.input_ids),
        "labels": [IGNORED] * sample.prompt_length + sample.input_ids[sample.prompt_length :],
    }


def child(part: str, options: argparse.Namespace) -> dict[str, Any]:
    """Runs a part in a process of its own; what goes wrong is in its figures."""
    command = [sys.executable, "-m", "bench.gpu_speed", *sys.argv[1:], "--part", part]
    started = time.monotonic()
    try:
        done = subprocess.run(command, timeout=options.limit + 120, check=False)
        status = str(done.returncode)
    except subprocess.TimeoutExpired:
        status = "took too long"
    path = options.out / f"{part}.json"
    result: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"failed": f"status {status}"}
    path.unlink(missing_ok=True)
    return result | {"process_seconds": time.monotonic() - started}


def compared(results: dict[str, Any]) -> dict[str, Any]:
    """Ours against the Trainer: how many times as fast, and how far the losses are apart."""
    ours_, trainers = results.get("graphed", {}), results.get("trainer", {})
    if "losses" not in ours_ or "losses" not in trainers:
        return {}
    common = [step for step in ours_["losses"] if step in trainers["losses"]]
    apart = [abs(ours_["losses"][step] - trainers["losses"][step]) for step in common]
    return {
        name: ours_[name] / trainers[name]
        for name in ("tokens_per_second", "tokens_per_second_steady", "tokens_per_second_with_loading")
        if trainers[name]
    } | {"losses_compared": len(common), "largest_difference": max(apart), "mean_difference": sum(apart) / len(apart)}


def card() -> dict[str, Any]:
    """What it ran on."""
    import peft
    import transformers

    found: dict[str, Any] = {"torch": torch.__version__, "transformers": transformers.__version__}
    found |= {"peft": peft.__version__, "cores": os.cpu_count()}
    if torch.cuda.is_available():
        properties = torch.cuda.get_device_properties(0)
        found |= {"card": properties.name, "memory_gb": properties.total_memory / 1e9, "cuda": torch.version.cuda}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=Path, required=True, help="a file as `prepare` writes them")
    parser.add_argument("--out", type=Path, required=True, help="a folder")
    parser.add_argument("--steps", type=int, default=320)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--precision", choices=("bf16", "fp16", "fp32"), default="bf16")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--max-length", type=int, default=512)
    parser.add_argument("--at-once", type=int, default=0, help="samples at once; else as many as memory holds")
    parser.add_argument("--limit", type=float, default=100, help="seconds a part may train")
    parser.add_argument("--short", type=float, default=25, help="seconds for all but `graphed` and `trainer`")
    parser.add_argument("--total", type=float, default=600, help="seconds after which no further part begins")
    parser.add_argument("--base", help="of params.yaml; else the one it names")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    if options.part:
        if options.part not in ("graphed", "trainer"):
            options.limit = min(options.limit, options.short)
        result = plain(options) if options.part == "trainer" else ours(options.part, options)
        write_json(options.out / f"{options.part}.json", result)
        return
    setting = {"command": " ".join(sys.argv[1:]), **card()}
    print(json.dumps(setting), flush=True)
    setting |= prepare(options)
    print(json.dumps(setting), flush=True)
    results: dict[str, Any] = {}
    for part in options.parts:
        if time.monotonic() - started > options.total:
            print(f"{part}: left out, as the time is over", flush=True)
            continue
        results[part] = child(part, options)
        write_json(options.out / "speed.json", {"setting": setting, "compared": compared(results), "results": results})
        shown = {key: value for key, value in results[part].items() if key != "losses"}
        print(f"{part}: {json.dumps(shown)}", flush=True)
    print(json.dumps(compared(results), indent=1))


if __name__ == "__main__":
    try:
        main()
    except Exception:
        traceback.print_exc()
        sys.exit(1)
