"""Training one shard's adapter, so that a kill at any moment costs only the steps since the last checkpoint."""

import csv
import hashlib
import json
import math
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

# One row of packed samples is one device's work: a second GPU would be fed by DataParallel, which splits rows.
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")

import torch
from peft import PeftModel
from tqdm import tqdm
from transformers import Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_callback import PrinterCallback

from housebrain.data.samples import Sample, Tokens, load_samples, prompt, tokenize
from housebrain.design.text import Codec, DecodeError, decode
from housebrain.errors import UserError
from housebrain.files import atomic_file, atomic_folder, sha256_file, write_json
from housebrain.params import Params, Platform
from housebrain.tracking import LiveRun, Point, RunRecord, git_commit, import_record, now_ms
from housebrain.training import checkpoints
from housebrain.training.base_model import base_folder, load_base, load_tokenizer, tokenizer_hash
from housebrain.training.generate import generate_answers
from housebrain.training.lora_init import save_config, verified_init
from housebrain.training.packing import Rows, collate, fit, pack, token_losses

PACKAGE = Path(__file__).parents[1]
# What a trained adapter depends on; the same files as train_shard's dependencies in dvc.yaml.
CODE = ["training", "data/samples.py", "design/brief.py", "design/text.py", "design/tree.py"]
ANSWERED_AT_ONCE = 8  # validation briefs, at the end of training
# Logged by the trainer at every `log_steps` and carried into MLflow.
CURVES = ("loss", "eval_loss", "learning_rate", "grad_norm", "tokens_per_second", "seconds_left", "progress")


class Paths(NamedTuple):
    """Where one shard's training reads and writes."""

    data: Path  # data/shards/K
    init: Path  # models/lora_init
    checkpoints: Path  # models/checkpoints/shard-K
    out: Path  # models/shards/K
    report: Path  # reports/shards/K.json
    curve: Path  # reports/shards/K_loss.csv


def code_version() -> str:
    """SHA-256 of the source files that decide what a training comes to."""
    digest = hashlib.sha256()
    for name in CODE:
        path = PACKAGE / name
        for file in sorted(path.glob("*.py")) if path.is_dir() else [path]:
            digest.update(f"{file.relative_to(PACKAGE).as_posix()}\0{sha256_file(file)}\n".encode())
    return digest.hexdigest()


def fingerprint(shard: int, params: Params, paths: Paths) -> dict[str, Any]:
    """What an adapter was made from. Adapters can be merged where `shared` is equal; `own` is each shard's."""
    base = params.base_model()
    return {
        "shared": {
            "base": base.hub_id or params.base,
            "base_revision": base.revision,
            "tokenizer": tokenizer_hash(base_folder(params)),
            "lora": params.lora.model_dump(),
            "init": verified_init(paths.init),
            "codec": params.train.codec,
            "validation": sha256_file(paths.data / "validation.parquet"),
            "round": params.round,
            "code": code_version(),
        },
        "own": {
            "shard": shard,
            "data": sha256_file(paths.data / "train.parquet"),
            "train": params.train.model_dump(),
            "platform": params.platform(shard).model_dump(),
        },
    }


def training_key(made_from: dict[str, Any]) -> str:
    """The hash of a fingerprint: checkpoints of another key are never resumed from."""
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()


class ShardTrainer(Trainer):
    """The transformers Trainer on packed rows, with a token-mean loss over each accumulated batch.

    Args:
        samples: the tokenized training samples; rows hold their numbers.
        validation: tokenized validation samples, for the loss on them.
        response_tokens: tokens that carry loss in one epoch, for the rate.
    """

    def __init__(self, samples: list[Tokens], validation: list[Tokens], response_tokens: int, **options: Any) -> None:
        super().__init__(data_collator=lambda rows: collate(samples, rows)._asdict(), **options)
        self.model_accepts_loss_kwargs = True  # the loss below is already the mean over the accumulated batch
        self.loss_is_scaled_for_ga = True
        self.samples = samples
        self.validation = validation
        self.response_tokens = response_tokens
        self.started = time.monotonic()
        self.seconds_before = 0.0
        self.first_step = 0
        self.evaluated_at = -1  # the trainer asks again at the end, and may do so right after a step's evaluation

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        losses = token_losses(model, inputs["input_ids"], inputs["position_ids"], inputs["labels"])
        loss = losses.sum() / num_items_in_batch
        self._check_finite("loss", loss, inputs)
        return loss

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> torch.Tensor:
        loss: torch.Tensor = super().training_step(model, inputs, num_items_in_batch)
        # Under fp16 the scaler meets infinities on purpose: it skips the step and scales down.
        if not self.args.fp16:
            gradients = [weight.grad for weight in model.parameters() if weight.grad is not None]
            self._check_finite("gradient", torch.nn.utils.get_total_norm(gradients), inputs)
        return loss

    def _check_finite(self, what: str, value: torch.Tensor, inputs: dict[str, Any]) -> None:
        if not torch.isfinite(value):
            names = ", ".join(self.samples[number].id for number in inputs["samples"].tolist())
            raise UserError(
                f"step {self.state.global_step + 1}: the {what} is {value.item()} on sample(s) {names}. "
                "Look at their data; if it is sound, lower learning_rate, or use fp32."
            )

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        if self.evaluated_at != self.state.global_step:
            self.evaluated_at = self.state.global_step
            self.log({"eval_loss": mean_loss(self.model, self.validation)})
        return {"eval_loss": next(e["eval_loss"] for e in reversed(self.state.log_history) if "eval_loss" in e)}

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Adds what a person waits for (rate, time left) and what a record needs (time) to each log entry."""
        seconds = time.monotonic() - self.started
        done = self.state.global_step - self.first_step
        left = self.state.max_steps - self.state.global_step
        logs["seconds"] = round(self.seconds_before + seconds, 3)
        logs["timestamp_ms"] = now_ms()
        logs["progress"] = self.state.global_step / self.state.max_steps
        if done and "loss" in logs:
            tokens_a_step = self.response_tokens * self.args.num_train_epochs / self.state.max_steps
            logs["tokens_per_second"] = round(tokens_a_step * done / seconds, 2)
            logs["seconds_left"] = round(seconds / done * left, 1)
        super().log(logs)


def mean_loss(model: Any, samples: list[Tokens]) -> float:
    """Cross entropy in nats over all answer tokens of `samples`, each token counting the same."""
    was_training = model.training
    model.eval()
    total, count = 0.0, 0
    device = next(model.parameters()).device
    with torch.inference_mode():
        for number in range(len(samples)):
            batch = collate(samples, [[number]])
            losses = token_losses(
                model, batch.input_ids.to(device), batch.position_ids.to(device), batch.labels.to(device)
            )
            total += losses.sum().item()
            count += len(losses)
    model.train(was_training)
    return total / count


class ShardCallback(TrainerCallback):
    """Seals checkpoints, prints progress, logs live; the last step is logged whatever `log_steps` is."""

    def __init__(self, shard: int, folder: Path, key: str, keep: int, run: LiveRun) -> None:
        self.shard = shard
        self.folder = folder
        self.key = key
        self.keep = keep
        self.run = run

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        control.should_log |= state.global_step >= state.max_steps

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        checkpoints.mark_complete(self.folder / f"checkpoint-{state.global_step}", self.key)
        checkpoints.keep_newest(self.folder, self.keep)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        entry = state.log_history[-1]
        self.run.log(points_of(entry))
        words = [f"shard {self.shard}  step {state.global_step}/{state.max_steps}"]
        if "loss" in entry:
            words += [f"loss {entry['loss']:.3f}", f"lr {entry['learning_rate']:.1e}"]
            words += [f"{entry.get('tokens_per_second', 0):.0f} tok/s", f"{entry.get('seconds_left', 0):.0f} s left"]
        elif "eval_loss" in entry:
            words += [f"validation loss {entry['eval_loss']:.3f}"]
        else:
            return
        print("  ".join(words), flush=True)


def points_of(entry: dict[str, Any]) -> list[Point]:
    """The metrics in an entry of the trainer's log; values that are not finite have no place in MLflow."""
    return [
        Point(key=key, value=float(entry[key]), step=int(entry["step"]), timestamp_ms=int(entry["timestamp_ms"]))
        for key in CURVES
        if key in entry and math.isfinite(entry[key])
    ]


def _arguments(settings: Platform, seed: int, folder: Path, rows: int) -> TrainingArguments:
    steps = math.ceil(rows / settings.batch_size / settings.gradient_accumulation) * settings.epochs
    return TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=settings.batch_size,
        gradient_accumulation_steps=settings.gradient_accumulation,
        num_train_epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=round(settings.warmup_share * steps),
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
        data_seed=seed,
        dataloader_num_workers=0,
        dataloader_pin_memory=torch.cuda.is_available(),
        remove_unused_columns=False,
        disable_tqdm=True,
        report_to="none",
    )


def _tokens(params: Params, settings: Platform, tokenizer: Any, paths: Paths) -> tuple[list[Tokens], int]:
    """The shard's training samples that fit, and how many were left out."""
    samples = load_samples(paths.data / "train.parquet", params.train.codec, settings.max_samples)
    if not samples:
        raise UserError(f"{paths.data}/train.parquet: the shard is empty. Prepare more briefs.")
    progress = tqdm(samples, desc=f"{paths.data}", unit=" samples", delay=5)  # a minute for 80,000
    tokens = [tokenize(tokenizer, sample, params.train.codec) for sample in progress]
    kept = fit(tokens, settings.max_length)
    return kept, len(tokens) - len(kept)


def json_validity(
    model: Any, tokenizer: Any, samples: list[Sample], codec: Codec, max_new_tokens: int
) -> dict[str, float]:
    """Greedy answers to validation briefs: the share that is JSON, and the share that decodes into a design."""
    prompts = [prompt(tokenizer, sample.brief, codec) for sample in samples]
    answers = generate_answers(model, tokenizer, prompts, max_new_tokens, ANSWERED_AT_ONCE)
    valid_json = valid_design = 0
    for sample, answer in zip(samples, answers, strict=True):
        try:
            decode(answer, sample.brief, codec)
            valid_json += 1
            valid_design += 1
        except DecodeError as error:
            valid_json += error.kind != "json"
    return {"json_validity": valid_json / len(samples), "design_validity": valid_design / len(samples)}


def train_shard(shard: int, params: Params, paths: Paths) -> dict[str, Any]:
    """Trains shard `shard` (from 1) to its end, from the newest checkpoint where there is one.

    Returns:
        The summary that is also written to `paths.report`.

    Raises:
        UserError: the data, the init or the settings can't be used, or the loss is not finite.
    """
    settings, codec = params.platform(shard), params.train.codec
    if settings.precision == "fp16" and not torch.cuda.is_available():
        raise UserError("platforms: precision fp16 needs a GPU. Set it to fp32 on this machine.")
    base = base_folder(params)
    tokenizer = load_tokenizer(base)
    kept, left_out = _tokens(params, settings, tokenizer, paths)
    validation = load_samples(paths.data / "validation.parquet", codec)
    validation_tokens = fit([tokenize(tokenizer, sample, codec) for sample in validation], settings.max_length)
    lengths = [len(sample.input_ids) for sample in kept]
    rows = (
        pack(lengths, settings.max_length, params.train.seed)
        if params.train.packing
        else [[i] for i in range(len(kept))]
    )
    response_tokens = sum(len(sample.input_ids) - sample.prompt_length for sample in kept)
    made_from = fingerprint(shard, params, paths)
    key = training_key(made_from)
    print(
        f"shard {shard}: {len(kept)} samples in {len(rows)} rows, {sum(lengths):,} tokens of which {response_tokens:,} "
        f"are learnt; {left_out} over {settings.max_length} tokens left out",
        flush=True,
    )

    model = PeftModel.from_pretrained(
        load_base(base, settings.precision, settings.quantize_4bit), paths.init, is_trainable=True
    )
    # While training PEFT looks the base up at each save: here, not on the hub. `save_config` writes its real name.
    model.peft_config["default"].base_model_name_or_path = str(base)
    account = params.accounts[str(shard)]
    record = RunRecord(
        record_id=key[:32],
        name=f"round {params.round} shard {shard}",
        params={**_flat(made_from["shared"]), **_flat(made_from["own"])},
        tags={
            "kind": "shard",
            "shard": str(shard),
            "account": account.worker,
            "platform": account.platform,
            "round": str(params.round),
            "data_hash": made_from["own"]["data"],
            "git_commit": git_commit(),
        },
        start_ms=now_ms(),
    )
    with LiveRun(record, params.tracking.experiment) as run:
        trainer = ShardTrainer(
            kept,
            validation_tokens,
            response_tokens,
            model=model,
            args=_arguments(settings, params.train.seed, paths.checkpoints, len(rows)),
            train_dataset=Rows(rows),
            eval_dataset=Rows([[0]]),  # the trainer wants one to be there; `evaluate` has its own
            callbacks=[ShardCallback(shard, paths.checkpoints, key, settings.keep_checkpoints, run)],
        )
        trainer.remove_callback(PrinterCallback)
        resumed = checkpoints.newest(paths.checkpoints, key)
        if resumed is not None:
            print(f"shard {shard}: going on from step {checkpoints.step_of(resumed)}", flush=True)
            history = json.loads((resumed / "trainer_state.json").read_text())["log_history"]
            trainer.seconds_before = history[-1]["seconds"] if history else 0.0
            trainer.first_step = checkpoints.step_of(resumed)
        try:
            trainer.train(resume_from_checkpoint=str(resumed) if resumed else None)
            trainer.evaluate()
        except torch.cuda.OutOfMemoryError as error:
            raise UserError(f"shard {shard}: out of GPU memory. Lower max_length or set quantize_4bit.") from error
        validity: dict[str, float] = {}
        if params.train.validity_samples:
            asked = validation[: params.train.validity_samples]
            print(f"shard {shard}: answering {len(asked)} validation briefs", flush=True)
            # A quarter more than the longest reference answer: what is not closed by then has lost its way.
            longest = max(len(sample.input_ids) - sample.prompt_length for sample in validation_tokens)
            validity = json_validity(trainer.model, tokenizer, asked, codec, longest * 5 // 4)

    summary = _summary(trainer, settings, len(kept), left_out, response_tokens) | validity
    summary["validation_left_out"] = len(validation) - len(validation_tokens)
    record.end_ms = now_ms()
    record.status = "FINISHED"
    last = [Point(key=k, value=v, step=summary["steps"], timestamp_ms=record.end_ms) for k, v in summary.items()]
    record.points = [point for entry in trainer.state.log_history for point in points_of(entry)] + last
    record.start_ms = min(point.timestamp_ms for point in record.points)
    _write(trainer, made_from, record, summary, params, paths)
    try:
        import_record(record, params.tracking.experiment)
    except UserError as error:
        print(f"warning: {error}", file=sys.stderr)
    shutil.rmtree(paths.checkpoints, ignore_errors=True)
    return summary


def _flat(values: dict[str, Any]) -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat |= {f"{key}.{inner}": text for inner, text in _flat(value).items()}
        else:
            flat[key] = str(value)
    return flat


def _summary(
    trainer: ShardTrainer, settings: Platform, samples: int, left_out: int, response_tokens: int
) -> dict[str, Any]:
    history = trainer.state.log_history
    losses = [entry["loss"] for entry in history if "loss" in entry]
    eval_losses = [entry["eval_loss"] for entry in history if "eval_loss" in entry]
    tail = losses[-max(1, len(losses) // 10) :]
    seconds = history[-1]["seconds"]
    return {
        "train_loss": sum(tail) / len(tail),
        "train_loss_mean": sum(losses) / len(losses),
        "eval_loss": eval_losses[-1],
        "eval_loss_best": min(eval_losses),
        "steps": trainer.state.global_step,
        "total_steps": trainer.state.max_steps,
        "samples": samples,
        "left_out": left_out,
        "response_tokens": response_tokens * settings.epochs,
        "seconds": seconds,
        "response_tokens_per_second": response_tokens * settings.epochs / seconds,
    }


def _write(
    trainer: ShardTrainer,
    made_from: dict[str, Any],
    record: RunRecord,
    summary: dict[str, Any],
    params: Params,
    paths: Paths,
) -> None:
    with atomic_folder(paths.out) as folder:
        trainer.model.save_pretrained(folder)
        save_config(trainer.model.peft_config["default"], made_from["shared"]["base"], folder)
        (folder / "README.md").unlink(missing_ok=True)  # PEFT's empty model card
        write_json(folder / "fingerprint.json", made_from)
        (folder / "run.json").write_text(record.model_dump_json(indent=1) + "\n")
    write_json(paths.report, summary)
    columns = ["step", "loss", "eval_loss", "learning_rate", "grad_norm"]
    with atomic_file(paths.curve) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        by_step: dict[int, dict[str, Any]] = {}
        for entry in trainer.state.log_history:
            by_step.setdefault(entry["step"], {}).update(entry)
        writer.writerows(by_step[step] for step in sorted(by_step))
