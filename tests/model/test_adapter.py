"""Reading adapters: against PEFT's own idea of what they mean, and what is refused."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from housebrain.errors import UserError
from housebrain.model.adapter import CONFIG, PREFIX, WEIGHTS, Adapter, Whole
from merging.adapters import MODULE, change, random_adapter, relative_error
from peft_models import MakePeft


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"lora_alpha": 3},
        {"use_rslora": True},
        {"rank_pattern": {"q_proj": 2}, "alpha_pattern": {"down_proj": 5}},
        {"rank_pattern": {"layers.1.self_attn.q_proj": 6}, "alpha_pattern": {"layers.1.self_attn.q_proj": 1}},
        {"rank_pattern": {r"model.layers.[01].mlp.down_proj": 3}, "use_rslora": True},
        {"rank_pattern": {"q": 2}, "alpha_pattern": {"proj": 5, "^model": 7}},  # match nothing: not whole names
        {"target_modules": ["embed_tokens", "q_proj"]},
        {"target_modules": ["embed_tokens", "lm_head"], "rank_pattern": {"embed_tokens": 2}},
    ],
    ids=str,
)
def test_updates_are_what_peft_adds(tmp_path: Path, make_peft: MakePeft, config: dict[str, Any]) -> None:
    model = make_peft(tmp_path / "a", 1, **config)
    adapter = Adapter(tmp_path / "a")
    layers = {name: layer for name, layer in model.named_modules() if hasattr(layer, "get_delta_weight")}
    assert layers.keys() == adapter.modules.keys()
    for name, layer in layers.items():
        A, B, scale = adapter.factors(name)
        expected = layer.get_delta_weight("default").detach()
        update = scale * B @ A
        assert relative_error(update.T if "embed_tokens" in name else update, expected) < 1e-6


def test_whole_tensors_are_told_from_copies_of_the_base(tmp_path: Path, make_peft: MakePeft) -> None:
    make_peft(tmp_path / "a", 1, modules_to_save=["norm"], target_modules=["q_proj"])
    whole = Adapter(tmp_path / "a").whole
    # PEFT takes every module whose name ends so, layer norms too.
    assert len(whole) == 5 and all(trained for trained, _, _ in whole.values())
    make_peft(tmp_path / "head", 1, modules_to_save=["head"], target_modules=["q_proj"])
    assert Adapter(tmp_path / "head").whole == {
        f"{PREFIX}lm_head.weight": Whole(trained=True, shape=(60, 16), dtype=torch.float32)
    }
    make_peft(tmp_path / "b", 1, target_modules=["embed_tokens"])
    whole = Adapter(tmp_path / "b").whole
    assert whole and not any(trained for trained, _, _ in whole.values())


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"use_dora": True}, "use_dora.*DoRA"),
        ({"bias": "all"}, "bias"),
        ({"lora_bias": True}, "lora_bias"),
        ({"peft_type": "LOHA"}, "peft_type is LOHA"),
        ({"init_lora_weights": "pissa_niter_4"}, "init_lora_weights is pissa_niter_4"),
        ({"trainable_token_indices": [3]}, "trainable_token_indices"),
        ({"target_parameters": [3]}, "target_parameters"),
        ({"target_modules": {"q_proj": 1}}, "target_modules"),
        ({"rank_pattern": ["q_proj"]}, "rank_pattern"),
        ({"rank_pattern": {"q_proj": "8"}}, 'rank_pattern: q_proj is "8"'),
        ({"alpha_pattern": {"(": 8}}, "alpha_pattern: \\( is no regular expression"),
        ({"lora_alpha": float("nan")}, "lora_alpha is nan"),
        ({"lora_alpha": float("inf")}, "lora_alpha is inf"),
        ({"a_variant_of_next_year": {"size": 3}}, "a_variant_of_next_year"),
        ({"r": None}, "r is None"),
        ({"lora_alpha": "8"}, "lora_alpha is 8"),
        ({"lora_alpha": 10**400}, "lora_alpha is 1000"),
        ({"alpha_pattern": {"q_proj": 10**400}}, "alpha_pattern: q_proj is 1000"),
    ],
)
def test_what_cannot_be_merged_exactly_is_refused_by_name(tmp_path: Path, config: dict[str, Any], named: str) -> None:
    folder = random_adapter(tmp_path / "a")
    content = json.loads((folder / CONFIG).read_text()) | config
    (folder / CONFIG).write_text(json.dumps(content))
    with pytest.raises(UserError, match=named):
        Adapter(folder)


def test_real_dora_and_pissa_adapters_are_refused(tmp_path: Path, make_peft: MakePeft) -> None:
    make_peft(tmp_path / "dora", 1, use_dora=True)
    make_peft(tmp_path / "pissa", 1, init_lora_weights="pissa")
    make_peft(tmp_path / "bias", 1, bias="lora_only")
    for name in ("dora", "pissa", "bias"):
        with pytest.raises(UserError, match=r"use_dora|init_lora_weights|bias"):
            Adapter(tmp_path / name)


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    folder = random_adapter(tmp_path / "a")
    (folder / name).unlink()
    with pytest.raises(UserError, match=re.escape(name)):
        Adapter(folder)


@pytest.mark.parametrize("kept", [0, 5, 300, -1])
def test_a_truncated_file_is_refused(tmp_path: Path, kept: int) -> None:
    path = random_adapter(tmp_path / "a") / WEIGHTS
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(UserError, match="truncated or damaged"):
        Adapter(tmp_path / "a")


@pytest.mark.parametrize("content", ["{", "[]", "null"])
def test_a_damaged_config_is_refused(tmp_path: Path, content: str) -> None:
    folder = random_adapter(tmp_path / "a")
    (folder / CONFIG).write_text(content)
    with pytest.raises(UserError, match=CONFIG):
        Adapter(folder)


@pytest.mark.parametrize(
    ("tensors", "named"),
    [
        ({"lora_B": None}, f"{MODULE} has an A and no B"),
        ({"lora_A": None}, "lora_B.weight has no counterpart"),
        ({"lora_A": torch.zeros(3, 20)}, "don't fit rank 4"),
        ({"lora_A": torch.zeros(3, 20), "lora_B": torch.zeros(24, 3)}, "don't fit rank 4"),
        ({"lora_A": torch.zeros(4, 3, 2, 2)}, "only matrices"),
        ({"lora_magnitude_vector": torch.zeros(24)}, "lora_magnitude_vector"),
    ],
)
def test_factors_that_do_not_fit_are_refused(tmp_path: Path, tensors: dict[str, Any], named: str) -> None:
    folder = random_adapter(tmp_path / "a")
    change(folder, **tensors)
    with pytest.raises(UserError, match=named):
        Adapter(folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_weight_that_is_not_finite_is_named(tmp_path: Path, value: float) -> None:
    folder = random_adapter(tmp_path / "a")
    change(folder, lora_B=torch.full((24, 4), value))
    with pytest.raises(UserError, match=f"{MODULE}.lora_B.weight .*not finite"):
        Adapter(folder).factors(MODULE)


def test_factors_are_float32_whatever_is_stored(tmp_path: Path) -> None:
    for dtype in (torch.bfloat16, torch.float16):
        adapter = Adapter(random_adapter(tmp_path / str(dtype), dtype=dtype))
        A, B, _ = adapter.factors(MODULE)
        assert A.dtype == B.dtype == torch.float32


@pytest.mark.parametrize("name", [f"{PREFIX}lm_head.weight", f"{MODULE}.lora_A.weight"])
def test_a_dtype_without_arithmetic_is_refused(tmp_path: Path, name: str) -> None:
    folder = random_adapter(tmp_path / "a")
    save_file(load_file(folder / WEIGHTS) | {name: torch.zeros(4, 20).to(torch.float8_e4m3fn)}, folder / WEIGHTS)
    with pytest.raises(UserError, match=rf"{re.escape(name)} has dtype F8_E4M3"):
        Adapter(folder)


def test_names_are_those_in_the_file(tmp_path: Path) -> None:
    extra = {f"{PREFIX}lm_head.weight": torch.ones(3, 3)}
    folder = random_adapter(tmp_path / "a", extra=extra, modules_to_save=["lm_head"])
    assert sorted(Adapter(folder).names) == sorted(load_file(folder / WEIGHTS))
