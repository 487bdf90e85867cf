"""Streamed safetensors files, read back by the library itself."""

from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from housebrain.model.tensors import TensorWriter, header_bytes, is_finite


def test_what_is_written_is_read_by_safetensors(tmp_path: Path) -> None:
    tensors = {
        "plain": torch.randn(3, 5),
        "transposed": torch.randn(4, 6).T,
        "half": torch.randn(7).bfloat16(),
        "fp16": torch.randn(2, 2, 2).half(),
        "double": torch.randn(1, dtype=torch.float64),
        "whole": torch.arange(5),
        "short": torch.arange(5).short(),
        "byte": -torch.arange(5).char(),
        "flags": torch.tensor([True, False, True]),
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 4),
        'na"me.\u00e9': torch.ones(2),
    }
    with TensorWriter(tmp_path / "f.safetensors", tensors) as writer:
        for name, tensor in tensors.items():
            writer.write(name, tensor)
    found = load_file(tmp_path / "f.safetensors")
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype and torch.equal(found[name], tensor)
    with safe_open(tmp_path / "f.safetensors", "pt") as file:
        assert file.metadata() == {"format": "pt"}
    content = sum(tensor.nbytes for tensor in tensors.values())
    assert (tmp_path / "f.safetensors").stat().st_size == 8 + header_bytes(tensors) + content


def test_room_is_left_for_the_longest_header(tmp_path: Path) -> None:
    names = [f"base_model.model.model.layers.{i}.mlp.down_proj.lora_A.weight" for i in range(2000)]
    with TensorWriter(tmp_path / "f.safetensors", names) as writer:
        for name in names:
            writer.write(name, torch.zeros(1, 1000))
    assert len(load_file(tmp_path / "f.safetensors")) == 2000


def test_a_file_left_by_an_error_is_not_taken_for_whole(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), TensorWriter(tmp_path / "f.safetensors", ["a", "b"]) as writer:
        writer.write("a", torch.ones(4))
        raise RuntimeError
    with pytest.raises(SafetensorError):
        load_file(tmp_path / "f.safetensors")


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_one_element_that_is_not_finite_is_found(dtype: torch.dtype, bad: float) -> None:
    tensor = torch.full((3, 1000), torch.finfo(dtype).max, dtype=dtype)
    assert is_finite(tensor)
    tensor[1, 777] = bad
    assert not is_finite(tensor)


def test_whole_numbers_and_nothing_are_finite() -> None:
    for tensor in (torch.arange(5), torch.tensor([True]), torch.zeros(0, 4)):
        assert is_finite(tensor)
