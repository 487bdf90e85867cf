"""Stage `train_shard@K`: data/shards/K and the shared init -> models/shards/K and its curves under reports/shards."""

import argparse
import os

from housebrain.environment import SHARD, SUPERVISOR
from housebrain.errors import UserError, reported
from housebrain.files import read_json
from housebrain.params import load_params
from housebrain.shard import Shard
from housebrain.supervision import changes
from housebrain.training.processes import train_in_processes
from housebrain.training.stopping import end_with


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shard", type=int, required=True, help="1 to the number of shards")
    shard = Shard(parser.parse_args().shard)
    params = load_params()
    worker = params.worker(shard)
    # `dvc repro` on the coordinator must fetch what a worker trained, never train it again there.
    if worker.platform != "local" and os.environ.get(SHARD) != str(shard.number):
        changed = changes.warning(params)
        raise UserError(
            f"{shard.name} is trained by {worker.name}. On that worker set {SHARD}={shard.number}; on any "
            f"other machine fetch its result, once it is pushed: `dvc repro --pull -k`."
            f"{f' But {changed}' if changed else ''}"
        )
    if supervisor := os.environ.get(SUPERVISOR):
        end_with(int(supervisor))
    train_in_processes(shard, params)
    summary = read_json(shard.report)
    print(
        f"{shard.name}: done in {summary['seconds']:.0f} s, training loss {summary['train_loss']:.3f}, "
        f"validation loss {summary['eval_loss']:.3f}"
    )


if __name__ == "__main__":
    with reported():
        main()
