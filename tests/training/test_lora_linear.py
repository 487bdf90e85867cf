"""Tests for housebrain.training.lora_linear: the same numbers as PEFT's layer, and only where it is safe."""

from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model

from housebrain.training.lora_linear import FusedLinear, fuse


class Two(torch.nn.Module):
    """Two linear layers, one with a bias."""

    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Linear(12, 20)
        self.second = torch.nn.Linear(20, 7, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(self.first(x).tanh())


def adapted(dtype: torch.dtype = torch.float32, **options: Any) -> Any:
    """With an adapter whose B is not zero."""
    torch.manual_seed(0)
    model = get_peft_model(
        Two().to(dtype), LoraConfig(r=3, lora_alpha=5, target_modules=["first", "second"], **options)
    )
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight)
    return model


def outcome(model: Any) -> list[torch.Tensor]:
    """The output for one input, and the gradients of the input and of all weights that are trained."""
    x = torch.randn(2, 5, 12, generator=torch.Generator().manual_seed(1)).requires_grad_()
    out = model(x)
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    return [out.detach(), *torch.autograd.grad((out**2).sum(), [x, *trained])]


def test_output_and_gradients_are_those_of_peft() -> None:
    plain, fused = adapted(), adapted()
    assert fuse(fused) == 2
    assert sum(isinstance(module, FusedLinear) for module in fused.modules()) == 2
    found = outcome(fused)
    for value, expected in zip(found, outcome(plain), strict=True):
        torch.testing.assert_close(value, expected, rtol=1e-5, atol=1e-5)
    assert len(found) == 2 + 4


def test_an_input_without_a_gradient_costs_none() -> None:
    model = adapted()
    fuse(model)
    x = torch.randn(5, 12)
    model(x).sum().backward()
    assert x.grad is None
    assert model.base_model.model.first.lora_A["default"].weight.grad.abs().max() > 0


@pytest.mark.parametrize(
    "options", [{"lora_dropout": 0.1}, {"use_dora": True}, {"lora_bias": True}, {"dtype": torch.float16}]
)
def test_other_layers_are_left_to_peft(options: dict[str, Any]) -> None:
    assert fuse(adapted(**options)) == 0


def test_adapter_can_be_turned_off_and_merged_as_before() -> None:
    plain, fused = adapted(), adapted()
    fuse(fused)
    x = torch.randn(4, 12)
    with torch.inference_mode():
        with plain.disable_adapter(), fused.disable_adapter():
            assert torch.equal(plain(x), fused(x))
        assert torch.equal(plain.merge_and_unload()(x), fused.merge_and_unload()(x))


def test_under_autocast_peft_takes_over() -> None:
    plain, fused = adapted(), adapted()
    fuse(fused)
    x = torch.randn(4, 12)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(plain(x), fused(x))
