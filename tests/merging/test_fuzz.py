"""Whatever is given for adapters: a merge that loads and holds the mean, or one clear line. Seeds are fixed."""

import json
import math
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from housebrain.errors import UserError
from housebrain.merging.outside import merge_named
from housebrain.merging.strategies import strategy
from housebrain.model.adapter import CONFIG, PREFIX, WEIGHTS
from housebrain.model.loadable import check_loads
from merging.adapters import PLAIN, dense, dense_sum, relative_error

Tensor = tuple[str, tuple[int, ...], str, float]  # name, shape, dtype, value (0: random)
Content = tuple[dict[str, Any], list[Tensor]]  # of an adapter: configuration, tensors

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16, "f64": torch.float64, "i8": torch.int8}
MODULES = [
    "model.layers.0.self_attn.q_proj",
    "model.layers.1.self_attn.q_proj",
    "model.layers.0.mlp.down_proj",
    "model.layers.0.mlp.experts.0.up_proj",
    "model.layers.0.mlp.experts.1.up_proj",
    "model.layers.0.mlp.experts",
    "model.layers.0.mlp.experts.base_layer",
    "model.layers.0.mlp.gate",
    "model.embed_tokens",
    "lm_head",
    "q_proj",
    "",
    "q_proj.lora_A",
    "caf\u00e9.q_proj",
]
ODD = 4  # of them, at the end, that no model has
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 9)
    | st.sampled_from([1.5, math.nan, math.inf, 10**400, -0.0])
    | st.sampled_from(
        ["", "q_proj", "all-linear", ".*", "(", "eva", "pissa", "none", "experts.gate_up_proj", "lm_head"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["q_proj", ".*down_proj", "(", "^model", "gate_up_proj"]), inner, max_size=2)
    ),
    max_leaves=4,
)
FIELDS = """r lora_alpha rank_pattern alpha_pattern target_modules target_parameters modules_to_save use_rslora
fan_in_fan_out unheard_of init_lora_weights bias layers_to_transform layers_pattern exclude_modules ensure_weight_tying
lora_dropout peft_type task_type base_model_name_or_path inference_mode auto_mapping megatron_core
revision eva_config"""


@st.composite
def adapters(draw: st.DrawFn) -> Content:
    """Mostly sound, with a few things spoilt."""
    r = draw(st.integers(1, 3))
    config = PLAIN | {"r": r, "target_modules": ["q_proj", "down_proj", "up_proj", "embed_tokens", "lm_head", "gate"]}
    if draw(st.booleans()):
        config["target_parameters"] = draw(
            st.sampled_from([["experts.gate_up_proj"], ["gate_up_proj", "down_proj"], ["mlp.gate.weight"]])
        )
    tensors: list[Tensor] = []
    modules = MODULES if draw(st.integers(0, 3)) == 0 else MODULES[:-ODD]
    for module in draw(st.lists(st.sampled_from(modules), min_size=1, max_size=4, unique=True)):
        dtype = draw(st.sampled_from(sorted(DTYPES)))
        rows = r * (draw(st.sampled_from([1, 2, 3])) if re.search(r"experts(\.base_layer)?$", module) else 1)
        suffixes = (
            (".lora_embedding_A", ".lora_embedding_B") if "embed" in module else (".lora_A.weight", ".lora_B.weight")
        )
        for suffix, size in zip(suffixes, ((rows, 5), (6, rows)), strict=True):
            tensors.append((PREFIX + module + suffix, size, dtype, 0.0))
    if draw(st.booleans()):
        whole = draw(
            st.sampled_from(["lm_head.weight", "model.embed_tokens.base_layer.weight", "model.norm.weight", ""])
        )
        tensors.append(
            (PREFIX + whole, draw(st.sampled_from([(6, 5), (5,), ()])), draw(st.sampled_from(["f32", "i8"])), 1.0)
        )
    for field in draw(st.lists(st.sampled_from(FIELDS.split()), max_size=1)):
        config[field] = draw(values)
    if tensors and draw(st.integers(0, 3)) == 0:
        index = draw(st.integers(0, len(tensors) - 1))
        name, shape, dtype, value = tensors.pop(index)
        change = draw(st.sampled_from(["drop", "shape", "value", "name"]))
        if change == "shape":
            shape = draw(st.sampled_from([(), (0, 5), (5,), (2, 3, 4), (6, 0), (7, 7)]))
        if change == "value":
            value = draw(st.sampled_from([math.nan, math.inf, 1e38, 1e-45]))
        if change == "name":
            name = draw(st.sampled_from(["module.", "_orig_mod.", "x."])) + name.replace(".weight", ".default.weight")
        if change != "drop":
            tensors.append((name, shape, dtype, value))
    return config, tensors


def write(folder: Path, content: Content, seed: int) -> Path:
    config, tensors = content
    draw = torch.Generator().manual_seed(seed)
    weights = {}
    for name, shape, dtype, value in tensors:
        tensor = torch.full(shape, value) if value else torch.randn(shape, generator=draw) * 3
        weights[name] = tensor.to(DTYPES[dtype])
    folder.mkdir()
    save_file(weights, folder / WEIGHTS)
    (folder / CONFIG).write_text(json.dumps(config))
    return folder


EXPERTS = [
    (f"{PREFIX}model.layers.0.mlp.experts{below}.lora_{side}.weight", shape, "f32", 0.0)
    for below in ("", ".base_layer")
    for side, shape in (("A", (4, 5)), ("B", (6, 4)))
]


@given(adapters(), st.none() | adapters(), st.sampled_from(["exact", 1, 2, 0.6, "0.01MB"]))
@example((PLAIN | {"r": 2, "target_modules": None, "target_parameters": ["gate_up_proj"]}, EXPERTS), None, "exact")
@example((PLAIN | {"r": 2, "target_parameters": ["gate_up_proj", "down_proj"]}, EXPERTS), None, 1)
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_any_adapters_merge_to_what_loads_or_to_one_clear_error(
    one: Content, other: Content | None, rank: str | int | float
) -> None:
    work = Path(tempfile.mkdtemp(prefix="fuzz-"))
    try:
        folders = [write(work / "a", one, 1), write(work / "b", other or one, 2)]
        try:
            merge_named(folders, strategy("average"), rank, "float32", work / "out", progress=False)
        except UserError as error:
            said = str(error)
            assert "\n" not in said and len(said) < 1500 and said.rstrip()[-1] in ".`)'\"", said
            assert sorted(path.name for path in work.iterdir()) == ["a", "b"]
            return
        check_loads(work / "out")
        if rank == "exact":
            found, expected = dense(work / "out"), dense_sum(folders, [0.5, 0.5])
            assert found.keys() == expected.keys()
            for module, update in expected.items():
                if float(update.norm()) > 0:
                    assert relative_error(found[module], update) < 1e-5, module
    finally:
        shutil.rmtree(work)
