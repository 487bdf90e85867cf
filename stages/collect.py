"""Stage `collect`: the shards' run records -> MLflow, and what MLflow then says of them -> models/collected.json.

The file stands for MLflow in DVC's eyes. Where a metric was changed in MLflow by hand, `dvc repro -f collect` reads it.
"""

import math
from pathlib import Path

from housebrain.errors import UserError, reported
from housebrain.files import write_json
from housebrain.params import load_params
from housebrain.tracking import RunRecord, import_record, read_metrics


def read_records(shards: int) -> dict[int, RunRecord]:
    """The run record of each shard, 1 to `shards`.

    Raises:
        UserError: names every shard that has none, or the record that is damaged.
    """
    paths = {shard: Path(f"models/shards/{shard}/run.json") for shard in range(1, shards + 1)}
    missing = [str(shard) for shard, path in paths.items() if not path.is_file()]
    if missing:
        raise UserError(
            f"models/shards: no run record of shard {', '.join(missing)}. Wait for its worker, then get it with "
            "`dvc repro --pull`."
        )
    records = {}
    for shard, path in paths.items():
        try:
            records[shard] = RunRecord.model_validate_json(path.read_text())
        except ValueError as error:
            raise UserError(
                f"{path}: it is no run record. Get it again: `dvc checkout --force {path.parent}`."
            ) from error
    return records


def main() -> None:
    params = load_params()
    records = read_records(params.split.shards)
    for record in records.values():
        import_record(record, params.tracking.experiment)
    record_ids = {shard: record.record_id for shard, record in records.items()}
    metrics = read_metrics(record_ids, params.tracking.experiment)
    collected = {str(shard): {"record_id": record_ids[shard], "metrics": metrics[shard]} for shard in records}
    write_json("models/collected.json", collected)
    for shard, values in metrics.items():
        loss, steps = (values.get(key, math.nan) for key in ("eval_loss", "steps"))
        print(f"collect: shard {shard}  validation loss {loss:.3f}  steps {steps:.0f}")


if __name__ == "__main__":
    with reported():
        main()
