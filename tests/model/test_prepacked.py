"""Tests for housebrain.model.prepacked: the same answers as PyTorch's own layers give."""

import copy
from pathlib import Path

import pytest
import torch

from housebrain.language.tokens import Tokens
from housebrain.model import prepacked
from housebrain.model.loading import load_base
from housebrain.model.loss import mean_loss
from housebrain.model.prepacked import prepack
from housebrain.model.stacked import load_stacked


def linear_layers(model: torch.nn.Module) -> int:
    return sum(isinstance(layer, torch.nn.Linear) for layer in model.modules())


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="oneDNN is not there")
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (3, 1), (24, 1), (2, 300), (5,), ()])
def test_a_layer_computes_what_it_did(shape: tuple[int, ...], bias: bool) -> None:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(48, 80, bias=bias))
    x = torch.randn(*shape, 48)
    with torch.inference_mode():
        expected = model(x)
        torch.testing.assert_close(prepack(model)(x), expected, rtol=1e-5, atol=1e-5)
    assert linear_layers(model) == 0


def test_a_model_answers_as_before(tiny_base: Path) -> None:
    model = load_base(tiny_base).eval()
    tokens = Tokens("one", list(range(3, 60)), 20)
    ids = torch.arange(3, 43).view(2, 20)
    with torch.inference_mode():
        logits, loss = model(input_ids=ids).logits, mean_loss(model, [tokens])
        embeddings = model.get_input_embeddings().weight.clone()
        assert prepack(model) is model
        torch.testing.assert_close(model(input_ids=ids).logits, logits, rtol=1e-4, atol=1e-4)
    assert linear_layers(model) == 0
    assert mean_loss(model, [tokens]) == pytest.approx(loss, abs=1e-4)
    # They are one with the output layer's weights in this base.
    assert torch.equal(model.get_input_embeddings().weight, embeddings)


def test_adapters_side_by_side_stay_what_they_are(tiny_base: Path, tiny_init: Path) -> None:
    ids = torch.arange(3, 43).view(2, 20)
    model = load_stacked(tiny_base, [None, tiny_init])
    with torch.inference_mode():
        expected = model(input_ids=ids).logits
        torch.testing.assert_close(prepack(model)(input_ids=ids).logits, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_other_precisions_are_left_alone(dtype: torch.dtype) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(8, 8)).to(dtype)
    before = copy.deepcopy(model.state_dict())
    assert prepack(model).state_dict().keys() == before.keys()
    assert linear_layers(model) == 1


def test_other_processors_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepacked.platform, "machine", lambda: "arm64")
    assert linear_layers(prepack(torch.nn.Sequential(torch.nn.Linear(8, 8)))) == 1
