"""The current model's files for a CPU: written once, found again without PyTorch and without MLflow."""

import importlib.util
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from housebrain.errors import UserError
from housebrain.files import atomic_folder, read_json, sha256_file, write_json
from housebrain.mlflow_file import alias_in, database
from housebrain.params import Params
from housebrain.tracking import store_uri

if TYPE_CHECKING:
    from housebrain.release.current import Current

FOLDER = Path("models/engine")
ABOUT = "engine.json"
_ADAPTER = Path("models/released/adapter_model.safetensors")  # as `model.released` has it, which imports PyTorch
_ALIAS = "champion"  # as `release.champion` has it, which does too


class Served(NamedTuple):
    """A model's files for onnxruntime.

    Attributes:
        folder: their place.
        about: what it is, for people.
        base: what it was trained on.
    """

    folder: Path
    about: str
    base: str


def find_served(params: Params) -> Served | None:
    """The files of the champion, or without one of the released adapter; None where they are not written yet.

    Also None where the champion is known to an MLflow server only: asking one takes MLflow.
    """
    store = database(store_uri())
    if importlib.util.find_spec("onnxruntime") is None or store is None or not (FOLDER / ABOUT).is_file():
        return None
    try:
        chosen = alias_in(store, params.tracking.model, _ALIAS)
    except (sqlite3.Error, UnicodeDecodeError):
        return None  # MLflow will say what is wrong with it
    if chosen is None:
        return _written(_wanted_released(params))
    return _written(_wanted(params, chosen.number, chosen.tags["sha256"])) if "sha256" in chosen.tags else None


def has_no_champion(params: Params) -> bool:
    """Whether MLflow's file says that no version is the champion. False also where only MLflow can tell."""
    store = database(store_uri())
    try:
        return store is not None and alias_in(store, params.tracking.model, _ALIAS) is None
    except (sqlite3.Error, UnicodeDecodeError):
        return False


def _written(wanted: dict[str, Any] | None) -> Served | None:
    """The files that are there, if they are those of the model wanted."""
    known = read_json(FOLDER / ABOUT) if (FOLDER / ABOUT).is_file() else {}
    if wanted is None or known.get("made_for") != wanted or "unfit" in known:
        return None
    return Served(FOLDER, known["about"], known["base"])


def _unfit(wanted: dict[str, Any] | None) -> bool:
    """Whether the model wanted was found to be one that onnxruntime can't run."""
    known = read_json(FOLDER / ABOUT) if (FOLDER / ABOUT).is_file() else {}
    return known.get("made_for") == wanted and "unfit" in known


def written_for(sha256: str) -> Path | None:
    """The folder of the files that are there, if they were written of an adapter with these weights."""
    if importlib.util.find_spec("onnxruntime") is None or not (FOLDER / ABOUT).is_file():
        return None
    known = read_json(FOLDER / ABOUT)
    return FOLDER if known["sha256"] == sha256 and "unfit" not in known else None


def _wanted(params: Params, number: str, sha256: str) -> dict[str, Any]:
    """By what files are known as a version's. Its number alone won't do: another store counts from 1 again."""
    return {"version": number, "model": params.tracking.model, "sha256": sha256}


def _wanted_released(params: Params) -> dict[str, Any] | None:
    """By what files are known as the released adapter's; None where there is none."""
    if not _ADAPTER.is_file():
        return None
    base = params.base_model()
    return {
        "sha256": sha256_file(_ADAPTER),
        "base": params.base,
        "revision": base.revision,
        "codec": params.train.codec,
    }


def ensure_served(by: "Current", params: Params) -> Served | None:
    """Writes the current model's files for a CPU, unless they are there.

    Args:
        by: as `current` gives it.
        params: the project's own.

    Returns:
        None where onnxruntime can't run such a model: this is said once, and not tried again.

    Raises:
        UserError: the base is not at hand.
    """
    from housebrain.model.adapter import WEIGHTS

    sha256 = sha256_file(by.adapter / WEIGHTS)
    wanted = _wanted_released(params) if by.version is None else _wanted(params, by.version, sha256)
    if (known := _written(wanted)) is not None or _unfit(wanted):
        return known
    from housebrain.language.chat import find_chat, write_chat
    from housebrain.model.base import ensure_base
    from housebrain.model.folded import load_model
    from housebrain.model.loading import load_tokenizer
    from housebrain.model.onnx_export import write_onnx
    from housebrain.model.vocabulary import Vocabulary

    base = ensure_base(by.params)
    print(f"engine: writing {by.about} for this machine's CPU to {FOLDER}, once", flush=True)
    made = {"about": by.about, "base": by.params.base, "made_for": wanted, "sha256": sha256}
    tokenizer = load_tokenizer(base)
    with atomic_folder(FOLDER) as folder:
        with TemporaryDirectory(prefix=".", suffix=".tmp", dir=folder.parent) as whole:
            load_model(base, by.adapter).save_pretrained(whole)
            tokenizer.save_pretrained(whole)
            try:
                write_onnx(Path(whole), folder, tokens=sorted(Vocabulary(tokenizer).texts))
            except UserError as error:
                print(f"engine: {error}", flush=True)
                made["unfit"] = str(error)
        write_chat(find_chat(tokenizer, "tree"), folder)
        write_json(folder / ABOUT, made)
    return _written(wanted)
