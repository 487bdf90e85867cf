"""Random LoRA adapters with the shapes of well-known models, and those of PEFT's ways to merge that are compared."""

import json
import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

# hidden size, size of keys and values, inner size of the MLP, layers
MODELS = {"qwen2.5-1.5b": (1536, 256, 8960, 28), "llama-3-8b": (4096, 1024, 14336, 32)}
ADAPTERS = 6
SEEDS = {"adapters": 0, "shared A": 1}


def shapes(model: str, layers: int, modules: int = 7) -> dict[str, tuple[int, int]]:
    """d_out, d_in of the first `modules` linear layers in each of `layers` blocks, small ones first."""
    hidden, kv, inner, _ = MODELS[model]
    block = {
        "self_attn.k_proj": (kv, hidden),
        "self_attn.v_proj": (kv, hidden),
        "self_attn.q_proj": (hidden, hidden),
        "self_attn.o_proj": (hidden, hidden),
        "mlp.gate_proj": (inner, hidden),
        "mlp.up_proj": (inner, hidden),
        "mlp.down_proj": (hidden, inner),
    }
    kept = dict(list(block.items())[:modules])
    return {f"model.layers.{layer}.{name}": shape for layer in range(layers) for name, shape in kept.items()}


def write_adapters(folder: Path, sizes: dict[str, tuple[int, int]], rank: int, shared: bool, alpha: int) -> list[Path]:
    """Six adapters; with one A for all but for small differences where `shared`, as after training from one init."""
    generator = torch.Generator().manual_seed(SEEDS["adapters"])
    folders = []
    for number in range(ADAPTERS):
        weights = {}
        of_shared = torch.Generator().manual_seed(SEEDS["shared A"])
        for name, (d_out, d_in) in sizes.items():
            A = torch.randn(rank, d_in, generator=of_shared if shared else generator) / d_in**0.5
            if shared:
                A += 0.05 * torch.randn(rank, d_in, generator=generator) / d_in**0.5
            weights[f"base_model.model.{name}.lora_A.weight"] = A
            weights[f"base_model.model.{name}.lora_B.weight"] = 0.01 * torch.randn(d_out, rank, generator=generator)
        folders.append(folder / f"adapter-{number}")
        folders[-1].mkdir(parents=True)
        save_file(weights, folders[-1] / "adapter_model.safetensors")
        config = {"peft_type": "LORA", "r": rank, "lora_alpha": alpha, "target_modules": sorted(_kinds(sizes))}
        (folders[-1] / "adapter_config.json").write_text(json.dumps(config))
    return folders


def _kinds(sizes: dict[str, tuple[int, int]]) -> set[str]:
    return {name.rpartition(".")[2] for name in sizes}


def peft_merge(folders: list[Path], sizes: dict[str, tuple[int, int]], how: str, rank: int, out: Path | None) -> Any:
    """PEFT's `add_weighted_adapter` at equal weights, with the least it needs: a base whose weights take no memory.

    Args:
        how: its `combination_type`; `svd` is its default, `svd-thin` the same without full matrices, which is faster.
        rank: for svd.
        out: where the result is saved, if anywhere.

    Returns:
        The PEFT model, with the result as adapter `merged`.
    """
    from peft import LoraConfig, get_peft_model  # here, so that its memory isn't counted where it isn't used

    warnings.simplefilter("ignore")
    root = torch.nn.Module()
    for name, (d_out, d_in) in sizes.items():
        parent = root
        *path, last = name.split(".")
        for part in path:
            if not hasattr(parent, part):
                parent.add_module(part, torch.nn.Module())
            parent = getattr(parent, part)
        linear = torch.nn.Linear(1, 1, bias=False)
        linear.weight = torch.nn.Parameter(torch.zeros(1, 1).expand(d_out, d_in), requires_grad=False)
        linear.in_features, linear.out_features = d_in, d_out
        parent.add_module(last, linear)
    # An adapter of rank 1 that gets PEFT's wrapping done; it takes no part in the merge.
    model: Any = get_peft_model(root, LoraConfig(r=1, target_modules=sorted(_kinds(sizes))))
    model.delete_adapter("default")
    names = [folder.name for folder in folders]
    for folder in folders:
        model.load_adapter(str(folder), folder.name)
    options: dict[str, Any] = {"combination_type": how.removesuffix("-thin"), "adapter_name": "merged"}
    if how.startswith("svd"):
        options |= {"svd_rank": rank, "svd_full_matrices": how == "svd"}
    with torch.no_grad():
        model.add_weighted_adapter(names, [1 / len(names)] * len(names), **options)
    model.set_adapter("merged")
    if out is not None:
        model.save_pretrained(str(out), selected_adapters=["merged"])
    return model


def peft_update(model: Any, name: str) -> torch.Tensor:
    """What PEFT's merged adapter adds to a module, [d_out, d_in] float64."""
    layer: Any = model.get_submodule(f"base_model.model.{name}")
    factors = (layer.lora_B["merged"].weight.detach().double(), layer.lora_A["merged"].weight.detach().double())
    return float(layer.scaling["merged"]) * factors[0] @ factors[1]
