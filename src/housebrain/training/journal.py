"""What a training tells of itself while it runs: its history, a line for people, `progress.json`, MLflow."""

import time
from pathlib import Path
from typing import Any

from housebrain.environment import PROGRESS
from housebrain.files import write_json
from housebrain.tracking import LiveRun, RunRecord, now_ms
from housebrain.training.result import History, points_of, progress_of


class Journal:
    """Notes of a training; of several processes only the first has one that writes.

    Args:
        record: the run as MLflow is told of it.
        folder: that of the checkpoints, where `progress.json` goes.
        total_steps: planned.
        tokens_a_step: that carry loss, on average.
        run: where it is logged live; None in the processes that do not write.

    Attributes:
        history: an entry each time that something was measured, with its step and some metrics.
    """

    def __init__(
        self, record: RunRecord, folder: Path, total_steps: int, tokens_a_step: float, run: LiveRun | None
    ) -> None:
        self.history: History = []
        self._record = record
        self._folder = folder
        self._total_steps = total_steps
        self._tokens_a_step = tokens_a_step
        self._run = run
        self._started = time.monotonic()
        self._first_step = 0
        self._seconds_before = 0.0

    def resume(self, history: History, step: int) -> None:
        """Goes on from a checkpoint's history: the clock too."""
        self.history = history
        self._first_step = step
        self._seconds_before = history[-1]["seconds"] if history else 0.0

    @property
    def record(self) -> RunRecord:
        """The run so far."""
        return self._record.model_copy(update={"points": [p for entry in self.history for p in points_of(entry)]})

    def note(self, step: int, metrics: dict[str, float]) -> None:
        """Adds what was measured after `step` steps, with what a person waits for: rate, and time left."""
        seconds = time.monotonic() - self._started
        done, left = step - self._first_step, self._total_steps - step
        entry = metrics | {
            "seconds": round(self._seconds_before + seconds, 3),
            "timestamp_ms": now_ms(),
            "progress": step / self._total_steps,
            "step": step,
        }
        if done and "loss" in metrics:
            entry["tokens_per_second"] = round(self._tokens_a_step * done / seconds, 2)
            entry["seconds_left"] = round(seconds / done * left, 1)
        self.history.append(entry)
        if self._run is None:
            return
        self._run.log(points_of(entry))
        write_json(self._folder / PROGRESS, progress_of(self.history, step, self._total_steps))
        print(self._line(entry), flush=True)

    def _line(self, entry: dict[str, Any]) -> str:
        words = [f"shard {self._record.tags['shard']}  step {entry['step']}/{self._total_steps}"]
        if "loss" in entry:
            words += [f"loss {entry['loss']:.3f}", f"lr {entry['learning_rate']:.1e}"]
            words += [f"{entry.get('tokens_per_second', 0):.0f} tok/s", f"{entry.get('seconds_left', 0):.0f} s left"]
        else:
            words += [f"validation loss {entry['eval_loss']:.3f}"]
        return "  ".join(words)
