"""Stage `prepare`: raw or generated briefs -> data/prepared (samples, rejects), reports/prepare.json."""

from pathlib import Path

from housebrain.cluster.prepare import prepare_on_cluster
from housebrain.dataset.feedback import feedback_batches
from housebrain.dataset.generate import generate_records
from housebrain.dataset.prepare import evenly, prepare
from housebrain.dataset.records import count_records, read_records
from housebrain.errors import UserError, reported
from housebrain.files import write_json
from housebrain.params import load_params

RAW = Path("data/raw/dataset")
OUT = Path("data/prepared")


def main() -> None:
    settings = load_params().prepare
    if settings.source == "raw" and not RAW.exists():
        raise UserError(f"{RAW}: there is no dataset. Pack it with `housebrain ingest FOLDER`, or `dvc pull {RAW}`.")
    if settings.engine == "ray":
        counts = prepare_on_cluster(settings, RAW, OUT)
    elif settings.source == "generate":
        total = settings.generate_count
        records = generate_records(total, settings.seed)
        counts = prepare(
            records, OUT, settings.seed, settings.processes, total, settings.alternatives, feedback_batches()
        )
    else:
        total = count_records(RAW) or 0
        records = read_records(RAW)
        if 0 < settings.sample_count < total:
            records = evenly(records, settings.sample_count, total)
            total = settings.sample_count
        counts = prepare(
            records, OUT, settings.seed, settings.processes, total, settings.alternatives, feedback_batches()
        )
    write_json("reports/prepare.json", counts)
    print(f"prepare: {counts['solved']:,} of {counts['total']:,} briefs solved; rejected: {counts['rejected']}")


if __name__ == "__main__":
    with reported():
        main()
