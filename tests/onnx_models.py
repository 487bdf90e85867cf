"""A base as onnxruntime's files, written once for all tests of a process."""

from pathlib import Path

from housebrain.files import atomic_folder
from housebrain.language.chat import find_chat, write_chat
from housebrain.model.loading import load_tokenizer
from housebrain.model.onnx_export import Precision, write_onnx


def onnx_of(base: Path, precision: Precision) -> Path:
    """The base as onnx, in a folder beside it."""
    made = base.with_name(f"{base.name}-{precision}")
    if not made.exists():
        with atomic_folder(made) as folder:
            write_onnx(base, folder, precision)
            write_chat(find_chat(load_tokenizer(base), "tree"), folder)
    return made
