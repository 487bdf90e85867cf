"""The files of an adapter, whoever wrote them: found in its folder, and their tensors under the names PEFT reads.

PEFT writes `adapter_config.json` and `adapter_model.safetensors`. Read as well are `adapter_model.bin`, either of them
in shards, and an adapter that lies alone in a subfolder. Wrappers that a model wore when it was saved leave their marks
in tensor names; they are taken off. Of everything else it is said what was found and what is wanted.
"""

import hashlib
import pickle
import re
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open

from housebrain.errors import UserError
from housebrain.files import how_to_get, read_json, sha256_file
from housebrain.model.foreign import foreign_file, foreign_folder, foreign_names, wanted
from housebrain.model.tensors import DTYPES, tensor_starts

WEIGHTS = "adapter_model.safetensors"
BIN = "adapter_model.bin"
CONFIG = "adapter_config.json"
PREFIX = "base_model.model."  # before every module's name in the file; config patterns are matched without it

_DEPTH = 3  # how far below a folder its adapter is looked for
_TORCH_NAMES = {dtype: name for name, dtype in DTYPES.items()}
# What torch.compile, FSDP, Lightning, activation checkpointing and DistributedDataParallel put around modules.
_WRAPPERS = re.compile(r"(?<![^.])(?:_orig_mod|_fsdp_wrapped_module|_forward_module|_checkpoint_wrapped_module)\.")
_PARALLEL = re.compile(r"^((?:base_model\.model\.)?)module\.")
# The adapter's name, which PEFT takes out of names when it saves, and a bare state dict keeps.
_FACTOR = re.compile(r"\.(lora_[AB]|lora_magnitude_vector)\.(?!weight$)([^.]+)\.(weight|bias)$")
_EMBEDDING = re.compile(r"\.(lora_embedding_[AB])\.([^.]+)$")
_SAVED = re.compile(r"\.modules_to_save\.([^.]+)\.")
_FROZEN = ".original_module."  # beside a module of `modules_to_save`: what it was before


class Stored(NamedTuple):
    """Where one tensor is."""

    file: Path
    name: str  # in that file
    shape: tuple[int, ...]
    dtype: str  # as safetensors names it
    start: int = 0  # where its bytes begin, in a safetensors file


class AdapterFiles:
    """The configuration and the tensors of one adapter; nothing but names and shapes is held in memory.

    Args:
        path: the adapter's folder, one that holds it alone somewhere below, or one of its files.

    Attributes:
        folder: where `adapter_config.json` is.
        files: that hold the tensors.
        stored: by the name that PEFT reads.

    Raises:
        UserError: it is something else, is incomplete or damaged, or a name is there twice.
    """

    def __init__(self, path: str | Path) -> None:
        self.folder = adapter_folder(Path(path))
        self.files = _weight_files(self.folder)
        self.stored: dict[str, Stored] = {}
        names: set[str] = set()  # of the adapter, as far as tensors tell it
        for file in self.files:
            for stored in _contents(file):
                if _FROZEN in stored.name:
                    continue
                name, of = plain_name(stored.name)
                names |= of
                if name in self.stored:
                    raise UserError(
                        f"{file}: {stored.name} and {self.stored[name].name} are both {name}. Save the adapter again, "
                        "by PEFT's save_pretrained."
                    )
                self.stored[name] = stored
        if len(names) > 1:
            raise UserError(
                f"{self.files[0]}: it holds several adapters ({', '.join(sorted(names))}). Save each in a folder "
                "of its own, by PEFT's save_pretrained."
            )
        if found := foreign_names([stored.name for stored in self.stored.values()]):
            raise UserError(f"{self.files[0]}: {found}. {wanted(WEIGHTS, CONFIG)}")

    def config(self) -> Any:
        """What is in `adapter_config.json`."""
        return read_json(self.folder / CONFIG)

    def sha256(self) -> str:
        """Of the file with the tensors; of the hashes in their order, where there are several."""
        hashes = [sha256_file(file) for file in self.files]
        return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()

    def read(self, *names: str) -> list[torch.Tensor]:
        """Tensors by the names of `stored`.

        Raises:
            UserError: the file can't be read any more.
        """
        return [_read(self.stored[name]) for name in names]


def plain_name(name: str) -> tuple[str, set[str]]:
    """A tensor's name as PEFT reads it, and the name of the adapter where that was part of it.

    Args:
        name: as a training framework saved it.
    """
    name = plain_path(name)
    while (shorter := _PARALLEL.sub(r"\1", name)) != name:
        name = shorter
    adapter: set[str] = set()
    for pattern, kept in ((_FACTOR, r".\1.\3"), (_EMBEDDING, r".\1")):
        if found := pattern.search(name):
            adapter.add(found[2])
            name = pattern.sub(kept, name)
    if found := _SAVED.search(name):
        adapter.add(found[1])
        name = _SAVED.sub(".", name)
    while name.startswith(PREFIX):
        name = name.removeprefix(PREFIX)  # twice where one PEFT model was put into another
    return PREFIX + name.removeprefix("base_model."), adapter


def plain_path(name: str) -> str:
    """A module's or a tensor's name without the wrappers that a model wore."""
    return _WRAPPERS.sub("", name)


def adapter_folder(path: Path) -> Path:
    """The folder that has the adapter's configuration: `path`, or the only one below it.

    Raises:
        UserError: there is none, or there are several; the message says what is there.
    """
    if path.is_file():
        if path.name == CONFIG or path.name.startswith("adapter_model"):
            path = path.parent
        else:
            raise UserError(f"{path}: {foreign_file(path)}. {wanted(WEIGHTS, CONFIG)}")
    if not path.is_dir():
        hub = re.fullmatch(r"[\w.-]+/[\w.-]+", str(path))
        download = f" If it is on the Hub: `hf download {path} --local-dir FOLDER`." if hub else ""
        raise UserError(f"{path}: no such folder. Check the path.{download} {how_to_get(path)}")
    if (path / CONFIG).is_file():
        return path
    below = sorted(
        file.parent
        for depth in range(1, _DEPTH + 1)
        for file in path.glob("*/" * depth + CONFIG)
        if not any(part.startswith(".") for part in file.relative_to(path).parts)
    )
    if len(below) == 1:
        return below[0]
    if below:
        some = ", ".join(str(folder.relative_to(path)) for folder in below[:5])
        more = f" and {len(below) - 5} more" if len(below) > 5 else ""
        raise UserError(f"{path}: there are {len(below)} adapters below it ({some}{more}). Name the one you mean.")
    raise UserError(
        f"{path}: {CONFIG} is missing; {foreign_folder(path)}. {wanted(WEIGHTS, CONFIG)} {how_to_get(path)}"
    )


def _weight_files(folder: Path) -> list[Path]:
    """In the order in which PEFT looks for them: safetensors before bin, and one file before shards."""
    for name in (WEIGHTS, BIN):
        stem, end = name.split(".")
        if (folder / name).is_file():
            return [folder / name]
        if (index := folder / f"{name}.index.json").is_file():
            return _indexed(index)
        if shards := sorted(folder.glob(f"{stem}-*-of-*.{end}")):
            count = re.search(r"-of-(\d+)", shards[0].name)
            if count is None or int(count[1]) != len(shards):
                raise UserError(
                    f"{folder}: {len(shards)} of the shards of {name} are there, and {shards[0].name} says how many "
                    f"are needed. {how_to_get(folder)}"
                )
            return shards
    raise UserError(
        f"{folder}: {WEIGHTS} is missing; {foreign_folder(folder)}. {wanted(WEIGHTS, CONFIG)} {how_to_get(folder)}"
    )


def _indexed(index: Path) -> list[Path]:
    content = read_json(index)
    places = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(places, dict) or not places or not all(isinstance(file, str) for file in places.values()):
        raise UserError(f"{index}: it has no weight_map from names to files. {how_to_get(index)}")
    files = [index.parent / name for name in sorted(set(places.values()))]
    for file in files:
        if file.parent != index.parent or not file.is_file():
            raise UserError(f"{index}: it names {file.name}, which is not in its folder. {how_to_get(index)}")
    return files


def _contents(file: Path) -> list[Stored]:
    """Every tensor of a file, by name."""
    if file.suffix == ".bin":
        return [
            Stored(file, name, tuple(tensor.shape), _TORCH_NAMES.get(tensor.dtype, str(tensor.dtype)))
            for name, tensor in sorted(_torch_file(file).items())
        ]
    try:
        with safe_open(file, framework="pt") as opened:
            slices = {name: opened.get_slice(name) for name in sorted(opened.keys())}
        starts = tensor_starts(file)
        return [Stored(file, n, tuple(one.get_shape()), one.get_dtype(), starts[n]) for n, one in slices.items()]
    except (SafetensorError, OSError) as error:
        raise _damaged(file, error) from error


def _read(stored: Stored) -> torch.Tensor:
    if stored.file.suffix == ".bin":
        # `clone`: the others of the file are not kept for this one's sake.
        return _torch_file(stored.file)[stored.name].detach().clone()
    # A mapping that stays open keeps every page it has seen in memory; one a read checks the whole header anew.
    tensor = torch.empty(stored.shape, dtype=DTYPES[stored.dtype])
    try:
        with stored.file.open("rb") as opened:
            opened.seek(stored.start)
            count = opened.readinto(tensor.reshape(-1).view(torch.uint8).numpy().data)
    except OSError as error:
        raise _damaged(stored.file, error) from error
    if count < tensor.nbytes:
        raise _damaged(stored.file, EOFError(f"{stored.name} is cut short"))
    return tensor


def _torch_file(file: Path) -> dict[str, torch.Tensor]:
    """A state dict that torch.save wrote, mapped rather than loaded where its format allows. No code in it is run."""
    content: Any = None
    try:
        try:
            content = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
        except (RuntimeError, ValueError):  # the format before torch 1.6 can't be mapped
            content = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "Unsupported" not in str(error):
            raise _damaged(file, error) from error
        raise UserError(
            f"{file}: it holds Python objects besides tensors, which could run any code and are not read. Save the "
            "adapter again as safetensors, by PEFT's save_pretrained."
        ) from error
    except (RuntimeError, ValueError, EOFError, OSError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(file, error) from error
    if not isinstance(content, dict) or not all(
        isinstance(name, str) and isinstance(tensor, torch.Tensor) for name, tensor in content.items()
    ):
        raise UserError(
            f"{file}: it is no dict of tensors by name, as PEFT writes it, but {_kind(content)}. Save the adapter "
            "again, by PEFT's save_pretrained."
        )
    return content


def _kind(content: Any) -> str:
    if isinstance(content, dict):
        return f"a dict with {', '.join(map(str, list(content)[:4])) or 'nothing in it'}"
    return f"a {type(content).__name__}"


def _damaged(file: Path, error: Exception) -> UserError:
    # torch's advice to load the file at one's own risk is not passed on.
    reason = " ".join(str(error).rpartition("WeightsUnpickler error: ")[2].split())[:200]
    return UserError(f"{file}: {foreign_file(file)} ({reason}). {how_to_get(file)}")
