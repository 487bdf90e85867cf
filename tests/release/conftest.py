"""A small round, evaluated: two shards' adapters of the tiny base and their merge, with runs and reports."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from conftest import REPOSITORY
from housebrain.evaluation.names import BASE, DESIGNS, MERGED
from housebrain.files import count_lines, read_json, write_json
from housebrain.merging.merge import merge_adapters
from housebrain.merging.strategies import strategy
from housebrain.model.adapter import WEIGHTS
from housebrain.params import Criterion, Params, load_params
from housebrain.registry import Version
from housebrain.release.champion import REGISTERED
from housebrain.release.register import adapters_of_round, register
from housebrain.tracking import RunRecord, import_record, log_run
from project import TINY

EXPERIMENT = "housebrain"
BRIEFS = 2  # that were measured; the settings ask for more than there are


def train_nothing(init: Path, folder: Path, shard: int) -> None:
    """An adapter as training leaves it, with a random B; the fingerprint holds what the release reads."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = load_file(init / WEIGHTS)
    generator = torch.Generator().manual_seed(shard)
    for name, weight in weights.items():
        if "lora_B" in name:
            weights[name] = torch.randn(weight.shape, generator=generator) * 0.2
    save_file(weights, folder / WEIGHTS, metadata={"format": "pt"})
    (folder / "adapter_config.json").write_text((init / "adapter_config.json").read_text())
    lora = {"r": 4, "alpha": 8}
    shared = {"base": "nobody/tiny", "base_revision": "0", "codec": "tree", "round": 1, "rounds": 1, "lora": lora}
    own = {
        "shard": shard,
        "data": f"data-{shard}",
        "train": {"seed": 42},
        "platform": {"epochs": shard, "learning_rate": 2e-4},
    }
    write_json(folder / "fingerprint.json", {"shared": shared, "own": own})
    record = RunRecord(
        record_id=f"run-{shard}",
        name=f"shard {shard}",
        tags={"git_commit": "abc"},
        start_ms=1,
        end_ms=2,
        status="FINISHED",
    )
    (folder / "run.json").write_text(record.model_dump_json())
    import_record(record, EXPERIMENT)


def merge_round(how: str = "average") -> None:
    """As the stage `merge` does."""
    folders = {f"shard {shard}": Path(f"models/shards/{shard}") for shard in (1, 2)}
    metrics = {"shard 1": {"eval_loss": 2.0}, "shard 2": {"eval_loss": 1.0}}
    report = merge_adapters(folders, strategy(how), metrics, "exact", "float32", Path("models/merged"), progress=False)
    key = hashlib.sha256(json.dumps(report, sort_keys=True).encode()).hexdigest()[:32]
    log_run(f"merge-{key}", "merge", EXPERIMENT, {}, {}, {"kind": "merge"})


def register_round(params: Params) -> dict[str, Version]:
    """As the stage `register` does, without the charts."""
    names = ("evaluation", "evaluation/intervals", "criteria")
    evaluation, intervals, criteria = (read_json(f"reports/{name}.json") for name in names)
    briefs = count_lines(Path("reports/evaluation") / DESIGNS)
    collected = read_json("models/collected.json")
    versions = register(adapters_of_round(params, collected, evaluation, intervals, criteria, briefs), params)
    rows = {name: {"version": one.number, "sha256": one.tags["sha256"]} for name, one in versions.items()}
    write_json(REGISTERED, rows)
    return versions


def of_rounds(number: int, rounds: int, start: str | None) -> None:
    """Makes what was merged the state after a round of several, as the stage `merge` describes it."""
    for shard in (1, 2):
        path = Path(f"models/shards/{shard}/fingerprint.json")
        made_from = read_json(path)
        made_from["shared"] |= {"round": number, "rounds": rounds}
        write_json(path, made_from)
    report = read_json("models/merged/merge.json")
    step = {"outer": {"learning_rate": 1.0, "momentum": 0.5}, "start": start}
    write_json("models/merged/merge.json", report | step)


@pytest.fixture
def params() -> Params:
    """The shipped settings on the tiny base, with one criterion that the merged model meets and one that it doesn't."""
    shipped = load_params(REPOSITORY / "params.yaml")
    criteria = {
        "json_validity": Criterion(about="answers that are valid JSON", min=1.0),
        "merged_size_mb": shipped.evaluate.criteria["merged_size_mb"],
    }
    return shipped.model_copy(
        update={
            "base": "tiny",
            "bases": {"tiny": TINY},
            "evaluate": shipped.evaluate.model_copy(update={"criteria": criteria}),
        }
    )


@pytest.fixture
def evaluated_round(tmp_path: Path, tiny_init: Path, mlflow_store: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's folder, which is the working directory; nothing is registered yet."""
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    for shard in (1, 2):
        train_nothing(tiny_init, Path(f"models/shards/{shard}"), shard)
    merge_round()
    collected = {str(s): {"record_id": f"run-{s}", "metrics": {"train_loss": 0.5}} for s in (1, 2)}
    write_json("models/collected.json", collected)
    row: dict[str, Any] = {"json_validity": 1.0, "adapter_mb": 0.01, "seconds_per_design": None, "peak_memory_gb": 1.0}
    losses = {BASE: 3.0, "shard 1": 2.0, "shard 2": 1.5, MERGED: 1.25}
    write_json("reports/evaluation.json", {name: row | {"eval_loss": loss} for name, loss in losses.items()})
    between = {"eval_loss": {"low": 1.0, "high": 1.5}, "json_validity": None}
    write_json("reports/evaluation/intervals.json", dict.fromkeys(losses, between))
    Path("reports/evaluation", DESIGNS).write_text("{}\n" * BRIEFS)
    criteria = {
        "json_validity": {"about": "valid JSON", "bound": ">= 1", "value": 0.5, "verdict": "fail"},
        "merged_size_mb": {"about": "size", "bound": "<= 200", "value": 0.01, "verdict": "pass"},
    }
    write_json("reports/criteria.json", criteria)
    return project
