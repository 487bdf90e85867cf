"""Training one shard's adapter, so that a kill at any moment costs only the steps since the last checkpoint.

The same code runs in each process of a group, one a GPU (`processes` starts them), and in one process alone. The first
process logs and writes; what all must agree on goes through collective calls, which every process makes in one order.
"""

import json
import shutil
import sys
import time
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list, gather_object, set_seed
from peft import PeftModel
from tqdm import tqdm
from transformers import Trainer, TrainerCallback, TrainingArguments, get_cosine_schedule_with_warmup
from transformers.trainer_callback import PrinterCallback

from housebrain.errors import IncompleteError, OutOfMemoryError, UserError
from housebrain.files import atomic_folder, write_json
from housebrain.git import git_commit
from housebrain.language.answer import Codec, DecodeError, read
from housebrain.language.prompt import prompt
from housebrain.language.samples import Sample, load_samples
from housebrain.language.tokens import Tokens, tokenize
from housebrain.model.base import base_folder
from housebrain.model.generation import generate_answers
from housebrain.model.loading import load_base, load_tokenizer
from housebrain.model.lora_init import save_config
from housebrain.model.loss import summed_loss, token_losses
from housebrain.model.packed import collate
from housebrain.model.preflight import examine
from housebrain.params import Params, Platform
from housebrain.shard import Shard
from housebrain.tracking import LiveRun, RunRecord, import_record, now_ms
from housebrain.training import checkpoints
from housebrain.training.fingerprint import fingerprint, training_key
from housebrain.training.lora_linear import fuse
from housebrain.training.packing import Rows, fit, pack
from housebrain.training.result import (
    finished,
    points_of,
    progress_of,
    summarize,
    write_curves,
    write_result,
)
from housebrain.training.schedule import Part, part_of_round, row_order
from housebrain.training.stopping import Stop

ANSWERED_AT_ONCE = 8  # validation briefs, at the end of training
# The process group: what frees it holds Python's lock and waits for gloo's threads, which may be waiting for that lock.
_never_freed: list[Any] = []
PATIENCE = timedelta(minutes=30)  # of processes that wait for each other, such as for a save to a slow disk


class ShardTrainer(Trainer):
    """The transformers Trainer on packed rows, with a token-mean loss over each accumulated batch.

    Args:
        samples: the tokenized training samples; rows hold their numbers.
        validation: tokenized validation samples, for the loss on them.
        response_tokens: tokens that carry loss in all steps of this training, for the rate.
        part: these steps among those of all rounds; the learning rate's schedule goes on from round to round.
    """

    def __init__(
        self, samples: list[Tokens], validation: list[Tokens], response_tokens: int, part: Part, **options: Any
    ) -> None:
        super().__init__(data_collator=lambda rows: collate(samples, rows)._asdict(), **options)
        self.model_accepts_loss_kwargs = True  # the loss below is already the mean over the accumulated batch
        self.loss_is_scaled_for_ga = True
        self.samples = samples
        self.validation = validation
        self.response_tokens = response_tokens
        self.part = part
        self.started = time.monotonic()
        self.seconds_before = 0.0
        self.first_step = 0
        self.evaluated_at = -1  # the trainer asks again at the end, and may do so right after a step's evaluation

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        for group in self.optimizer.param_groups:
            group["initial_lr"] = self.args.learning_rate  # torch wants it of a schedule that starts further on
        self.lr_scheduler = get_cosine_schedule_with_warmup(
            self.optimizer, self.args.warmup_steps, self.part.total, last_epoch=self.part.first - 1
        )
        return self.lr_scheduler

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        losses = token_losses(model, inputs["input_ids"], inputs["position_ids"], inputs["labels"])
        # The tokens are those of all processes, whose gradients are averaged later on.
        loss = losses.sum() / num_items_in_batch * self.accelerator.num_processes
        self._check_finite("loss", loss, inputs["samples"].tolist())
        return loss

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> torch.Tensor:
        loss: torch.Tensor = super().training_step(model, inputs, num_items_in_batch)
        # Under fp16 the scaler meets infinities on purpose: it skips the step and scales down.
        if not self.args.fp16:
            gradients = [weight.grad for weight in model.parameters() if weight.grad is not None]
            self._check_finite("gradient", torch.nn.utils.get_total_norm(gradients), inputs["samples"].tolist())
        return loss

    def _check_finite(self, what: str, value: torch.Tensor, numbers: list[int]) -> None:
        if not torch.isfinite(value):
            if what == "gradient" and self.accelerator.sync_gradients:  # it is averaged, and any process's may be bad
                numbers = gather_object(numbers)
            names = ", ".join(self.samples[number].id for number in numbers)
            raise UserError(
                f"step {self.state.global_step + 1}: the {what} is {value.item()} on sample(s) {names}. "
                "Look at their data; if it is sound, lower learning_rate, or use fp32."
            )

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        if self.evaluated_at != self.state.global_step:
            self.evaluated_at = self.state.global_step
            mine = self.validation[self.accelerator.process_index :: self.accelerator.num_processes]
            sums = torch.tensor(summed_loss(self.model, mine), dtype=torch.float64, device=self.args.device)
            total, count = self.accelerator.reduce(sums).tolist()
            self.log({"eval_loss": total / count})
        return {"eval_loss": next(e["eval_loss"] for e in reversed(self.state.log_history) if "eval_loss" in e)}

    def _save_checkpoint(self, *arguments: Any, **options: Any) -> None:
        if self.is_world_process_zero():
            checkpoints.make_room(Path(self.args.output_dir))
        self.accelerator.wait_for_everyone()
        super()._save_checkpoint(*arguments, **options)
        self.accelerator.wait_for_everyone()  # each has put its random state there, before the checkpoint is sealed

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Adds what a person waits for (rate, time left) and what a record needs (time) to each log entry."""
        seconds = time.monotonic() - self.started
        done = self.state.global_step - self.first_step
        left = self.state.max_steps - self.state.global_step
        logs["seconds"] = round(self.seconds_before + seconds, 3)
        logs["timestamp_ms"] = now_ms()
        logs["progress"] = self.state.global_step / self.state.max_steps
        if done and "loss" in logs:
            tokens_a_step = self.response_tokens / self.state.max_steps
            logs["tokens_per_second"] = round(tokens_a_step * done / seconds, 2)
            logs["seconds_left"] = round(seconds / done * left, 1)
        super().log(logs)


class ShardCallback(TrainerCallback):
    """Seals checkpoints, prints progress, logs live, stops where asked; the last step is always logged.

    What watches over a training from outside reads `progress.json` beside the checkpoints and `record.json` in each.
    Only the first process has a `run` and writes.
    """

    def __init__(self, record: RunRecord, folder: Path, key: str, keep: int, run: LiveRun | None, stop: Stop) -> None:
        self.record = record
        self.folder = folder
        self.key = key
        self.keep = keep
        self.run = run
        self.stop = stop

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        control.should_log |= state.global_step >= state.max_steps
        # A request may reach one process a step before another.
        asked = [reason for reason in gather_object([self.stop.asked()]) if reason]
        if asked and state.global_step < state.max_steps:
            self.stop.reason = asked[0]
            control.should_save = control.should_training_stop = True

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self.run is None:
            return
        checkpoint = self.folder / f"checkpoint-{state.global_step}"
        points = [point for entry in state.log_history for point in points_of(entry)]
        so_far = self.record.model_copy(update={"points": points})
        (checkpoint / checkpoints.RECORD).write_text(so_far.model_dump_json() + "\n")
        checkpoints.mark_complete(checkpoint, self.key)
        checkpoints.keep_newest(self.folder, self.keep)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        if self.run is None:
            return
        entry = state.log_history[-1]
        self.run.log(points_of(entry))
        write_json(
            self.folder / checkpoints.PROGRESS, progress_of(state.log_history, state.global_step, state.max_steps)
        )
        words = [f"shard {self.record.tags['shard']}  step {state.global_step}/{state.max_steps}"]
        if "loss" in entry:
            words += [f"loss {entry['loss']:.3f}", f"lr {entry['learning_rate']:.1e}"]
            words += [f"{entry.get('tokens_per_second', 0):.0f} tok/s", f"{entry.get('seconds_left', 0):.0f} s left"]
        elif "eval_loss" in entry:
            words += [f"validation loss {entry['eval_loss']:.3f}"]
        else:
            return
        print("  ".join(words), flush=True)


def _join() -> PartialState:
    """This process's place among those that train together; the only one where it was started alone."""
    state = PartialState(cpu=not torch.cuda.is_available(), timeout=PATIENCE)
    _never_freed.append(torch.distributed.group.WORLD)
    return state


def _arguments(
    settings: Platform, seed: int, folder: Path, part: Part, batch_size: int, processes: int
) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=batch_size,
        gradient_accumulation_steps=settings.rows_a_step // batch_size // processes,
        use_cpu=not torch.cuda.is_available(),
        ddp_find_unused_parameters=False,
        num_train_epochs=1,  # the rows come as often as there are epochs
        train_sampling_strategy="sequential",
        learning_rate=settings.learning_rate,
        warmup_steps=round(settings.warmup_share * part.total),
        weight_decay=0.0,
        max_grad_norm=1.0,
        logging_steps=settings.log_steps,
        logging_nan_inf_filter=False,
        eval_strategy="steps",
        eval_steps=settings.eval_steps,
        save_strategy="steps",
        save_steps=settings.save_steps,
        fp16=settings.precision == "fp16",
        bf16=settings.precision == "bf16",
        seed=seed,
        dataloader_num_workers=0,
        dataloader_pin_memory=torch.cuda.is_available(),
        remove_unused_columns=False,
        disable_tqdm=True,
        report_to="none",
    )


def _tokens(params: Params, settings: Platform, tokenizer: Any, shard: Shard) -> tuple[list[Tokens], int]:
    """The shard's training samples that fit, and how many were left out."""
    samples = load_samples(shard.data / "train.parquet", params.train.codec, settings.max_samples)
    if not samples:
        raise UserError(f"{shard.data}/train.parquet: the shard is empty. Prepare more briefs.")
    silent = not PartialState().is_main_process
    progress = tqdm(samples, desc=f"{shard.data}", unit=" samples", delay=5, disable=silent)  # a minute for 80,000
    tokens = [tokenize(tokenizer, sample, params.train.codec) for sample in progress]
    kept = fit(tokens, settings.max_length)
    return kept, len(tokens) - len(kept)


def json_validity(
    model: Any, tokenizer: Any, samples: list[Sample], codec: Codec, max_new_tokens: int
) -> dict[str, float]:
    """Greedy answers to validation briefs: the share that is JSON, and the share that can be laid out."""
    prompts = [prompt(tokenizer, sample.brief, codec) for sample in samples]
    answers = generate_answers(model, tokenizer, prompts, max_new_tokens, ANSWERED_AT_ONCE)
    valid_json = valid_design = 0
    for answer in answers:
        try:
            read(answer, codec)
            valid_json += 1
            valid_design += 1
        except DecodeError as error:
            valid_json += error.kind != "json"
    return {"json_validity": valid_json / len(samples), "design_validity": valid_design / len(samples)}


def train_shard(shard: Shard, params: Params, batch_size: int | None = None) -> dict[str, Any]:
    """Trains a shard to its end, from the newest checkpoint where there is one.

    A checkpoint is gone on from by any number of processes, with the same samples in each step. The weights are the
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
    settings, codec = params.platform(shard), params.train.codec
    batch_size = batch_size or settings.batch_size
    if settings.precision == "fp16" and not torch.cuda.is_available():
        raise UserError("platforms: precision fp16 needs a GPU. Set it to fp32 on this machine.")
    state = _join()
    for note in examine(base_folder(params)):
        state.print(f"base: {note}", flush=True)
    tokenizer = load_tokenizer(base_folder(params))
    kept, left_out = _tokens(params, settings, tokenizer, shard)
    validation = load_samples(shard.data / "validation.parquet", codec)
    validation_tokens = fit([tokenize(tokenizer, sample, codec) for sample in validation], settings.max_length)
    lengths = [len(sample.input_ids) for sample in kept]
    rows = pack(lengths, settings.max_length) if params.train.packing else [[i] for i in range(len(kept))]
    part = part_of_round(len(rows), settings, params)
    order = row_order(len(rows), settings.epochs, params.train.seed)
    read = [rows[number] for number in order[part.first * settings.rows_a_step : part.end * settings.rows_a_step]]
    learnt = [len(sample.input_ids) - sample.prompt_length for sample in kept]
    response_tokens = sum(learnt[number] for row in read for number in row)
    made_from = fingerprint(shard, params)
    key = training_key(made_from)
    state.print(
        f"{shard.name}: {len(kept)} samples in {len(rows)} rows, {sum(lengths):,} tokens of which {sum(learnt):,} "
        f"are learnt; {left_out} over {settings.max_length} tokens left out",
        flush=True,
    )
    if params.rounds > 1:
        steps = f"steps {part.first + 1} to {part.end} of {part.total}"
        state.print(f"{shard.name}: round {params.round} of {params.rounds} does {steps}", flush=True)

    model = _model(params, settings, shard)
    worker = params.worker(shard)
    record = RunRecord(
        record_id=key[:32],
        name=f"round {params.round} {shard.name}",
        params={
            **_flat(made_from["shared"]),
            **_flat(made_from["own"]),
            "samples": str(len(kept)),
            "left_out": str(left_out),
            "validation_left_out": str(len(validation) - len(validation_tokens)),
            "response_tokens": str(response_tokens),
        },
        tags={
            "kind": "shard",
            "shard": str(shard.number),
            "worker": worker.name,
            "platform": worker.platform,
            "round": str(params.round),
            "data_hash": made_from["own"]["data"],
            "git_commit": git_commit(),
            "processes": str(state.num_processes),
        },
        start_ms=now_ms(),
    )
    # Rows that hold nothing, so that all processes have batches for the last step too.
    read += [[]] * (-len(read) % (batch_size * state.num_processes))
    live = LiveRun(record, params.tracking.experiment) if state.is_main_process else nullcontext()
    with live as run, Stop(shard.checkpoints) as stop:
        trainer = ShardTrainer(
            kept,
            validation_tokens,
            response_tokens,
            part,
            model=model,
            args=_arguments(settings, params.train.seed, shard.checkpoints, part, batch_size, state.num_processes),
            train_dataset=Rows(read),
            eval_dataset=Rows([[0]]),  # the trainer wants one to be there; `evaluate` has its own
            callbacks=[ShardCallback(record, shard.checkpoints, key, settings.keep_checkpoints, run, stop)],
        )
        trainer.remove_callback(PrinterCallback)
        set_seed(params.train.seed, device_specific=True)  # or dropout would be the same in all processes
        found = [checkpoints.newest(shard.checkpoints, key) if state.is_main_process else None]
        (resumed,) = broadcast_object_list(found)
        if resumed is not None:
            state.print(f"{shard.name}: going on from step {checkpoints.step_of(resumed)}", flush=True)
            history = json.loads((resumed / "trainer_state.json").read_text())["log_history"]
            trainer.seconds_before = history[-1]["seconds"] if history else 0.0
            trainer.first_step = checkpoints.step_of(resumed)
        try:
            trainer.train(resume_from_checkpoint=str(resumed) if resumed else None)
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
        validity: dict[str, float] = {}
        if params.train.validity_samples:
            asked = validation[: params.train.validity_samples]
            print(f"{shard.name}: answering {len(asked)} validation briefs", flush=True)
            # A quarter more than the longest reference answer: what is not closed by then has lost its way.
            longest = max(len(sample.input_ids) - sample.prompt_length for sample in validation_tokens)
            validity = json_validity(trainer.model, tokenizer, asked, codec, longest * 5 // 4)

    history = trainer.state.log_history
    summary = summarize(history, steps, total_steps, record) | validity
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
    shutil.rmtree(shard.checkpoints, ignore_errors=True)
    return summary


def _model(params: Params, settings: Platform, shard: Shard) -> Any:
    """The base with the shared init on it, to be trained."""
    base = base_folder(params)
    frozen = load_base(base, settings.precision, settings.quantize_4bit)
    model = PeftModel.from_pretrained(frozen, shard.init, is_trainable=True)
    fuse(model)
    # While training PEFT looks the base up at each save: here, not on the hub. `save_config` writes its real name.
    model.peft_config["default"].base_model_name_or_path = str(base)
    return model


def _flat(values: dict[str, Any]) -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat |= {f"{key}.{inner}": text for inner, text in _flat(value).items()}
        else:
            flat[key] = str(value)
    return flat
