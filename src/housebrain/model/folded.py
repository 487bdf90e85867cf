"""An adapter added to its base's weights, as it is served: no work a token for the adapter."""

from pathlib import Path
from typing import Any

import torch

from housebrain.errors import UserError
from housebrain.model.adapter import PREFIX, Adapter, NotFiniteError
from housebrain.model.loading import load_base, with_adapter
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
        return _folded(load_base(base), Adapter(folder))
    except NotFiniteError:
        return _merged(base, folder)  # what comes of it is for the caller to see


def _merged(base: Path, folder: Path) -> Any:
    model = with_adapter(base, folder)
    _untie(model.get_base_model(), Adapter(folder))
    return model.merge_and_unload()


def _untie(model: Any, adapter: Adapter) -> None:
    """Where one matrix is both ends of the model, and the adapter is of one end, gives the output a copy of its own.

    What is added to the one end would be added to the other as well.
    """
    start, end = model.get_input_embeddings(), model.get_output_embeddings()
    if end is None or start.weight is not end.weight:
        return
    adapted = {name.removeprefix(PREFIX) for name in adapter.modules}
    if any(name in adapted for name, module in model.named_modules() if module is start or module is end):
        linear = getattr(end, "base_layer", end)
        linear.weight = torch.nn.Parameter(linear.weight.detach().clone(), requires_grad=False)
        model.config.tie_word_embeddings = False


def _folded(model: Any, adapter: Adapter) -> Any:
    _untie(model, adapter)
    layers = dict(model.named_modules())
    for name in adapter.modules:
        layer = layers.get(name.removeprefix(PREFIX))
        if not isinstance(layer, torch.nn.Linear) or tuple(adapter.shapes[name]) != tuple(layer.weight.shape):
            raise UserError(f"{adapter.folder}: it doesn't fit the base ({name}). Train it on this base.")
        factors = adapter.factors(name)
        update = factors.scale * (factors.B.float() @ factors.A.float())
        layer.weight.data += update.to(layer.weight)
    return model
