"""A language model on a laptop's CPU by onnxruntime: weights in eight bits, no PyTorch.

The graph is one that onnxruntime-genai's builder wrote. It is run here, and not by onnxruntime-genai's own loop: that
one holds Python's lock while it computes, so that nothing else could be done meanwhile, nor two answers written.
"""

import json
import threading
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from housebrain.errors import UserError

GRAPH, CONFIG = "model.onnx", "genai_config.json"
_ROOM = 1024  # tokens for whose keys and values there is room at first; more is made where a text is longer


class OnnxModel:
    """A model's logits. Each thread has its own text; the weights are shared.

    Args:
        folder: written by `onnx_export`.
        threads: of one computation. They wait for each other, so that one more than there are free cores makes it slow.

    Raises:
        UserError: the folder holds no such model.
    """

    def __init__(self, folder: Path, threads: int = 1) -> None:
        import onnxruntime

        self._library = onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # others need the core, too
        try:
            config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))["model"]
            self._longest: int = config["context_length"]
            self._layers: int = config["decoder"]["num_hidden_layers"]
            self._shape = config["decoder"]["num_key_value_heads"], config["decoder"]["head_size"]
            self._session = onnxruntime.InferenceSession(
                str(folder / GRAPH), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's own have no common class
            reason = " ".join(str(error).split())[:300]
            raise UserError(
                f"{folder}: it holds no model for onnxruntime ({reason}). Write it again: "
                f"`housebrain export --format onnx --out {folder}`."
            ) from error
        self._of_thread = threading.local()

    def logits(self, ids: list[int]) -> NDArray[np.float32]:
        """The logits of the token behind all of `ids` [vocabulary]. See `guide.Scores`.

        Raises:
            UserError: the text is longer than the model can read.
        """
        if len(ids) > self._longest:
            raise UserError(f"the brief: with its answer it has more than {self._longest} tokens. Ask for fewer rooms.")
        text: _Text | None = getattr(self._of_thread, "text", None)
        if text is None or len(ids) > text.room:
            text = self._of_thread.text = self._new_text(min(self._longest, max(_ROOM, 2 * len(ids))))
        return text.logits(ids)

    def _new_text(self, room: int) -> "_Text":
        heads, width = self._shape
        binding = self._session.io_binding()
        for layer in range(self._layers):
            for part in ("key", "value"):
                kept = self._library.OrtValue.ortvalue_from_numpy(np.zeros((1, heads, room, width), np.float32))
                # What is computed is written behind what is there, in place.
                binding.bind_ortvalue_input(f"past_key_values.{layer}.{part}", kept)
                binding.bind_ortvalue_output(f"present.{layer}.{part}", kept)
        return _Text(self._session, binding, room)


class _Text:
    """A text as far as the model has seen it."""

    def __init__(self, session: Any, binding: Any, room: int) -> None:
        self.room = room
        self._session, self._binding = session, binding
        self._seen: list[int] = []

    def logits(self, ids: list[int]) -> NDArray[np.float32]:
        """As `OnnxModel.logits`."""
        pairs = zip(self._seen, ids[:-1], strict=False)
        alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        self._seen = []  # should the run fail, nothing is known to be kept
        # The mask's length says how much of what is kept counts: to go back is to give a shorter one.
        self._binding.bind_cpu_input("input_ids", np.array([ids[alike:]], np.int64))
        self._binding.bind_cpu_input("attention_mask", np.ones((1, len(ids)), np.int64))
        self._binding.bind_output("logits")
        self._session.run_with_iobinding(self._binding)
        self._seen = list(ids)
        found: NDArray[np.float32] = self._binding.get_outputs()[-1].numpy()[0, -1]
        return found
