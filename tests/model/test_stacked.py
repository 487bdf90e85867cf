"""Tests for housebrain.model.stacked: each group of rows against its adapter, folded in, alone."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from housebrain.errors import UserError
from housebrain.files import read_json, write_json
from housebrain.model.adapter import CONFIG, WEIGHTS
from housebrain.model.folded import load_model
from housebrain.model.stacked import can_be_stacked, load_stacked


@pytest.fixture
def adapters(tmp_path: Path, tiny_init: Path) -> list[Path]:
    """Three with random updates; the last with another scale."""
    folders = []
    for number in range(3):
        folder = tmp_path / str(number)
        shutil.copytree(tiny_init, folder)
        generator = torch.Generator().manual_seed(number)
        weights = load_file(folder / WEIGHTS)
        weights = {name: 0.1 * torch.randn(weight.shape, generator=generator) for name, weight in weights.items()}
        save_file(weights, folder / WEIGHTS)
        folders.append(folder)
    config = read_json(folders[2] / CONFIG)
    write_json(folders[2] / CONFIG, config | {"lora_alpha": 3 * config["lora_alpha"]})
    return folders


@pytest.mark.parametrize("rows", [1, 2])
def test_each_groups_rows_are_its_adapters(adapters: list[Path], tiny_base: Path, rows: int) -> None:
    ids = torch.arange(3, 3 + 20 * rows).view(rows, 20)
    models = [None, *adapters]  # None is the base alone
    stacked = load_stacked(tiny_base, models)
    with torch.inference_mode():
        logits = stacked(input_ids=ids.repeat(len(models), 1)).logits.split(rows)
        alone = [load_model(tiny_base, adapter).eval()(input_ids=ids).logits for adapter in models]
    for one, other in zip(logits, alone, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-3)
    assert not torch.allclose(alone[0], alone[1], atol=0.1)


def test_adapters_of_different_ranks_are_stacked(adapters: list[Path], tiny_base: Path) -> None:
    weights = load_file(adapters[1] / WEIGHTS)
    halves = {key: w[: len(w) // 2] if "lora_A" in key else w[:, : w.shape[1] // 2] for key, w in weights.items()}
    save_file({key: half.contiguous() for key, half in halves.items()}, adapters[1] / WEIGHTS)
    config = read_json(adapters[1] / CONFIG)
    write_json(adapters[1] / CONFIG, config | {"r": config["r"] // 2})
    assert can_be_stacked(adapters)
    test_each_groups_rows_are_its_adapters(adapters, tiny_base, 1)


def test_adapters_with_other_layers_or_more_than_factors_are_not_stacked(adapters: list[Path]) -> None:
    assert can_be_stacked(adapters)
    weights = load_file(adapters[1] / WEIGHTS)
    name = next(iter(weights)).split(".lora_")[0]
    extra = {"base_model.model.lm_head.weight": torch.zeros(4, 4)}
    save_file(weights | extra, adapters[1] / WEIGHTS)
    assert not can_be_stacked(adapters)
    fewer = {key: weight for key, weight in weights.items() if not key.startswith(name)}
    save_file(fewer, adapters[1] / WEIGHTS)
    assert not can_be_stacked(adapters)


def test_adapters_for_another_base_are_named(adapters: list[Path], tiny_base: Path) -> None:
    for folder in adapters[1:]:
        weights = load_file(folder / WEIGHTS)
        wider = {key: torch.cat([one, one], -1) if "lora_A" in key else one for key, one in weights.items()}
        save_file(wider, folder / WEIGHTS)
    with pytest.raises(UserError, match="doesn't fit the base") as refused:
        load_stacked(tiny_base, list(adapters))
    assert str(adapters[1]) in str(refused.value)


def test_adapters_of_layers_that_the_base_lacks_are_named(adapters: list[Path], tiny_base: Path) -> None:
    for folder in adapters:
        weights = load_file(folder / WEIGHTS)
        renamed = {name.replace("layers.1.", "layers.7."): weight for name, weight in weights.items()}
        save_file(renamed, folder / WEIGHTS)
    with pytest.raises(UserError, match=r"doesn't fit the base .*layers\.7"):
        load_stacked(tiny_base, list(adapters))
