"""Releases an adapter that was trained by `bench.gpu_train` and merged: measures it, and writes models/released.

    python -m bench.release --merged FOLDER --shards FOLDER FOLDER --trained-on CARD --samples FILE --count N \
        --reports FOLDER --out models/released

A round's own adapter is released by `housebrain export --format adapter`; this one has been in no round. The merged
folder has its `merge.json`, in which the shards are called `shard 1` and so on, in the order that they are given in.
The reports are those of `prepare` and `split` for the shards' data. The first N held-out samples of a Parquet file are
answered freely and guided, each by itself. What `bench.answers --batch 1` has in `--kept` is not asked again.
"""

import argparse
import json
from pathlib import Path
from statistics import median
from typing import Any

from bench.answers import put

from housebrain.errors import UserError, reported
from housebrain.evaluation.cache import FOLDER as KEPT
from housebrain.evaluation.cache import Cache
from housebrain.evaluation.compare import intervals
from housebrain.evaluation.criteria import check_criteria
from housebrain.evaluation.evaluate import Evaluator
from housebrain.evaluation.guided import guided_measures
from housebrain.evaluation.metrics import finite
from housebrain.evaluation.names import LOSS, MERGED
from housebrain.evaluation.reports import Evaluated, criteria_values
from housebrain.files import read_json
from housebrain.model.adapter import FINGERPRINT
from housebrain.model.released import FOLDER
from housebrain.params import Params, load_params
from housebrain.registry import Version
from housebrain.release.champion import Champion
from housebrain.release.export import export_adapter
from housebrain.release.register import Adapter, merged_adapter, tags_of

NUMBER = "none: released without a round"


def report_of(shard: Path) -> dict[str, Any]:
    """What the training of a shard came to: steps, samples, the last losses.

    Raises:
        UserError: its run is missing, or says nothing of its validation loss.
    """
    run = read_json(shard / "run.json")
    last = {point["key"]: point for point in run["points"]}
    if LOSS not in last:
        raise UserError(f"{shard / 'run.json'}: it has no {LOSS}. Train the shard to its end.")
    steps = last[LOSS]["step"]
    return {
        "samples": int(run["params"]["samples"]),
        "steps": steps,
        "total_steps": steps,
        "train_loss": last["loss"]["value"],
        "validation_loss": last[LOSS]["value"],
        "git_commit": run["tags"]["git_commit"],
    }


def measured(
    merged: Path, shards: list[Path], params: Params, samples: Path, kept: Path, card: str, engine: str
) -> Adapter:
    """The merged adapter with what it came to on held-out samples.

    Args:
        merged: its folder.
        shards: those of its shards.
        params: with the number of samples, and one at a time, in `evaluate`.
        samples: a Parquet file of `prepare`'s columns.
        kept: the folder of answers that are kept.
        card: what the shards were trained on.
        engine: of guided answers, as `put` has it.

    Raises:
        UserError: a file is missing or damaged, or the adapter doesn't fit the base.
    """
    names = [f"shard {number}" for number in range(1, len(shards) + 1)]
    origins = {name: read_json(shard / FINGERPRINT) for name, shard in zip(names, shards, strict=True)}
    reports = {name: report_of(shard) for name, shard in zip(names, shards, strict=True)}
    evaluator = Evaluator(params, samples, Cache(kept))
    free = evaluator.evaluate(merged)
    guided = put(merged, evaluator, 1, "merged", free=False, engine=engine)
    of_guided = {name: finite(measure.mean) for name, measure in guided_measures(guided.guided).items()}
    metrics = free.metrics | of_guided | {"seconds_per_design": median(guided.guided_seconds)}
    found = {MERGED: Evaluated(metrics, free.answers, guided.guided)}
    losses = evaluator.losses(None)
    adapter = merged_adapter(
        merged,
        metrics,
        intervals(found)[MERGED],
        check_criteria(params.evaluate.criteria, criteria_values(found, reports)),
        origins,
        {"briefs": str(len(evaluator.samples)), "base_eval_loss": f"{sum(losses) / len(losses):.6g}"},
        reports[names[0]]["git_commit"],
    )
    training = json.loads(adapter.lineage["training"])
    for name, report in reports.items():
        shown = {key: report[key] for key in ("samples", "steps")}
        training[name] |= shown | {key: round(report[key], 4) for key in ("train_loss", "validation_loss")}
        training[name]["card"] = card
    shared = {key: str(origins[names[0]]["shared"][key]) for key in ("code", "init", "tokenizer")}
    return adapter._replace(lineage=adapter.lineage | shared | {"training": json.dumps(training)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--merged", type=Path, required=True)
    parser.add_argument("--shards", type=Path, nargs="+", required=True)
    parser.add_argument("--trained-on", required=True, help="the name of the card")
    parser.add_argument("--samples", type=Path, required=True)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--max-new-tokens", type=int, default=336, help="where a free answer is cut")
    parser.add_argument("--reports", type=Path, required=True, help="a folder with prepare.json and split.json")
    parser.add_argument("--engine", default="onnxruntime", help="of guided answers: that, or transformers")
    parser.add_argument("--kept", type=Path, default=KEPT, help="the folder of answers that are kept")
    parser.add_argument("--out", type=Path, default=FOLDER)
    asked = parser.parse_args()
    params = load_params()
    changes = {"briefs": asked.count, "guided_briefs": asked.count, "batch_size": 1}
    changes |= {"max_new_tokens": asked.max_new_tokens}
    params = params.model_copy(update={"evaluate": params.evaluate.model_copy(update=changes)})
    of = asked.merged, asked.shards, params, asked.samples, asked.kept, asked.trained_on
    adapter = measured(*of, asked.engine)
    version = Version(NUMBER, tags_of(adapter) | {"folder": asked.out.as_posix()}, "", None)
    export_adapter(Champion(asked.merged, version), params, asked.reports, asked.out)
    print(f"{asked.out}: {version.tags['criteria']}. Its README.md says more.")


if __name__ == "__main__":
    with reported():
        main()
