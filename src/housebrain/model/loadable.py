"""Whether plain PEFT loads an adapter, found out without its base.

PEFT puts the adapter into a skeleton: modules of the names and shapes that the adapter's own file has, on torch's meta
device, where tensors have a shape and no content. So the check takes neither the base's files nor its memory.
"""

import importlib.util
import re
import sys
import warnings
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from housebrain.errors import UserError
from housebrain.model.adapter import CONFIG, PREFIX, WEIGHTS

COPY = ".base_layer."  # in the names of copies of the base's tensors
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
            model = PeftModel(skeleton(shapes), config, low_cpu_mem_usage=True)
        except (KeyError, TypeError, ValueError) as error:
            raise _refusal(" ".join(str(error).split())) from error
        state = get_peft_model_state_dict(model)
        wanted = {name: tuple(tensor.shape) for name, tensor in state.items() if COPY not in name}
        if missing := sorted(wanted.keys() - shapes.keys()):
            raise _refusal(f"{missing[0]} is missing")
        for name, shape in wanted.items():
            if shapes[name] != shape:
                raise _refusal(f"{name} has the shape {shapes[name]}, where {shape} is expected")
        tensors = {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}
        result = set_peft_model_state_dict(model, tensors, low_cpu_mem_usage=True)
    # Which modules are tied to the embeddings, and so adapted with them, is only known with the base.
    if result.unexpected_keys and not getattr(config, "ensure_weight_tying", False):
        raise _refusal(f"there is no place for {result.unexpected_keys[0]}")


def skeleton(shapes: Shapes) -> nn.Module:
    """The modules that the tensors of an adapter's file belong to, on the meta device."""
    root = _Skeleton()
    for name, shape in shapes.items():
        module, _, kind = name.removeprefix(PREFIX).partition(".lora_")
        if kind in ("A.weight", "embedding_A"):
            # Where B is missing, a module is made all the same, and PEFT then misses B.
            d_in, d_out = shape[1], shapes.get(re.sub(r"A(\.weight)?$", r"B\1", name), (1,))[0]
            is_linear = kind == "A.weight"
            layer = nn.Linear(d_in, d_out, False, "meta") if is_linear else nn.Embedding(d_in, d_out, device="meta")
            path, _, last = module.rpartition(".")
            _at(root, path).add_module(last, layer)
        elif not kind:
            path, _, last = module.rpartition(".")
            _at(root, path).register_parameter(last, nn.Parameter(torch.empty(shape, device="meta")))
    return root


def _shapes(path: Path) -> Shapes:
    """Of all tensors but copies of the base's, which PEFT saves along with an embedding's factors."""
    try:
        with safe_open(path, framework="pt") as file:
            names = sorted(name for name in file.keys() if COPY not in name)  # noqa: SIM118 - it is no dict
            return {name: tuple(file.get_slice(name).get_shape()) for name in names}
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path}: it is missing or damaged ({error}). Get the adapter again.") from error


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
