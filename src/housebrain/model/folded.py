"""An adapter added to its base's weights, as it is served: no work a token for the adapter."""

from pathlib import Path
from typing import Any

import torch

from housebrain.errors import UserError
from housebrain.model.adapter import PREFIX, Adapter, NotFiniteError
from housebrain.model.loading import load_base, untied, with_adapter
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
        return with_adapter(base, folder).merge_and_unload()
    try:
        return _folded(untied(load_base(base), folder), Adapter(folder))
    except NotFiniteError:
        return with_adapter(base, folder).merge_and_unload()  # what comes of it is for the caller to see


def _folded(model: Any, adapter: Adapter) -> Any:
    layers = dict(model.named_modules())
    for name in adapter.modules:
        layer = layers.get(name.removeprefix(PREFIX))
        if not isinstance(layer, torch.nn.Linear) or tuple(adapter.shapes[name]) != tuple(layer.weight.shape):
            raise UserError(f"{adapter.folder}: it doesn't fit the base ({name}). Train it on this base.")
        factors = adapter.factors(name)
        update = factors.scale * (factors.B.float() @ factors.A.float())
        layer.weight.data += update.to(layer.weight)
    return model
