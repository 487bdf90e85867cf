"""Tests for housebrain.model.preflight, on tiny random models of each family that transformers has."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM, T5Config

from conftest import CHAT_TEMPLATE
from housebrain.errors import UserError
from housebrain.language.tokens import Tokens
from housebrain.model import preflight
from housebrain.model.loading import load_base, load_tokenizer
from housebrain.model.loss import token_losses
from housebrain.model.packed import ATTENTION, collate
from housebrain.model.preflight import VERDICT, examine, small, verdict

VOCABULARY = 97
COMMON = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "pad_token_id": 0,
}
LINEAR = {
    "head_dim": 8,
    "linear_num_value_heads": 4,
    "linear_num_key_heads": 2,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
    "layer_types": ["linear_attention", "full_attention"],
}
EXPERTS = {"num_experts_per_tok": 2, "moe_intermediate_size": 16}
# By family: its configuration's class, whether rows can be packed, and what its configuration has.
FAMILIES: dict[str, tuple[str, bool, dict[str, Any]]] = {
    "llama": ("LlamaConfig", True, COMMON),
    "qwen2": ("Qwen2Config", True, COMMON),
    "qwen3": ("Qwen3Config", True, {**COMMON, "head_dim": 8}),
    "qwen3_moe": ("Qwen3MoeConfig", True, {**COMMON, **EXPERTS, "head_dim": 8, "num_experts": 4}),
    "mistral": ("MistralConfig", True, {**COMMON, "sliding_window": 8}),
    "gemma": ("GemmaConfig", True, {**COMMON, "head_dim": 8}),
    "gemma2": ("Gemma2Config", False, {**COMMON, "head_dim": 8, "sliding_window": 8, "query_pre_attn_scalar": 8}),
    "gemma3": (
        "Gemma3TextConfig",
        True,
        {
            **COMMON,
            "head_dim": 8,
            "sliding_window": 8,
            "query_pre_attn_scalar": 8,
            "layer_types": ["sliding_attention", "full_attention"],
        },
    ),
    "phi3": ("Phi3Config", True, COMMON),
    "smollm3": ("SmolLM3Config", True, COMMON),
    "granite": ("GraniteConfig", True, COMMON),
    "olmo2": ("Olmo2Config", True, COMMON),
    "stablelm": ("StableLmConfig", False, COMMON),
    "gpt2": (
        "GPT2Config",
        True,
        {"vocab_size": VOCABULARY, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 128},
    ),
    "gpt_neox": ("GPTNeoXConfig", True, {k: v for k, v in COMMON.items() if k != "num_key_value_heads"}),
    "opt": (
        "OPTConfig",
        True,
        {
            "vocab_size": VOCABULARY,
            "hidden_size": 32,
            "ffn_dim": 48,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "word_embed_proj_dim": 32,
            "max_position_embeddings": 128,
        },
    ),
    "bloom": ("BloomConfig", False, {"vocab_size": VOCABULARY, "hidden_size": 32, "n_layer": 2, "n_head": 4}),
    "gpt_oss": (
        "GptOssConfig",
        False,
        {
            **COMMON,
            "head_dim": 8,
            "num_local_experts": 4,
            "num_experts_per_tok": 2,
            "sliding_window": 8,
            "layer_types": ["sliding_attention", "full_attention"],
        },
    ),
    "lfm2": ("Lfm2Config", False, {**COMMON, "layer_types": ["conv", "full_attention"], "conv_L_cache": 3}),
    "qwen3_next": (
        "Qwen3NextConfig",
        False,
        {**COMMON, **LINEAR, **EXPERTS, "num_experts": 4, "shared_expert_intermediate_size": 16},
    ),
    "qwen3_5": ("Qwen3_5TextConfig", False, {**COMMON, **LINEAR}),
    "granitemoehybrid": (
        "GraniteMoeHybridConfig",
        False,
        {
            **COMMON,
            "layer_types": ["mamba", "attention"],
            "num_local_experts": 0,
            "shared_intermediate_size": 16,
            "mamba_n_heads": 8,
            "mamba_d_head": 8,
            "mamba_d_state": 8,
            "mamba_chunk_size": 16,
        },
    ),
    "mamba2": (
        "Mamba2Config",
        False,
        {
            "vocab_size": VOCABULARY,
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "state_size": 8,
            "num_heads": 8,
            "head_dim": 8,
            "expand": 2,
            "n_groups": 1,
            "chunk_size": 16,
        },
    ),
}

MakeBase = Callable[[str], Path]


@pytest.fixture
def make_base(tmp_path: Path) -> MakeBase:
    """Writes a random model of a family: `make_base(name)`."""

    def make(name: str) -> Path:
        kind, _, options = FAMILIES[name]
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(getattr(transformers, kind)(**options))
        with torch.no_grad():
            for weight in model.parameters():
                weight.add_(torch.randn_like(weight), alpha=0.15)
        model.save_pretrained(tmp_path / name)
        return tmp_path / name

    return make


def samples() -> list[Tokens]:
    """Four of 20 to 29 tokens that begin alike, the last three of which begin more alike still."""
    generator = torch.Generator().manual_seed(1)
    drawn = [torch.randint(3, VOCABULARY, (length,), generator=generator).tolist() for length in (5, 15, 18, 21, 24)]
    return [Tokens(str(number), drawn[0] + own, 12) for number, own in enumerate(drawn[1:])]


def plain_losses(model: Any, sample: Tokens) -> torch.Tensor:
    """Of one sample by itself, over all logits."""
    ids = torch.tensor([sample.input_ids])
    logits = model(ids, use_cache=False).logits[0].float()
    return cross_entropy(logits[:-1], ids[0, 1:], reduction="none")[sample.prompt_length - 1 :]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_row_gives_each_sample_the_losses_that_it_has_alone(make_base: MakeBase, family: str) -> None:
    """Packed where that is exact, else in rows of their own; the reference is transformers' own model."""
    folder = make_base(family)
    plain = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    model = load_base(folder).eval()
    assert (verdict(folder).attention == ATTENTION) == FAMILIES[family][1], verdict(folder).reason
    batch = collate(samples(), [[2, 0], [1, 3]])
    with torch.no_grad():
        losses = token_losses(model, batch.input_ids, batch.position_ids, batch.labels)
        expected = torch.cat([plain_losses(plain, samples()[number]) for number in batch.samples.tolist()])
    torch.testing.assert_close(losses, expected, rtol=0, atol=2e-5)


@pytest.mark.parametrize("family", ["lfm2", "qwen3_next", "qwen3_5", "granitemoehybrid"])
def test_what_is_not_packed_would_have_leaked(make_base: MakeBase, family: str) -> None:
    folder = make_base(family)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation=ATTENTION).eval()
    batch = collate(samples(), [[0, 1, 2, 3]])
    with torch.no_grad():
        losses = token_losses(model, batch.input_ids, batch.position_ids, batch.labels)
        expected = torch.cat([plain_losses(model, sample) for sample in samples()])
    assert (losses - expected).abs().max() > 1e-2
    assert "change each other's losses" in verdict(folder).reason


@pytest.mark.parametrize(
    ("family", "layers", "kept"),
    [
        ("llama", 30, 4),
        ("gemma3", ["sliding_attention"] * 5 + ["full_attention"] + ["sliding_attention"] * 5, 2),
        ("lfm2", ["conv", "conv", "full_attention", "conv", "full_attention"], 2),
        ("qwen3_next", ["linear_attention"] * 3 + ["full_attention"] + ["linear_attention"] * 4, 2),
        ("granitemoehybrid", ["mamba"] * 5 + ["attention"] * 2, 2),
    ],
)
def test_a_deep_base_is_tried_on_a_layer_of_each_sort(family: str, layers: Any, kept: int, tmp_path: Path) -> None:
    """Of a base with a large vocabulary and special tokens anywhere in it."""
    kind, packs, options = FAMILIES[family]
    count = len(layers) if isinstance(layers, list) else layers
    options = {**options, "num_hidden_layers": count, "vocab_size": 150_000, "pad_token_id": 149_000}
    if isinstance(layers, list):
        options["layer_types"] = layers
    config = getattr(transformers, kind)(**options, eos_token_id=[149_000, 149_001])
    shrunk = small(config)
    assert shrunk.num_hidden_layers == kept
    assert config.num_hidden_layers == count
    if isinstance(layers, list):
        assert shrunk.layer_types == list(dict.fromkeys(config.layer_types))
    config.save_pretrained(tmp_path)
    assert (verdict(tmp_path).attention == ATTENTION) == packs


def test_a_verdict_is_found_once(make_base: MakeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_base("lfm2")
    first = verdict(folder)
    monkeypatch.setattr(preflight, "_tried", lambda folder: pytest.fail("tried again"))
    assert verdict(folder) == first


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"made_from": 1}'])
def test_a_damaged_verdict_is_found_anew(make_base: MakeBase, content: str) -> None:
    folder = make_base("llama")
    (folder / VERDICT).write_text(content)
    assert verdict(folder).attention == ATTENTION
    assert json.loads((folder / VERDICT).read_text())["attention"] == ATTENTION


@pytest.mark.parametrize("field", ["config", "code", "torch", "transformers"])
def test_a_verdict_of_something_else_is_found_anew(make_base: MakeBase, field: str) -> None:
    folder = make_base("llama")
    verdict(folder)
    kept = json.loads((folder / VERDICT).read_text())
    kept["made_from"][field] = "another"
    (folder / VERDICT).write_text(json.dumps({**kept, "attention": None}))
    assert verdict(folder).attention == ATTENTION


def test_a_folder_for_reading_only_keeps_no_verdict(make_base: MakeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_base("llama")

    def refused(*_: Any) -> None:
        raise UserError("cannot be written")

    monkeypatch.setattr(preflight, "write_json", refused)
    assert verdict(folder).attention == ATTENTION
    assert not (folder / VERDICT).exists()


def test_trying_a_base_leaves_the_random_state_of_a_training(make_base: MakeBase) -> None:
    folder = make_base("llama")
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    verdict(folder)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("content", ["{}", '{"model_type": "of_next_year"}', "no JSON"])
def test_a_config_that_transformers_cannot_use_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(UserError, match=r"config\.json can't be used .*Choose another `base`") as raised:
        load_base(tmp_path)
    assert "\n" not in str(raised.value)


def test_a_model_of_another_kind_is_refused(tmp_path: Path) -> None:
    T5Config(d_model=16, d_ff=16, num_layers=1, num_heads=2, d_kv=8).save_pretrained(tmp_path)
    with pytest.raises(UserError, match="a t5 model is no causal language model"):
        verdict(tmp_path)


def test_a_model_whose_loss_fails_is_refused(make_base: MakeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise TypeError("unexpected argument\nlogits_to_keep. And more.")

    monkeypatch.setattr(preflight, "token_losses", fails)
    with pytest.raises(
        UserError, match=r"can't be computed \(TypeError, unexpected argument logits_to_keep\)\. Choose"
    ):
        verdict(make_base("llama"))


def test_a_model_whose_loss_is_off_is_refused(make_base: MakeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    real = preflight.token_losses
    monkeypatch.setattr(preflight, "token_losses", lambda *given: real(*given) * float("nan"))
    with pytest.raises(UserError, match="off by nan nats"):
        verdict(make_base("llama"))


def test_what_cannot_be_tried_is_not_packed(make_base: MakeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(config: Any) -> Any:
        raise AttributeError("no num_hidden_layers")

    monkeypatch.setattr(preflight, "small", fails)
    found = verdict(make_base("llama"))
    assert found.attention is None
    assert "could not be tried on a small llama model" in found.reason


@pytest.fixture
def base(make_base: MakeBase, tiny_base: Path) -> Callable[..., Path]:
    """Writes a base with the tiny tokenizer: `base(family, template, eos)`."""

    def make(family: str, template: str = CHAT_TEMPLATE, eos: str | None = "<|im_end|>") -> Path:
        folder = make_base(family)
        tokenizer = load_tokenizer(tiny_base)
        tokenizer.chat_template, tokenizer.eos_token = template, eos
        tokenizer.save_pretrained(folder)
        return folder

    return make


def test_a_base_that_everything_works_with_has_no_notes(base: Callable[..., Path]) -> None:
    assert examine(base("llama")) == []


@pytest.mark.parametrize(
    ("family", "template", "eos", "note"),
    [
        ("lfm2", CHAT_TEMPLATE, "<|im_end|>", "row of its own"),
        ("llama", CHAT_TEMPLATE, None, r"end with '<\|im_end\|>' .* not with its end of sequence, None"),
        ("llama", CHAT_TEMPLATE, "<|endoftext|>", r"end with '<\|im_end\|>' .* sequence, '<\|endoftext\|>'"),
        ("llama", CHAT_TEMPLATE.replace("<|im_end|>", ""), "<|im_end|>", "closes no answer: the end of sequence"),
        ("llama", CHAT_TEMPLATE.split("{% if")[0], "<|im_end|>", "has no generation prompt: .*assistant"),
        ("llama", "{{ strftime_now('%H') }}" + CHAT_TEMPLATE, "<|im_end|>", "writes the time: .* told 2025-01-01"),
        (
            "llama",
            "{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}" + CHAT_TEMPLATE,
            "<|im_end|>",
            "takes no system message",
        ),
    ],
)
def test_what_is_done_differently_is_said_once(
    base: Callable[..., Path], family: str, template: str, eos: str | None, note: str
) -> None:
    folder = base(family, template, eos)
    for _ in range(2):  # a verdict that was kept is said as well
        (said,) = examine(folder)
        assert said.startswith(f"{folder}: ")
        assert re.search(note, said)


def test_a_base_without_a_chat_template_is_refused(base: Callable[..., Path]) -> None:
    with pytest.raises(UserError, match="has no chat template"):
        examine(base("llama", ""))


def test_a_base_whose_answers_nothing_would_end_is_refused(base: Callable[..., Path]) -> None:
    with pytest.raises(UserError, match="does not close an answer, and the tokenizer has no eos_token"):
        examine(base("llama", CHAT_TEMPLATE.replace("<|im_end|>", ""), None))


def test_a_tokenizer_without_an_end_of_sequence_pads_with_the_end_of_a_turn(base: Callable[..., Path]) -> None:
    folder = base("llama", eos=None)
    config = json.loads((folder / "tokenizer_config.json").read_text())
    config.pop("pad_token", None)
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    assert load_tokenizer(folder).pad_token == "<|im_end|>"
