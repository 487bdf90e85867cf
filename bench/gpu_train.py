"""Trains one adapter on a file of samples, by the pipeline's own training, for as long as a lent GPU may be used.

    python -m bench.gpu_train --samples shard-1.parquet --out out --seconds 240 learning_rate=1e-3 epochs=1
    python -m bench.gpu_train --samples shard-1.parquet --out out --seconds 240 learning_rate=1e-3 epochs=1 --resume out

Settings are those of the platform `colab`, but in bf16, and what is given as `name=value`. Files of the folder `--out`
are of at most 15 MB, so that they travel anywhere: `NAME.tar.00` and so on hold the adapter with its run, or, where the
time was not enough, the last checkpoint (adapter, optimizer, history), which `--resume` goes on from, but
only with the same samples, settings and code.
"""

import argparse
import io
import os
import sys
import tarfile
import threading
import time
from pathlib import Path

import pyarrow.parquet as pq
from ruamel.yaml import YAML

from housebrain.environment import STOP, TRACKING_URI
from housebrain.errors import IncompleteError, UserError, reported
from housebrain.model.base import base_folder, ensure_base
from housebrain.model.lora_init import write_init
from housebrain.params import Params, load_params
from housebrain.shard import Shard
from housebrain.training import checkpoints, train

PIECE = 15 * 2**20  # bytes
SHORT = 60  # a training is stopped this many seconds before its time is over, to save and pack


def settings_of(changes: list[str]) -> Params:
    """The project's settings, with those that `changes` name for the one shard."""
    params = load_params()
    named = dict(change.split("=", 1) for change in changes)
    values = {name: YAML(typ="safe").load(value) for name, value in named.items()}
    settings = params.platforms["colab"].model_dump() | {"precision": "bf16", "eval_steps": 10**6} | values
    checked = type(params.platforms["colab"]).model_validate(settings)
    return params.model_copy(update={"platforms": {**params.platforms, params.worker(Shard(1)).platform: checked}})


def pack(folder: Path, out: Path, name: str) -> None:
    """Writes a folder's files as `NAME.tar.00` and so on."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.add(folder, folder.name)
    data = content.getvalue()
    for number, first in enumerate(range(0, len(data), PIECE)):
        (out / f"{name}.tar.{number:02}").write_bytes(data[first : first + PIECE])


def unpack(pieces: Path, name: str, folder: Path) -> None:
    """Reads what `pack` has written.

    Raises:
        UserError: there is nothing of that name.
    """
    found = sorted(pieces.glob(f"{name}.tar.*"))
    if not found:
        raise UserError(f"{pieces}: no {name}.tar.00 is there. Leave --resume out to begin anew.")
    with tarfile.open(fileobj=io.BytesIO(b"".join(path.read_bytes() for path in found))) as archive:
        archive.extractall(folder, filter="data")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=Path, required=True, help="a file as `prepare` writes them")
    parser.add_argument("--validation", type=int, default=64, help="how many of its first samples are held out")
    parser.add_argument("--out", type=Path, required=True, help="a folder for what comes of it")
    parser.add_argument("--work", type=Path, default=Path("/tmp/gpu_train"), help="a folder for what stays here")
    parser.add_argument("--name", help="of the packed files; else that of the samples")
    parser.add_argument("--seconds", type=float, default=300, help="for everything")
    parser.add_argument("--resume", type=Path, help="a folder with a packed checkpoint")
    parser.add_argument("changes", nargs="*", metavar="NAME=VALUE", help="settings of the platform")
    options = parser.parse_args()
    end = time.monotonic() + options.seconds
    name = options.name or options.samples.stem
    shard, params = Shard(1, options.work / name), settings_of(options.changes)
    os.environ[TRACKING_URI] = "none://"
    train.import_record = lambda record, experiment: ""
    ensure_base(params)
    table = pq.read_table(options.samples)
    shard.data.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.slice(0, options.validation), shard.data / "validation.parquet")
    pq.write_table(table.slice(options.validation), shard.data / "train.parquet")
    write_init(params.lora, params.base, base_folder(params), shard.init)
    shard.checkpoints.mkdir(parents=True, exist_ok=True)
    options.out.mkdir(parents=True, exist_ok=True)
    if options.resume:
        unpack(options.resume, name, shard.checkpoints)
    left = max(1.0, end - time.monotonic() - SHORT)
    timer = threading.Timer(left, (shard.checkpoints / STOP).write_text, ["the time is over"])
    timer.daemon = True
    timer.start()
    try:
        summary = train.train_shard(shard, params)
        print(summary)
        pack(shard.out, options.out, name)
    except IncompleteError as error:
        print(error, file=sys.stderr)
        newest = max(shard.checkpoints.glob("checkpoint-*"), key=checkpoints.step_of)
        pack(newest, options.out, name)


if __name__ == "__main__":
    with reported():
        main()
