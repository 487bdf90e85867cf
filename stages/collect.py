"""Stage `collect`: the shards' run records -> MLflow, what MLflow then says of them -> models/collected.json.

The file stands for MLflow in DVC's eyes. Where a metric was changed in MLflow by hand, `dvc repro -f collect` reads it.
"""

import math
from pathlib import Path

import pandas as pd

from housebrain.errors import UserError, reported
from housebrain.files import write_json
from housebrain.params import load_params
from housebrain.shard import SHARDS, Shard, check_folders
from housebrain.tables import read_csv, write_csv
from housebrain.tracking import RunRecord, import_record, read_metrics

RUN = "run.json"
CURVES = Path("reports/curves.csv")


def read_records(shards: list[Shard]) -> dict[int, RunRecord]:
    """The run record of each shard.

    Raises:
        UserError: names every shard that has none, every result that is no shard's, or the record that is damaged.
    """
    check_folders(shards)
    missing = [str(shard.number) for shard in shards if not (shard.out / RUN).is_file()]
    if missing:
        raise UserError(
            f"{SHARDS}: no run record of shard {', '.join(missing)}. Wait for its worker, then get it with "
            "`dvc repro --pull`."
        )
    records = {}
    for shard in shards:
        try:
            records[shard.number] = RunRecord.model_validate_json((shard.out / RUN).read_text())
        except ValueError as error:
            raise UserError(
                f"{shard.out / RUN}: it is no run record. Get it again: `dvc checkout --force {shard.out}`."
            ) from error
    return records


def gather_curves(shards: list[Shard]) -> pd.DataFrame:
    """All shards' curves, a row a shard and step, as `dvc plots` draws them together.

    Raises:
        UserError: a curve is missing or damaged.
    """
    return pd.concat([read_csv(shard.curve).assign(shard=shard.name) for shard in shards])


def main() -> None:
    params = load_params()
    records = read_records(params.shards)
    for record in records.values():
        import_record(record, params.tracking.experiment)
    record_ids = {shard: record.record_id for shard, record in records.items()}
    metrics = read_metrics(record_ids, params.tracking.experiment)
    collected = {str(shard): {"record_id": record_ids[shard], "metrics": metrics[shard]} for shard in records}
    write_json("models/collected.json", collected)
    write_csv(CURVES, gather_curves(params.shards))
    for shard, values in metrics.items():
        loss, steps = (values.get(key, math.nan) for key in ("eval_loss", "steps"))
        print(f"collect: shard {shard}  validation loss {loss:.3f}  steps {steps:.0f}")


if __name__ == "__main__":
    with reported():
        main()
