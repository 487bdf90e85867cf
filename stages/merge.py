"""Stage `merge`: models/shards/* and what MLflow said of them -> models/merged, models/outer, reports/merge*.json."""

import tempfile
from pathlib import Path

from housebrain.cluster.losses import validation_losses
from housebrain.errors import reported
from housebrain.files import read_json, write_json
from housebrain.language.samples import load_samples
from housebrain.merging.choose import choose, left_open
from housebrain.merging.outer import merge_round
from housebrain.merging.record import record_id
from housebrain.merging.strategies import strategy
from housebrain.merging.trials import log_strategies
from housebrain.merging.validate import validate
from housebrain.model.base import ensure_base
from housebrain.params import load_params
from housebrain.shard import check_folders, key_of
from housebrain.tracking import log_run

OUT = Path("models/merged")
CHOICE = Path("reports/merge_choice.json")
SAMPLES = 4  # validation samples on which the merged adapter's loss must be sane


def main() -> None:
    params = load_params()
    settings = params.merge
    collected = read_json("models/collected.json")
    check_folders(params.shards)
    metrics = {shard.name: collected[str(shard.number)]["metrics"] for shard in params.shards}
    folders = {shard.name: shard.out for shard in params.shards}
    base, codec = ensure_base(params), params.train.codec
    validation = load_samples("data/heldout/validation.parquet", codec, settings.validation_samples)
    table = []
    if left_open(settings):
        with validation_losses(params, base, validation) as losses_of:
            choice = choose(folders, metrics, params, losses_of)
        how, weights, scale, table = choice.trial.how, choice.trial.weights, choice.trial.scale, choice.table
        print(f"merge: {how.name} at scale {scale:g} is taken")
    else:
        how = strategy(settings.strategy, settings.metric, settings.mode, settings.temperature, **settings.parameters)
        weights, scale = None, float(settings.scale)
    report = merge_round(folders, how, metrics, params, weights, scale, OUT, Path("models/outer"))
    of_rounds = {"rounds": str(params.rounds), "start": report["start"] or "the base"} if params.rounds > 1 else {}
    for name, weight in report["weights"].items():
        print(f"merge: {name}  weight {weight:.4f}")
    verdict = validate(OUT, base, validation[:SAMPLES], codec)
    print(f"merge: loads with plain PEFT, validation loss {verdict['loss']:.3f}, first answer: {verdict['answer']}")
    summary = {
        "scale": scale,
        "rank_max": report["rank_max"],
        "dropped_energy_max": report["dropped_energy_max"],
        "size_mb": report["size_mb"],
        "validation_loss": verdict["loss"],
    }
    shares = {f"weight_{key_of(name)}": weight for name, weight in report["weights"].items()}
    write_json("reports/merge.json", summary | shares | {"strategy": report["strategy"]})
    write_json(CHOICE, table)
    run_id = log_run(
        record_id(report),
        f"merge {report['strategy']}",
        params.tracking.experiment,
        {
            **settings.model_dump(),
            "formula": report["formula"],
            **{f"outer_{key}": value for key, value in report.get("outer", {}).items()},
        },
        summary | shares,
        {"kind": "merge", "round": str(params.round), **of_rounds},
    )
    with tempfile.TemporaryDirectory() as folder:
        log_strategies(CHOICE, run_id, Path(folder))


if __name__ == "__main__":
    with reported():
        main()
