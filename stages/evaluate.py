"""Stage `evaluate`: base, shards and merged model on the test briefs -> reports/evaluation*, reports/criteria.json."""

from pathlib import Path

from housebrain.errors import reported
from housebrain.evaluation.evaluate import evaluate
from housebrain.evaluation.reports import BASE, MERGED, log_evaluation, read_shard_reports, write_reports
from housebrain.files import sha256_file
from housebrain.merging.adapter import WEIGHTS
from housebrain.params import load_params

TEST = Path("data/heldout/test.parquet")
REPORTS = Path("reports")


def main() -> None:
    params = load_params()
    shards = range(1, params.split.shards + 1)
    adapters = {f"shard {shard}": Path(f"models/shards/{shard}") for shard in shards}
    adapters[MERGED] = Path("models/merged")
    shard_reports = read_shard_reports(REPORTS / "shards", params.split.shards)
    evaluated = evaluate(params, adapters, TEST)
    write_reports(evaluated, params, shard_reports, REPORTS)
    inputs = {BASE: params.base_model().revision}
    inputs |= {name: sha256_file(folder / WEIGHTS) for name, folder in adapters.items()}
    log_evaluation(evaluated, params, inputs, sha256_file(TEST))


if __name__ == "__main__":
    with reported():
        main()
