"""Training loops of a tiny model at their first step, and what they come to."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from housebrain.model.loading import load_tokenizer
from housebrain.model.lora_init import write_init
from housebrain.params import Params
from housebrain.shard import Shard
from housebrain.tracking import RunRecord
from housebrain.training import train
from housebrain.training.data import read_shard
from housebrain.training.group import Group, join
from housebrain.training.loop import Loop
from housebrain.training.stopping import Stop
from trainings import WEIGHTS


def make_loop(params: Params, in_rows: bool, name: str, halvings: int = 0, group: Group | None = None) -> Loop:
    """A training of shard 1 at its first step; the checkpoints' folder is called `name`."""
    shard, group = Shard(1), group or join()
    write_init(params.lora, "tiny", Path("models/base/tiny"), shard.init)
    data = read_shard(shard, params, load_tokenizer("models/base/tiny"), group)
    torch.manual_seed(0)
    record = RunRecord(record_id="1", name=name, start_ms=0, tags={"shard": "1"})
    model = train.load_trainable(params, shard)
    loop = train.make_loop(model, data, params, shard, record, "key", group, in_rows, halvings)
    loop.folder = Path(name)
    return loop


def trained(loop: Loop) -> dict[str, torch.Tensor]:
    """The adapter after all steps."""
    with Stop(loop.folder) as stop:
        loop.run(stop)
    train.write_adapter(loop.model, "tiny", loop.folder)
    return load_file(loop.folder / WEIGHTS)


def assert_same(one: Loop, other: Loop) -> None:
    """The same losses and weights, up to rounding."""
    for a, b in zip(one.journal.history, other.journal.history, strict=True):
        for key in {"loss", "eval_loss", "learning_rate"} & a.keys():
            assert a[key] == pytest.approx(b[key], rel=1e-5), key
    weights = [load_file(loop.folder / WEIGHTS) for loop in (one, other)]
    for name in weights[0]:
        torch.testing.assert_close(weights[0][name], weights[1][name], rtol=1e-4, atol=1e-4)
