"""Stage `register`: every adapter of the round and its evaluation -> versions in MLflow, models/registered.json."""

import tempfile
from pathlib import Path

from housebrain.errors import reported
from housebrain.evaluation.names import DESIGNS, MERGED
from housebrain.files import count_lines, read_json, write_json
from housebrain.params import load_params
from housebrain.release.champion import REGISTERED, unmet
from housebrain.release.charts import log_charts
from housebrain.release.register import adapters_of_round, register
from housebrain.tracking import best_first


def main() -> None:
    params = load_params()
    evaluation = read_json("reports/evaluation.json")
    adapters = adapters_of_round(
        params,
        read_json("models/collected.json"),
        evaluation,
        read_json("reports/evaluation/intervals.json"),
        read_json("reports/criteria.json"),
        count_lines(Path("reports/evaluation") / DESIGNS),  # one a brief: the test split may have less than was asked
    )
    versions = register(adapters, params)
    with tempfile.TemporaryDirectory() as folder:
        log_charts(evaluation, versions[MERGED], params, Path(folder))
    rows = {name: {"version": one.number, "sha256": one.tags["sha256"]} for name, one in versions.items()}
    write_json(REGISTERED, rows)
    for name, version in versions.items():
        failed = ", ".join(unmet(version))
        print(f"register: {name:<8} is version {version.number}, criteria {f'not met: {failed}' if failed else 'met'}")
    print(f"register: runs, best first, in MLflow's UI: {best_first(params.tracking.experiment)}")


if __name__ == "__main__":
    with reported():
        main()
