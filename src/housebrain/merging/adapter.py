"""LoRA adapters on disk, read one module at a time and written so that plain PEFT loads them.

An adapter is a folder with `adapter_config.json` and `adapter_model.safetensors`. Of each module it holds factors
A [r, d_in] and B [d_out, r]; the module's update is `scale * B @ A`.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from housebrain.errors import UserError, os_error
from housebrain.files import read_json

WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
FINGERPRINT = "fingerprint.json"
# Settings under which an update is more than scale * B @ A, and what they are called.
INEXACT = {
    "use_dora": "DoRA (its magnitudes don't average)",
    "lora_bias": "LoRA biases",
    "use_qalora": "QALoRA",
    "use_bdlora": "BD-LoRA",
    "alora_invocation_tokens": "activated LoRA",
    "layer_replication": "layer replication",
    "trainable_token_indices": "trainable tokens",
    "target_parameters": "target parameters",
    "arrow_config": "Arrow routing",
    "modules_to_save": "fully trained modules (modules_to_save)",
}


class Factors(NamedTuple):
    """A module's update, `scale * B @ A`: A [r, d_in], B [d_out, r], both float32."""

    A: torch.Tensor
    B: torch.Tensor
    scale: float


class Adapter:
    """A LoRA adapter, opened lazily.

    Args:
        folder: in PEFT's format, made by this project or by anyone else.

    Raises:
        UserError: a file is missing, truncated or no LoRA adapter, or the adapter can't be merged exactly.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        for name in (CONFIG, WEIGHTS):
            if not (self.folder / name).is_file():
                raise UserError(
                    f"{self.folder}: {name} is missing. Get the adapter with `dvc pull`, or train its shard again."
                )
        self.config: dict[str, Any] = read_json(self.folder / CONFIG)
        if self.config.get("peft_type") != "LORA":
            raise UserError(f"{self.folder}: it is a {self.config.get('peft_type')} adapter; only LoRA can be merged.")
        for field, name in INEXACT.items():
            if self.config.get(field):
                raise UserError(f"{self.folder}: {field}: {name} can't be merged exactly. Train without.")
        if self.config.get("bias", "none") != "none":
            raise UserError(f"{self.folder}: bias: trained biases can't be merged. Train with bias: none.")
        try:
            self._file = safe_open(self.folder / WEIGHTS, framework="pt")
            self._names = set(self._file.keys())
        except (SafetensorError, OSError) as error:
            raise UserError(
                f"{self.folder}/{WEIGHTS}: it is truncated or damaged ({error}). Get it again with `dvc pull`."
            ) from error
        self.modules = sorted(self._module_names())

    def _module_names(self) -> Iterator[str]:
        for name in self._names:
            if name.endswith(".lora_A.weight"):
                yield name.removesuffix(".lora_A.weight")
            elif not name.endswith(".lora_B.weight"):
                raise UserError(f"{self.folder}/{WEIGHTS}: {name} is no factor of a linear layer and can't be merged.")

    def shape(self, module: str) -> tuple[int, int]:
        """d_out, d_in of a module."""
        rows = self._file.get_slice(f"{module}.lora_B.weight").get_shape()[0]
        return rows, self._file.get_slice(f"{module}.lora_A.weight").get_shape()[1]

    def scale(self, module: str, r: int) -> float:
        """alpha / r, or alpha / sqrt(r) with rsLoRA (https://arxiv.org/abs/2312.03732); patterns as PEFT reads them."""
        name = module.removeprefix("base_model.model.")
        alpha = _pattern(self.config.get("alpha_pattern") or {}, name, self.config["lora_alpha"])
        return float(alpha / (r**0.5 if self.config.get("use_rslora") else r))

    def factors(self, module: str) -> Factors:
        """Reads one module.

        Raises:
            UserError: its B is missing, its factors don't fit, or a weight is not finite.
        """
        try:
            A = self._file.get_tensor(f"{module}.lora_A.weight").float()
            B = self._file.get_tensor(f"{module}.lora_B.weight").float()
        except SafetensorError as error:
            raise UserError(f"{self.folder}/{WEIGHTS}: {module}: {error}. Get the adapter again.") from error
        if A.shape[0] != B.shape[1]:
            raise UserError(f"{self.folder}/{WEIGHTS}: {module}: A {list(A.shape)} and B {list(B.shape)} don't fit.")
        if not (torch.isfinite(A).all() and torch.isfinite(B).all()):
            raise UserError(f"{self.folder}/{WEIGHTS}: {module}: a weight is not finite. Train its shard again.")
        return Factors(A, B, self.scale(module, A.shape[0]))


def _pattern(patterns: dict[str, Any], name: str, default: Any) -> Any:
    """The value of the first pattern that matches the end of a module's name, as `peft.utils.get_pattern_key` does."""
    for pattern, value in patterns.items():
        if re.match(rf"(.*\.)?({pattern})$", name):
            return value
    return default


def check_alike(adapters: list[Adapter]) -> None:
    """Refuses adapters that weren't made for the same base, or not from the same start.

    Raises:
        UserError: names the two adapters and every field that differs.
    """
    first = adapters[0]
    for other in adapters[1:]:
        differing = _differences(first, other)
        if differing:
            raise UserError(
                f"{first.folder} and {other.folder} can't be merged: they differ in {'; '.join(differing)}. "
                "Train both on the same base, data split, settings and code."
            )


def _differences(a: Adapter, b: Adapter) -> list[str]:
    prints = [folder / FINGERPRINT for folder in (a.folder, b.folder)]
    differing = []
    if all(path.exists() for path in prints):
        shared_a, shared_b = (read_json(path)["shared"] for path in prints)
        for field in sorted(shared_a.keys() | shared_b.keys()):
            if shared_a.get(field) != shared_b.get(field):
                differing.append(f"{field} ({_short(shared_a.get(field))} / {_short(shared_b.get(field))})")
    else:
        bases = [adapter.config.get("base_model_name_or_path") for adapter in (a, b)]
        if bases[0] != bases[1]:
            differing.append(f"base_model_name_or_path ({bases[0]} / {bases[1]})")
    if a.modules != b.modules:
        odd = sorted(set(a.modules) ^ set(b.modules))
        differing.append(f"modules ({odd[0]} and {len(odd) - 1} more are in one only)")
    else:
        for module in a.modules:
            if a.shape(module) != b.shape(module):
                differing.append(f"the shape of {module} ({a.shape(module)} / {b.shape(module)})")
    return differing


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def write_adapter(
    folder: Path, like: Adapter, modules: dict[str, tuple[torch.Tensor, torch.Tensor]], dtype: torch.dtype
) -> None:
    """Writes factors whose update is `B @ A` as a PEFT adapter: alpha is the rank, so PEFT's scale is 1.

    Args:
        folder: exists, and gets the two files.
        like: an adapter of the same modules, whose config is taken over.
        modules: by name, A [r, d_in] and B [d_out, r]; ranks may differ.
        dtype: of the stored factors.
    """
    weights = {}
    for name, (A, B) in modules.items():
        weights[f"{name}.lora_A.weight"] = A.to(dtype).contiguous()
        weights[f"{name}.lora_B.weight"] = B.to(dtype).contiguous()
    ranks = {name.removeprefix("base_model.model."): A.shape[0] for name, (A, _) in modules.items()}
    common = max(set(ranks.values()), key=list(ranks.values()).count)
    # PEFT reads pattern keys as regular expressions: dots are escaped, and the full name matches only itself.
    odd = {rf"^{re.escape(name)}": rank for name, rank in ranks.items() if rank != common}
    config = dict(like.config)
    config |= {"r": common, "lora_alpha": common, "use_rslora": False, "rank_pattern": odd, "alpha_pattern": odd}
    config |= {"inference_mode": True, "lora_dropout": 0.0}
    try:
        save_file(weights, folder / WEIGHTS, metadata={"format": "pt"})
        (folder / CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    except OSError as error:
        raise os_error(error, folder) from error
