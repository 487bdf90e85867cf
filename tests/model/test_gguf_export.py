"""Tests for housebrain.model.gguf_export: the file gives the same logits, as transformers reads it."""

from pathlib import Path
from typing import Any

import gguf
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GPTNeoXConfig, GPTNeoXForCausalLM, Qwen2Config
from transformers import Qwen2ForCausalLM as Qwen2

from conftest import MakeSamples
from housebrain.errors import UserError
from housebrain.language.prompt import prompt
from housebrain.language.samples import load_samples
from housebrain.model.gguf_export import Precision, write_gguf
from housebrain.model.loading import load_tokenizer

# Of logits, relative to the largest: what eleven and eight bits of a random weight leave.
TOLERANCES: dict[Precision, float] = {"f16": 1e-2, "q8_0": 2e-1}


def logits(model: Any, ids: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        found: torch.Tensor = model.eval()(input_ids=ids).logits
    return found


def off(found: torch.Tensor, right: torch.Tensor) -> float:
    return float((found - right).abs().max() / right.abs().max())


def rounded(model: Any, precision: Precision) -> Any:
    """The model with its matrices as the file has them."""
    kind = gguf.GGMLQuantizationType[precision.upper()]
    for weight in model.parameters():
        if weight.ndim == 2:
            weight.data = torch.from_numpy(gguf.dequantize(gguf.quantize(weight.detach().numpy(), kind), kind))
    return model


def qwen(tiny_base: Path) -> Any:
    """A random Qwen2 of two layers: it has biases, and another order of a head's rows."""
    torch.manual_seed(1)
    of_llama = AutoModelForCausalLM.from_pretrained(tiny_base).config
    model = Qwen2(
        Qwen2Config(
            vocab_size=of_llama.vocab_size,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=512,
            initializer_range=0.3,
            tie_word_embeddings=False,
        )
    )
    for name, weight in model.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(weight)
    return model


@pytest.mark.parametrize("precision", ["f16", "q8_0"])
@pytest.mark.parametrize("kind", ["llama", "qwen2"])
def test_transformers_reads_the_same_model_back(
    tiny_base: Path, tmp_path: Path, make_samples: MakeSamples, kind: str, precision: Precision
) -> None:
    model = AutoModelForCausalLM.from_pretrained(tiny_base) if kind == "llama" else qwen(tiny_base)
    tokenizer = load_tokenizer(tiny_base)
    write_gguf(model, tokenizer, tmp_path / "model.gguf", precision)
    again = AutoModelForCausalLM.from_pretrained(tmp_path, gguf_file="model.gguf", dtype=torch.float32)
    assert type(again) is type(model)
    reader = AutoTokenizer.from_pretrained(tmp_path, gguf_file="model.gguf")
    assert reader.chat_template == tokenizer.chat_template
    assert (reader.eos_token, reader.pad_token) == (tokenizer.eos_token, tokenizer.pad_token)
    (sample,) = load_samples(make_samples(tmp_path / "test.parquet", 1))
    text = prompt(tokenizer, sample.brief, "tree")
    ids = tokenizer(text, return_tensors="pt", add_special_tokens=False)["input_ids"]
    assert reader(text, add_special_tokens=False)["input_ids"] == ids[0].tolist()
    found = logits(again, ids)
    assert off(found, logits(model, ids)) < TOLERANCES[precision]
    assert off(found, logits(rounded(model, precision), ids)) < 1e-5


def test_what_cannot_be_written_is_said(tiny_base: Path, tmp_path: Path) -> None:
    tokenizer, model = load_tokenizer(tiny_base), AutoModelForCausalLM.from_pretrained(tiny_base)
    other = GPTNeoXForCausalLM(GPTNeoXConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1, vocab_size=9))
    with pytest.raises(UserError, match="a model of the kind gpt_neox; it writes llama and qwen2"):
        write_gguf(other, tokenizer, tmp_path / "model.gguf")
    model.config.rope_parameters = {"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4}
    with pytest.raises(UserError, match=r"positions that are scaled \(linear\)"):
        write_gguf(model, tokenizer, tmp_path / "model.gguf")
    assert list(tmp_path.iterdir()) == []


def test_a_tokenizer_of_another_kind_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    from tokenizers import pre_tokenizers

    tokenizer, model = load_tokenizer(tiny_base), AutoModelForCausalLM.from_pretrained(tiny_base)
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    with pytest.raises(UserError, match="cuts texts in a way of its own"):
        write_gguf(model, tokenizer, tmp_path / "model.gguf")
