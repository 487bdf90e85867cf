"""Training one shard's adapter, so that a kill at any moment costs only the steps since the last checkpoint.

The same code runs in each process of a group, one a GPU (`processes` starts them), and in one process alone. The first
process logs and writes.
"""

import shutil
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, get_peft_model_state_dict
from safetensors.torch import save_file

from housebrain.errors import IncompleteError, OutOfMemoryError, UserError
from housebrain.files import atomic_folder
from housebrain.git import git_commit
from housebrain.language.samples import load_samples
from housebrain.model.base import base_folder
from housebrain.model.loading import load_base, load_tokenizer
from housebrain.model.lora_init import save_config
from housebrain.model.preflight import examine
from housebrain.nested import flatten
from housebrain.params import Params
from housebrain.shard import Shard
from housebrain.tracking import LiveRun, RunRecord, import_record, now_ms
from housebrain.training import checkpoints
from housebrain.training.compiled import PAYS_FROM_STEPS, compile_blocks
from housebrain.training.data import ShardData, read_shard
from housebrain.training.fingerprint import fingerprint, result_key, training_key
from housebrain.training.group import Group, join
from housebrain.training.journal import Journal
from housebrain.training.loop import Loop
from housebrain.training.lora_linear import cast, fuse
from housebrain.training.memory import CPU_TOKENS, samples_at_once
from housebrain.training.result import History, finished, summarize, write_curves, write_result
from housebrain.training.steps import Steps
from housebrain.training.stopping import Stop
from housebrain.training.validity import json_validity


def train_shard(shard: Shard, params: Params, halvings: int = 0) -> dict[str, Any]:
    """Trains a shard to its end, from the newest checkpoint where there is one.

    Any number of processes can resume from a checkpoint, with the same samples in each step. The weights are the
    same to the bit where that number is; otherwise up to rounding, and to the dropout of other random states.

    Args:
        shard: which.
        params: all of params.yaml.
        halvings: how often the samples at once were halved, as they did not fit; each step keeps its samples.

    Returns:
        The summary that is also written to `shard.report`; empty in any process but the first.

    Raises:
        UserError: the data, the init or the settings can't be used, the base does not fit the GPU, or the loss is not
            finite.
        OutOfMemoryError: a micro-batch does not fit the GPU.
        IncompleteError: training was asked to stop, and has saved.
    """
    settings = params.platform(shard)
    if settings.precision == "fp16" and not torch.cuda.is_available():
        raise UserError("platforms: precision fp16 needs a GPU. Set it to fp32 on this machine.")
    group = join()
    for note in examine(base_folder(params)):
        group.say(f"base: {note}")
    tokenizer = load_tokenizer(base_folder(params))
    data = read_shard(shard, params, tokenizer, group)
    made_from = fingerprint(shard, params)
    key = training_key(made_from)
    _announce(shard, params, data, group)
    try:
        model = load_trainable(params, shard)
    except torch.OutOfMemoryError as error:
        raise UserError(
            f"{shard.name}: out of memory with the base alone. Set quantize_4bit, choose a smaller base, or end what "
            "else is on the GPU (`nvidia-smi`)."
        ) from error
    record = _record(shard, params, data, made_from, group.count)
    torch.manual_seed(params.train.seed + group.rank)  # or dropout would be the same in all processes
    live = LiveRun(record, params.tracking.experiment) if group.is_first else nullcontext()
    with live as run, Stop(shard.checkpoints) as stop:
        in_rows = group.device.type == "cuda"
        loop = make_loop(model, data, params, shard, record, key, group, in_rows, halvings, run)
        if checkpoint := _found(shard, key, group):
            loop.resume(checkpoint)
        try:
            if group.device.type == "cuda" and not settings.quantize_4bit:
                _make_fast(loop, shard.name)
            loop.run(stop)
        except torch.OutOfMemoryError as error:
            if loop.steps.rows == 1:
                raise UserError(
                    f"{shard.name}: out of memory with one sample at a time. Lower max_length or set quantize_4bit."
                ) from error
            raise OutOfMemoryError(f"{shard.name}: out of memory with {loop.steps.rows} samples at once.") from error
        if loop.done < len(loop.steps):
            raise IncompleteError(
                f"{shard.name}: stopped at step {loop.done}/{len(loop.steps)} ({stop.reason}) with a checkpoint. Run "
                "the same command again to go on."
            )
        if not group.is_first:  # it ends; answering takes longer than it would wait
            return {}
        validity = _validity(shard, params, data, model, tokenizer)
    summary = summarize(loop.journal.history, loop.done, len(loop.steps), record) | validity
    _write(shard, params, made_from, record, model, loop.journal.history, summary)
    shutil.rmtree(shard.checkpoints, ignore_errors=True)
    return summary


def make_loop(
    model: Any,
    data: ShardData,
    params: Params,
    shard: Shard,
    record: RunRecord,
    key: str,
    group: Group,
    in_rows: bool,
    halvings: int = 0,
    run: LiveRun | None = None,
) -> Loop:
    """The loop of a training at its first step; arguments are as in `train_shard` and for `Steps`."""
    settings, base_name = params.platform(shard), params.base_model().hub_id or params.base
    # All take as many, or they would share the validation samples out in different ways.
    fitting = min(group.of_all(_at_once(model, data, params, shard, group)))
    share = -(-settings.samples_a_step // group.count)
    at_once = max(1, min(fitting, share) >> halvings)
    part, samples, validation = data.part, data.samples, data.validation
    steps = Steps(
        samples, samples.lengths, samples.answer_lengths, data.read, settings.samples_a_step, at_once, in_rows, group
    )
    every = list(range(len(validation)))
    lengths = validation.lengths, validation.answer_lengths

    def seal(checkpoint: Path) -> None:
        checkpoints.mark_complete(checkpoint, key)
        checkpoints.keep_newest(shard.checkpoints, settings.keep_checkpoints)

    return Loop(
        model=model,
        steps=steps,
        validation=Steps(validation, *lengths, every, steps.rows * group.count, steps.rows, in_rows, group),
        settings=settings,
        part=part,
        group=group,
        journal=Journal(record, shard.checkpoints, len(steps), data.response_tokens / len(steps), run),
        folder=shard.checkpoints,
        seal=seal,
        write_adapter=lambda folder: write_adapter(model, base_name, folder),
        names=lambda numbers: [samples[number].id for number in numbers],
    )


def _make_fast(loop: Loop, name: str) -> None:
    """Compiles what a GPU does in each step, where that pays, and records it, so that nothing waits for Python."""
    started = time.monotonic()
    if len(loop.steps) - loop.done >= PAYS_FROM_STEPS:
        loop.model.train()
        seconds = compile_blocks(loop.model, loop.steps.rows, loop.steps.widths, loop.group)
        loop.group.say(f"{name}: compiled in {seconds:.0f} s")
        started = time.monotonic()
    loop.record()
    if loop.recordings:
        loop.group.say(f"{name}: steps recorded as CUDA graphs in {time.monotonic() - started:.0f} s")


def _at_once(model: Any, data: ShardData, params: Params, shard: Shard, group: Group) -> int:
    """How many samples a micro-batch has: as set, or as many as memory holds."""
    settings, longest = params.platform(shard), int(data.samples.lengths.max())
    if settings.batch_size != "auto":
        return settings.batch_size
    if group.device.type != "cuda":
        return CPU_TOKENS // longest
    free, _ = torch.cuda.mem_get_info(group.device)
    learnt = int(data.samples.answer_lengths.max())
    return samples_at_once(free, model.config, longest, learnt, settings.precision)


def _announce(shard: Shard, params: Params, data: ShardData, group: Group) -> None:
    """Says what will be trained on."""
    tokens, learnt = (int(counts.sum()) for counts in (data.samples.lengths, data.samples.answer_lengths))
    group.say(
        f"{shard.name}: {len(data.samples)} samples, {tokens:,} tokens of which {learnt:,} are learnt; {data.left_out} "
        f"over {params.platform(shard).max_length} tokens left out"
    )
    if params.rounds > 1:
        steps = f"steps {data.part.first + 1} to {data.part.end} of {data.part.total}"
        group.say(f"{shard.name}: round {params.round} of {params.rounds} does {steps}")


def load_trainable(params: Params, shard: Shard) -> Any:
    """The base with the shared init on it, to be trained."""
    settings, base = params.platform(shard), base_folder(params)
    frozen = load_base(base, settings.precision, settings.quantize_4bit)
    model = PeftModel.from_pretrained(frozen, shard.init, is_trainable=True)
    if settings.precision == "fp32" and not torch.cuda.is_available():
        fuse(model)
    else:
        cast(model)
    return model


def write_adapter(model: Any, base_name: str, folder: Path) -> None:
    """Writes a model's adapter in PEFT's format, the same bytes each time.

    Args:
        model: with one adapter.
        base_name: the base model's.
        folder: exists.
    """
    weights = get_peft_model_state_dict(model, save_embedding_layers=False)
    weights = {name: weight.contiguous().cpu() for name, weight in weights.items()}
    save_file(weights, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    save_config(model.peft_config["default"], base_name, folder)


def _record(shard: Shard, params: Params, data: ShardData, made_from: dict[str, Any], num_processes: int) -> RunRecord:
    """The run as MLflow is told of it before its first step."""
    worker = params.worker(shard)
    return RunRecord(
        record_id=result_key(made_from)[:32],
        name=f"round {params.round} {shard.name}",
        params={
            **{name: str(value) for name, value in flatten(made_from["shared"] | made_from["own"]).items()},
            "samples": str(len(data.samples)),
            "left_out": str(data.left_out),
            "validation_left_out": str(data.validation_left_out),
            "response_tokens": str(data.response_tokens),
        },
        tags={
            "kind": "shard",
            "shard": str(shard.number),
            "worker": worker.name,
            "platform": worker.platform,
            "round": str(params.round),
            "data_hash": made_from["own"]["data"],
            "git_commit": git_commit(),
            "processes": str(num_processes),
        },
        start_ms=now_ms(),
    )


def _found(shard: Shard, key: str, group: Group) -> Path | None:
    """The checkpoint that all processes resume from, as the first finds it."""
    checkpoint = group.of_all(checkpoints.newest(shard.checkpoints, key) if group.is_first else None)[0]
    if checkpoint and group.is_first:
        checkpoints.warn_of_versions(checkpoint)
        print(f"{shard.name}: going on from step {checkpoints.step_of(checkpoint)}", flush=True)
    return checkpoint


def _validity(shard: Shard, params: Params, data: ShardData, model: Any, tokenizer: Any) -> dict[str, float]:
    """How much of the answers to the first validation briefs can be read; empty where none are asked."""
    codec, count = params.train.codec, params.train.validity_samples
    if not count:
        return {}
    asked = load_samples(shard.data / "validation.parquet", codec, count)
    print(f"{shard.name}: answering {len(asked)} validation briefs", flush=True)
    # A quarter more than the longest reference answer: what is not closed by then has lost its way.
    return json_validity(model, tokenizer, asked, codec, int(data.validation.answer_lengths.max()) * 5 // 4)


def _write(
    shard: Shard,
    params: Params,
    made_from: dict[str, Any],
    record: RunRecord,
    model: Any,
    history: History,
    summary: dict[str, Any],
) -> None:
    """Writes the adapter with its fingerprint and record, then the curves, and brings the run into MLflow."""
    with atomic_folder(shard.out) as folder:
        write_adapter(model, made_from["shared"]["base"], folder)
        record = finished(record, history, summary)
        write_result(folder, made_from, record)
    write_curves(history, summary, shard)
    try:
        import_record(record, params.tracking.experiment)
    except UserError as error:
        print(f"warning: {error}", file=sys.stderr)
