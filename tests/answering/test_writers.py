"""Tests for the writers: whatever library a model runs on, its answers are the same, and keep to the grammar."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import xllamacpp
from transformers import AutoModelForCausalLM

from conftest import MakeSamples
from housebrain.answering.designer import Designer
from housebrain.answering.torch_writer import TorchWriter
from housebrain.answering.writer import Writer
from housebrain.errors import UserError
from housebrain.house.brief import Brief
from housebrain.language.chat import find_chat, write_chat
from housebrain.language.grammar import Grammar
from housebrain.language.samples import load_samples
from housebrain.model.gguf_export import write_gguf
from housebrain.model.loading import load_tokenizer
from housebrain.model.server_rows import Server, _likeliest
from housebrain.model.vocabulary import Vocabulary
from housebrain.release.answering import open_model
from housebrain.rules.checks import violations
from onnx_models import onnx_writer, wide_base


@pytest.fixture
def base(tiny_base: Path) -> Path:
    return wide_base(tiny_base)


@pytest.fixture
def briefs(tmp_path: Path, make_samples: MakeSamples) -> list[Brief]:
    return [sample.brief for sample in load_samples(make_samples(tmp_path / "test.parquet", 3))]


@pytest.fixture(scope="session")
def export(tiny_base: Path) -> Path:
    """The tiny model as `housebrain export --format gguf` writes it, in sixteen bits."""
    folder = tiny_base.with_name("tiny-gguf")
    folder.mkdir(exist_ok=True)
    tokenizer = load_tokenizer(tiny_base)
    write_gguf(AutoModelForCausalLM.from_pretrained(tiny_base), tokenizer, folder / "model.gguf", "f16")
    write_chat(find_chat(tokenizer, "tree"), folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def llama_cpp(export: Path) -> Iterator[str]:
    """The address of llama.cpp's own server."""
    settings: Any = xllamacpp.CommonParams()
    settings.model.path = str(export / "model.gguf")
    settings.n_ctx, settings.n_parallel, settings.cpuparams.n_threads = 2048, 1, 1
    settings.port, settings.warmup, settings.verbosity = 0, False, -1
    server = xllamacpp.Server(settings)
    yield server.listening_address


def written(writer: Writer, brief: Brief, temperature: float = 0.0, seed: int = 0) -> str:
    """An answer, which keeps to the grammar to its end."""
    text = writer.write(brief, Grammar(brief).start, None, temperature, seed, lambda: None).text
    behind = Grammar(brief).start.steps(text)
    assert behind and behind.finished
    return text


@pytest.mark.long
def test_onnxruntime_writes_what_transformers_does(base: Path, briefs: list[Brief]) -> None:
    right, writer = TorchWriter(base, None), onnx_writer(base, "fp32")
    for brief in briefs:
        assert written(writer, brief) == written(right, brief)
    drawn = [written(writer, briefs[0], 1.5, seed) for seed in (1, 2, 1)]
    assert drawn[0] == drawn[2] != drawn[1]


@pytest.mark.long
def test_eight_bits_make_a_valid_house(base: Path, briefs: list[Brief]) -> None:
    designed = Designer(onnx_writer(base, "int8")).design(briefs[0])
    assert violations(designed.finished.design, briefs[0]) == []
    assert designed.tokens > 10


class StoppedError(Exception):
    """Raised by a check."""


@pytest.mark.long
def test_writing_ends_where_the_check_says_so(base: Path, briefs: list[Brief]) -> None:
    steps = []

    def check() -> None:
        steps.append(1)
        if len(steps) == 5:
            raise StoppedError

    with pytest.raises(StoppedError):
        onnx_writer(base, "fp32").write(briefs[0], Grammar(briefs[0]).start, None, 0.0, 0, check)
    assert len(steps) == 5


@pytest.mark.long
def test_a_server_writes_what_transformers_does(
    tiny_base: Path, export: Path, llama_cpp: str, briefs: list[Brief], monkeypatch: pytest.MonkeyPatch
) -> None:
    """llama.cpp's own server, with the exported file."""
    # Next tokens of a random model are often none of the likeliest.
    monkeypatch.setattr("housebrain.model.server_rows.LIKELIEST", 500)
    opened = open_model(export, server=llama_cpp)
    assert opened is not None
    writer, right = opened.designer.writer, TorchWriter(tiny_base, None)
    same = [written(writer, brief) == written(right, brief) for brief in briefs]
    assert any(same)  # weights are in sixteen bits there, and a random model's next tokens are close to each other
    drawn = [written(writer, briefs[0], 1.5, seed) for seed in (1, 2, 1)]
    assert drawn[0] == drawn[2] != drawn[1]


def test_a_server_tells_likelihoods_by_token(tiny_base: Path, export: Path, llama_cpp: str) -> None:
    """Those of the likeliest are the model's, up to what all have in common."""
    texts = Vocabulary(load_tokenizer(tiny_base)).texts
    found = Server(llama_cpp, texts).logits([5, 6, 7])
    with torch.inference_mode():
        logits = AutoModelForCausalLM.from_pretrained(tiny_base)(input_ids=torch.tensor([[5, 6, 7]])).logits[0, -1]
    likely = [number for number in logits.topk(50).indices.tolist() if number in texts]
    assert len(likely) > 5
    np.testing.assert_allclose(found[likely], logits.log_softmax(-1)[likely], atol=0.1)
    assert found[likely].min() > found.min()


def test_vllm_tells_likelihoods_as_openai_did_for_completions() -> None:
    as_vllm = {"tokens": ["a"], "token_logprobs": [-0.1], "top_logprobs": [{"a": -0.1, "b": -2.5}], "text_offset": [0]}
    assert dict(_likeliest(as_vllm)) == {"a": -0.1, "b": -2.5}


def test_a_server_that_is_not_there_or_unfit_is_named(export: Path, llama_cpp: str) -> None:
    with pytest.raises(UserError, match=r"--server gpu:8000: give its address with http"):
        open_model(export, server="gpu:8000")
    with pytest.raises(UserError, match=r"--server http://127\.0\.0\.1:9: it does not answer"):
        open_model(export, server="http://127.0.0.1:9")
    with pytest.raises(UserError, match=r"--server http.*: 404 .*docs/engines\.md"):
        open_model(export, server=f"{llama_cpp}/elsewhere")
