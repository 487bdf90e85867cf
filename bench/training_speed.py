"""Training speed, side by side with TRL's SFTTrainer and the plain transformers Trainer.

    pip install trl
    python -m bench.training_speed --out bench/results/training_speed.json

One epoch over the same samples, from the same adapter on the same model, on the CPU in fp32 or with `--precision bf16`,
with the same number of optimizer steps. Each run is a process of its own; rounds are interleaved (A B C A B C), so that
whatever else the machine does meets all alike. Speed is in useful tokens, those that carry loss. CPU seconds count all
threads, and depend less than seconds do on what else runs.

Before that each trainer says its loss on the samples, in its own batches: the mean over all tokens of the answers. The
same for all means that nobody trains on less, and that no sample in a packed row sees another.

The samples are from a folder of `samples-*.parquet` as `prepare` writes it (`--prepared data/prepared`), or else
generated briefs.
"""

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
import transformers
from bench.merge_speed import peak_mb
from peft import PeftModel
from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

from housebrain.dataset.generate import generate_records
from housebrain.dataset.prepare import SCHEMA, Reject, solve_record
from housebrain.files import write_json
from housebrain.language.samples import load_samples
from housebrain.language.tokens import Tokens, tokenize
from housebrain.model.base import base_folder, ensure_base
from housebrain.model.loading import load_tokenizer
from housebrain.model.lora_init import write_init
from housebrain.model.loss import batch_losses
from housebrain.model.packed import IGNORED
from housebrain.params import load_params
from housebrain.shard import Shard
from housebrain.training.loop import Loop
from housebrain.training.train import train_shard

CONTENDERS = (
    "ours",
    "trl packed 768",
    "trl packed 512",
    "trl one by one",
    "trainer batch 8",
    "trainer one by one",
)
MAX_LENGTH = 768
Precision = Literal["fp32", "bf16"]
SAMPLES_A_STEP = 8


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


def draw(count: int, seed: int) -> pa.Table:
    """Generated briefs, solved."""
    solved = (solve_record(raw, seed) for raw in generate_records(2 * count, seed))
    return pa.Table.from_pylist([rows[0] for rows in solved if not isinstance(rows, Reject)][:count], SCHEMA)


def tokens_of(folder: Path) -> list[Tokens]:
    tokenizer = load_tokenizer(base_folder(load_params()))
    samples = load_samples(Shard(1, folder).data / "train.parquet")
    tokens = [tokenize(tokenizer, sample, "tree") for sample in samples]
    return [sample for sample in tokens if len(sample.input_ids) <= MAX_LENGTH]


def response_tokens(samples: list[Tokens]) -> int:
    return sum(len(sample.input_ids) - sample.prompt_length for sample in samples)


def model(folder: Path, precision: Precision) -> Any:
    """The base and the shared start, as transformers and PEFT load them."""
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    base = AutoModelForCausalLM.from_pretrained(base_folder(load_params()), dtype=dtype)
    return PeftModel.from_pretrained(base, Shard(1, folder).init, is_trainable=True)


def options(folder: Path, precision: Precision, batch_size: int, accumulation: int) -> dict[str, Any]:
    """What the peers' settings have in common, with each other and with `params.yaml`."""
    local = load_params().platforms["local"]
    return {
        "output_dir": str(folder / "out"),
        "per_device_train_batch_size": batch_size,
        "gradient_accumulation_steps": accumulation,
        "num_train_epochs": 1,
        "learning_rate": local.learning_rate,
        "lr_scheduler_type": "cosine",
        "max_grad_norm": 1.0,
        "logging_steps": 1,
        "save_strategy": "no",
        "seed": 42,
        "use_cpu": True,
        "bf16": precision == "bf16",
        "gradient_checkpointing": False,
        "disable_tqdm": True,
        "report_to": "none",
    }


def ours(folder: Path, samples: list[Tokens], precision: Precision) -> None:
    params = load_params()
    changes = {
        "max_length": MAX_LENGTH,
        "max_samples": 0,
        "precision": precision,
        "batch_size": SAMPLES_A_STEP,
        "gradient_accumulation": 1,
        "save_steps": 10**6,
        "eval_steps": 10**6,
    }
    settings = params.platforms["local"].model_copy(update=changes)
    train = params.train.model_copy(update={"validity_samples": 0})
    params = params.model_copy(update={"train": train, "platforms": {**params.platforms, "local": settings}})
    train_shard(Shard(1, folder), params)


def trl(folder: Path, samples: list[Tokens], precision: Precision, max_length: int) -> None:
    """TRL with packing into rows of `max_length` tokens; 0: one sample at a time, which needs no padding."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    rows = len(pack([len(sample.input_ids) for sample in samples], max_length)) if max_length else len(samples)
    settings = SFTConfig(
        **options(folder, precision, 1, math.ceil(rows * SAMPLES_A_STEP / len(samples))),
        max_length=max_length or MAX_LENGTH,
        packing=bool(max_length),
        packing_strategy="bfd",  # whole samples, apart from each other; turns padding_free on
        completion_only_loss=True,
    )
    rows_of = [
        {
            "input_ids": sample.input_ids,
            "completion_mask": [int(i >= sample.prompt_length) for i in range(len(sample.input_ids))],
        }
        for sample in samples
    ]
    tokenizer = load_tokenizer(base_folder(load_params()))
    start, data = model(folder, precision), Dataset.from_list(rows_of)
    SFTTrainer(start, settings, train_dataset=data, processing_class=tokenizer).train()


def plain(folder: Path, samples: list[Tokens], precision: Precision, batch_size: int) -> None:
    """The transformers Trainer, batches padded to their longest sample, labels on the answers only."""
    from transformers import DataCollatorForSeq2Seq

    rows = [
        {
            "input_ids": sample.input_ids,
            "attention_mask": [1] * len(sample.input_ids),
            "labels": [IGNORED] * sample.prompt_length + sample.input_ids[sample.prompt_length :],
        }
        for sample in samples
    ]
    tokenizer = load_tokenizer(base_folder(load_params()))
    tokenizer.padding_side = "right"
    settings = TrainingArguments(
        **options(folder, precision, batch_size, SAMPLES_A_STEP // batch_size),
        train_sampling_strategy="group_by_length",  # less padding
    )
    data: Any = rows
    Trainer(model(folder, precision), settings, DataCollatorForSeq2Seq(tokenizer), train_dataset=data).train()


RUNS: dict[str, Callable[[Path, list[Tokens], Precision], None]] = {
    "ours": ours,
    "trl packed 768": partial(trl, max_length=768),
    "trl packed 512": partial(trl, max_length=512),
    "trl one by one": partial(trl, max_length=0),
    "trainer batch 8": partial(plain, batch_size=8),
    "trainer one by one": partial(plain, batch_size=1),
}


class Done(Exception):  # noqa: N818
    """What was to be found out is known."""


def run(contender: str, folder: Path, precision: Precision, loss: bool) -> dict[str, float]:
    """Trains once in this process and says what the training loop took; or, with `loss`, the loss before it."""
    samples = tokens_of(folder)
    found: dict[str, float] = {}

    def measured(train: Callable[..., Any], sum_of_losses: Callable[[Any], float]) -> Callable[..., Any]:
        def timed(self: Any, *arguments: Any, **named: Any) -> Any:
            if loss:
                with torch.no_grad():
                    found["loss"] = sum_of_losses(self) / response_tokens(samples)
                raise Done
            before, started, cpu_started = peak_mb(), time.perf_counter(), time.process_time()
            result = train(self, *arguments, **named)
            found["seconds"] = time.perf_counter() - started
            found["cpu_seconds"] = time.process_time() - cpu_started
            found["steps"] = self.state.global_step if isinstance(self, Trainer) else self.done
            found["training_mb"] = peak_mb() - before
            return result

        return timed

    Trainer.train = measured(Trainer.train, trainers_losses)
    Loop.run = measured(Loop.run, our_losses)  # type: ignore[method-assign]
    with suppress(Done):
        RUNS[contender](folder, samples, precision)
    return found


def trainers_losses(trainer: Any) -> float:
    """Summed over all tokens of its training batches."""
    one = torch.tensor(1.0)
    batches = (trainer._prepare_inputs(batch) for batch in trainer.get_train_dataloader())
    return sum(float(trainer.compute_loss(trainer.model, batch, num_items_in_batch=one)) for batch in batches)


def our_losses(loop: Loop) -> float:
    """Summed over all tokens of its training batches."""
    return sum(float(batch_losses(loop.model, batch).sum()) for _, step in loop.steps.batches(0) for batch in step)


def child(contender: str, folder: Path, precision: Precision, loss: bool) -> dict[str, float]:
    """`run`, in a process of its own."""
    command = [sys.executable, "-m", "bench.training_speed", "--child", contender, str(folder)]
    command += ["--precision", precision]
    # No MLflow: its store would be made first, and the peers have none.
    environment = {**os.environ, "MLFLOW_TRACKING_URI": "none://", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [*command, *(["--loss"] if loss else [])], capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode:
        raise SystemExit(f"{contender} failed:\n{done.stderr}")
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prepared", type=Path, help="a folder of samples-*.parquet; else briefs are generated")
    parser.add_argument("--samples", type=int, default=24, help=f"trained on by each, {SAMPLES_A_STEP} a step")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)))
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=CONTENDERS)
    parser.add_argument("--seed", type=int, default=1, help="of the generated briefs, or of the choice of samples")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--loss", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        contender, at = arguments.child
        print(json.dumps(run(contender, Path(at), arguments.precision, arguments.loss)))
        return
    tools = ["peft", *(["trl"] if any(name.startswith("trl") for name in arguments.contenders) else [])]
    params = load_params()
    base = ensure_base(params)
    if arguments.prepared:
        table = pq.read_table(sorted(arguments.prepared.glob("samples-*.parquet"))[0])
        generator = torch.Generator().manual_seed(arguments.seed)
        table = table.take(torch.randperm(len(table), generator=generator)[: arguments.samples].numpy())
    else:
        table = draw(arguments.samples, arguments.seed)
    os.environ["OMP_NUM_THREADS"] = str(arguments.threads)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        Shard(1, folder).data.mkdir(parents=True)
        pq.write_table(table, Shard(1, folder).data / "train.parquet")
        pq.write_table(table.slice(0, 1), Shard(1, folder).data / "validation.parquet")
        write_init(params.lora, params.base, base, Shard(1, folder).init)
        samples = tokens_of(folder)
        answer_tokens = response_tokens(samples)
        setting = {
            "command": " ".join(["python -m bench.training_speed", *sys.argv[1:]]),
            "base": params.base,
            "lora_rank": params.lora.r,
            "samples": len(samples),
            "tokens": sum(len(sample.input_ids) for sample in samples),
            "response_tokens": answer_tokens,
            "seed": arguments.seed,
            "threads": arguments.threads,
            "precision": arguments.precision,
            "cores": os.cpu_count(),
            "processor": processor(),
            "load_before": os.getloadavg()[0],
            "versions": {"torch": torch.__version__, "transformers": transformers.__version__}
            | {name: version(name) for name in tools},
        }
        print(json.dumps(setting, indent=2), flush=True)
        precision: Precision = arguments.precision
        losses = {name: child(name, folder, precision, loss=True)["loss"] for name in arguments.contenders}
        print("\n".join(f"{contender:<20} loss before training {loss:.6f}" for contender, loss in losses.items()))
        rounds: dict[str, list[dict[str, float]]] = {contender: [] for contender in arguments.contenders}
        for number in range(arguments.rounds):
            for contender in arguments.contenders:
                result = child(contender, folder, precision, loss=False)
                rounds[contender].append(result)
                print(
                    f"round {number + 1}  {contender:<20}{result['steps']:>3} steps {result['seconds']:>7.1f} s "
                    f"{result['cpu_seconds']:>7.1f} CPU s {answer_tokens / result['seconds']:>7.1f} tokens/s",
                    flush=True,
                )
    results: dict[str, Any] = {}
    for contender, each in rounds.items():
        middle = {key: statistics.median(one[key] for one in each) for key in each[0]}
        results[contender] = {
            **middle,
            "tokens_per_second": answer_tokens / middle["seconds"],
            "tokens_per_cpu_second": answer_tokens / middle["cpu_seconds"],
            "loss_before": losses[contender],
            "rounds": each,
        }
    print(f"\n{'median of rounds':<20}{'tokens/s':>10}{'a CPU s':>10}{'MB':>8}   seconds and CPU s, of ours")
    for contender, result in results.items():
        times = [result[key] / results["ours"][key] for key in ("seconds", "cpu_seconds")] if "ours" in results else []
        print(
            f"{contender:<20}{result['tokens_per_second']:>10.1f}{result['tokens_per_cpu_second']:>10.1f}"
            f"{result['training_mb']:>8.0f}   {'  '.join(f'{ratio:.2f}x' for ratio in times)}"
        )
    if arguments.out:
        write_json(arguments.out, {"setting": setting, "results": results})


def processor() -> str:
    """The processor's name; Linux says more than `platform` does."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()
