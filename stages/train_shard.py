"""Stage `train_shard@K`: data/shards/K and the shared init -> models/shards/K and its curves under reports/shards."""

import argparse
import os

from housebrain.errors import UserError, reported
from housebrain.files import read_json
from housebrain.params import load_params
from housebrain.training.fingerprint import shard_paths
from housebrain.training.processes import SUPERVISOR, train_in_processes
from housebrain.training.stopping import end_with
from housebrain.workers import rounds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shard", type=int, required=True, help="1 to the number of shards")
    shard = parser.parse_args().shard
    params = load_params()
    params.platform(shard)  # an unknown shard is said before anything is fetched
    account = params.accounts[str(shard)]
    # `dvc repro` on the coordinator must fetch what a worker trained, never train it again there.
    if account.platform != "local" and os.environ.get("HOUSEBRAIN_SHARD") != str(shard):
        changed = rounds.warning(params)
        raise UserError(
            f"shard {shard} is trained by {account.worker}. On that worker set HOUSEBRAIN_SHARD={shard}; on any other "
            f"machine fetch its result, once it is pushed: `dvc repro --pull -k`.{f' But {changed}' if changed else ''}"
        )
    if supervisor := os.environ.get(SUPERVISOR):
        end_with(int(supervisor))
    paths = shard_paths(shard)
    train_in_processes(shard, params, paths)
    summary = read_json(paths.report)
    print(
        f"shard {shard}: done in {summary['seconds']:.0f} s, training loss {summary['train_loss']:.3f}, "
        f"validation loss {summary['eval_loss']:.3f}"
    )


if __name__ == "__main__":
    with reported():
        main()
