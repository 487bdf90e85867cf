"""An adapter beside its base, or added to the base's weights, as it is served: no work a token for the adapter."""

from pathlib import Path
from typing import Any

import torch
from peft import PeftModel

from housebrain.errors import UserError
from housebrain.model.adapter import PREFIX, Adapter, NotFiniteError
from housebrain.model.adapter_files import AdapterFiles
from housebrain.model.loading import load_base
from housebrain.model.stacked import can_be_stacked


def load_model(base: Path, folder: Path | None) -> Any:
    """The base, or the base with an adapter in its weights.

    Factors of linear layers are added here, in less than half of PEFT's time. PEFT adds whatever else there is.

    Args:
        base: the base model's folder.
        folder: the adapter's; None takes the base alone.

    Raises:
        UserError: the adapter was made for another base, or can't be read.
    """
    if folder is None:
        return load_base(base)
    if not can_be_stacked([folder]):
        return _merged(base, folder)
    try:
        return _folded(untied(load_base(base), folder), Adapter(folder))
    except NotFiniteError:
        return _merged(base, folder)  # what comes of it is for the caller to see


def _merged(base: Path, folder: Path) -> Any:
    return with_adapter(base, folder).merge_and_unload()


def _folded(model: Any, adapter: Adapter) -> Any:
    layers = dict(model.named_modules())
    for name in adapter.modules:
        layer = layers.get(name.removeprefix(PREFIX))
        if not isinstance(layer, torch.nn.Linear) or tuple(adapter.shapes[name]) != tuple(layer.weight.shape):
            raise UserError(f"{adapter.folder}: it doesn't fit the base ({name}). Train it on this base.")
        factors = adapter.factors(name)
        update = factors.scale * (factors.B.float() @ factors.A.float())
        # A new tensor: in place each page of the file that the base is mapped from would be copied by itself.
        layer.weight.data = layer.weight.data + update.to(layer.weight)
    return model


def with_adapter(base: Path, adapter: Path) -> PeftModel:
    """The base with an adapter beside its weights, in evaluation mode.

    Raises:
        UserError: the adapter was made for another base.
    """
    try:
        return PeftModel.from_pretrained(untied(load_base(base), adapter), adapter).eval()
    except (RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        raise UserError(f"{adapter}: it doesn't fit the base in {base} ({reason}). Train it on this base.") from error


def untied(model: Any, adapter: Path) -> Any:
    """A base to which an adapter can be added: its output layer is no longer its embeddings, where one is adapted.

    Most small bases have one tensor for both. What is added to it for one of them would change the other, which the
    adapter left alone in its training. An adapter that was trained for both (`ensure_weight_tying`) is left to PEFT.

    Args:
        model: the base, which is changed.
        adapter: the adapter's folder.
    """
    files = AdapterFiles(adapter)
    ends = [model.get_input_embeddings(), model.get_output_embeddings()]
    tied = ends[1] is not None and ends[0].weight is ends[1].weight
    if not tied or files.config().get("ensure_weight_tying"):
        return model
    names = tuple(f"{PREFIX}{name}." for name, module in model.named_modules() if module in ends)
    if any(name.startswith(names) for name in files.stored):
        ends[1].weight = torch.nn.Parameter(ends[1].weight.detach().clone(), requires_grad=False)
        model.config.get_text_config(decoder=True).tie_word_embeddings = model.config.tie_word_embeddings = False
    return model
