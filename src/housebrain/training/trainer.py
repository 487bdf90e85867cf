"""The trainer of a shard: transformers' own, with a loss and a schedule that fit packed rows and rounds."""

import time
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import gather_object
from transformers import Trainer, TrainingArguments, get_cosine_schedule_with_warmup

from housebrain.errors import UserError
from housebrain.language.tokens import Tokenized
from housebrain.model.loss import summed_loss, token_losses
from housebrain.model.packed import collate
from housebrain.params import Platform
from housebrain.tracking import now_ms
from housebrain.training import checkpoints
from housebrain.training.schedule import Part


class ShardTrainer(Trainer):
    """The transformers Trainer on packed rows, with a token-mean loss over each accumulated batch.

    Args:
        samples: the tokenized training samples; rows hold their numbers.
        validation: tokenized validation samples, for the loss on them.
        response_tokens: tokens that carry loss in all steps of this training, for the rate.
        part: these steps among those of all rounds; the learning rate's schedule goes on from round to round.
    """

    def __init__(
        self, samples: Tokenized, validation: Tokenized, response_tokens: int, part: Part, **options: Any
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
            numbers = range(self.accelerator.process_index, len(self.validation), self.accelerator.num_processes)
            mine = [self.validation[number] for number in numbers]
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


def arguments(
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
