"""Adapters of mixtures of experts: trained expert by expert, or on the parameters that hold all experts of a layer."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import MixtralConfig, MixtralForCausalLM, Qwen3MoeConfig, Qwen3MoeForCausalLM

from housebrain.errors import UserError
from housebrain.files import write_json
from housebrain.merging.merge import merge_adapters
from housebrain.merging.strategies import strategy
from housebrain.model.adapter import CONFIG, PREFIX, WEIGHTS, Adapter
from housebrain.model.loadable import check_loads
from merging.adapters import PLAIN, relative_error

EXPERTS = 3
HIDDEN, INNER = 16, 12


def qwen() -> Any:
    torch.manual_seed(0)
    sizes = {"vocab_size": 40, "hidden_size": HIDDEN, "intermediate_size": INNER, "moe_intermediate_size": INNER}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8, "num_hidden_layers": 2}
    return Qwen3MoeForCausalLM(Qwen3MoeConfig(**sizes, **heads, num_experts=EXPERTS, num_experts_per_tok=2)).eval()


def mixtral() -> Any:
    torch.manual_seed(0)
    sizes = {"vocab_size": 40, "hidden_size": HIDDEN, "intermediate_size": INNER, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1}
    config = MixtralConfig(**sizes, **heads, num_local_experts=EXPERTS, num_experts_per_tok=2)
    return MixtralForCausalLM(config).eval()


NAMES = {
    "qwen": (qwen, "mlp", ("gate_proj", "up_proj"), "down_proj"),
    "mixtral": (mixtral, "block_sparse_moe", ("w1", "w3"), "w2"),
}


def by_expert(folder: Path, kind: str, seed: int, idle: int | None = None, router: bool = False, r: int = 4) -> Path:
    """An adapter as transformers 4 had it trained: a module an expert.

    Args:
        folder: to make.
        kind: a key of `NAMES`.
        seed: of the factors.
        idle: this expert got no token, so its B is still zero.
        router: is adapted as well.
        r: the rank.
    """
    _, block, ups, down = NAMES[kind]
    draw = torch.Generator().manual_seed(seed)
    weights = {}

    def add(module: str, d_out: int, d_in: int, factor: float = 1.0) -> None:
        weights[f"{PREFIX}model.layers.{module}.lora_A.weight"] = torch.randn(r, d_in, generator=draw)
        weights[f"{PREFIX}model.layers.{module}.lora_B.weight"] = torch.randn(d_out, r, generator=draw) * factor

    for layer in range(2):
        add(f"{layer}.self_attn.q_proj", 16, HIDDEN)
        if router:
            add(f"{layer}.{block}.gate", EXPERTS, HIDDEN)
        for expert in range(EXPERTS):
            for up in ups:
                add(f"{layer}.{block}.experts.{expert}.{up}", INNER, HIDDEN, float(expert != idle))
            add(f"{layer}.{block}.experts.{expert}.{down}", HIDDEN, INNER, float(expert != idle))
    folder.mkdir()
    save_file(weights, folder / WEIGHTS)
    targets = ["q_proj", *ups, down, *(["gate"] if router else [])]
    write_json(folder / CONFIG, PLAIN | {"r": r, "lora_alpha": 2 * r, "target_modules": targets})
    return folder


def on_parameters(folder: Path, seed: int, **config: Any) -> Path:
    """An adapter of whole parameters, by PEFT itself."""
    settings = {"r": 3, "lora_alpha": 5, "target_modules": ["q_proj"]} | config
    model = get_peft_model(qwen(), LoraConfig(**settings))
    draw = torch.Generator().manual_seed(seed)
    for name, weight in model.named_parameters():
        if "lora_" in name:
            weight.data.copy_(torch.randn(weight.shape, generator=draw))
    model.save_pretrained(str(folder))
    return folder


def added(base: Any, folder: Path) -> dict[str, torch.Tensor]:
    """What PEFT adds to each of the base's weights."""
    before = {name: weight.detach().clone() for name, weight in base.state_dict().items()}
    after = PeftModel.from_pretrained(base, str(folder)).merge_and_unload().state_dict()
    return {name: (after[name] - weight).double() for name, weight in before.items()}


def check_mean(base: Any, folders: list[Path], out: Path) -> None:
    updates = [added(base(), folder) for folder in folders]
    found = added(base(), out)
    for name, update in found.items():
        expected = sum((one[name] for one in updates), torch.zeros(())) / len(updates)
        if float(expected.norm()) > 0:
            assert relative_error(update, expected) < 1e-4, name
        else:
            assert float(update.norm()) == 0, name
    assert sum(float(update.norm()) > 0 for update in found.values()) > 2


def merge(folders: list[Path], out: Path, rank: str | int | float = "exact") -> dict[str, Any]:
    by_name = {folder.name: folder for folder in folders}
    return merge_adapters(by_name, strategy("average"), {}, rank, "float32", out, progress=False)


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("router", [False, True])
def test_experts_of_unequal_rank_merge_to_what_peft_loads(tmp_path: Path, kind: str, router: bool) -> None:
    folders = [
        by_expert(tmp_path / "a", kind, 1, router=router),
        by_expert(tmp_path / "b", kind, 2, idle=2, router=router, r=3),
    ]
    report = merge(folders, tmp_path / "out")
    ranks = {details["rank"] for module, details in report["modules"].items() if "experts" in module}
    assert ranks == {7}
    check_mean(NAMES[kind][0], folders, tmp_path / "out")


@pytest.mark.parametrize("rank", [0.8, 2, "0.016MB"])
def test_cut_experts_have_one_rank_and_others_their_own(tmp_path: Path, rank: str | int | float) -> None:
    folders = [by_expert(tmp_path / "a", "qwen", 1), by_expert(tmp_path / "b", "qwen", 2, idle=2)]
    report = merge(folders, tmp_path / "out", rank)
    ranks = {details["rank"] for module, details in report["modules"].items() if "experts" in module}
    assert len(ranks) == 1 and max(ranks) < 8
    assert any(
        float(update.norm()) > 0 for name, update in added(qwen(), tmp_path / "out").items() if "experts" in name
    )
    if isinstance(rank, str):
        assert (tmp_path / "out" / WEIGHTS).stat().st_size <= 16_000


TARGETS = [
    ["experts.gate_up_proj", "experts.down_proj"],
    ["mlp.experts.down_proj"],
    ["gate_up_proj", "down_proj"],
    ["mlp.gate.weight", "mlp.experts.gate_up_proj"],
    ["model.layers.1.mlp.experts.gate_up_proj"],
]


@pytest.mark.parametrize("targets", TARGETS, ids=str)
def test_adapters_of_parameters_merge_expert_by_expert(tmp_path: Path, targets: list[str]) -> None:
    folders = [
        on_parameters(tmp_path / "a", 1, target_parameters=targets),
        on_parameters(tmp_path / "b", 2, target_parameters=targets, r=2, lora_alpha=3, use_rslora=True),
    ]
    report = merge(folders, tmp_path / "out")
    ranks = {details["rank"] for module, details in report["modules"].items() if ".mlp." in module}
    assert len(ranks) == 1
    check_mean(qwen, folders, tmp_path / "out")


@pytest.mark.parametrize("rank", [1, 0.7])
def test_parameters_are_cut_at_one_rank(tmp_path: Path, rank: int | float) -> None:
    targets = TARGETS[0]
    folders = [on_parameters(tmp_path / str(seed), seed, target_parameters=targets) for seed in (1, 2)]
    report = merge(folders, tmp_path / "out", rank)
    ranks = {details["rank"] for module, details in report["modules"].items() if "experts" in module}
    assert len(ranks) == 1 and max(ranks) < 6
    assert any(
        float(update.norm()) > 0 for name, update in added(qwen(), tmp_path / "out").items() if "experts" in name
    )


def test_a_pattern_for_parameters_is_refused(tmp_path: Path) -> None:
    folder = on_parameters(tmp_path / "a", 1, target_parameters=TARGETS[0], rank_pattern={"gate_up_proj": 5})
    with pytest.raises(UserError, match=r"rank_pattern.*gate_up_proj"):
        Adapter(folder)


def test_experts_of_unequal_rank_do_not_pass_the_check(tmp_path: Path) -> None:
    folder = by_expert(tmp_path / "a", "qwen", 1)
    check_loads(folder)
    weights = load_file(folder / WEIGHTS)
    odd = f"{PREFIX}model.layers.1.mlp.experts.2.up_proj"
    for name, size in (("lora_A", (2, HIDDEN)), ("lora_B", (INNER, 2))):
        weights[f"{odd}.{name}.weight"] = torch.ones(size)
    save_file(weights, folder / WEIGHTS)
    write_json(
        folder / CONFIG,
        PLAIN
        | {"target_modules": ["q_proj", "up_proj", "gate_proj", "down_proj"]}
        | {"rank_pattern": {f"^{odd.removeprefix(PREFIX)}": 2}},
    )
    with pytest.raises(UserError, match=r"experts\.2\.up_proj\.lora_A\.weight has the rank 2"):
        check_loads(folder)
