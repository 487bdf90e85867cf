"""The base model and its tokenizer in memory."""

import importlib.util
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig

from housebrain.errors import UserError
from housebrain.language.prompt import end_of_turn
from housebrain.model.base import quiet
from housebrain.model.preflight import verdict


def load_tokenizer(folder: str | Path) -> Any:
    """The base model's tokenizer with its chat template; padding on the left, as generation wants it.

    Raises:
        UserError: it has no token to pad with, not even one that ends an answer.
    """
    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.tokenize(end_of_turn(tokenizer))[-1]
    return tokenizer


def load_base(folder: str | Path, precision: str = "fp32", quantize_4bit: bool = False) -> Any:
    """The base model for causal language modelling, on the GPU if there is one.

    Its attention keeps the samples of a packed row apart, where `preflight` found that it can.

    Args:
        folder: made by `ensure_base`.
        precision: `fp32`, `fp16` or `bf16`: the dtype of the frozen weights.
        quantize_4bit: keep them in 4-bit NF4 (bitsandbytes); CUDA only.

    Raises:
        UserError: 4 bits are asked for without CUDA or without bitsandbytes, or the base is of a kind that can't be
            trained.
    """
    quiet()
    dtypes: dict[str, torch.dtype] = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
    options: dict[str, Any] = {"dtype": dtypes[precision], "attn_implementation": verdict(Path(folder)).attention}
    if quantize_4bit:
        if not torch.cuda.is_available() or importlib.util.find_spec("bitsandbytes") is None:
            raise UserError(
                "platforms: quantize_4bit needs a CUDA GPU and bitsandbytes (`pip install 'housebrain[cuda]'`). "
                "Set it to false on this machine."
            )
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtypes[precision],
        )
    model = AutoModelForCausalLM.from_pretrained(folder, **options)
    return model.to("cuda") if torch.cuda.is_available() and not quantize_4bit else model
