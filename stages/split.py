"""Stage `split`: data/prepared, data/shard_count.json -> data/heldout, data/shards/1 to N, reports/split.json."""

from housebrain.dataset.split import split
from housebrain.errors import reported
from housebrain.files import read_json, write_json
from housebrain.params import load_params


def main() -> None:
    settings = load_params().split
    report = split(
        "data/prepared",
        "data/heldout",
        "data/shards",
        read_json("data/shard_count.json")["shards"],
        settings.validation_count,
        settings.test_count,
        settings.seed,
    )
    write_json("reports/split.json", report)
    for name, file in report["files"].items():
        print(f"split: {name:<11} {file['rows']:>7,} samples")


if __name__ == "__main__":
    with reported():
        main()
