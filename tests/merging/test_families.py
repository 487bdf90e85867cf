"""Adapters of models of many families: the merge is the mean of what PEFT adds to each weight."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import (
    BertConfig,
    BertForTokenClassification,
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForSequenceClassification,
    LlamaModel,
    T5Config,
    T5ForConditionalGeneration,
)

from housebrain.merging.outside import merge_named
from housebrain.merging.strategies import strategy

SIZES = {"vocab_size": 60, "hidden_size": 16, "intermediate_size": 28, "num_hidden_layers": 2, "num_attention_heads": 2}
T5_SIZES = {"vocab_size": 60, "d_model": 16, "d_kv": 8, "d_ff": 24, "num_layers": 2, "num_heads": 2}
GPT2_SIZES = {"vocab_size": 40, "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 32}
FAMILIES: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "llama without a head": (lambda: LlamaModel(LlamaConfig(**SIZES)), {"target_modules": "all-linear"}),
    "llama that sorts texts": (
        lambda: LlamaForSequenceClassification(LlamaConfig(**SIZES, num_labels=3, pad_token_id=0)),
        {"task_type": "SEQ_CLS", "target_modules": r".*layers\.(0|1)\..*(q|v)_proj", "exclude_modules": r".*0.*q_proj"},
    ),
    "bert": (lambda: BertForTokenClassification(BertConfig(**SIZES)), {"task_type": "TOKEN_CLS"}),
    "t5": (
        lambda: T5ForConditionalGeneration(T5Config(**T5_SIZES)),
        {"task_type": "SEQ_2_SEQ_LM", "target_modules": ["q", "shared"]},
    ),
    "gpt2": (lambda: GPT2LMHeadModel(GPT2Config(**GPT2_SIZES)), {"target_modules": ["c_attn", "c_proj", "wte"]}),
    "neox": (lambda: GPTNeoXForCausalLM(GPTNeoXConfig(**SIZES)), {"target_modules": ["query_key_value", "embed_in"]}),
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.filterwarnings("ignore")
def test_the_merge_is_the_mean(tmp_path: Path, family: str) -> None:
    make, config = FAMILIES[family]

    def base() -> Any:
        torch.manual_seed(0)
        return make()

    def added(folder: Path) -> dict[str, torch.Tensor]:
        before = base().state_dict()
        after = PeftModel.from_pretrained(base(), str(folder)).merge_and_unload().state_dict()
        return {name: (after[name] - before[name]).double() for name in before if name in after}

    for seed in (1, 2):
        model = get_peft_model(base(), LoraConfig(r=4, **config))
        draw = torch.Generator().manual_seed(seed)
        for weight in model.parameters():
            if weight.requires_grad:
                weight.data.add_(torch.randn(weight.shape, generator=draw))
        model.save_pretrained(str(tmp_path / str(seed)))
    merge_named(
        [tmp_path / "1", tmp_path / "2"], strategy("average"), "exact", "float32", tmp_path / "out", progress=False
    )
    one, other, found = (added(tmp_path / name) for name in ("1", "2", "out"))
    for name, update in found.items():
        assert torch.allclose(update, (one[name] + other[name]) / 2, atol=1e-5), name
    assert sum(float(update.norm()) > 0.1 for update in found.values()) > 1
