"""Training one shard's adapter, so that a kill at any moment costs only the steps since the last checkpoint.

The same code runs in each process of a group, one a GPU (`processes` starts them), and in one process alone. The first
process logs and writes; what all must agree on goes through collective calls, which every process makes in one order.
"""

import json
import shutil
import sys
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list, set_seed
from peft import PeftModel
from transformers.trainer_callback import PrinterCallback

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
from housebrain.training.callback import ShardCallback
from housebrain.training.data import ShardData, read_shard
from housebrain.training.fingerprint import fingerprint, result_key, training_key
from housebrain.training.lora_linear import fuse
from housebrain.training.packing import Rows
from housebrain.training.result import finished, summarize, write_curves, write_result
from housebrain.training.stopping import Stop
from housebrain.training.trainer import ShardTrainer, arguments
from housebrain.training.validity import json_validity

# The process group: what frees it holds Python's lock and waits for gloo's threads, which may be waiting for that lock.
_never_freed: list[Any] = []
PATIENCE = timedelta(minutes=30)  # of processes that wait for each other, such as for a save to a slow disk


def train_shard(shard: Shard, params: Params, batch_size: int | None = None) -> dict[str, Any]:
    """Trains a shard to its end, from the newest checkpoint where there is one.

    Any number of processes can resume from a checkpoint, with the same samples in each step. The weights are the
    same to the bit where that number is; otherwise up to rounding, and to the dropout of other random states.

    Args:
        shard: which.
        params: all of params.yaml.
        batch_size: rows at once, where the platform's own do not fit; gradient accumulation makes up for it.

    Returns:
        The summary that is also written to `shard.report`; empty in any process but the first.

    Raises:
        UserError: the data, the init or the settings can't be used, or the loss is not finite.
        OutOfMemoryError: a batch does not fit the GPU.
        IncompleteError: training was asked to stop, and has saved.
    """
    settings = params.platform(shard)
    batch_size = batch_size or settings.batch_size
    if settings.precision == "fp16" and not torch.cuda.is_available():
        raise UserError("platforms: precision fp16 needs a GPU. Set it to fp32 on this machine.")
    state = _join()
    for note in examine(base_folder(params)):
        state.print(f"base: {note}", flush=True)
    tokenizer = load_tokenizer(base_folder(params))
    data = read_shard(shard, params, tokenizer)
    made_from = fingerprint(shard, params)
    key = training_key(made_from)
    _announce(shard, params, data, state)
    model = _model(params, shard)
    record = _record(shard, params, data, made_from, state.num_processes)
    live = LiveRun(record, params.tracking.experiment) if state.is_main_process else nullcontext()
    with live as run, Stop(shard.checkpoints) as stop:
        trainer = ShardTrainer(
            data.samples,
            data.validation,
            data.response_tokens,
            data.part,
            model=model,
            args=arguments(settings, params.train.seed, shard.checkpoints, data.part, batch_size, state.num_processes),
            # Rows that hold nothing, so that all processes have batches for the last step too.
            train_dataset=Rows(data.read + [[]] * (-len(data.read) % (batch_size * state.num_processes))),
            eval_dataset=Rows([[0]]),  # the trainer wants one to be there; `evaluate` has its own
            callbacks=[ShardCallback(record, shard.checkpoints, key, settings.keep_checkpoints, run, stop)],
        )
        trainer.remove_callback(PrinterCallback)
        set_seed(params.train.seed, device_specific=True)  # or dropout would be the same in all processes
        checkpoint = _found(shard, key, trainer, state)
        try:
            trainer.train(resume_from_checkpoint=checkpoint)
        except torch.OutOfMemoryError as error:
            raise OutOfMemoryError(
                f"{shard.name}: out of memory at batch_size {batch_size}. Lower it, max_length, or set quantize_4bit."
            ) from error
        steps, total_steps = trainer.state.global_step, trainer.state.max_steps
        if steps < total_steps:
            raise IncompleteError(
                f"{shard.name}: stopped at step {steps}/{total_steps} ({stop.reason}) with a checkpoint. Run the same "
                "command again to go on."
            )
        trainer.evaluate()
        if not state.is_main_process:  # it ends; answering takes longer than it would wait
            return {}
        validity = _validity(shard, params, data, trainer.model, tokenizer)
    summary = summarize(trainer.state.log_history, steps, total_steps, record) | validity
    _write(shard, params, made_from, record, trainer, summary)
    shutil.rmtree(shard.checkpoints, ignore_errors=True)
    return summary


def _join() -> PartialState:
    """This process's place among those that train together; the only one where it was started alone."""
    state = PartialState(cpu=not torch.cuda.is_available(), timeout=PATIENCE)
    _never_freed.append(torch.distributed.group.WORLD)
    return state


def _announce(shard: Shard, params: Params, data: ShardData, state: PartialState) -> None:
    """Says what will be trained on."""
    tokens, learnt = (int(counts.sum()) for counts in (data.samples.lengths, data.samples.answer_lengths))
    state.print(
        f"{shard.name}: {len(data.samples)} samples in {data.rows} rows, {tokens:,} tokens of which {learnt:,} are "
        f"learnt; {data.left_out} over {params.platform(shard).max_length} tokens left out",
        flush=True,
    )
    if params.rounds > 1:
        steps = f"steps {data.part.first + 1} to {data.part.end} of {data.part.total}"
        state.print(f"{shard.name}: round {params.round} of {params.rounds} does {steps}", flush=True)


def _model(params: Params, shard: Shard) -> Any:
    """The base with the shared init on it, to be trained."""
    settings, base = params.platform(shard), base_folder(params)
    frozen = load_base(base, settings.precision, settings.quantize_4bit)
    model = PeftModel.from_pretrained(frozen, shard.init, is_trainable=True)
    fuse(model)
    # While training PEFT looks the base up at each save: here, not on the hub. `save_config` writes its real name.
    model.peft_config["default"].base_model_name_or_path = str(base)
    return model


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


def _found(shard: Shard, key: str, trainer: ShardTrainer, state: PartialState) -> str | None:
    """The checkpoint that all processes resume from, as the first finds it; the trainer's clock resumes there too."""
    found = [checkpoints.newest(shard.checkpoints, key) if state.is_main_process else None]
    (checkpoint,) = broadcast_object_list(found)
    if checkpoint is None:
        return None
    if state.is_main_process:
        checkpoints.warn_of_versions(checkpoint)
    trainer.first_step = checkpoints.step_of(checkpoint)
    state.print(f"{shard.name}: going on from step {trainer.first_step}", flush=True)
    history = json.loads((checkpoint / "trainer_state.json").read_text())["log_history"]
    trainer.seconds_before = history[-1]["seconds"] if history else 0.0
    return str(checkpoint)


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
    trainer: ShardTrainer,
    summary: dict[str, Any],
) -> None:
    """Writes the adapter with its fingerprint and record, then the curves, and brings the run into MLflow."""
    history = trainer.state.log_history
    with atomic_folder(shard.out) as folder:
        trainer.model.save_pretrained(folder)
        save_config(trainer.model.peft_config["default"], made_from["shared"]["base"], folder)
        (folder / "README.md").unlink(missing_ok=True)  # PEFT's empty model card
        record = finished(record, history, summary)
        write_result(folder, made_from, record)
    write_curves(history, summary, shard)
    try:
        import_record(record, params.tracking.experiment)
    except UserError as error:
        print(f"warning: {error}", file=sys.stderr)
