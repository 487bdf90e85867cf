"""The model that answers, on the library that suits this machine."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from housebrain.model.onnx_export import can_write
from housebrain.model.plain import PlainTokenizer
from housebrain.model.vocabulary import Vocabulary
from housebrain.params import Params, load_params
from housebrain.release.served import ensure_served, find_served, has_no_champion

# The solver is imported where it is needed: a command opens its model meanwhile.
if TYPE_CHECKING:
    from housebrain.answering.designer import Designer

EXPORT = Path("models/export")
ONNX = "genai_config.json"  # in a folder that was exported as onnx


class Answering(NamedTuple):
    """A model that is loaded.

    Attributes:
        designer: it.
        about: what it is, for people.
        base: what it was trained on; the folder's name where that is not known.
    """

    designer: "Designer"
    about: str
    base: str


def opens_at_once(model: Path | None, needed: bool, transformers: bool, server: str | None) -> bool:
    """Whether `open_model` has nothing to write and needs no PyTorch for these arguments."""
    if model is not None or server is not None:
        return server is not None or (model is not None and (model / ONNX).is_file())
    params = load_params()
    return not transformers and (find_served(params) is not None or (not needed and has_no_champion(params)))


def open_model(
    model: Path | None = None,
    needed: bool = True,
    transformers: bool = False,
    server: str | None = None,
) -> Answering | None:
    """Loads a model; PyTorch and MLflow only where they are needed.

    Args:
        model: an adapter's folder, or an export's as onnx; None takes the champion, or the released adapter. With a
            server: an export of what it has; None takes models/export.
        needed: there has to be one. Else only a champion is taken, which a person chose: the solver's houses are
            better than the released adapter's, and come sooner.
        transformers: by that library, even where onnxruntime-genai is installed.
        server: the address of one that has the model.

    Returns:
        None where there is no model and none is needed.

    Raises:
        UserError: the model can't be loaded, or there is none and one is needed.
    """
    if server is not None:
        return _by_server(server, model or EXPORT)
    if model is not None and (model / ONNX).is_file():
        return by_onnx(model, str(model), str(model))
    params = load_params()
    if model is not None:
        return _by_transformers(params, model, str(model))
    if not needed and has_no_champion(params):
        return None
    if not transformers and (served := find_served(params)) is not None:
        return by_onnx(*served)
    if not needed and importlib.util.find_spec("torch") is None:
        return None  # only the part that solves and draws is installed
    from housebrain.release.current import current, find_champion

    by = current(params) if needed else find_champion(params)
    if by is None:
        return None
    if not transformers and can_write() and (made := ensure_served(by, params)) is not None:
        return by_onnx(*made)
    return _by_transformers(by.params, by.adapter, by.about)


def by_onnx(folder: Path, about: str, base: str) -> Answering:
    """A model's files for onnxruntime."""
    from housebrain.model.onnx_model import OnnxModel

    model = OnnxModel(folder)
    from housebrain.answering.designer import Designer
    from housebrain.answering.plain_writer import PlainWriter

    writer = PlainWriter("onnxruntime", folder, model.rows)
    model.begin(writer.tokenizer(writer.chat.before, add_special_tokens=False)["input_ids"])
    return Answering(Designer(writer), about, base)


def _by_server(url: str, folder: Path) -> Answering:
    from housebrain.answering.designer import Designer
    from housebrain.answering.plain_writer import PlainWriter
    from housebrain.model.server_rows import Server

    texts = Vocabulary(PlainTokenizer(folder)).texts
    return Answering(
        Designer(PlainWriter("server", folder, Server(url, texts).rows)), f"the model of {url}", str(folder)
    )


def _by_transformers(params: Params, adapter: Path, about: str) -> Answering:
    from housebrain.answering.designer import Designer
    from housebrain.answering.torch_writer import TorchWriter
    from housebrain.model.base import ensure_base

    return Answering(Designer(TorchWriter(ensure_base(params), adapter)), about, params.base)
