"""Writing a model as one GGUF file, for llama.cpp, Ollama and the like: Llama and Qwen2 with byte-level tokens."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import gguf
import numpy as np
from numpy.typing import NDArray

from housebrain.errors import UserError

Precision = Literal["f16", "q8_0"]
_TYPES = {
    "f16": (gguf.GGMLQuantizationType.F16, gguf.LlamaFileType.MOSTLY_F16),
    "q8_0": (gguf.GGMLQuantizationType.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0),
}
_ARCHITECTURES = {"llama": gguf.MODEL_ARCH.LLAMA, "qwen2": gguf.MODEL_ARCH.QWEN2}
# GGUF's name for how a text is cut before tokens are made of it, by the patterns that tokenizer.json has for that.
_LLAMA_3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_CUTS = {
    ("ByteLevel",): "gpt-2",
    ("Digits", "ByteLevel"): "smollm",
    (_LLAMA_3,): "llama-bpe",
    (_LLAMA_3.replace("{1,3}", ""),): "qwen2",
}


def write_gguf(model: Any, tokenizer: Any, path: Path, precision: Precision = "q8_0") -> None:
    """Writes a model with its tokenizer and chat template.

    Args:
        model: a causal language model of transformers, on the CPU.
        tokenizer: its fast tokenizer.
        path: the file, which is written over.
        precision: of its matrices: `f16`, or `q8_0`, eight bits in blocks of 32 with a scale each.

    Raises:
        UserError: the model is of another architecture or scales its positions, or its tokenizer is of another kind.
    """
    config = model.config
    architecture = _ARCHITECTURES.get(config.model_type)
    if architecture is None:
        raise _unknown(f"a model of the kind {config.model_type}; it writes {' and '.join(_ARCHITECTURES)}")
    rope = config.rope_parameters
    if rope["rope_type"] != "default":
        raise _unknown(f"positions that are scaled ({rope['rope_type']})")
    kind, file_type = _TYPES[precision]
    writer = gguf.GGUFWriter(path, gguf.MODEL_ARCH_NAMES[architecture])
    writer.add_file_type(file_type)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(rope["rope_theta"])
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    writer.add_rope_dimension_count(width)
    writer.add_key_length(width)
    writer.add_value_length(width)
    writer.add_vocab_size(config.vocab_size)
    _add_tokenizer(writer, tokenizer, config.vocab_size)
    for name, weight in _tensors(model, architecture):
        if weight.ndim == 1:
            writer.add_tensor(name, weight)
        else:
            if weight.shape[-1] % gguf.GGML_QUANT_SIZES[kind][0]:
                raise _unknown(f"{precision} where a matrix has rows of {weight.shape[-1]}; try f16")
            writer.add_tensor(name, gguf.quantize(weight, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _unknown(what: str) -> UserError:
    return UserError(
        f"export: it can't write GGUF for {what}. Export safetensors, and convert them with llama.cpp's own converter."
    )


def _tensors(model: Any, architecture: Any) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Each weight under GGUF's name for it, float32."""
    config = model.config
    names = gguf.get_tensor_name_map(architecture, config.num_hidden_layers)
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue  # llama.cpp takes the embeddings
        new = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if new is None:
            raise _unknown(f"the weight {name}")
        weight = tensor.float().numpy()
        projection = name.split(".")[-2]
        if architecture == gguf.MODEL_ARCH.LLAMA and projection in heads:
            weight = _interleaved(weight, heads[projection])
        yield new, np.ascontiguousarray(weight)


def _interleaved(weight: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Rows of a query's or key's projection in llama.cpp's order: the two that turn together stand side by side."""
    shape = weight.shape
    return weight.reshape(heads, 2, shape[0] // heads // 2, *shape[1:]).swapaxes(1, 2).reshape(shape)


def _add_tokenizer(writer: Any, tokenizer: Any, vocabulary: int) -> None:
    content = json.loads(tokenizer.backend_tokenizer.to_str())
    core = content["model"]
    if core["type"] != "BPE" or core.get("byte_fallback") or content["normalizer"] not in (None, {"type": "NFC"}):
        raise _unknown("a tokenizer that is not byte-level BPE")
    added = {one["id"]: one for one in content["added_tokens"]}
    texts = {number: text for text, number in core["vocab"].items()}
    texts |= {number: one["content"] for number, one in added.items()}
    kinds = dict.fromkeys(texts, gguf.TokenType.NORMAL)
    kinds |= {
        number: gguf.TokenType.CONTROL if one["special"] else gguf.TokenType.USER_DEFINED
        for number, one in added.items()
    }
    # Models have rows for more tokens than there are.
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(_cut_of(content["pre_tokenizer"]))
    writer.add_token_list([texts.get(number, f"[PAD{number}]") for number in range(vocabulary)])
    writer.add_token_types([kinds.get(number, gguf.TokenType.UNUSED) for number in range(vocabulary)])
    writer.add_token_merges([one if isinstance(one, str) else " ".join(one) for one in core["merges"]])
    for number, add in (
        (tokenizer.bos_token_id, writer.add_bos_token_id),
        (tokenizer.eos_token_id, writer.add_eos_token_id),
        (tokenizer.pad_token_id, writer.add_pad_token_id),
    ):
        if number is not None:
            add(number)
    writer.add_add_bos_token(bool(tokenizer("a")["input_ids"][:1] == [tokenizer.bos_token_id]))
    writer.add_chat_template(tokenizer.get_chat_template())


def _cut_of(before: dict[str, Any]) -> str:
    """GGUF's name for how a text is cut before tokens are made of it."""
    parts = before["pretokenizers"] if before["type"] == "Sequence" else [before]
    found = []
    for part in parts:
        if part["type"] == "Split":
            found.append(re.sub(r"\s+$", "", part["pattern"].get("Regex", "")))
        elif part["type"] != "ByteLevel" or part["use_regex"]:
            found.append(part["type"])
    name = _CUTS.get(tuple(found))
    if name is None:
        raise _unknown("a tokenizer that cuts texts in a way of its own")
    return name
