"""What happens beside a training's steps: checkpoints are sealed, progress is told, requests to stop are heard."""

from pathlib import Path
from typing import Any

from accelerate.utils import gather_object
from transformers import TrainerCallback

from housebrain.environment import PROGRESS, RECORD
from housebrain.files import write_json
from housebrain.tracking import LiveRun, RunRecord
from housebrain.training import checkpoints
from housebrain.training.result import points_of, progress_of
from housebrain.training.stopping import Stop


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

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        state.compute_steps(args, state.max_steps)  # a checkpoint brings the intervals along that it was saved under

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
        (checkpoint / RECORD).write_text(so_far.model_dump_json() + "\n")
        checkpoints.mark_complete(checkpoint, self.key)
        checkpoints.keep_newest(self.folder, self.keep)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        if self.run is None:
            return
        entry = state.log_history[-1]
        self.run.log(points_of(entry))
        write_json(self.folder / PROGRESS, progress_of(state.log_history, state.global_step, state.max_steps))
        words = [f"shard {self.record.tags['shard']}  step {state.global_step}/{state.max_steps}"]
        if "loss" in entry:
            words += [f"loss {entry['loss']:.3f}", f"lr {entry['learning_rate']:.1e}"]
            words += [f"{entry.get('tokens_per_second', 0):.0f} tok/s", f"{entry.get('seconds_left', 0):.0f} s left"]
        elif "eval_loss" in entry:
            words += [f"validation loss {entry['eval_loss']:.3f}"]
        else:
            return
        print("  ".join(words), flush=True)
