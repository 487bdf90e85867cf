"""What a file or folder is that was given for an adapter and is none, in words."""

import re
from pathlib import Path

from safetensors import SafetensorError, safe_open

_LISTED = 5
# By a file's first bytes.
_MAGIC = [
    (b"GGUF", "it is a GGUF file, llama.cpp's format"),
    (b"\x1f\x8b", "it is compressed by gzip"),
    (b"BZh", "it is compressed by bzip2"),
    (b"\xfd7zXZ", "it is compressed by xz"),
    (b"\x28\xb5\x2f\xfd", "it is compressed by zstd"),
    (b"7z\xbc\xaf", "it is a 7z archive"),
    (b"version https://git-lfs", "it is a Git LFS pointer and not the file itself; `git lfs pull` fetches that"),
    (b"\x93NUMPY", "it is a NumPy array"),
    (b"\x80", "it is a pickle"),
]
_DIFFUSERS = r"^(unet|text_encoder(_2)?)\.|^transformer\.(single_)?transformer_blocks\.|\.processor\."
# By what tensor names have in them, in tools that train LoRA adapters by other names.
_FORMATS = [
    (r"lora_(unet|te\d?|transformer)_|\.lora_(down|up)\.|\.alpha$", "kohya's sd-scripts"),
    (r"\.(hada_w|lokr_w|oft_|glora_)", "LyCORIS"),
    (r"\.lora_[ab]$", "MLX"),
    (r"\.lora_[ab]\.weight$", "torchtune"),
    (_DIFFUSERS, "diffusers"),
    (r"\.ia3_l", "IA3"),
    (r"^(base_model\.model\.)?prompt_embeddings$", "prompt tuning"),
]


def wanted(weights: str, config: str) -> str:
    """What is read, to be put after what was found."""
    return f"Wanted is a LoRA adapter as PEFT saves it: a folder with {config} and {weights}."


def foreign_file(path: Path) -> str:
    """What a file is."""
    if not path.is_file():
        return "it is missing"
    with path.open("rb") as file:
        start = file.read(512)
    if not start:
        return "it is truncated or damaged: it is empty"
    if path.suffix == ".safetensors" and start[8:9] == b"{":  # its header, whatever length comes before it
        return foreign_names(_names(path)) or "it is truncated or damaged, or no adapter's file"
    if path.suffix == ".bin" and start.startswith((b"PK", b"\x80")):
        return "it is truncated or damaged"
    if path.suffix == ".npz":
        return "it is an archive of NumPy arrays, as MLX and others write adapters"
    if start.startswith(b"PK"):
        return "it is a zip archive: unpack it with `unzip`, or, if torch.save wrote it, give it the name ending .bin"
    if start[257:262] == b"ustar":
        return "it is a tar archive: unpack it with `tar -xf`"
    if start.lstrip()[:5].lower() in (b"<!doc", b"<html"):
        return "it is a web page and not the file itself"
    for magic, what in _MAGIC:
        if start.startswith(magic):
            unpack = ": unpack it first" if "compressed" in what or "archive" in what else ""
            return what + unpack
    if path.suffix in (".safetensors", ".bin"):
        return "it is truncated or damaged"
    return "it is a file, and not an adapter's folder"


def foreign_folder(folder: Path) -> str:
    """What is in a folder that lacks a file of an adapter."""
    names = sorted(path.name for path in folder.iterdir())
    if not names:
        return "the folder is empty"
    whole = [name for name in names if re.match(r"(model|pytorch_model)[-.].*(safetensors|bin)", name)]
    if "config.json" in names and whole:
        return f"the folder holds a whole model ({whole[0]}), and not an adapter of one"
    for name in names:
        if name.endswith(".gguf"):
            return f"the folder holds {name}, llama.cpp's format"
        if re.search(r"\.(zip|tar|tgz|gz|bz2|xz|zst|7z)$", name):
            return f"the folder holds {name}, which is packed: unpack it first"
    if "adapters.safetensors" in names:
        return "the folder holds adapters.safetensors, MLX's format"
    if "pytorch_lora_weights.safetensors" in names:
        return "the folder holds pytorch_lora_weights.safetensors, diffusers' format"
    for name in names:
        if name.endswith(".npz"):
            return f"the folder holds {name}, an archive of NumPy arrays, as MLX and others write adapters"
        if name.endswith(".safetensors") and (found := foreign_names(_names(folder / name))):
            return f"the folder holds {name}: {found}"
    is_named_right = any(re.match(r"adapter_model.*(safetensors|bin)$", name) for name in names)
    for name in [] if is_named_right else names:
        stem, _, end = name.rpartition(".")
        if end in ("bin", "pt", "pth", "ckpt") and stem != "training_args":
            return (
                f"the folder holds {name}: if that is the adapter, as torch.save writes it, name it adapter_model.bin"
            )
        if end == "safetensors" and any(".lora_" in tensor for tensor in _names(folder / name)):
            return f"the folder holds {name}: name it adapter_model.safetensors"
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"the folder holds {', '.join(names[:_LISTED])}{more}"


def _names(path: Path) -> list[str]:
    """Of the tensors in a safetensors file; none where it is no such file."""
    try:
        with safe_open(path, framework="pt") as file:
            return sorted(file.keys())
    except (SafetensorError, OSError):
        return []


def foreign_names(names: list[str]) -> str:
    """Which other tool's tensors these are; empty where they may be PEFT's."""
    formats = _FORMATS
    if any(re.search(r"\.lora_(embedding_)?[AB](\.|$)", name) for name in names):
        formats = [(_DIFFUSERS, "diffusers")]  # whose factors have PEFT's names
    for pattern, tool in formats:
        for name in names:
            if re.search(pattern, name):
                return f"its tensors are named as by {tool} ({name})"
    return ""
