"""LoRA adapters on disk, read one module at a time and written so that plain PEFT loads them.

An adapter is a folder with `adapter_config.json` and `adapter_model.safetensors`. Of each module it holds factors
A [r, d_in] and B [d_out, r]; the module's update is `scale * B @ A` (transposed, where the module is an embedding or a
Conv1D: both factors are then stored the other way round, so nothing changes here).
"""

import json
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open

from housebrain.errors import UserError
from housebrain.files import read_json
from housebrain.model.tensors import DTYPES, is_finite
from housebrain.provenance import differing_versions

WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
FINGERPRINT = "fingerprint.json"
MERGE_REPORT = "merge.json"  # in a merged adapter's folder: how it was made
PREFIX = "base_model.model."  # before every module's name in the file; config patterns are matched without it

# How PEFT names a module's A and B: linear layers, embeddings.
_SUFFIXES = [(".lora_A.weight", ".lora_B.weight"), (".lora_embedding_A", ".lora_embedding_B")]
# Settings of PEFT's LoraConfig under which an update is scale * B @ A and nothing more. Whatever else is set is
# refused, so a variant that PEFT gets next year isn't merged wrongly.
_PLAIN = {
    *("peft_type", "peft_version", "task_type", "auto_mapping", "inference_mode"),
    *("base_model_name_or_path", "revision", "target_modules", "exclude_modules", "modules_to_save"),
    *("layers_to_transform", "layers_pattern", "fan_in_fan_out", "megatron_core", "ensure_weight_tying"),
    *("r", "lora_alpha", "rank_pattern", "alpha_pattern", "use_rslora", "lora_dropout"),
    *("init_lora_weights", "eva_config", "qalora_group_size"),
}
_NAMES = {"use_dora": "DoRA: its magnitudes don't average", "bias": "trained biases", "lora_bias": "LoRA biases"}
# Initialisations that leave the base as it was. The others (PiSSA, OLoRA, CorDA, LoftQ ...) move part of the base's
# weights into the adapter, and PEFT does so again when it is loaded: its update is not scale * B @ A.
_PLAIN_INITS = (None, True, False, "gaussian", "eva", "orthogonal")


class Factors(NamedTuple):
    """A module's update, `scale * B @ A`: A [r, d_in], B [d_out, r], both float32."""

    A: torch.Tensor
    B: torch.Tensor
    scale: float


class Shape(NamedTuple):
    """Of a module's update."""

    d_out: int
    d_in: int


class Whole(NamedTuple):
    """A tensor of the file that is no factor."""

    trained: bool
    shape: tuple[int, ...]
    dtype: torch.dtype


class Adapter:
    """A LoRA adapter, of which only names and shapes are held in memory.

    Args:
        folder: in PEFT's format, made by this project or by anyone else.

    Attributes:
        modules: by module, the names of its A and B in the file.
        ranks: by module.
        shapes: by module.
        whole: the other tensors, by name: those of `modules_to_save` were trained; copies of the base's embeddings,
            which PEFT saves along with an embedding's factors, were not.

    Raises:
        UserError: a file is missing, truncated or no LoRA adapter, or the adapter can't be merged exactly.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.path = self.folder / WEIGHTS
        for name in (CONFIG, WEIGHTS):
            if not (self.folder / name).is_file():
                raise UserError(
                    f"{self.folder}: {name} is missing. Get the adapter with `dvc pull`, or train its shard again."
                )
        self.config: dict[str, Any] = self._checked_config()
        self.modules: dict[str, tuple[str, str]] = {}
        self.ranks: dict[str, int] = {}
        self.shapes: dict[str, Shape] = {}
        self.whole: dict[str, Whole] = {}
        try:
            with safe_open(self.path, framework="pt") as file:
                slices = {name: file.get_slice(name) for name in sorted(file.keys())}
                shapes = {name: of_one.get_shape() for name, of_one in slices.items()}
                dtypes = {name: of_one.get_dtype() for name, of_one in slices.items()}
        except (SafetensorError, OSError) as error:
            raise UserError(
                f"{self.path}: it is truncated or damaged ({error}). Get it again with `dvc pull`."
            ) from error
        for name, dtype in dtypes.items():
            if dtype not in DTYPES:
                raise UserError(
                    f"{self.path}: {name} has dtype {dtype}, which can't be merged. Save the adapter with one of "
                    f"{', '.join(DTYPES)}."
                )
            self._add(name, shapes, DTYPES[dtype])
        if not self.modules:
            raise UserError(f"{self.path}: it has no LoRA factors. Check that this is the adapter you mean.")

    @property
    def names(self) -> list[str]:
        """Of all tensors in the file."""
        return [name for factors in self.modules.values() for name in factors] + list(self.whole)

    def _checked_config(self) -> dict[str, Any]:
        config = read_json(self.folder / CONFIG)
        kind = config.get("peft_type") if isinstance(config, dict) else None
        if kind != "LORA":
            raise UserError(f"{self.folder}/{CONFIG}: peft_type is {kind}; only LORA can be merged.")
        for field, value in config.items():
            if value and field not in _PLAIN and (field, value) != ("bias", "none"):
                raise UserError(
                    f"{self.folder}/{CONFIG}: {field} is set ({_NAMES.get(field, 'a LoRA variant')}), and such "
                    "adapters can't be merged exactly. Train without it."
                )
        if config.get("init_lora_weights") not in _PLAIN_INITS:
            raise UserError(
                f"{self.folder}/{CONFIG}: init_lora_weights is {config['init_lora_weights']}, which changes the base's "
                "weights. Convert the adapter to plain LoRA first (PEFT: path_initial_model_for_weight_conversion)."
            )
        for field in ("r", "lora_alpha"):
            if not isinstance(config.get(field), int | float) or config[field] <= 0:
                raise UserError(
                    f"{self.folder}/{CONFIG}: {field} is {config.get(field)}, no number above 0. Correct it."
                )
        return config

    def _add(self, name: str, shapes: dict[str, list[int]], dtype: torch.dtype) -> None:
        """Sorts a tensor of the file into `modules` or `whole`."""
        for suffix_A, suffix_B in _SUFFIXES:
            if name.endswith(suffix_A):
                module = name.removesuffix(suffix_A)
                self._add_module(module, name, module + suffix_B, shapes)
                return
            if name.endswith(suffix_B) and name.removesuffix(suffix_B) + suffix_A in shapes:
                return
        if ".lora_" in name:
            raise UserError(f"{self.path}: {name} has no counterpart or is of a LoRA variant that can't be merged.")
        module = name.rpartition(".")[0]
        # As PEFT's `_set_trainable`, which takes every module whose name ends so: "head" trains "lm_head" too.
        saved = self.config.get("modules_to_save") or []
        trained = any(re.search(rf"{re.escape(end)}(\.|$)", module) for end in saved)
        self.whole[name] = Whole(trained, tuple(shapes[name]), dtype)

    def _add_module(self, module: str, A: str, B: str, shapes: dict[str, list[int]]) -> None:
        shape_A, shape_B = shapes[A], shapes.get(B)
        if shape_B is None:
            raise UserError(f"{self.path}: {module} has an A and no B. Get the adapter again with `dvc pull`.")
        if len(shape_A) != 2 or len(shape_B) != 2:
            raise UserError(f"{self.path}: {module}: A {shape_A}, B {shape_B}: only matrices can be merged.")
        rank = self._setting("rank_pattern", "r", module)
        if not shape_A[0] == shape_B[1] == rank:
            raise UserError(
                f"{self.path}: {module}: A {shape_A} and B {shape_B} don't fit rank {rank} of {CONFIG}. "
                "Get both files again from one place."
            )
        self.modules[module] = (A, B)
        self.ranks[module] = shape_A[0]
        self.shapes[module] = Shape(shape_B[0], shape_A[1])

    def _setting(self, patterns: str, default: str, module: str) -> Any:
        """A module's own value, else the common one; as `peft.utils.other.get_pattern_key`, the first pattern that
        matches the end of the module's name counts."""
        for pattern, value in (self.config.get(patterns) or {}).items():
            if re.match(rf"(.*\.)?({pattern})$", module.removeprefix(PREFIX)):
                return value
        return self.config[default]

    def scale(self, module: str) -> float:
        """alpha / r, or alpha / sqrt(r) with rsLoRA (https://arxiv.org/abs/2312.03732)."""
        rank = self.ranks[module]
        alpha = float(self._setting("alpha_pattern", "lora_alpha", module))
        return alpha / (rank**0.5 if self.config.get("use_rslora") else rank)

    def factors(self, module: str) -> Factors:
        """Reads one module.

        Raises:
            UserError: a weight is not finite, or the file can't be read any more.
        """
        A, B = (tensor.float() for tensor in self._read(*self.modules[module]))
        return Factors(A, B, self.scale(module))

    def tensor(self, name: str) -> torch.Tensor:
        """Reads one of `whole`, in its own dtype.

        Raises:
            UserError: as for `factors`.
        """
        return self._read(name)[0]

    def _read(self, *names: str) -> list[torch.Tensor]:
        # Opened for each read: a mapping that stays open keeps every page it has seen in memory.
        try:
            with safe_open(self.path, framework="pt") as file:
                tensors = [file.get_tensor(name) for name in names]
        except (SafetensorError, OSError) as error:
            raise UserError(f"{self.path}: {names[0]}: {error}. Get the adapter again with `dvc pull`.") from error
        for name, tensor in zip(names, tensors, strict=True):
            if not is_finite(tensor):
                raise UserError(f"{self.path}: {name} has a weight that is not finite. Train its shard again.")
        return tensors


def check_alike(adapters: list[Adapter]) -> None:
    """Refuses adapters that weren't made for the same base, or, where that is known, not from the same start.

    Raises:
        UserError: names the two adapters and every field that differs.
    """
    first = adapters[0]
    for other in adapters[1:]:
        differing = _differing_origin(first, other) + differing_tensors(first, other)
        if differing:
            raise UserError(
                f"{first.folder} and {other.folder} can't be merged: they differ in {'; '.join(differing)}. "
                "Train both on the same base, data split, settings and code."
            )


def warn_of_versions(adapters: dict[str, Adapter]) -> None:
    """Says, in one line, where adapters were trained with different versions of the libraries.

    Args:
        adapters: by name; those from elsewhere don't tell their versions.
    """
    versions = {}
    for name, adapter in adapters.items():
        path = adapter.folder / FINGERPRINT
        content = read_json(path) if path.exists() else None
        if isinstance(content, dict):
            versions[name] = content.get("versions", {})
    if differing := differing_versions(versions):
        print(f"warning: the adapters were trained with different versions: {differing}.", file=sys.stderr)


def _differing_origin(a: Adapter, b: Adapter) -> list[str]:
    """The fields of `shared` in the fingerprints; adapters from elsewhere have none and are compared by their base."""
    if not all((adapter.folder / FINGERPRINT).exists() for adapter in (a, b)):
        bases = [adapter.config.get("base_model_name_or_path") for adapter in (a, b)]
        return [] if bases[0] == bases[1] else [f"base_model_name_or_path ({bases[0]} / {bases[1]})"]
    of_a, of_b = shared_fingerprint(a), shared_fingerprint(b)
    return [
        f"{field} ({_short(of_a.get(field))} / {_short(of_b.get(field))})"
        for field in sorted(of_a.keys() | of_b.keys())
        if of_a.get(field) != of_b.get(field)
    ]


def shared_fingerprint(adapter: Adapter) -> dict[str, Any]:
    """What an adapter's fingerprint says that must be equal among adapters to be merged.

    Raises:
        UserError: it is missing or says nothing of the kind.
    """
    path = adapter.folder / FINGERPRINT
    content = read_json(path)
    shared = content.get("shared") if isinstance(content, dict) else None
    if not isinstance(shared, dict):
        raise UserError(f"{path}: it has no `shared` fields. Get it again with `dvc pull`, or train its shard again.")
    return shared


def differing_tensors(a: Adapter, b: Adapter) -> list[str]:
    """What keeps tensors of two adapters from being averaged, in words; ranks and the precision of floats don't."""
    odd = sorted(set(a.shapes) ^ set(b.shapes)) + sorted(set(a.whole) ^ set(b.whole))
    if odd:
        more = f" and {len(odd) - 1} more" if len(odd) > 1 else ""
        return [f"modules ({odd[0]}{more}: in one of them only)"]
    differing = [
        f"the shape of {module} ({tuple(shape)} / {tuple(b.shapes[module])})"
        for module, shape in a.shapes.items()
        if shape != b.shapes[module]
    ]
    for name, of_a in a.whole.items():
        of_b = b.whole[name]
        if of_a.trained != of_b.trained:
            differing.append(f"modules_to_save ({name} was trained in one of them only)")
        if of_a.shape != of_b.shape:
            differing.append(f"the shape of {name} ({of_a.shape} / {of_b.shape})")
        if of_a.dtype != of_b.dtype and not (of_a.dtype.is_floating_point and of_b.dtype.is_floating_point):
            differing.append(f"the dtype of {name} ({of_a.dtype} / {of_b.dtype})")
    return differing


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def merged_config(like: Adapter, ranks: dict[str, int]) -> dict[str, Any]:
    """The `adapter_config.json` of an adapter whose updates are plain `B @ A`: alpha is the rank, so the scale is 1.

    Args:
        like: an adapter of the same modules, whose other settings are taken over.
        ranks: by module.
    """
    common = max(sorted(set(ranks.values())), key=list(ranks.values()).count)
    # PEFT reads the keys as regular expressions that may match the end of a name: each is made to match one name only.
    odd = {rf"^{re.escape(m.removeprefix(PREFIX))}": rank for m, rank in sorted(ranks.items()) if rank != common}
    return like.config | {
        "r": common,
        "lora_alpha": common,
        "use_rslora": False,
        "rank_pattern": odd,
        "alpha_pattern": odd,
        "init_lora_weights": True,
        "eva_config": None,
        "lora_dropout": 0.0,
        "inference_mode": True,
    }
