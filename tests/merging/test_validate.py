"""The last look at a merged adapter, on a tiny base."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file

from housebrain.errors import UserError
from housebrain.language.samples import Sample, load_samples
from housebrain.language.tokens import tokenize
from housebrain.merging.merge import merge_adapters
from housebrain.merging.strategies import strategy
from housebrain.merging.validate import validate
from housebrain.model.adapter import WEIGHTS
from housebrain.model.loading import load_base, load_tokenizer
from housebrain.model.loss import token_losses
from housebrain.model.packed import collate


@pytest.fixture
def samples(tmp_path: Path, make_samples: Callable[..., Path]) -> list[Sample]:
    return load_samples(make_samples(tmp_path / "validation.parquet", 2))


def train_a_little(base: Path, folder: Path, samples: list[Sample], steps: int) -> Path:
    """A few steps of descent on the samples themselves; against the gradient where `steps` is negative."""
    torch.manual_seed(1)
    config = LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM")
    model: Any = get_peft_model(load_base(base), config)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2, maximize=steps < 0)
    batch = collate([tokenize(load_tokenizer(base), sample, "tree") for sample in samples], [[0], [1]])
    for _ in range(abs(steps)):
        token_losses(model, batch.input_ids, batch.position_ids, batch.labels).mean().backward()
        optimizer.step()
        optimizer.zero_grad()
    model.save_pretrained(str(folder))
    return folder


def test_a_merged_adapter_is_loaded_measured_and_asked(tmp_path: Path, tiny_base: Path, samples: list[Sample]) -> None:
    folders = {str(steps): train_a_little(tiny_base, tmp_path / str(steps), samples, steps) for steps in (2, 4)}
    merge_adapters(folders, strategy("average"), {}, "exact", "float32", tmp_path / "out")
    verdict = validate(tmp_path / "out", tiny_base, samples, "tree")
    assert 0 < verdict["loss"] < verdict["base_loss"]
    assert verdict["answer"] == "no valid json"  # a random model can't answer, and that is no error


def test_a_useless_adapter_is_refused(tmp_path: Path, tiny_base: Path, samples: list[Sample]) -> None:
    with pytest.raises(UserError, match="no better than that of the base"):
        validate(train_a_little(tiny_base, tmp_path / "a", samples, -4), tiny_base, samples, "tree")


def test_weights_that_are_not_finite_are_refused(tmp_path: Path, tiny_base: Path, samples: list[Sample]) -> None:
    path = train_a_little(tiny_base, tmp_path / "a", samples, 1) / WEIGHTS
    weights = load_file(path)
    first = sorted(weights)[0]
    save_file(weights | {first: torch.full_like(weights[first], float("nan"))}, path)
    with pytest.raises(UserError, match="is not finite"):
        validate(tmp_path / "a", tiny_base, samples, "tree")
