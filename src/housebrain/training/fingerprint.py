"""What a training is made from, and so which checkpoints and adapters belong to it. Nothing here needs torch."""

import hashlib
import json
from typing import Any

from housebrain.files import sha256_file
from housebrain.model.base import base_folder, tokenizer_hash
from housebrain.model.lora_init import verified_init
from housebrain.params import Params
from housebrain.provenance import code_hash, library_versions
from housebrain.shard import Shard

# What a trained adapter depends on; a test compares it with train_shard's dependencies in dvc.yaml.
CODE = [
    "house/brief.py",
    "house/land.py",
    "house/rooms.py",
    "house/tree.py",
    "house/units.py",
    "language/answer.py",
    "language/prompt.py",
    "language/samples.py",
    "language/tokens.py",
    "model/base.py",
    "model/generation.py",
    "model/growing_cache.py",
    "model/loading.py",
    "model/lora_init.py",
    "model/loss.py",
    "model/packed.py",
    "model/preflight.py",
    "training",
]

# What of a training's own settings changes no weight: how often it logs, measures and saves, how many saves are kept,
# and what is asked once the last step is done. All others decide which rows come when, or how they are computed. So
# does the split of a step into `batch_size` and `gradient_accumulation`, by its rounding.
WEIGHTLESS = {
    "train": {"validity_samples"},
    "platform": {"keep_checkpoints", "log_steps", "eval_steps", "save_steps"},
}


def fingerprint(shard: Shard, params: Params) -> dict[str, Any]:
    """What an adapter was made from. Adapters can be merged where `shared` is equal; `own` is each shard's.

    `versions` of libraries are written down and warned about. They are no part of a training's key: a notebook brings
    its own torch.
    """
    base = params.base_model()
    return {
        "shared": {
            "base": base.hub_id or params.base,
            "base_revision": base.revision,
            "tokenizer": tokenizer_hash(base_folder(params)),
            "lora": params.lora.model_dump(),
            "init": verified_init(shard.init),
            "codec": params.train.codec,
            "validation": sha256_file(shard.data / "validation.parquet"),
            "round": params.round,
            "rounds": params.rounds,
            "code": code_hash(CODE),
        },
        "own": {
            "shard": shard.number,
            "data": sha256_file(shard.data / "train.parquet"),
            "train": params.train.model_dump(),
            "platform": params.platform(shard).model_dump(),
        },
        "versions": library_versions(),
    }


def training_key(made_from: dict[str, Any]) -> str:
    """The hash of what a fingerprint has that decides weights: checkpoints of another key are never resumed from."""
    own = {
        name: {key: v for key, v in value.items() if key not in WEIGHTLESS[name]} if name in WEIGHTLESS else value
        for name, value in made_from["own"].items()
    }
    return _hash(_decisive(made_from) | {"own": own})


def result_key(made_from: dict[str, Any]) -> str:
    """The hash of all that a fingerprint has but `versions`: a finished training and its run are known by it."""
    return _hash(_decisive(made_from))


def _decisive(made_from: dict[str, Any]) -> dict[str, Any]:
    return {section: values for section, values in made_from.items() if section != "versions"}


def _hash(made_from: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()
