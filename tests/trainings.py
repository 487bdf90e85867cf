"""Trainings of a few seconds, and what the processes run that tests start: a training in which something goes wrong.

`python trainings.py FUNCTION CALL ACTION RANK ...` is a process of `train_in_processes`: with the arguments that this
gives it, and with a fault.
"""

import csv
import importlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

from conftest import REPOSITORY
from housebrain.params import Lora, Params, Platform, Train, load_params
from housebrain.shard import Shard
from housebrain.training import processes
from project import TINY

MakeProject = Callable[[str], Path]
WEIGHTS = "adapter_model.safetensors"
PLATFORM = Platform(
    batch_size=1,
    gradient_accumulation=2,
    epochs=3,
    learning_rate=1e-2,
    warmup_share=0.1,
    max_length=2000,
    max_samples=0,
    save_steps=2,
    keep_checkpoints=2,
    log_steps=1,
    eval_steps=3,
    precision="fp32",
    quantize_4bit=False,
)


def make_params(validity_samples: int = 0, dropout: float = 0.1, **platform: Any) -> Params:
    """The project's params.yaml with the tiny base; `platform` changes fields of `PLATFORM`."""
    return load_params(REPOSITORY / "params.yaml").model_copy(
        update={
            "base": "tiny",
            "bases": {"tiny": TINY},
            "lora": Lora(r=4, alpha=8, dropout=dropout, target_modules="all-linear", seed=42),
            "train": Train(codec="tree", seed=42, validity_samples=validity_samples),
            "platforms": {"local": PLATFORM.model_copy(update=platform)},
        }
    )


def write_params(project: Path, params: Params) -> None:
    """Makes `params` the project's params.yaml, which the processes of a training read."""
    with (project / "params.yaml").open("w") as file:
        YAML(typ="safe").dump(params.model_dump(), file)


def first_shard(project: Path) -> Shard:
    """Shard 1, as stages/train_shard.py has it."""
    return Shard(1, project)


def curve(project: Path) -> list[dict[str, str]]:
    """Shard 1's curve, a row a step."""
    with first_shard(project).curve.open() as file:
        return list(csv.DictReader(file))


class Fault(NamedTuple):
    """What happens when the function `module:name` is called for the `call`th time in the process `rank`.

    Attributes:
        action: `kill` the process; `end` the one that started it, as a platform does; leave a thread that would `hang`
            its end; be out of `memory at 0` halvings of the samples at once, or at another number; return `nan` in
            place of a tensor, or one that has `nan gradients`.
    """

    function: str
    call: int
    action: str = "kill"
    rank: int = 0

    @property
    def program(self) -> tuple[str, ...]:
        """For `train_in_processes`."""
        return (__file__, self.function, str(self.call), self.action, str(self.rank))

    def put(self) -> None:
        """Makes it come, in this process."""
        module_name, name = self.function.split(":")
        module = importlib.import_module(module_name)
        real, calls = getattr(module, name), 0

        def faulty(*arguments: Any, **options: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls != self.call or self.rank != int(os.environ.get("RANK", 0)):
                return real(*arguments, **options)
            if self.action == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if self.action == "end":
                os.kill(os.getppid(), signal.SIGTERM)
            if self.action == "hang":
                threading.Thread(target=time.sleep, args=(1000,)).start()
            if self.action == f"memory at {sys.argv[-1]}":
                import torch

                raise torch.OutOfMemoryError("simulated")
            returned = real(*arguments, **options)
            if self.action == "nan":
                return returned * float("nan")
            if self.action == "nan gradients":
                return returned + (0 * returned).sqrt()
            return returned

        setattr(module, name, faulty)


def train(project: Path, params: Params, store: str, fault: Fault | None = None) -> None:
    """Trains shard 1 of `project` in this process."""
    from housebrain.training.train import train_shard

    os.chdir(project)
    os.environ["MLFLOW_TRACKING_URI"] = store
    if fault:
        fault.put()
    train_shard(first_shard(project), params)


if __name__ == "__main__":
    function, call, action, rank = sys.argv[1:5]
    Fault(function, int(call), action, int(rank)).put()
    del sys.argv[1:5]
    processes.main()
