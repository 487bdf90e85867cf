"""Each adapter of a round as a version of one registered model, with everything that a person chooses by.

A version is known by its adapter's bytes and by what was measured of it: registering the same again makes no second
one. It has a few tags and a description of two lines. The rest is with its logged model: the measures as metrics and as
tags (`metric.*`, `interval.*`), the criteria (`criterion.*`), where it comes from and where its files are.
"""

import hashlib
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from ruamel.yaml import YAML

from housebrain.errors import UserError
from housebrain.evaluation.criteria import check_criteria
from housebrain.evaluation.names import BASE, MERGED, OF_THE_MACHINE
from housebrain.files import read_json, sha256_file
from housebrain.git import git_commit
from housebrain.logged_models import Model, add_folder, log_model
from housebrain.merging.record import record_id
from housebrain.model.adapter import FINGERPRINT, MERGE_REPORT, WEIGHTS
from housebrain.params import Params
from housebrain.registry import Version, attach_model, find_version, register_version
from housebrain.release.pyfunc import write_pyfunc
from housebrain.shard import Shard
from housebrain.tracking import RECORD_ID, find_runs, store_uri

# What a version's own tags are, beside its record's id; those of merges and of rounds only where there are any.
TAGS = ("model", "round", "base", "strategy", "criteria", "folder", "sha256", "dvc.md5")
# What it was made with, as parameters of its logged model.
PARAMS = (
    "base_revision",
    "codec",
    "rounds",
    "formula",
    "scale",
    "rank",
    "dtype",
    "outer_learning_rate",
    "outer_momentum",
)
Table = dict[str, dict[str, Any]]  # metrics by model, or a criterion's bound, value and verdict by its name


class Adapter(NamedTuple):
    """An adapter of a round that is to be registered.

    Attributes:
        name: `merged`, `shard 1` and so on.
        folder: relative to the project's.
        run_record: the record id of the run that made it.
        metrics: its row of the evaluation.
        intervals: by metric, `low` and `high`, or None.
        criteria: each with bound, value and verdict.
        lineage: tags that say what it was made from.
        about: what it is, for people.
    """

    name: str
    folder: Path
    run_record: str
    metrics: dict[str, Any]
    intervals: dict[str, Any]
    criteria: Table
    lineage: dict[str, str]
    about: str


def data_hash(hashes: list[str]) -> str:
    """One hash for the data of one or several shards."""
    return hashes[0] if len(hashes) == 1 else hashlib.sha256(" ".join(hashes).encode()).hexdigest()


def adapters_of_round(
    params: Params, collected: Table, evaluation: Table, intervals: Table, criteria: Table, briefs: int
) -> list[Adapter]:
    """The shards' adapters and the merged one, from the files beside them and from the reports.

    Args:
        params: whose criteria shards are held against.
        collected: `models/collected.json`.
        evaluation: `reports/evaluation.json`.
        intervals: `reports/evaluation/intervals.json`.
        criteria: `reports/criteria.json`, which is about the merged model.
        briefs: how many were measured.

    Raises:
        UserError: a file is missing or damaged, or a model was not evaluated.
    """
    shards = {shard.name: shard for shard in map(Shard, map(int, collected))}
    missing = [name for name in (BASE, *shards, MERGED) if name not in evaluation]
    if missing:
        raise UserError(f"reports/evaluation.json: it has no {', '.join(missing)}. Run `dvc repro evaluate`.")
    origins = {name: read_json(shard.out / FINGERPRINT) for name, shard in shards.items()}
    loss = evaluation[BASE]["eval_loss"]
    common = {"briefs": str(briefs), **({} if loss is None else {"base_eval_loss": f"{loss:.6g}"})}
    adapters = [
        _shard(
            shard,
            params,
            collected[str(shard.number)],
            evaluation[name],
            intervals[name],
            criteria,
            origins[name],
            common,
        )
        for name, shard in shards.items()
    ]
    merged = merged_adapter(
        Path("models/merged"), evaluation[MERGED], intervals[MERGED], criteria, origins, common, git_commit()
    )
    return [*adapters, merged]


def _shard(
    shard: Shard,
    params: Params,
    collected: dict[str, Any],
    metrics: dict[str, Any],
    intervals: dict[str, Any],
    criteria: Table,
    origin: dict[str, Any],
    common: dict[str, str],
) -> Adapter:
    """A shard is held against the same criteria; what guided answers are worth is not measured for it."""
    values = metrics | {
        "merged_size_mb": metrics["adapter_mb"],
        "train_loss": collected["metrics"].get("train_loss"),
        "shards_finished": criteria.get("shards_finished", {}).get("value"),
    }
    trained_at = read_json(shard.out / "run.json")["tags"].get("git_commit", "unknown")
    lineage = common | _shared(origin["shared"]) | {"data_hash": origin["own"]["data"], "git_commit": trained_at}
    lineage["training"] = json.dumps({shard.name: _training(origin)})
    about = f"Shard {shard.number} of round {origin['shared']['round']} alone."
    verdicts = check_criteria(params.evaluate.criteria, values)
    return Adapter(shard.name, shard.out, collected["record_id"], metrics, intervals, verdicts, lineage, about)


def merged_adapter(
    folder: Path,
    metrics: dict[str, Any],
    intervals: dict[str, Any],
    criteria: Table,
    origins: Table,
    common: dict[str, str],
    commit: str,
) -> Adapter:
    """A merged adapter with its lineage.

    Args:
        folder: with its report, as `merge` writes it.
        metrics: its row of the evaluation.
        intervals: by metric, `low` and `high`, or None.
        criteria: each with bound, value and verdict.
        origins: the fingerprints of its shards, by their names.
        common: tags that all adapters of the evaluation have.
        commit: of the code that made it.

    Raises:
        UserError: the report is missing or damaged.
    """
    report = read_json(folder / MERGE_REPORT)
    used = [name for name, weight in report["weights"].items() if weight]
    shared = origins[used[0]]["shared"]
    lineage = common | _shared(shared)
    lineage |= {key: str(report[key]) for key in ("strategy", "formula", "scale", "rank", "dtype")}
    lineage |= {
        "weights": json.dumps(report["weights"]),
        "inputs": json.dumps(report["inputs"]),
        "training": json.dumps({name: _training(origin) for name, origin in origins.items()}),
        "data_hash": data_hash([origin["own"]["data"] for origin in origins.values()]),
        "git_commit": commit,
    }
    about = f"{report['strategy'].capitalize()} of {len(used)} shards of round {shared['round']}."
    if "outer" in report:  # with several rounds
        lineage |= {f"outer_{key}": f"{value:g}" for key, value in report["outer"].items()}
        lineage |= {"start": report["start"]} if report["start"] else {}
        about += f" {outer_step(lineage)}"
    return Adapter(MERGED, folder, record_id(report), metrics, intervals, criteria, lineage, about)


def _shared(origin: dict[str, Any]) -> dict[str, str]:
    keys = ("base", "base_revision", "codec", "round", *(["rounds"] if origin["rounds"] > 1 else []))
    return {key: str(origin[key]) for key in keys}


def outer_step(tags: dict[str, str]) -> str:
    """How a merge with several rounds went on from the rounds before, as a sentence."""
    number = int(tags["round"])
    start = f"what round {number - 1} came to ({tags['start'][:12]})" if number > 1 else "the base"
    return (
        f"This is the state after round {number} of {tags['rounds']}: along that merge an outer step (learning rate "
        f"{tags['outer_learning_rate']}, momentum {tags['outer_momentum']}) was taken from {start}."
    )


def _training(origin: dict[str, Any]) -> dict[str, Any]:
    lora = {f"lora_{key}": value for key, value in origin["shared"]["lora"].items()}
    return lora | origin["own"]["train"] | origin["own"]["platform"]


def register(adapters: list[Adapter], params: Params) -> dict[str, Version]:
    """Registers adapters, the merged one with the runs of its shards. Returns their versions by name.

    Raises:
        UserError: an adapter's file is missing, or the store can't be written.
    """
    runs = {
        adapter.name: find_runs(params.tracking.experiment, {RECORD_ID: adapter.run_record}) for adapter in adapters
    }
    of_shards = {name: found[0] for name, found in runs.items() if name != MERGED and found}
    return {
        adapter.name: _register(adapter, params, next(iter(runs[adapter.name]), None), of_shards)
        for adapter in adapters
    }


def _register(adapter: Adapter, params: Params, run_id: str | None, of_shards: dict[str, str]) -> Version:
    sha256 = sha256_file(adapter.folder / WEIGHTS)
    record = _record_id(adapter, sha256)
    known = find_version(params.tracking.model, record)
    if known is not None and "base_revision" in known.tags:
        return known
    all_of_it = {
        **tags_of(adapter),
        **({"shard_runs": json.dumps(of_shards)} if adapter.name == MERGED else {}),
        **dvc_files(adapter.folder),
    }
    measured_by = evaluations_of(adapter.name, sha256, adapter.metrics, params)
    model = Model(
        name=f"{adapter.name}, round {adapter.lineage['round']}",
        run_id=run_id,
        measured_by=next(iter(measured_by), None),
        params={key: value for key, value in all_of_it.items() if key in PARAMS},
        tags={key: value for key, value in all_of_it.items() if key not in {*PARAMS, *TAGS}},
        metrics=_numbers(adapter.metrics),
    )
    model_id = log_model(model, params.tracking.experiment)
    source = source_of(adapter, model_id)
    if known is not None:  # a person has deleted its logged model
        return attach_model(params.tracking.model, known.number, model_id)
    return register_version(
        params.tracking.model,
        record,
        source,
        run_id,
        {key: value for key, value in all_of_it.items() if key in TAGS},
        f"{adapter.about}\n{_how_good(adapter)}",
        model_id,
    )


def evaluations_of(name: str, sha256: str, metrics: dict[str, Any], params: Params) -> list[str]:
    """The runs that measured an adapter and came to these metrics, newest first: it may have been measured on other
    briefs as well."""
    came_to = {metric: value for metric, value in _numbers(metrics).items() if metric not in OF_THE_MACHINE}
    tags = {"kind": "evaluation", "model": name, "weights": sha256}
    return find_runs(params.tracking.experiment, tags, came_to)


def tags_of(adapter: Adapter) -> dict[str, str]:
    """What is written down of an adapter: its file, where it comes from, what was measured, the criteria's verdicts."""
    path = adapter.folder / WEIGHTS
    measured = {f"metric.{name}": f"{value:.6g}" for name, value in _numbers(adapter.metrics).items()}
    between = {
        f"interval.{name}": f"{found['low']:.6g} to {found['high']:.6g}"
        for name, found in adapter.intervals.items()
        if found
    }
    return {
        "model": adapter.name,
        "folder": adapter.folder.as_posix(),
        "sha256": sha256_file(path),
        "size_mb": f"{path.stat().st_size / 1e6:.6g}",
        "criteria": _met(adapter.criteria),
        **adapter.lineage,
        **measured,
        **between,
        **{f"criterion.{name}": _verdict(row) for name, row in adapter.criteria.items()},
    }


def _met(criteria: Table) -> str:
    """Such as `7 of 11 met`."""
    return f"{sum(row['verdict'] == 'pass' for row in criteria.values())} of {len(criteria)} met"


def _how_good(adapter: Adapter) -> str:
    """How good it is, as one line."""
    found, briefs = adapter.metrics, int(adapter.lineage["briefs"])
    said = [f"test loss {found['eval_loss']:.3f}"] if found.get("eval_loss") is not None else []
    for kind, accuracy, validity in (
        ("free", "design_accuracy", "design_validity"),
        ("guided", "guided_accuracy", "guided_validity"),
    ):
        if found.get(accuracy) is not None:
            said.append(f"{kind}: requirements met {found[accuracy]:.0%}, valid {found[validity]:.0%}")
    return f"On {briefs} test brief{'s' if briefs > 1 else ''}: {'; '.join(said)}."


def _numbers(metrics: dict[str, Any]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if isinstance(value, int | float)}


def _verdict(row: dict[str, Any]) -> str:
    """Such as `fail: 0.4, wanted >= 0.9`."""
    return row["verdict"] + ("" if row["value"] is None else f": {row['value']:.6g}") + f", wanted {row['bound']}"


def _record_id(adapter: Adapter, sha256: str) -> str:
    """The same bytes with the same measures and verdicts are the same version."""
    measured = {name: value for name, value in _numbers(adapter.metrics).items() if name not in OF_THE_MACHINE}
    verdicts = {name: [row["bound"], row["verdict"]] for name, row in adapter.criteria.items()}
    what = json.dumps([adapter.name, sha256, measured, verdicts], sort_keys=True)
    return hashlib.sha256(what.encode()).hexdigest()[:32]


def source_of(adapter: Adapter, model_id: str) -> str:
    """The link to a version's files: those of its logged model, with which MLflow can load it.

    A server takes no link into a machine's own folders: it gets the name that DVC has for the adapter.
    """
    sha256 = sha256_file(adapter.folder / WEIGHTS)
    base = adapter.lineage["base"], adapter.lineage["base_revision"]
    with TemporaryDirectory() as folder:
        write_pyfunc(Path(folder), adapter.folder, sha256, base, f"{adapter.name}, round {adapter.lineage['round']}")
        place = add_folder(model_id, Path(folder))
    return f"dvc:///{adapter.folder.as_posix()}" if store_uri().startswith("http") else place


def dvc_files(folder: Path) -> dict[str, str]:
    """Where DVC keeps what `folder` held at the last run: its hash, and its list of files in the cache and the remote.

    Empty where dvc.lock doesn't have the folder.
    """
    lock = Path("dvc.lock")
    stages = YAML(typ="safe").load(lock)["stages"].values() if lock.exists() else []
    outs = [out for stage in stages for out in stage.get("outs", []) if out["path"] == folder.as_posix()]
    if not outs:
        return {}
    from dvc.repo import Repo

    md5 = outs[0]["md5"]
    with Repo() as repo:
        tags = {"dvc.md5": md5, "dvc.cache": str(Path(repo.cache.local.path) / md5[:2] / md5[2:])}
        remote = repo.config["core"].get("remote")
        if remote:
            tags["dvc.remote"] = f"{repo.config['remote'][remote]['url'].rstrip('/')}/files/md5/{md5[:2]}/{md5[2:]}"
    return tags
