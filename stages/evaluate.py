"""Stage `evaluate`: base, shards, merged and released model on test briefs -> reports/evaluation*, criteria.json."""

from pathlib import Path

from housebrain.cluster.answers import elsewhere
from housebrain.errors import reported
from housebrain.evaluation.cache import FOLDER, Cache
from housebrain.evaluation.compare import comparisons, intervals
from housebrain.evaluation.evaluate import Evaluator, evaluate
from housebrain.evaluation.names import BASE, MERGED, RELEASED
from housebrain.evaluation.reports import log_evaluation, write_reports
from housebrain.files import sha256_file
from housebrain.model.adapter import WEIGHTS
from housebrain.model.released import released_adapter
from housebrain.params import load_params
from housebrain.shard import check_folders, read_shard_reports

TEST = Path("data/heldout/test.parquet")
MODEL = Path("models/merged")
REPORTS = Path("reports")


def main() -> None:
    params = load_params()
    check_folders(params.shards)
    shards = {shard.name: shard.out for shard in params.shards}
    released = released_adapter(params)
    adapters = {**shards, MERGED: MODEL, **({RELEASED: released} if released else {})}
    shard_reports = read_shard_reports(REPORTS / "shards", params.shards)
    with elsewhere(params) as cluster:
        evaluated = evaluate(Evaluator(params, TEST, Cache(FOLDER), cluster), adapters)
    tables = {"intervals": intervals(evaluated), "comparisons": comparisons(evaluated)}
    inputs = {BASE: params.base_model().revision}
    inputs |= {name: sha256_file(folder / WEIGHTS) for name, folder in adapters.items()}
    write_reports(evaluated, params, shard_reports, inputs, tables, REPORTS)
    log_evaluation(evaluated, params, inputs, sha256_file(TEST))


if __name__ == "__main__":
    with reported():
        main()
