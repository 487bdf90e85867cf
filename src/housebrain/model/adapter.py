"""LoRA adapters on disk, read one module at a time and written so that plain PEFT loads them.

Of each module an adapter holds factors A [r, d_in] and B [d_out, r]; the module's update is `scale * B @ A`
(transposed, where the module is an embedding or a Conv1D: both factors are then stored the other way round, so nothing
changes here). A parameter that holds E experts (`target_parameters`) has the factors of all in one A [E * r, d_in] and
B [d_out, r * E]; here each expert is a module of its own, named `NAME#0` and so on.
"""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import torch

from housebrain.errors import UserError
from housebrain.files import how_to_get
from housebrain.model.adapter_files import CONFIG, PREFIX, AdapterFiles, plain_path
from housebrain.model.adapter_files import WEIGHTS as WEIGHTS  # whoever has to do with adapters needs all three names
from housebrain.model.tensors import DTYPES, is_finite

FINGERPRINT = "fingerprint.json"  # in the folder of an adapter that this project trained: what it was made from
MERGE_REPORT = "merge.json"  # in a merged adapter's folder: how it was made

# How PEFT names a module's A and B: linear layers, embeddings.
_SUFFIXES = [(".lora_A.weight", ".lora_B.weight"), (".lora_embedding_A", ".lora_embedding_B")]
# Settings of PEFT's LoraConfig under which an update is scale * B @ A and nothing more. Whatever else is set is
# refused, so a variant that PEFT gets next year isn't merged wrongly.
_PLAIN = {
    *("peft_type", "peft_version", "task_type", "auto_mapping", "inference_mode"),
    *("base_model_name_or_path", "revision", "target_modules", "exclude_modules", "modules_to_save"),
    "target_parameters",
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


class NotFiniteError(UserError):
    """A weight is infinite or not a number."""


class Adapter:
    """A LoRA adapter, of which only names and shapes are held in memory.

    Args:
        folder: in PEFT's format, or one that `AdapterFiles` reads; made by this project or by anyone else.

    Attributes:
        modules: by module, the names of its A and B.
        ranks: by module.
        shapes: by module.
        experts: of modules that are experts of one parameter, which one and of how many.
        fused: modules that must all have the rank `r` of the configuration: experts, what else PEFT looks up by the
            name of a parameter, which the adapter's own names don't tell, and modules that are tied.
        whole: the other tensors, by name: those of `modules_to_save` were trained; copies of the base's embeddings,
            which PEFT saves along with an embedding's factors, were not.

    Raises:
        UserError: a file is missing, truncated or no LoRA adapter, or the adapter can't be merged exactly.
    """

    def __init__(self, folder: str | Path) -> None:
        self._files = AdapterFiles(folder)
        self.folder = self._files.folder
        self.path = self._files.files[0]
        self.config: dict[str, Any] = self._checked_config()
        self.modules: dict[str, tuple[str, str]] = {}
        self.ranks: dict[str, int] = {}
        self.shapes: dict[str, Shape] = {}
        self.experts: dict[str, tuple[int, int]] = {}
        self.whole: dict[str, Whole] = {}
        self._last: tuple[tuple[str, ...], list[torch.Tensor]] = ((), [])
        shapes = {name: list(stored.shape) for name, stored in self._files.stored.items()}
        for name, stored in sorted(self._files.stored.items()):
            if stored.dtype not in DTYPES:
                raise UserError(
                    f"{self.path}: {name} has dtype {stored.dtype}, which can't be merged. Save the adapter with one "
                    f"of {', '.join(DTYPES)}."
                )
            self._add(name, shapes, DTYPES[stored.dtype])
        if not self.modules:
            raise UserError(f"{self.path}: it has no LoRA factors. Check that this is the adapter you mean.")
        self.fused = self._fused()
        self._follow_ties()

    @property
    def names(self) -> list[str]:
        """Of all tensors, each once."""
        return list(dict.fromkeys(name for factors in self.modules.values() for name in factors)) + list(self.whole)

    def sha256(self) -> str:
        """Of the weights."""
        return self._files.sha256()

    def _checked_config(self) -> dict[str, Any]:
        where = self.folder / CONFIG
        config = self._files.config()
        kind = config.get("peft_type") if isinstance(config, dict) else None
        if kind != "LORA":
            raise UserError(f"{where}: peft_type is {kind}; only LORA can be merged.")
        for field, value in config.items():
            if value and field not in _PLAIN and (field, value) != ("bias", "none"):
                raise UserError(
                    f"{where}: {field} is set ({_NAMES.get(field, 'a LoRA variant')}), and such "
                    "adapters can't be merged exactly. Train without it."
                )
        if config.get("init_lora_weights") not in _PLAIN_INITS:
            raise UserError(
                f"{where}: init_lora_weights is {config['init_lora_weights']}, which changes the base's "
                "weights. Convert the adapter to plain LoRA first (PEFT: path_initial_model_for_weight_conversion)."
            )
        for field in ("r", "lora_alpha"):
            if not _is_positive(config.get(field)):
                raise UserError(
                    f"{where}: {field} is {config.get(field)}, no number above 0 and up to 10^9. Correct it."
                )
        for field in ("rank_pattern", "alpha_pattern"):
            self._check_patterns(field, config.get(field))
        for field in ("target_modules", "modules_to_save", "target_parameters"):
            value = config.get(field)
            names = [value] if isinstance(value, str) else value or []
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                raise UserError(f"{where}: {field} is {short(value)}, no list of names. Correct it.")
            if isinstance(value, list):
                config[field] = [plain_path(name) for name in value]
        return config

    def _check_patterns(self, field: str, patterns: Any) -> None:
        where = f"{self.folder / CONFIG}: {field}"
        if not isinstance(patterns or {}, dict):
            raise UserError(f"{where} is {short(patterns)}, no numbers by pattern. Correct it.")
        for pattern, value in (patterns or {}).items():
            if not _is_positive(value):
                raise UserError(f"{where}: {pattern} is {short(value)}, no number above 0 and up to 10^9. Correct it.")
            try:
                re.compile(rf"(.*\.)?({pattern})$")
            except (re.error, RecursionError, OverflowError) as error:
                raise UserError(f"{where}: {pattern} is no regular expression ({error}). Correct it.") from error

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
            raise UserError(f"{self.path}: {module} has an A and no B. {how_to_get(self.path)}")
        if len(shape_A) != 2 or len(shape_B) != 2 or 0 in (*shape_A, *shape_B):
            raise UserError(f"{self.path}: {module}: A {shape_A}, B {shape_B}: only matrices can be merged.")
        rank = self._setting("rank_pattern", "r", module)
        d_out, d_in, width = shape_B[0], shape_A[1], shape_A[0]
        count = 1
        if width != rank and self._is_parameter(module):
            rank = self.config["r"]
            count = max(1, int(width // rank))
        if not width == shape_B[1] == rank * count:
            raise UserError(
                f"{self.path}: {module}: A {shape_A} and B {shape_B} don't fit rank {rank} of {CONFIG}. "
                "Get both files again from one place."
            )
        for expert in range(count):
            name = module if count == 1 else f"{module}#{expert}"
            self.modules[name] = (A, B)
            self.ranks[name] = int(rank)
            self.shapes[name] = Shape(d_out, d_in)
            if count > 1:
                self.experts[name] = (expert, count)

    def _is_parameter(self, module: str) -> bool:
        """Whether the factors may be of a parameter: PEFT then goes by its name, which the adapter's file doesn't have.

        Raises:
            UserError: it matters what that name is.
        """
        holder = _holder(module)
        leaves = leaves_at(holder, self.config.get("target_parameters"))
        for field in ("rank_pattern", "alpha_pattern"):
            for pattern in self.config.get(field) or {}:
                if any(_fits(pattern, f"{holder}.{leaf}") for leaf in leaves):
                    raise UserError(
                        f"{self.folder / CONFIG}: {field} has {pattern}, of a parameter (target_parameters): which "
                        "tensors are its own isn't known without the base. Train with one rank and alpha for all."
                    )
        return bool(leaves)

    def _fused(self) -> set[str]:
        """Modules whose rank PEFT may look for under the name of a parameter, or of several modules in one.

        transformers 5 holds the experts of a layer in one parameter; PEFT puts adapters that were trained expert by
        expert together when it loads them, and the router beside them is a parameter as well. With
        `ensure_weight_tying` an embedding and the head that is tied to it share their factors.
        """
        blocks = {module.partition(".experts.")[0] for module in self.modules if ".experts." in module}
        fused = set(self.experts)
        for module in self.modules:
            if (
                ".experts." in module
                or module.rpartition(".")[0] in blocks
                or leaves_at(_holder(module), self.config.get("target_parameters"))
            ):
                fused.add(module)
        if self.config.get("ensure_weight_tying"):
            embeddings = {module for module, (A, _) in self.modules.items() if A.endswith(".lora_embedding_A")}
            tied = {self.shapes[module] for module in embeddings}
            fused |= embeddings | {module for module, (d_out, d_in) in self.shapes.items() if (d_in, d_out) in tied}
        return fused

    def _follow_ties(self) -> None:
        """With `ensure_weight_tying` PEFT saves what is tied to a trained embedding beside it: trained like it."""
        if not self.config.get("ensure_weight_tying"):
            return
        trained = [name for name, whole in self.whole.items() if whole.trained]
        for name, whole in self.whole.items():
            for other in trained:
                if whole.shape == self.whole[other].shape and torch.equal(self.tensor(name), self.tensor(other)):
                    self.whole[name] = whole._replace(trained=True)

    def _setting(self, patterns: str, default: str, module: str) -> Any:
        """A module's own value, else the common one; as `peft.utils.other.get_pattern_key`, the first pattern that
        matches the end of the module's name counts."""
        for pattern, value in (self.config.get(patterns) or {}).items():
            if _fits(pattern, module):
                return value
        return self.config[default]

    def scale(self, module: str) -> float:
        """alpha / r, or alpha / sqrt(r) with rsLoRA (https://arxiv.org/abs/2312.03732)."""
        rank = self.ranks[module]
        alpha = self.config["lora_alpha"]
        if module not in self.experts:
            alpha = self._setting("alpha_pattern", "lora_alpha", module)
        return alpha / (rank**0.5 if self.config.get("use_rslora") else rank)

    def factors(self, module: str) -> Factors:
        """Reads one module.

        Raises:
            UserError: a weight is not finite, or the file can't be read any more.
        """
        names = self.modules[module]
        if module not in self.experts:
            A, B = self._read(*names)
        else:
            if self._last[0] != names:  # the experts of one parameter are asked for one after the other
                self._last = (names, self._read(*names))
            (all_A, all_B), (expert, count) = self._last[1], self.experts[module]
            # As PEFT's ParamWrapper lays them out: A expert by expert, B rank by rank.
            A, B = all_A.reshape(count, -1, all_A.shape[1])[expert], all_B[:, expert::count]
        return Factors(A.float(), B.float(), self.scale(module))

    def tensor(self, name: str) -> torch.Tensor:
        """Reads one of `whole`, in its own dtype.

        Raises:
            UserError: as for `factors`.
        """
        return self._read(name)[0]

    def _read(self, *names: str) -> list[torch.Tensor]:
        tensors = self._files.read(*names)
        for name, tensor in zip(names, tensors, strict=True):
            if not is_finite(tensor):
                raise NotFiniteError(f"{self.path}: {name} has a weight that is not finite. Train it again.")
        return tensors


def _fits(pattern: str, module: str) -> bool:
    return bool(re.match(rf"(.*\.)?({pattern})$", module.removeprefix(PREFIX)))


def _holder(module: str) -> str:
    """The module that has a parameter, from the name of a wrapper or of an expert."""
    return re.sub(r"(\.base_layer)*(#\d+)?$", "", module)


def leaves_at(holder: str, target_parameters: list[str] | None) -> list[str]:
    """The names of parameters that a module of that name may have among `target_parameters`, as PEFT matches them."""
    found = []
    for target in target_parameters or []:
        leaf = target.rpartition(".")[2]
        if f"{holder}.{leaf}".endswith(f".{target}") or f"{holder}.{leaf}" == target:
            found.append(leaf)
    return list(dict.fromkeys(found))


def _is_positive(value: Any) -> bool:
    """Whether it is a number above 0 that can be computed with: an int may have any number of digits."""
    return isinstance(value, int | float) and 0 < value <= 1e9


def merged_config(like: Adapter, ranks: dict[str, int]) -> dict[str, Any]:
    """The `adapter_config.json` of an adapter whose updates are plain `B @ A`: alpha is the rank, so the scale is 1.

    Args:
        like: an adapter of the same modules, whose other settings are taken over.
        ranks: by module; one for all that are fused.
    """
    fused = [rank for module, rank in ranks.items() if module in like.fused]
    common = max(sorted(set(ranks.values())), key=(fused or list(ranks.values())).count)
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


def short(value: Any) -> str:
    """A value as JSON, cut to what a message has room for."""
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
