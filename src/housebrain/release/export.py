"""The champion as files for others: its adapter, or the base with the adapter in its weights, with a model card."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, cast

import torch
from safetensors.torch import load_file, save_file

from housebrain.errors import UserError
from housebrain.files import atomic_folder, check_replaceable, read_json, write_json
from housebrain.language.answer import Codec
from housebrain.language.chat import find_chat, write_chat
from housebrain.model.adapter import CONFIG, WEIGHTS
from housebrain.model.base import ensure_base
from housebrain.model.folded import with_adapter
from housebrain.model.gguf_export import write_gguf
from housebrain.model.loading import load_tokenizer
from housebrain.model.modelfile import modelfile
from housebrain.model.onnx_export import write_onnx
from housebrain.model.released import FOLDER, LINEAGE
from housebrain.params import Params
from housebrain.registry import Version
from housebrain.release.card import card
from housebrain.release.champion import Champion

_OF_THIS_MACHINE = ("dvc.cache", "dvc.remote")
GGUF = "model.gguf"
Form = Literal["safetensors", "gguf", "onnx", "ollama"]
TOLERANCE = 1e-3  # of logits, relative to the largest: float32 folds an adapter in to about 1e-6


def export(champion: Champion, params: Params, reports: Path, out: Path, form: Form = "safetensors") -> None:
    """Writes the chosen model to the folder `out`, for whatever loads it.

    Args:
        champion: as `champion()` gives it.
        params: with the base model and its licence.
        reports: the reports' folder.
        out: made in one step; replaced if it is an export or empty.
        form: of the files: `safetensors` for transformers and vLLM, with the adapter beside them; `gguf` for llama.cpp;
            `ollama`, which adds a Modelfile to that; `onnx` for onnxruntime-genai.

    Raises:
        UserError: `out` is something else, the base or a report is not the champion's, the adapter can't be folded into
            the base's weights exactly, or the form can't hold such a model.
    """
    check_replaceable(out, (LINEAGE,), "export")
    params = with_base_of(champion.version, params)
    text = card(champion.version, params, read_json(reports / "prepare.json"), read_json(reports / "split.json"), form)
    base = ensure_base(params)
    tokenizer = load_tokenizer(base)
    model = checked_model(base, champion.folder, tokenizer(text)["input_ids"][:64])
    with atomic_folder(out) as folder:
        write_model(model, tokenizer, folder, form, params.base_model().license)
        if form == "safetensors":
            (folder / "adapter").mkdir()
            for name in (CONFIG, WEIGHTS):
                shutil.copy(champion.folder / name, folder / "adapter")
        write_chat(find_chat(tokenizer, cast(Codec, champion.version.tags["codec"])), folder)
        (folder / "README.md").write_text(text)
        write_json(folder / LINEAGE, _lineage(champion.version))


def write_model(model: Any, tokenizer: Any, folder: Path, form: Form, licence: str) -> None:
    """Writes a model and its tokenizer into a folder.

    Args:
        model: of transformers, in float32.
        tokenizer: the model's.
        folder: exists.
        form: as for `export`.
        licence: of the weights, for Ollama.

    Raises:
        UserError: the form can't hold such a model, or a package is missing.
    """
    if form == "onnx":
        with TemporaryDirectory(prefix=".", suffix=".tmp", dir=folder.parent) as whole:
            model.save_pretrained(whole)
            tokenizer.save_pretrained(whole)
            write_onnx(Path(whole), folder)
        return
    if form == "safetensors":
        model.save_pretrained(folder)
    else:
        write_gguf(model.cpu(), tokenizer, folder / GGUF)
        if form == "ollama":
            (folder / "Modelfile").write_text(modelfile(tokenizer, GGUF, licence), encoding="utf-8")
    tokenizer.save_pretrained(folder)


def export_adapter(champion: Champion, params: Params, reports: Path, out: Path) -> None:
    """Writes the chosen adapter alone to the folder `out`, in bf16, with its lineage and a model card: a few megabytes.

    Args:
        champion: as `champion()` gives it.
        params: with the base model and its licence.
        reports: the reports' folder.
        out: made in one step; replaced if it is an export or empty, or the place of the released adapter.

    Raises:
        UserError: `out` is something else, or the base or a report is not the champion's.
    """
    is_released = out.resolve() == FOLDER.resolve()
    check_replaceable(out, (LINEAGE, *(["README.md"] if is_released else [])), "export")
    params = with_base_of(champion.version, params)
    prepared, split = read_json(reports / "prepare.json"), read_json(reports / "split.json")
    text = card(champion.version, params, prepared, split, "adapter")
    weights = {name: weight.to(torch.bfloat16) for name, weight in load_file(champion.folder / WEIGHTS).items()}
    with atomic_folder(out) as folder:
        save_file(weights, folder / WEIGHTS, metadata={"format": "pt"})
        shutil.copy(champion.folder / CONFIG, folder)
        (folder / "README.md").write_text(text)
        write_json(folder / LINEAGE, _lineage(champion.version) | {"stored_as": "bfloat16"})


def _lineage(version: Version) -> dict[str, str]:
    """The version's number and tags, but for what is of this machine."""
    tags = {key: value for key, value in version.tags.items() if key not in _OF_THIS_MACHINE}
    return {"version": version.number, **tags}


def with_base_of(version: Version, params: Params) -> Params:
    """`params` with the base that a version was trained on, whatever `base` is now.

    Raises:
        UserError: `bases` has it no more.
    """
    return with_base(version.tags["base"], version.tags["base_revision"], params, f"version {version.number}")


def with_base(name: str, revision: str, params: Params, of: str) -> Params:
    """`params` with a base by the name and revision that versions have for it.

    Raises:
        UserError: `bases` has it no more; `of` says what was trained on it.
    """
    for key, base in params.bases.items():
        if (base.hub_id or key, base.revision) == (name, revision):
            return params.model_copy(update={"base": key})
    raise UserError(
        f"params.yaml: bases has no {name} at revision {revision}, which {of} was trained on. Add it again."
    )


def checked_model(base: Path, adapter: Path, tokens: list[int]) -> Any:
    """The base with the adapter added to its weights, float32, tried on `tokens` before and after.

    Raises:
        UserError: the adapter is of another base, or the logits change: PEFT adds an adapter that was trained for tied
            embeddings (`ensure_weight_tying`) to both ends of the model.
    """
    model = with_adapter(base, adapter)
    ids = torch.tensor([tokens], device=model.device)
    with torch.inference_mode():
        apart = model(input_ids=ids).logits
    model = model.merge_and_unload()
    with torch.inference_mode():
        off = float((model(input_ids=ids).logits - apart).abs().max() / apart.abs().max())
    if not off < TOLERANCE:
        raise UserError(
            f"{adapter}: with the adapter in its weights the model's logits are off by {off:.1e} of the largest. "
            "Serve the adapter beside the base instead."
        )
    return model
