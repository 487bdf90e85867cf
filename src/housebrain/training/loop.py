"""The training loop: each step's micro-batches forward and back, the optimizer's step, and what is due after it.

A GPU is given work faster than it does it, so nothing here waits for it in a step: losses stay there as tensors and are
read when they are logged. What is read and found not finite ends the training before anything of it is saved.
"""

import json
import math
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from peft import set_peft_model_state_dict
from safetensors.torch import load_file
from torch.nn.utils import clip_grad_norm_

from housebrain.environment import RECORD
from housebrain.errors import UserError
from housebrain.model.loss import batch_losses
from housebrain.model.packed import Batch, Rows
from housebrain.params import Platform
from housebrain.training import checkpoints
from housebrain.training.graphs import record_passes
from housebrain.training.group import Group
from housebrain.training.journal import Journal
from housebrain.training.schedule import Part, learning_rate
from housebrain.training.steps import Steps
from housebrain.training.stopping import Stop

MAX_NORM = 1.0  # of the gradient


class Pending(NamedTuple):
    """A number that the device still has: `what` of the samples `numbers` in a step."""

    step: int
    what: str
    numbers: list[int]
    value: torch.Tensor


class Loop:
    """A training that can be saved after any step, and go on from there.

    Args:
        model: with the adapter; only what requires a gradient is trained.
        steps: what is read.
        validation: what the loss is measured on, in micro-batches of this process.
        settings: of the platform.
        part: these steps among those of all rounds, for the learning rate.
        group: the processes.
        journal: what is told.
        folder: of the checkpoints.
        seal: makes a checkpoint's folder count; called by the first process once all have written to it.
        write_adapter: writes the adapter to a folder.
        names: the ids of samples by their numbers.
    """

    def __init__(
        self,
        model: Any,
        steps: Steps,
        validation: Steps,
        settings: Platform,
        part: Part,
        group: Group,
        journal: Journal,
        folder: Path,
        seal: Callable[[Path], None],
        write_adapter: Callable[[Path], None],
        names: Callable[[list[int]], list[str]],
    ) -> None:
        self.model = model
        self.steps = steps
        self.validation = validation
        self.settings = settings
        self.part = part
        self.group = group
        self.journal = journal
        self.folder = folder
        self.seal = seal
        self.write_adapter = write_adapter
        self.names = names
        self.done = 0  # steps
        self.weights = [weight for weight in model.parameters() if weight.requires_grad]
        self.optimizer = torch.optim.AdamW(self.weights, lr=settings.learning_rate, weight_decay=0.0, fused=True)
        # fp16 gradients are scaled up, or small ones would be 0. A step with infinities is left out.
        self.scaler = torch.amp.GradScaler(group.device.type, enabled=settings.precision == "fp16")
        # By width of a micro-batch: what does the same as `_forth_and_back`, faster.
        self.recordings: Mapping[int, Callable[[Any, int], torch.Tensor]] = {}
        self.losses: list[torch.Tensor] = []  # of the steps since the last one that was logged
        self.pending: list[Pending] = []

    def run(self, stop: Stop) -> None:
        """Trains to the last step, or until all have heard that they are asked to stop; either way it ends saved.

        Raises:
            UserError: a loss or gradient is not finite.
        """
        settings, total = self.settings, len(self.steps)
        self.model.train()
        for step, batches in self.steps.batches(self.done):
            rate = learning_rate(self.part.first + step, settings, self.part.total)
            norm = self._step(step, batches, rate)
            self.done = step + 1
            is_last = self.done == total
            reasons = [reason for reason in self.group.of_all(stop.asked()) if reason]
            if self.done % settings.log_steps == 0 or is_last:
                self._log(norm, rate)
            if self.done % settings.eval_steps == 0 or is_last:
                self._validate()
            if self.done % settings.save_steps == 0 or reasons or is_last:
                self._save()
            if reasons and not is_last:
                stop.reason = reasons[0]  # a request may reach one process a step before another
                return

    def record(self) -> None:
        """Records the work on micro-batches as CUDA graphs, as long as they are computed as they now are."""
        self.model.train()
        self.recordings = record_passes(self._forth_and_back, self.weights, self.steps, self.group.device)

    def _step(self, step: int, batches: list[Batch | Rows], rate: float) -> torch.Tensor:
        """One optimizer step: the mean loss over all tokens that are learnt in it. Returns the gradient's norm."""
        learnt, loss = self.steps.learnt(step), torch.zeros((), device=self.group.device)
        for batch, numbers in zip(batches, self.steps.shares(step), strict=True):
            forth_and_back = self.recordings.get(batch.input_ids.shape[1], self._forth_and_back)
            of_batch = forth_and_back(self._moved(batch), learnt)
            self._watch(step, "loss", numbers, of_batch)
            loss += of_batch
        self._add_up(loss)
        self.scaler.unscale_(self.optimizer)
        norm = clip_grad_norm_(self.weights, MAX_NORM)
        if not self.scaler.is_enabled():  # it meets infinities on purpose
            self._watch(step, "gradient", self.steps.samples_of(step), norm)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=not self.recordings)
        self.losses.append(loss)
        return norm

    def _forth_and_back(self, batch: Batch | Rows, learnt: int | torch.Tensor) -> torch.Tensor:
        """Adds a micro-batch's part to the gradients of the step, and returns its part of the loss."""
        loss = batch_losses(self.model, batch).sum() / learnt
        self.scaler.scale(loss).backward()
        return loss.detach()

    def _moved(self, batch: Batch | Rows) -> Batch | Rows:
        return type(batch)(*(tensor.to(self.group.device, non_blocking=True) for tensor in batch))

    def _add_up(self, loss: torch.Tensor) -> None:
        """Makes gradients and loss the sums over all processes, in one call."""
        if self.group.count == 1:
            return
        gradients = [torch.zeros_like(w) if w.grad is None else w.grad for w in self.weights]
        flat = torch.cat([loss.view(1), *(gradient.flatten() for gradient in gradients)])
        self.group.add_up(flat)
        sizes = [1, *(weight.numel() for weight in self.weights)]
        total, *parts = flat.split(sizes)
        loss.copy_(total[0])
        for weight, part in zip(self.weights, parts, strict=True):
            if weight.grad is None:
                weight.grad = part.view_as(weight)
            else:  # in place: recordings add to what is there
                weight.grad.copy_(part.view_as(weight))

    def _watch(self, step: int, what: str, numbers: list[int], value: torch.Tensor) -> None:
        """Remembers a number that must be finite. A CPU has it already, so there it is looked at right away."""
        self.pending.append(Pending(step, what, numbers, value))
        if self.group.device.type == "cpu":
            self._check()

    def _check(self) -> None:
        """Looks at all numbers that must be finite."""
        if not self.pending:
            return
        values = torch.stack([one.value.float() for one in self.pending]).cpu()
        for one, value in zip(self.pending, values.tolist(), strict=True):
            if value - value != 0:  # infinite or not a number
                names = ", ".join(self.names(one.numbers))
                raise UserError(
                    f"step {one.step + 1}: the {one.what} is {value} on sample(s) {names}. "
                    "Look at their data; if it is sound, lower learning_rate, or use fp32."
                )
        self.pending.clear()

    def _log(self, norm: torch.Tensor, rate: float) -> None:
        self._check()
        loss = float(torch.stack(self.losses).double().mean())
        self.losses.clear()
        self.journal.note(self.done, {"loss": loss, "grad_norm": float(norm), "learning_rate": rate})

    def _validate(self) -> None:
        """Notes the mean loss over all answer tokens of the validation samples."""
        self._check()
        self.model.eval()
        total = torch.zeros((), dtype=torch.float64, device=self.group.device)
        with torch.inference_mode(), torch.compiler.set_stance("force_eager"):
            for _, batches in self.validation.batches(0):
                for batch in batches:
                    total += batch_losses(self.model, self._moved(batch)).sum()
        self.model.train()
        self.group.add_up(total)
        loss = float(total) / sum(self.validation.learnt(step) for step in range(len(self.validation)))
        if not math.isfinite(loss):
            raise UserError(
                f"step {self.done}: the validation loss is {loss}, though those of training are finite. Lower "
                "learning_rate, or use bf16 or fp32."
            )
        self.journal.note(self.done, {"eval_loss": loss})

    def _save(self) -> None:
        """Writes a checkpoint: adapter, optimizer, history, and each process's random state."""
        self._check()
        folder = self.folder / f"checkpoint-{self.done}"
        if self.group.is_first:
            checkpoints.make_room(self.folder)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        self.group.wait()
        random = {"cpu": torch.get_rng_state()}
        if self.group.device.type == "cuda":
            random["cuda"] = torch.cuda.get_rng_state(self.group.device)
        torch.save(random, folder / f"rng_state_{self.group.rank}.pth")
        if self.group.is_first:
            state = {"optimizer": self.optimizer.state_dict(), "scaler": self.scaler.state_dict()}
            torch.save(state, folder / "optimizer.pt")
            self.write_adapter(folder)
            trainer_state = {
                "global_step": self.done,
                "max_steps": len(self.steps),
                "log_history": self.journal.history,
                "losses": [float(loss) for loss in self.losses],
            }
            (folder / "trainer_state.json").write_text(json.dumps(trainer_state) + "\n")
            (folder / RECORD).write_text(self.journal.record.model_dump_json() + "\n")
        self.group.wait()
        if self.group.is_first:
            self.seal(folder)

    def resume(self, checkpoint: Path) -> None:
        """Takes everything from a checkpoint that the next step depends on."""
        device = self.group.device
        trainer_state = json.loads((checkpoint / "trainer_state.json").read_text())
        self.done = trainer_state["global_step"]
        self.losses = [torch.tensor(loss, device=device) for loss in trainer_state["losses"]]
        self.journal.resume(trainer_state["log_history"], self.done)
        set_peft_model_state_dict(self.model, load_file(checkpoint / "adapter_model.safetensors"))
        state = torch.load(checkpoint / "optimizer.pt", map_location=device, weights_only=True)
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])
        # A process that was not among those that saved begins with the random state that it has.
        if (path := checkpoint / f"rng_state_{self.group.rank}.pth").exists():
            random = torch.load(path, map_location="cpu", weights_only=True)
            torch.set_rng_state(random["cpu"])
            if device.type == "cuda" and "cuda" in random:
                torch.cuda.set_rng_state(random["cuda"], device)
