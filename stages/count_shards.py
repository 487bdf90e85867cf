"""Stage `count_shards`: the workers in params.yaml -> data/shard_count.json.

It stands between the workers and the data: a worker's name or platform may change without the data being dealt again.
"""

from pathlib import Path

from housebrain.errors import reported
from housebrain.files import write_json
from housebrain.params import load_params
from housebrain.shard import dealt

OUT = Path("data/shard_count.json")


def main() -> None:
    count, before = len(load_params().shards), dealt()
    if before not in (0, count):
        print(
            f"count_shards: {count} workers where there were {before}: the data is dealt again, and all {count} shards "
            "are trained again"
        )
    write_json(OUT, {"shards": count})
    print(f"count_shards: {count}, one a worker")


if __name__ == "__main__":
    with reported():
        main()
