"""PEFT's LoRA layer in fewer passes over memory, for training.

PEFT computes the base layer's output, the adapter's output, its scaled copy and their sum: three arrays more than are
needed, each way. On a CPU in float32 that is a third of the time of the layer's own products; here it is half of that.
Where the base is in half precision PEFT computes the adapter in float32, with a copy of the input. Here its factors,
which are small, are cast instead.
"""

from typing import Any

import torch
from peft.tuners import lora
from torch.autograd.function import once_differentiable
from torch.nn.functional import linear


class _Product(torch.autograd.Function):
    """x W^T + b + scale x A^T B^T, the last added in place; W [d_out, d_in] and b are frozen."""

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        W: torch.Tensor,
        bias: torch.Tensor | None,
        A: torch.Tensor,
        B: torch.Tensor,
        scale: float,
    ) -> torch.Tensor:
        inner = linear(x, A)
        out = linear(x, W, bias)
        out.view(-1, out.shape[-1]).addmm_(inner.flatten(0, -2), B.T, alpha=scale)
        ctx.save_for_backward(x, W, A, B, inner)
        ctx.scale = scale
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, W, A, B, inner = ctx.saved_tensors
        gradient = gradient.flatten(0, -2)
        of_inner = (gradient @ B).mul_(ctx.scale)
        of_x = (gradient @ W).addmm_(of_inner, A).view(x.shape) if ctx.needs_input_grad[0] else None
        of_B = (gradient.T @ inner.flatten(0, -2)).mul_(ctx.scale)
        return of_x, None, None, of_inner.T @ x.flatten(0, -2), of_B, None


class FusedLinear(lora.Linear):
    """A LoRA layer that `fuse` has found to be plain."""

    def forward(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        if self.disable_adapters or self.merged or x.dtype != torch.float32 or torch.is_autocast_enabled(x.device.type):
            out: torch.Tensor = super().forward(x, *args, **kwargs)
            return out
        (name,) = self.active_adapters
        base, A, B = self.get_base_layer(), self.lora_A[name].weight, self.lora_B[name].weight
        return _Product.apply(x, base.weight, base.bias, A, B, self.scaling[name])


class CastLinear(lora.Linear):
    """A LoRA layer that `cast` has found to be plain: its factors stay float32, and are used in the input's dtype."""

    def forward(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        if self.disable_adapters or self.merged:
            out: torch.Tensor = super().forward(x, *args, **kwargs)
            return out
        (name,) = self.active_adapters
        A = self.lora_A[name].weight.to(x.dtype)
        B = (self.lora_B[name].weight * self.scaling[name]).to(x.dtype)
        added: torch.Tensor = linear(linear(self.lora_dropout[name](x), A), B)
        return added + self.get_base_layer()(x)


def cast(model: torch.nn.Module) -> int:
    """Makes the LoRA layers of a model with one adapter faster on a GPU or in half precision, where they are linear.

    Returns:
        How many were.
    """
    count = 0
    for module in model.modules():
        if type(module) is lora.Linear and _is_simple(module):
            module.__class__ = CastLinear
            count += 1
    return count


def fuse(model: torch.nn.Module) -> int:
    """Makes the LoRA layers of a model with one adapter faster, where they are plain: linear, float32, no dropout.

    Returns:
        How many were.
    """
    count = 0
    for module in model.modules():
        if type(module) is lora.Linear and _is_plain(module):
            module.__class__ = FusedLinear
            count += 1
    return count


def _is_simple(module: Any) -> bool:
    return (
        type(module.get_base_layer()) is torch.nn.Linear
        and len(module.lora_A) == 1
        and not module.lora_variant
        and not any(module.lora_bias.values())
    )


def _is_plain(module: Any) -> bool:
    weights = [*module.get_base_layer().parameters(), *module.lora_A.parameters(), *module.lora_B.parameters()]
    return (
        _is_simple(module)
        and all(isinstance(dropout, torch.nn.Identity) for dropout in module.lora_dropout.values())
        and all(weight.dtype == torch.float32 for weight in weights)
    )
