"""Whatever is given for adapters: a merge that loads and holds the weighted sum, or one clear line."""

import contextlib
import io
import json
import math
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import torch
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from fuzz.target import Target, no_hang, refused
from housebrain.errors import UserError
from housebrain.merging.outside import merge_named
from housebrain.merging.strategies import strategy
from housebrain.model.adapter import CONFIG, PREFIX, WEIGHTS
from housebrain.model.adapter_files import BIN
from housebrain.model.loadable import check_loads
from merging.adapters import PLAIN, dense, dense_sum

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


class Layout(NamedTuple):
    """How an adapter lies in its folder.

    Attributes:
        files: safetensors, bin, shards or sub (in a subfolder).
        damage: what is done to its bytes.
        where: in thousandths of a file.
    """

    files: str
    damage: str
    where: int


class Case(NamedTuple):
    """A merge.

    Attributes:
        contents: of the adapters.
        given: which of them are named, in which order; one may be there several times.
        weights: one a name; None for the mean.
        layouts: one a content.
        bases: the names that the adapters have for their base.
        same_base: whether the bases are said to be one.
        rank: of the merge.
    """

    contents: list[Content]
    given: list[int]
    weights: list[float] | None
    layouts: list[Layout]
    bases: list[Any]
    same_base: bool
    rank: str | int | float


LAYOUTS = st.builds(
    Layout,
    st.sampled_from(["safetensors", "safetensors", "bin", "shards", "sub"]),
    st.sampled_from([*["none"] * 12, "cut", "flip", "config", "empty", "gone"]),
    st.integers(0, 999),
)
RANKS: list[str | int | float] = ["exact", "exact", 1, 2, 0.6, "0.01MB"]
BASES: list[Any] = [
    *["some/base"] * 4,
    "some/base/",
    "Some/Base",
    "./some/base",
    "/models/base",
    "/models/base/",
    "other/base",
    None,
    3,
    "",
]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    one, other = draw(adapters()), draw(st.none() | adapters())
    given = draw(st.lists(st.integers(0, 1), min_size=1, max_size=4))
    weight = st.sampled_from([1.0, 2.0, 0.5, 0.0, 3.0, -1.0, math.nan, math.inf, 1e-30, 1e300])
    return Case(
        [one, other or one],
        given,
        draw(st.none() | st.lists(weight, min_size=len(given), max_size=len(given))),
        [draw(LAYOUTS), draw(LAYOUTS)],
        draw(st.lists(st.sampled_from(BASES), min_size=2, max_size=2)) if draw(st.booleans()) else ["some/base"] * 2,
        draw(st.booleans()),
        draw(st.sampled_from(RANKS)),
    )


def laid_out(folder: Path, layout: Layout) -> Path:
    """Lays an adapter's files out, and damages them; returns what is to be named."""
    weights, config = folder / WEIGHTS, folder / CONFIG
    tensors = load_file(weights)
    files = [weights]
    if layout.files == "bin" and all(tensor.numel() for tensor in tensors.values()):  # torch saves no two without bytes
        torch.save(tensors, folder / BIN)
        files = [folder / BIN]
    elif layout.files == "shards":
        names = sorted(tensors)
        files = [folder / f"adapter_model-0000{part + 1}-of-00002.safetensors" for part in (0, 1)]
        for part, file in enumerate(files):
            save_file({name: tensors[name] for name in names[part::2]}, file)
    if weights not in files:
        weights.unlink()
    hit = config if layout.damage == "config" else files[layout.where % len(files)]
    content = hit.read_bytes()
    at = layout.where * len(content) // 1000
    if layout.damage in ("cut", "config"):
        hit.write_bytes(content[:at])
    elif layout.damage == "flip":
        hit.write_bytes(content[:at] + bytes([content[at] ^ 16]) + content[at + 1 :])
    elif layout.damage == "empty":
        hit.write_bytes(b"")
    elif layout.damage == "gone":
        hit.unlink()
    if layout.files != "sub":
        return folder
    inner = folder.with_name(f"in-{folder.name}")
    inner.mkdir()
    folder.rename(inner / "checkpoint")
    return inner


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


EXPERTS: list[Tensor] = [
    (f"{PREFIX}model.layers.0.mlp.experts{below}.lora_{side}.weight", shape, "f32", 0.0)
    for below in ("", ".base_layer")
    for side, shape in (("A", (4, 5)), ("B", (6, 4)))
]


def check(case: Case) -> str:
    work = Path(tempfile.mkdtemp(prefix="fuzz-"))
    try:
        with no_hang(), contextlib.redirect_stderr(io.StringIO()):
            folders = []
            for number, (content, layout) in enumerate(zip(case.contents, case.layouts, strict=True)):
                config = content[0] | {"base_model_name_or_path": case.bases[number]}
                folders.append(laid_out(write(work / "ab"[number], (config, content[1]), number + 1), layout))
            before = sorted(path.relative_to(work) for path in work.rglob("*"))
            named = [folders[number] for number in case.given]
            try:
                merge_named(
                    named,
                    strategy("average"),
                    case.rank,
                    "float32",
                    work / "out",
                    case.weights,
                    same_base=case.same_base,
                    progress=False,
                )
            except UserError as error:
                assert before == sorted(path.relative_to(work) for path in work.rglob("*")), "something was left behind"
                return refused(error)
            check_loads(work / "out")
            _holds_the_sum(named, case, work / "out")
            return "merged"
    finally:
        shutil.rmtree(work)


def _holds_the_sum(named: list[Path], case: Case, out: Path) -> None:
    damaged = [case.layouts[number].damage == "flip" for number in case.given]
    if case.rank != "exact" or any(damaged):  # a flipped bit of a weight is a weight
        return
    weights = case.weights or [1.0] * len(named)
    shares = [weight / sum(weights) for weight in weights]
    found, expected = dense(out), dense_sum(named, shares)
    assert found.keys() == expected.keys()
    # Of updates that cancel, what is left is their rounding.
    largest = [abs(share) for share in shares]
    for module, update in expected.items():
        sizes = [size * float(dense(folder)[module].norm()) for size, folder in zip(largest, named, strict=True)]
        assert float((found[module] - update).norm()) <= 1e-5 * max(sizes), module


def _kept(config: dict[str, Any], rank: str | int) -> Case:
    sound = [Layout("safetensors", "none", 0)] * 2
    return Case([(PLAIN | config, EXPERTS)] * 2, [0, 1], None, sound, ["some/base"] * 2, False, rank)


TARGET = Target(
    "adapters",
    "adapters spoilt in configuration, tensors, layout, bytes and names, given repeatedly and with weights: merged to "
    "what PEFT loads and holds the weighted sum, or refused and nothing written",
    cases(),
    check,
    frozenset({"merged", "refused"}),
    examples=60,
    kept=(
        _kept({"r": 2, "target_modules": None, "target_parameters": ["gate_up_proj"]}, "exact"),
        _kept({"r": 2, "target_parameters": ["gate_up_proj", "down_proj"]}, 1),
        _kept({"r": 10**400}, "exact"),
    ),
)
