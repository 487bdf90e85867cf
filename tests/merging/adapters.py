"""Random adapters on disk and the dense arithmetic they are checked against."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from housebrain.model.adapter import CONFIG, PREFIX, WEIGHTS, Adapter

SHAPES = {
    "model.layers.0.self_attn.q_proj": (24, 20),
    "model.layers.0.mlp.down_proj": (20, 40),
    "model.layers.1.self_attn.q_proj": (24, 20),
    "model.layers.1.mlp.down_proj": (20, 40),
}
MODULE = "base_model.model.model.layers.0.self_attn.q_proj"
# What PEFT 0.21 writes, shortened to what matters.
PLAIN: dict[str, Any] = {
    "peft_type": "LORA",
    "task_type": "CAUSAL_LM",
    "base_model_name_or_path": "some/base",
    "target_modules": ["q_proj", "down_proj"],
    "bias": "none",
    "init_lora_weights": True,
    "rank_pattern": {},
    "alpha_pattern": {},
    "use_rslora": False,
    "use_dora": False,
    "modules_to_save": None,
    "r": 4,
    "lora_alpha": 4,
}


def random_adapter(
    folder: Path,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
    A_seed: int | None = None,
    extra: dict[str, torch.Tensor] | None = None,
    shared: dict[str, Any] | None = None,
    versions: dict[str, str] | None = None,
    **config: Any,
) -> Path:
    """Writes an adapter of `SHAPES`, without any of the code under test.

    Args:
        folder: to make.
        seed: of B, and of A unless `A_seed` is given.
        dtype: of the factors.
        A_seed: adapters with the same one have the same A.
        extra: more tensors.
        shared: for the fingerprint, which is written where this is given.
        versions: of libraries, for the fingerprint, which has none where this is left out.
        config: put into `adapter_config.json`; `rank_pattern` keys here are plain module names.
    """
    settings = PLAIN | config
    of_B = torch.Generator().manual_seed(seed)
    of_A = torch.Generator().manual_seed(seed + 1000 if A_seed is None else A_seed)
    weights = dict(extra or {})
    for module, (d_out, d_in) in SHAPES.items():
        r = settings["rank_pattern"].get(module, settings["r"])
        weights[f"{PREFIX}{module}.lora_A.weight"] = torch.randn(r, d_in, generator=of_A).to(dtype)
        weights[f"{PREFIX}{module}.lora_B.weight"] = torch.randn(d_out, r, generator=of_B).to(dtype)
    folder.mkdir(parents=True)
    save_file(weights, folder / WEIGHTS)
    (folder / CONFIG).write_text(json.dumps(settings))
    if shared is not None:
        fingerprint = {"shared": shared, "own": {"seed": seed}} | ({"versions": versions} if versions else {})
        (folder / "fingerprint.json").write_text(json.dumps(fingerprint))
    return folder


def dense(folder: Path) -> dict[str, torch.Tensor]:
    """An adapter's updates multiplied out in float64, by module."""
    adapter = Adapter(folder)
    updates = {}
    for module in adapter.modules:
        A, B, scale = adapter.factors(module)
        updates[module] = scale * B.double() @ A.double()
    return updates


def dense_sum(folders: list[Path], weights: list[float]) -> dict[str, torch.Tensor]:
    """The weighted sum of adapters' updates in float64, by module."""
    updates = [dense(folder) for folder in folders]
    return {
        module: sum((w * u[module] for w, u in zip(weights, updates, strict=True)), torch.zeros(()))
        for module in updates[0]
    }


def relative_error(found: torch.Tensor, expected: torch.Tensor) -> float:
    """In the Frobenius norm."""
    return float((found - expected).norm() / expected.norm())


def change(folder: Path, **tensors: torch.Tensor | None) -> None:
    """Replaces or (None) removes factors of `MODULE`."""
    weights = load_file(folder / WEIGHTS)
    for key, tensor in tensors.items():
        name = f"{MODULE}.{key}.weight"
        if tensor is None:
            del weights[name]
        else:
            weights[name] = tensor
    save_file(weights, folder / WEIGHTS)
