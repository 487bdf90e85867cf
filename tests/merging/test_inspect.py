"""What adapters have in common, against dense arithmetic and cases with known answers."""

from pathlib import Path

import pytest
import torch

from housebrain.errors import UserError
from housebrain.merging.inspect import draw, inspect
from housebrain.merging.merge import merge_adapters
from housebrain.merging.strategies import strategy
from merging.adapters import dense, random_adapter


def folders_of(tmp_path: Path, *seeds: int) -> dict[str, Path]:
    return {f"a{i}": random_adapter(tmp_path / f"a{i}", seed) for i, seed in enumerate(seeds)}


def test_norms_cosines_and_distances_are_those_of_the_dense_updates(tmp_path: Path) -> None:
    folders = folders_of(tmp_path, 1, 2, 3)
    whole = torch.stack([torch.cat([u.double().flatten() for u in dense(f).values()]) for f in folders.values()])
    found = inspect(folders)
    torch.testing.assert_close(found.norms, whole.norm(dim=1), rtol=1e-5, atol=0)
    torch.testing.assert_close(found.cosines, _cosines(whole), rtol=0, atol=1e-5)
    mean = whole.mean(0)
    torch.testing.assert_close(found.from_mean, (whole - mean).norm(dim=1) / mean.norm(), rtol=1e-5, atol=0)


def _cosines(rows: torch.Tensor) -> torch.Tensor:
    unit = torch.nn.functional.normalize(rows, dim=1)
    return unit @ unit.T


def test_an_adapter_agrees_with_itself_in_everything(tmp_path: Path) -> None:
    found = inspect(folders_of(tmp_path, 5, 5))
    ones = torch.ones(2, 2, dtype=torch.float64)
    for matrix in (found.cosines, found.output_overlaps, found.input_overlaps):
        torch.testing.assert_close(matrix, ones, rtol=0, atol=1e-6)
    torch.testing.assert_close(found.from_mean, torch.zeros(2, dtype=torch.float64), rtol=0, atol=1e-3)


def test_one_start_shows_as_one_input_space(tmp_path: Path) -> None:
    folders = {f"a{i}": random_adapter(tmp_path / f"a{i}", i, A_seed=9) for i in range(2)}
    found = inspect(folders)
    assert found.input_overlaps[0, 1] == pytest.approx(1, abs=1e-6)
    assert found.output_overlaps[0, 1] < 0.9


def test_the_effective_rank_counts_directions(tmp_path: Path) -> None:
    folders = folders_of(tmp_path, 1)
    merge_adapters(folders, strategy("average"), {}, 1, "float32", tmp_path / "one")
    found = inspect({"one": tmp_path / "one"})
    assert found.effective_ranks[0] == pytest.approx(1, abs=1e-6)
    assert 1 < inspect(folders).effective_ranks[0] <= 4


def test_adapters_of_another_kind_are_refused(tmp_path: Path) -> None:
    one = random_adapter(tmp_path / "one", 1)
    other = random_adapter(tmp_path / "other", 2, base_model_name_or_path="another/base")
    with pytest.raises(UserError, match="base_model_name_or_path"):
        inspect({"one": one, "other": other})


def test_the_picture_is_written(tmp_path: Path) -> None:
    draw(inspect(folders_of(tmp_path, 1, 2)), tmp_path / "out.png")
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")
