"""Stage `evaluate`: base, shards and merged model on the test briefs -> reports/evaluation*, reports/criteria.json."""

from pathlib import Path
from typing import Any

from housebrain.errors import reported
from housebrain.evaluation.cache import FOLDER, Cache
from housebrain.evaluation.compare import comparisons, intervals
from housebrain.evaluation.evaluate import Evaluator, evaluate
from housebrain.evaluation.leave_one_out import leave_one_out
from housebrain.evaluation.reports import BASE, MERGED, log_evaluation, read_shard_reports, write_reports
from housebrain.files import read_json, sha256_file
from housebrain.merging.adapter import WEIGHTS
from housebrain.params import load_params

TEST = Path("data/heldout/test.parquet")
MODEL = Path("models/merged")
REPORTS = Path("reports")


def main() -> None:
    params = load_params()
    shards = {f"shard {shard}": Path(f"models/shards/{shard}") for shard in range(1, params.split.shards + 1)}
    adapters = {**shards, MERGED: MODEL}
    shard_reports = read_shard_reports(REPORTS / "shards", params.split.shards)
    evaluator = Evaluator(params, TEST, Cache(FOLDER))
    evaluated = evaluate(evaluator, adapters)
    tables: dict[str, Any] = {"intervals": intervals(evaluated), "comparisons": comparisons(evaluated)}
    tables["leave_one_out"] = []
    if params.evaluate.leave_one_out:
        collected = read_json("models/collected.json")
        metrics = {f"shard {shard}": entry["metrics"] for shard, entry in collected.items()}
        tables["leave_one_out"] = leave_one_out(evaluator, shards, MODEL, metrics, params)
    inputs = {BASE: params.base_model().revision}
    inputs |= {name: sha256_file(folder / WEIGHTS) for name, folder in adapters.items()}
    write_reports(evaluated, params, shard_reports, inputs, tables, REPORTS)
    log_evaluation(evaluated, params, inputs, sha256_file(TEST))


if __name__ == "__main__":
    with reported():
        main()
