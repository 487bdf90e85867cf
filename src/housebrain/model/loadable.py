"""Whether plain PEFT loads an adapter, found out without its base.

PEFT puts the adapter into a skeleton: modules of the names and shapes that the adapter's own file has, on torch's meta
device, where tensors have a shape and no content. So the check takes neither the base's files nor its memory.
"""

import importlib.util
import re
import sys
import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from housebrain.errors import UserError
from housebrain.model.adapter import leaves_at
from housebrain.model.adapter_files import CONFIG, PREFIX, WEIGHTS

COPY = ".base_layer."  # in the names of copies of the base's tensors, and of factors of nested parameters
# What PEFT raises where a configuration doesn't fit.
ERRORS = (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError, re.error)
Shapes = dict[str, tuple[int, ...]]  # of a file's tensors, by name


class _Skeleton(nn.Module):
    is_gradient_checkpointing = False  # or PEFT would prepare it for training


def check_loads(folder: str | Path) -> None:
    """Refuses a LoRA adapter that PEFT can't load.

    Where peft is not installed it says so on stderr, and checks nothing.

    Args:
        folder: in PEFT's format.

    Raises:
        UserError: a tensor has no place in what PEFT makes of `adapter_config.json`, or a place has no tensor, or one
            of another shape; the message names it. Or the file can't be read.
    """
    if importlib.util.find_spec("peft") is None:
        print("the check that PEFT loads it is skipped: peft is not installed", file=sys.stderr)
        return
    from peft import PeftConfig, PeftModel, get_peft_model_state_dict, set_peft_model_state_dict

    shapes = _shapes(Path(folder) / WEIGHTS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about settings that only matter with the base there
        try:
            config = PeftConfig.from_pretrained(str(folder))
            _check_shared_ranks(shapes, config)
            model = PeftModel(skeleton(shapes, config), config, low_cpu_mem_usage=True)
            state = get_peft_model_state_dict(model)
        except ERRORS as error:
            raise _refusal(" ".join(str(error).split())) from error
        wanted = {name: tuple(tensor.shape) for name, tensor in state.items() if not _is_copy(name)}
        if missing := sorted(wanted.keys() - shapes.keys()):
            raise _refusal(f"{missing[0]} is missing")
        for name, shape in wanted.items():
            if shapes[name] != shape:
                raise _refusal(f"{name} has the shape {shapes[name]}, where {shape} is expected")
        tensors = {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}
        try:
            result = set_peft_model_state_dict(model, tensors, low_cpu_mem_usage=True)
        except ERRORS as error:
            raise _refusal(" ".join(str(error).split())) from error
    # Which modules are tied to the embeddings, and so adapted with them, is only known with the base.
    if result.unexpected_keys and not getattr(config, "ensure_weight_tying", False):
        raise _refusal(f"there is no place for {result.unexpected_keys[0]}")


def skeleton(shapes: Shapes, config: Any) -> nn.Module:
    """The modules and parameters that the tensors of an adapter's file belong to, on the meta device.

    Args:
        shapes: of the file's tensors.
        config: PEFT's, of the adapter.

    Raises:
        UserError: a factor is no matrix, or one of several experts does not hold whole ranks.
    """
    root = _Skeleton()
    parameters: dict[str, list[tuple[int, ...]]] = {}  # by the module that has them, the innermost wrapper's first
    for name, shape in sorted(shapes.items(), key=lambda item: -item[0].count(COPY)):
        module, _, kind = name.removeprefix(PREFIX).partition(".lora_")
        path, _, last = module.rpartition(".")
        if kind in ("A.weight", "embedding_A"):
            # Where B is missing, a module is made all the same, and PEFT then misses B.
            shape_B = shapes.get(re.sub(r"A(\.weight)?$", r"B\1", name), (1, 1))
            if len(shape) != 2 or len(shape_B) != 2:
                raise _refusal(f"{name} has the shape {shape}, and its B {shape_B}, where matrices are expected")
            d_in, d_out = shape[1], shape_B[0]
            holder = f"{module}.".replace(COPY, ".").removesuffix(".")
            if leaves_at(holder, config.target_parameters) and not _is_target(module, config):
                count, odd = divmod(shape[0], config.r)
                if odd:
                    raise _refusal(f"{name} has {shape[0]} rows, which is no multiple of r {config.r}")
                experts = (count,) if count > 1 else ()
                parameters.setdefault(holder, []).append((*experts, d_out, d_in))
            elif kind == "A.weight":
                _at(root, path).add_module(last, nn.Linear(d_in, d_out, False, "meta"))
            else:
                _at(root, path).add_module(last, nn.Embedding(d_in, d_out, device="meta"))
        elif not kind:
            _at(root, path).register_parameter(last, nn.Parameter(torch.empty(shape, device="meta")))
    for holder, of_holder in parameters.items():
        # Which wrapper has which parameter the file doesn't tell; all have one rank.
        for leaf, shape in zip(leaves_at(holder, config.target_parameters), of_holder, strict=False):
            _at(root, holder).register_parameter(leaf, nn.Parameter(torch.empty(shape, device="meta")))
    return root


def _is_target(module: str, config: Any) -> bool:
    """Whether PEFT adapts the module as a whole, and none of its parameters."""
    from peft.tuners.tuners_utils import check_target_module_exists

    return config.target_modules is not None and bool(check_target_module_exists(config, module))


def _check_shared_ranks(shapes: Shapes, config: Any) -> None:
    """Refuses experts of another rank than `r`, which PEFT puts together where a base holds them so, and a head of
    another rank than the embedding that it is tied to."""
    heads = {}
    if getattr(config, "ensure_weight_tying", False):
        heads = {
            (shapes.get(f"{name[:-1]}B", (0,))[0], shape[-1]): shape[0]
            for name, shape in shapes.items()
            if name.endswith(".lora_embedding_A")
        }
    for name, shape in shapes.items():
        if not name.endswith(".lora_A.weight"):
            continue
        if re.search(r"\.experts\.\d+\.", name) and shape[:1] != (config.r,):
            raise _refusal(f"{name} has the rank {shape[0]}, and experts need r, which is {config.r}")
        d_out = shapes.get(name.replace(".lora_A.", ".lora_B."), (0,))[0]
        rank = heads.get((shape[-1], d_out), shape[0])
        if rank != shape[0]:
            raise _refusal(f"{name} has the rank {shape[0]}, and the embedding that it is tied to {rank}")


def _shapes(path: Path) -> Shapes:
    """Of all tensors but copies of the base's, which PEFT saves along with an embedding's factors."""
    try:
        with safe_open(path, framework="pt") as file:
            names = sorted(name for name in file.keys() if not _is_copy(name))  # noqa: SIM118 - it is no dict
            return {name: tuple(file.get_slice(name).get_shape()) for name in names}
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path}: it is missing or damaged ({error}). Get the adapter again.") from error


def _is_copy(name: str) -> bool:
    return COPY in name and ".lora_" not in name


def _at(root: nn.Module, path: str) -> nn.Module:
    """The module at a dotted path, made where there is none."""
    module = root
    for name in filter(None, path.split(".")):
        if name not in dict(module.named_children()):
            module.add_module(name, nn.Module())
        module = module.get_submodule(name)
    return module


def _refusal(why: str) -> UserError:
    return UserError(
        f"PEFT can't load the adapter: {why}. Compare the names in {WEIGHTS} with target_modules, modules_to_save and "
        f"rank_pattern in {CONFIG}."
    )
