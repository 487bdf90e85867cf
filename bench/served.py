"""Models as a laptop's CPU runs them: onnxruntime, linear layers in eight bits, an answer at a time."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnxruntime

from housebrain.answering.designer import Designer
from housebrain.answering.plain_writer import PlainWriter
from housebrain.evaluation.cache import Answers, Cache
from housebrain.evaluation.evaluate import GUIDED_CODE
from housebrain.files import atomic_folder, sha256_file, sha256_folder
from housebrain.house.brief import Brief
from housebrain.language.chat import find_chat, write_chat
from housebrain.model.adapter import WEIGHTS
from housebrain.model.folded import load_model
from housebrain.model.loading import load_tokenizer
from housebrain.model.onnx_export import write_onnx
from housebrain.model.onnx_model import OnnxModel
from housebrain.model.vocabulary import Vocabulary
from housebrain.provenance import code_hash

CODE = [
    *GUIDED_CODE,
    "answering/designer.py",
    "answering/plain_writer.py",
    "language/chat.py",
    "model/onnx_export.py",
    "model/onnx_head.py",
    "model/onnx_model.py",
]


class Served:
    """A model that answers as `housebrain design` has it do.

    Args:
        base: its folder.
        adapter: its folder; None takes the base as it is.
        cache: answers that are in it are not written again; the model's files are kept beside it.
    """

    def __init__(self, base: Path, adapter: Path | None, cache: Cache) -> None:
        self.cache = cache
        self.made_from = {
            "base": sha256_file(base / "model.safetensors"),
            "adapter": sha256_file(adapter / WEIGHTS) if adapter else None,
        }
        folder = cache.folder / "onnx" / (str(self.made_from["adapter"])[:16] if adapter else "base")
        if not folder.exists():
            _write(base, adapter, folder)
        self.depends_on: dict[str, Any] = self.made_from | {
            "files": sha256_folder(folder),
            "code": code_hash(CODE),
            "onnxruntime": onnxruntime.__version__,
        }
        self.designer = Designer(PlainWriter("onnxruntime", folder, OnnxModel(folder).rows))

    def answer(self, brief: Brief) -> Answers:
        """A guided answer; its seconds are the processor's."""

        def make() -> Answers:
            started = time.process_time()
            proposal = self.designer.propose(brief)
            seconds = time.process_time() - started
            return Answers(answers=[proposal.text], proposals=[proposal], seconds=seconds, peak_gb=0.0)

        return self.cache.get_or_make(Answers, self.depends_on | {"brief": brief.model_dump(mode="json")}, make)


def _write(base: Path, adapter: Path | None, folder: Path) -> None:
    tokenizer = load_tokenizer(base)
    with atomic_folder(folder) as made:
        with TemporaryDirectory(prefix=".", suffix=".tmp", dir=made.parent) as whole:
            load_model(base, adapter).save_pretrained(whole)
            tokenizer.save_pretrained(whole)
            write_onnx(Path(whole), made, tokens=sorted(Vocabulary(tokenizer).texts))
        write_chat(find_chat(tokenizer, "tree"), made)
