"""A base that onnxruntime can run, and its files for it, written once for all tests of a process."""

from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from housebrain.answering.plain_writer import PlainWriter
from housebrain.files import atomic_folder
from housebrain.language.chat import find_chat, write_chat
from housebrain.model.loading import load_tokenizer
from housebrain.model.onnx_export import Precision, write_onnx
from housebrain.model.onnx_model import OnnxModel


def wide_base(tiny_base: Path) -> Path:
    """A random Llama like `tiny_base`, with heads of 16 numbers: onnxruntime's attention wants a multiple of that."""
    made = tiny_base.with_name("wide")
    if not made.exists():
        tokenizer = load_tokenizer(tiny_base)
        torch.manual_seed(0)
        config = LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=64,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=2048,
            initializer_range=0.2,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            tie_word_embeddings=True,
        )
        with atomic_folder(made) as folder:
            tokenizer.save_pretrained(folder)
            LlamaForCausalLM(config).save_pretrained(folder)
    return made


def onnx_of(base: Path, precision: Precision) -> Path:
    """A base as onnx, in a folder beside it."""
    made = base.with_name(f"{base.name}-{precision}")
    if not made.exists():
        with atomic_folder(made) as folder:
            write_onnx(base, folder, precision)
            write_chat(find_chat(load_tokenizer(base), "tree"), folder)
    return made


def onnx_writer(base: Path, precision: Precision) -> PlainWriter:
    """What writes answers by a base as onnx."""
    folder = onnx_of(base, precision)
    return PlainWriter("onnxruntime", folder, OnnxModel(folder).rows)
