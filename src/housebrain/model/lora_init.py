"""The one adapter that every shard starts from: of each layer one factor is drawn from a seed, and the other is zero.

With one shared start the shards' updates lie in nearly one subspace, and merging back to the same rank loses little.
LoRA: Hu et al. 2021, https://arxiv.org/abs/2106.09685
"""

import json
import math
import re
from pathlib import Path
from typing import Any

from housebrain.errors import UserError
from housebrain.files import atomic_folder, read_json, sha256_file
from housebrain.model.base import quiet
from housebrain.params import Lora


def draw(lora: Lora, base_folder: Path) -> tuple[Any, dict[str, Any]]:
    """PEFT's config and a fresh adapter, by tensor name, drawn as PEFT does: A uniform in +-1/sqrt(d_in), B zero.

    Of embeddings B is normal, and A is zero. Only the base model's shapes are used, not its weights.

    Raises:
        UserError: no module of the base matches `lora.target_modules`, or PEFT can't adapt one that does.
    """
    import torch
    from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
    from transformers import AutoConfig, AutoModelForCausalLM

    quiet()
    targets: Any = lora.target_modules
    config = LoraConfig(
        r=lora.r,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=targets,
        task_type="CAUSAL_LM",
    )
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(base_folder))
        try:
            adapted = get_peft_model(model, config, low_cpu_mem_usage=True)
        except (ValueError, re.error) as error:
            reason = " ".join(str(error).split()).rstrip(".")
            raise UserError(f"lora.target_modules: {reason}. Correct params.yaml.") from error
    # Without copies of the base's embeddings, which PEFT adds where these are adapted, and puts in their place again.
    state = get_peft_model_state_dict(adapted, save_embedding_layers=False)
    generator = torch.Generator().manual_seed(lora.seed)
    weights = {}
    for name in sorted(state):
        weights[name] = torch.zeros(state[name].shape)
        if "lora_A" in name:
            bound = 1 / math.sqrt(state[name].shape[1])
            weights[name].uniform_(-bound, bound, generator=generator)
        elif "lora_embedding_B" in name:
            weights[name].normal_(generator=generator)
    return config, weights


def write_init(lora: Lora, base: str, base_folder: Path, out: Path) -> str:
    """Draws the adapter and writes it as `save_init` does; returns the SHA-256 of its weights.

    Raises:
        UserError: as for `draw`.
    """
    config, weights = draw(lora, base_folder)
    return save_init(config, weights, base, out)


def save_init(config: Any, weights: dict[str, Any], base: str, out: Path) -> str:
    """Writes an adapter in PEFT's format, with `init.json` that holds its hash.

    Args:
        config: PEFT's.
        weights: by tensor name.
        base: the base model's name.
        out: replaced.

    Returns:
        The SHA-256 of `adapter_model.safetensors`.
    """
    from safetensors.torch import save_file

    with atomic_folder(out) as folder:
        save_file(weights, folder / "adapter_model.safetensors", metadata={"format": "pt"})
        save_config(config, base, folder)
        sha256 = sha256_file(folder / "adapter_model.safetensors")
        (folder / "init.json").write_text(json.dumps({"sha256": sha256, "base": base}) + "\n")
    return sha256


def save_config(config: Any, base: str, folder: Path) -> None:
    """Writes PEFT's config of an adapter as `write_config` does."""
    config.save_pretrained(str(folder))
    write_config(read_json(folder / "adapter_config.json"), base, folder)


def write_config(content: dict[str, Any], base: str, folder: Path) -> None:
    """Writes `adapter_config.json` so that it names the base by `base`, and the same bytes each time.

    PEFT keeps the target modules as a set and writes them in whatever order it has; a pattern stays as it is.

    Args:
        content: as PEFT wrote it.
        base: the base model's name; a training's own config has the path of its folder.
        folder: exists.
    """
    targets = content["target_modules"]
    targets = targets if isinstance(targets, str) else sorted(targets)
    content = content | {"base_model_name_or_path": base, "target_modules": targets}
    (folder / "adapter_config.json").write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")


def verified_init(folder: Path) -> str:
    """The hash of the init in `folder`, after comparing it with the file.

    Raises:
        UserError: the file is missing or not the one that was drawn.
    """
    if not (folder / "adapter_model.safetensors").exists():
        raise UserError(
            f"{folder}: the shared LoRA init is missing. Get it: `dvc pull {folder}`, or `dvc repro init_lora`."
        )
    expected, actual = read_json(folder / "init.json")["sha256"], sha256_file(folder / "adapter_model.safetensors")
    if actual != expected:
        raise UserError(
            f"{folder}/adapter_model.safetensors: its hash is {actual[:12]}, not {expected[:12]}: it is damaged. "
            f"Get it again: `dvc checkout --force {folder}`."
        )
    return str(expected)
