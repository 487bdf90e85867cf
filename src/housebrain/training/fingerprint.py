"""What a training is made from, and so which checkpoints and adapters belong to it. Nothing here needs torch."""

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

from housebrain.files import sha256_file
from housebrain.params import Params
from housebrain.training.base_model import base_folder, tokenizer_hash
from housebrain.training.lora_init import verified_init

PACKAGE = Path(__file__).parents[1]
# What a trained adapter depends on; the same files as train_shard's dependencies in dvc.yaml.
CODE = ["training", "data/samples.py", "design/brief.py", "design/text.py", "design/tree.py"]


class Paths(NamedTuple):
    """Where one shard's training reads and writes."""

    data: Path
    init: Path
    checkpoints: Path
    out: Path
    report: Path
    curve: Path


def shard_paths(shard: int, project: Path = Path()) -> Paths:
    """The paths of shard `shard` (from 1) in a project's folder, as dvc.yaml has them."""
    return Paths(
        data=project / f"data/shards/{shard}",
        init=project / "models/lora_init",
        checkpoints=project / f"models/checkpoints/shard-{shard}",
        out=project / f"models/shards/{shard}",
        report=project / f"reports/shards/{shard}.json",
        curve=project / f"reports/shards/{shard}_loss.csv",
    )


def code_version() -> str:
    """SHA-256 of the source files that decide what a training comes to."""
    digest = hashlib.sha256()
    for name in CODE:
        path = PACKAGE / name
        for file in sorted(path.glob("*.py")) if path.is_dir() else [path]:
            digest.update(f"{file.relative_to(PACKAGE).as_posix()}\0{sha256_file(file)}\n".encode())
    return digest.hexdigest()


def fingerprint(shard: int, params: Params, paths: Paths) -> dict[str, Any]:
    """What an adapter was made from. Adapters can be merged where `shared` is equal; `own` is each shard's."""
    base = params.base_model()
    return {
        "shared": {
            "base": base.hub_id or params.base,
            "base_revision": base.revision,
            "tokenizer": tokenizer_hash(base_folder(params)),
            "lora": params.lora.model_dump(),
            "init": verified_init(paths.init),
            "codec": params.train.codec,
            "validation": sha256_file(paths.data / "validation.parquet"),
            "round": params.round,
            "rounds": params.rounds,
            "code": code_version(),
        },
        "own": {
            "shard": shard,
            "data": sha256_file(paths.data / "train.parquet"),
            "train": params.train.model_dump(),
            "platform": params.platform(shard).model_dump(),
        },
    }


def training_key(made_from: dict[str, Any]) -> str:
    """The hash of a fingerprint: checkpoints of another key are never resumed from."""
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()
