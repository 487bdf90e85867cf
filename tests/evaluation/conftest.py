"""A small project to evaluate: adapters for the tiny base, test samples, and settings."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from conftest import REPOSITORY, MakeSamples
from housebrain.evaluation.names import MERGED
from housebrain.model.adapter import WEIGHTS
from housebrain.params import Params, load_params


def adapter_like(init: Path, folder: Path, seed: int) -> Path:
    """An adapter of the shapes of `init`, with a random B, so that it changes what the model says."""
    folder.mkdir(parents=True)
    weights = load_file(init / WEIGHTS)
    generator = torch.Generator().manual_seed(seed)
    for name, weight in weights.items():
        if "lora_B" in name:
            weights[name] = torch.randn(weight.shape, generator=generator) * 0.2
    save_file(weights, folder / WEIGHTS, metadata={"format": "pt"})
    (folder / "adapter_config.json").write_text((init / "adapter_config.json").read_text())
    return folder


@pytest.fixture
def params() -> Params:
    """The shipped settings, shrunk; nobody is guided."""
    shipped = load_params(REPOSITORY / "params.yaml")
    few = {"briefs": 3, "guided_briefs": 0, "max_new_tokens": 24, "batch_size": 2}
    evaluation = shipped.evaluate.model_copy(update=few)
    return shipped.model_copy(update={"evaluate": evaluation})


@pytest.fixture
def adapters(tmp_path: Path, tiny_init: Path) -> dict[str, Path]:
    """Two shards' adapters and a merged one."""
    names = ["shard 1", "shard 2", MERGED]
    return {name: adapter_like(tiny_init, tmp_path / "models" / name, seed) for seed, name in enumerate(names)}


@pytest.fixture
def test_split(tmp_path: Path, make_samples: MakeSamples) -> Path:
    return make_samples(tmp_path / "test.parquet", 4)


@pytest.fixture
def shard_reports() -> dict[str, dict[str, Any]]:
    """What training says of two shards, the second of which was stopped."""
    finished = {"steps": 12, "total_steps": 12, "train_loss": 0.4, "samples": 24}
    return {"shard 1": finished, "shard 2": finished | {"steps": 5, "train_loss": 0.8}}
