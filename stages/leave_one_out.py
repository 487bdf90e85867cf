"""Stage `leave_one_out`: the merge without each shard in turn, on the test briefs -> reports/leave_one_out.json."""

from pathlib import Path

from housebrain.cluster.answers import elsewhere
from housebrain.errors import reported
from housebrain.evaluation.cache import FOLDER, Cache
from housebrain.evaluation.evaluate import Evaluator
from housebrain.evaluation.leave_one_out import leave_one_out
from housebrain.files import read_json, write_json
from housebrain.params import load_params
from housebrain.shard import check_folders

TEST = Path("data/heldout/test.parquet")
MODEL = Path("models/merged")
OUT = Path("reports/leave_one_out.json")


def main() -> None:
    params = load_params()
    check_folders(params.shards)
    rows = []
    if params.leave_one_out.enabled:
        collected = read_json("models/collected.json")
        metrics = {shard.name: collected[str(shard.number)]["metrics"] for shard in params.shards}
        folders = {shard.name: shard.out for shard in params.shards}
        with elsewhere(params) as cluster:
            evaluator = Evaluator(params, TEST, Cache(FOLDER), cluster)
            rows = leave_one_out(evaluator, folders, MODEL, metrics, params)
    write_json(OUT, rows)


if __name__ == "__main__":
    with reported():
        main()
