"""A training that is killed at a chosen moment: what the processes that test_train.py starts run."""

import importlib
import os
import signal
from pathlib import Path
from typing import Any

from housebrain.params import Params
from housebrain.training.fingerprint import Paths, shard_paths
from housebrain.training.train import train_shard


def paths(project: Path) -> Paths:
    """Shard 1's paths, as stages/train_shard.py has them."""
    return shard_paths(1, project)


def train(project: Path, params: Params, store: str, function: str = "", call: int = 0) -> None:
    """Trains shard 1 of `project`; kill -9 when the function `module:name` is called for the `call`th time."""
    os.chdir(project)
    os.environ["MLFLOW_TRACKING_URI"] = store
    if function:
        module_name, name = function.split(":")
        module = importlib.import_module(module_name)
        real, calls = getattr(module, name), 0

        def deadly(*arguments: Any, **options: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == call:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **options)

        setattr(module, name, deadly)
    train_shard(1, params, paths(project))
