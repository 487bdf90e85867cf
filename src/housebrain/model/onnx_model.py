"""A language model on a laptop's CPU by onnxruntime: weights in eight bits, no PyTorch.

The graph is one that onnxruntime-genai's builder wrote. It is run here, and not by onnxruntime-genai's own loop: that
one holds Python's lock while it computes, so that nothing else could be done meanwhile, nor two answers written.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from housebrain.errors import UserError
from housebrain.model.onnx_head import TOKENS
from housebrain.model.writing import Logits

GRAPH, CONFIG = "model.onnx", "genai_config.json"
THREADS = 2  # a token's work is too little for more
SPIN_US = 300  # as long as anything between two layers' products takes
_ROOM = 1024  # tokens for whose keys and values there is room at first; it is doubled where a row is longer


class OnnxModel:
    """A model's weights. Several threads may use it, each for rows of its own.

    Args:
        folder: written by `onnx_export`.

    Raises:
        UserError: the folder holds no such model.
    """

    def __init__(self, folder: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = THREADS, 1
        options.log_severity_level = 4
        # A thread that waits for the next layer's work sleeps soon: others need the cores, too.
        options.add_session_config_entry("session.intra_op.spin_duration_us", str(SPIN_US))
        try:
            config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))["model"]
            self.vocabulary: int = config["vocab_size"]
            self.longest: int = config["context_length"]
            self.layers: int = config["decoder"]["num_hidden_layers"]
            self.heads: int = config["decoder"]["num_key_value_heads"]
            self.width: int = config["decoder"]["head_size"]
            self.session = onnxruntime.InferenceSession(
                str(folder / GRAPH), options, providers=["CPUExecutionProvider"]
            )
            tokens = json.loads((folder / TOKENS).read_text()) if (folder / TOKENS).exists() else None
            self._tokens = None if tokens is None else np.array(tokens, np.intp)
            logits = next(one.shape[-1] for one in self.session.get_outputs() if one.name == "logits")
            if isinstance(logits, int) and logits != len(tokens or range(self.vocabulary)):
                raise ValueError(f"{TOKENS} does not fit the graph, which has logits of {logits} tokens")
            self._begun: tuple[list[int], _Row] | None = None
        except Exception as error:  # onnxruntime's own have no common class
            reason = " ".join(str(error).split())[:300]
            raise UserError(
                f"{folder}: it holds no model for onnxruntime ({reason}). Write it again: "
                f"`housebrain export --format onnx --out {folder}`."
            ) from error

    def begin(self, ids: list[int]) -> None:
        """Computes what texts begin with, once: rows that begin so go on from there."""
        self._begun = None
        row = _Row(self, len(ids))
        row.append(ids)
        self._begun = list(ids), row

    def rows(self) -> "OnnxRows":
        """One row, empty."""
        return OnnxRows(self)

    def begun_by(self, ids: list[int]) -> "_Row | None":
        """The row of what a text begins with; None where it begins differently, or is no longer than that."""
        if self._begun is None or len(ids) <= len(self._begun[0]) or ids[: len(self._begun[0])] != self._begun[0]:
            return None
        return self._begun[1]

    def of_all(self, logits: Logits) -> Logits:
        """The logits of all tokens [vocabulary]: minus infinity of those for which the graph computes none."""
        if self._tokens is None:
            return logits
        whole = np.full(self.vocabulary, -np.inf, np.float32)
        whole[self._tokens] = logits
        return whole


class OnnxRows:
    """Rows of a model (see `writing.Rows`), computed one after the other."""

    def __init__(self, model: OnnxModel) -> None:
        self._rows = [_Row(model)]

    def append(self, ids: list[list[int]]) -> Logits:
        logits = [row.append(own) if own else None for row, own in zip(self._rows, ids, strict=True)]
        anything = next((one for one in logits if one is not None), np.zeros(0, np.float32))
        return np.stack([anything if one is None else one for one in logits])

    def copy(self, sources: list[int]) -> None:
        if sources != list(range(len(self._rows))):
            self._rows = [self._rows[source].copy() for source in sources]

    def back(self, lengths: list[int]) -> None:
        for row, length in zip(self._rows, lengths, strict=True):
            row.length = length


class _Row:
    """A sequence of tokens that the model has seen, as keys and values.

    Attributes:
        length: in tokens; a smaller one goes back.
    """

    def __init__(self, model: OnnxModel, room: int = _ROOM) -> None:
        self._model, self.length = model, 0
        self._make_room(room)

    def _make_room(self, room: int) -> None:
        """Makes room for so many tokens; what is kept in the old one is not copied."""
        from onnxruntime import OrtValue

        model = self._model
        self._room = min(room, model.longest)
        shape = (2 * model.layers, 1, model.heads, self._room, model.width)
        self._kept: NDArray[np.float32] = np.zeros(shape, np.float32)
        self._binding: Any = model.session.io_binding()
        names = [f"{layer}.{part}" for layer in range(model.layers) for part in ("key", "value")]
        # Of the arrays' own memory. What is computed is written behind what is there, in place.
        self._values = [OrtValue.ortvalue_from_numpy(kept) for kept in self._kept]
        for name, value in zip(names, self._values, strict=True):
            self._binding.bind_ortvalue_input(f"past_key_values.{name}", value)
            self._binding.bind_ortvalue_output(f"present.{name}", value)

    def append(self, ids: list[int]) -> Logits:
        """Appends tokens; returns the logits behind the last one [vocabulary].

        Raises:
            UserError: the row is longer than the model can read.
        """
        begun = None if self.length else self._model.begun_by(ids)
        if begun is not None:
            self._take_over(begun._kept, begun.length, self._room)
            ids = ids[begun.length :]
        length = self.length + len(ids)
        if length > self._model.longest:
            raise UserError(
                f"the brief: with its answer it has more than {self._model.longest} tokens. Ask for fewer rooms."
            )
        if length > self._room:
            self._take_over(self._kept, self.length, 2 * length)
        # The mask's length says how much of what is kept counts.
        self._binding.bind_cpu_input("input_ids", np.array([ids], np.int64))
        self._binding.bind_cpu_input("attention_mask", np.ones((1, length), np.int64))
        self._binding.bind_output("logits")
        self._model.session.run_with_iobinding(self._binding)
        self.length = length
        return self._model.of_all(self._binding.get_outputs()[-1].numpy()[0, -1])

    def copy(self) -> "_Row":
        made = _Row(self._model, self._room)
        made._take_over(self._kept, self.length, self._room)
        return made

    def _take_over(self, kept: NDArray[np.float32], length: int, room: int) -> None:
        """Goes on from what another row, or this one before, has kept."""
        if room != self._room:
            self._make_room(room)
        self._kept[..., :length, :] = kept[..., :length, :]
        self.length = length
