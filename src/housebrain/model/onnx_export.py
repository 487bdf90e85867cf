"""Writing a model for onnxruntime, by the builder that comes with onnxruntime-genai."""

import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from housebrain.errors import UserError
from housebrain.model.onnx_head import narrow_head
from housebrain.model.onnx_model import GRAPH, OnnxModel

Precision = Literal["int8", "fp32"]
NEEDED = ("onnxruntime", "onnxruntime_genai", "onnx", "onnx_ir")
# What the builder writes for its own tokenizer and chats, which are not used.
_SUPERFLUOUS = ("chat_template.jinja", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")


def can_write() -> bool:
    """Whether the packages that write such a model are installed."""
    return all(importlib.util.find_spec(name) is not None for name in NEEDED)


def _unfit(model: Path, why: str) -> UserError:
    return UserError(f"{model}: onnxruntime can't run this model ({why}). Use `--engine transformers`.")


def write_onnx(model: Path, folder: Path, precision: Precision = "int8", tokens: Sequence[int] = ()) -> None:
    """Writes a model for onnxruntime and onnxruntime-genai: its graph, weights, configuration and tokenizer.json.

    Args:
        model: a folder with safetensors, a configuration and a tokenizer, as transformers has them.
        folder: exists; what is in it already stays.
        precision: of the weights of linear layers: `int8` in blocks of 32 with a scale each, or as they are.
        tokens: whose logits are wanted, for `onnx_model` alone; none are all.

    Raises:
        UserError: a package is missing, or onnxruntime can't run models of this kind.
    """
    if not can_write():
        raise UserError("export: writing onnx needs more packages. Install them: `pip install 'housebrain[engine]'`.")
    # In a process of its own: it changes logging and warnings for good, and holds the weights several times.
    builder = [sys.executable, "-m", "onnxruntime_genai.models.builder", "-m", str(model), "-o", str(folder)]
    done = subprocess.run(
        # Of a prompt only the last token's logits are wanted.
        [*builder, "-p", precision, "-e", "cpu", "-c", str(folder), "--extra_options", "prune_lm_head=true"],
        capture_output=True,
        text=True,
        errors="replace",
    )
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise _unfit(model, said[-1] if said else str(done.returncode))
    try:
        if tokens:
            narrow_head(folder / GRAPH, tokens)
        OnnxModel(folder).rows().append([[0]])
    except Exception as error:  # onnxruntime's own have no common class
        raise _unfit(model, " ".join(str(error).split())[:300]) from error
    for name in _SUPERFLUOUS:
        (folder / name).unlink(missing_ok=True)
