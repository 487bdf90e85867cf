"""Linear layers whose weights lie as oneDNN reads them, for models that write on a CPU.

A model that writes has a few rows a pass, one token each. For so few PyTorch's own layer spends more time on laying the
weights out anew, in each call, than on the product. With two to four rows half of the time is spared. It is what
`torch.compile` does to frozen weights (torch/_inductor/fx_passes/mkldnn_fusion.py), without a compiler.
"""

import platform
from typing import Any

import torch

ROWS = 8  # that the layout is chosen for; others are computed with it too


class _Prepacked(torch.nn.Module):
    """A linear layer for inference: it has no gradient, and its weights can't be read.

    Args:
        linear: float32, on the CPU.
    """

    def __init__(self, linear: torch.nn.Linear) -> None:
        super().__init__()
        self.bias = linear.bias
        self.weight_in_blocks = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), ROWS)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x [..., d_in] -> [..., d_out]."""
        out: torch.Tensor = torch.ops.mkldnn._linear_pointwise(x, self.weight_in_blocks, self.bias, "none", [], "")
        return out


def prepack(model: Any) -> Any:
    """Lays out the weights of a model's linear layers for writing.

    Args:
        model: a causal language model, which is changed. It can't be trained or saved afterwards.

    Returns:
        The same model; as it was where its weights are not float32 on an x86 processor.
    """
    if platform.machine() not in ("x86_64", "AMD64") or not torch.backends.mkldnn.is_available():
        return model
    for name, layer in list(model.named_modules()):
        # Subclasses do something else besides.
        if type(layer) is torch.nn.Linear and layer.weight.dtype == torch.float32 and layer.weight.device.type == "cpu":
            parent, _, attribute = name.rpartition(".")
            setattr(model.get_submodule(parent), attribute, _Prepacked(layer))
    return model.eval()
