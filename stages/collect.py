"""Stage `collect`: the shards' run records -> MLflow, and what MLflow then says of them -> models/collected.json."""

from pathlib import Path

from housebrain.errors import UserError, os_error, reported
from housebrain.files import write_json
from housebrain.params import load_params
from housebrain.tracking import RunRecord, import_record, read_metrics


def main() -> None:
    params = load_params()
    records = {}
    for shard in range(1, params.split.shards + 1):
        path = Path(f"models/shards/{shard}/run.json")
        try:
            records[shard] = RunRecord.model_validate_json(path.read_text())
        except OSError as error:
            raise os_error(error, path) from error
        except ValueError as error:
            raise UserError(
                f"{path}: it is no run record. Get it again: `dvc checkout --force {path.parent}`."
            ) from error
    for record in records.values():
        import_record(record, params.tracking.experiment)
    metrics = read_metrics({shard: r.record_id for shard, r in records.items()}, params.tracking.experiment)
    collected = {
        str(shard): {"record_id": records[shard].record_id, "status": "FINISHED", "metrics": metrics[shard]}
        for shard in records
    }
    write_json("models/collected.json", collected)
    for shard, values in metrics.items():
        print(f"collect: shard {shard}  validation loss {values['eval_loss']:.3f}  steps {values['steps']:.0f}")


if __name__ == "__main__":
    with reported():
        main()
