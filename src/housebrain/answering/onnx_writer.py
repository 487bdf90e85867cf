"""Answers by onnxruntime: for CPUs, ready in half a second, without PyTorch."""

from collections.abc import Callable
from pathlib import Path

from housebrain.answering.writer import Written
from housebrain.house.brief import Brief
from housebrain.language.chat import read_chat
from housebrain.language.grammar import Grammar
from housebrain.model.guide import Vocabulary, write
from housebrain.model.onnx_model import OnnxModel
from housebrain.model.plain import PlainTokenizer


class OnnxWriter:
    """A model that was exported for onnxruntime.

    Args:
        folder: written by `housebrain export --format onnx`.

    Raises:
        UserError: the folder holds no such model.
    """

    name = "onnxruntime"

    def __init__(self, folder: Path) -> None:
        self.chat = read_chat(folder)
        self.tokenizer = PlainTokenizer(folder)
        self.vocabulary = Vocabulary(self.tokenizer)
        self.model = OnnxModel(folder)

    def write(self, brief: Brief, temperature: float, seed: int, check: Callable[[], None]) -> Written:
        start = Grammar(brief).start
        asked = self.tokenizer(self.chat.prompt(brief), add_special_tokens=False)["input_ids"]
        row = write(self.model, self.vocabulary, asked, start, temperature, seed, check)
        return Written(row.text, len(row.ids))
