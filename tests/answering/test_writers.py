"""Tests for the writers: whatever library a model runs on, its answers are the same, and keep to the grammar."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import xllamacpp
from transformers import AutoModelForCausalLM

from conftest import MakeSamples
from housebrain.answering.designer import Designer
from housebrain.answering.onnx_writer import OnnxWriter
from housebrain.answering.server_writer import ServerWriter
from housebrain.answering.torch_writer import TorchWriter
from housebrain.errors import UserError
from housebrain.house.brief import Brief
from housebrain.language.chat import find_chat, write_chat
from housebrain.language.grammar import Grammar
from housebrain.language.samples import load_samples
from housebrain.model.gguf_export import write_gguf
from housebrain.model.loading import load_tokenizer
from housebrain.rules.checks import violations
from onnx_models import onnx_of


def nothing() -> None:
    pass


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
    settings.port, settings.warmup = 0, False
    server = xllamacpp.Server(settings)
    yield server.listening_address


def test_onnxruntime_writes_what_transformers_does(tiny_base: Path, briefs: list[Brief]) -> None:
    right, writer = TorchWriter(tiny_base, None), OnnxWriter(onnx_of(tiny_base, "fp32"))
    for brief in briefs:
        assert writer.write(brief, 0.0, 0, nothing).text == right.write(brief, 0.0, 0, nothing).text
    drawn = [writer.write(briefs[0], 1.5, seed, nothing).text for seed in (1, 2, 1)]
    assert drawn[0] == drawn[2] != drawn[1]
    for text in drawn:
        behind = Grammar(briefs[0]).start.steps(text)
        assert behind and behind.finished


def test_eight_bits_make_a_valid_house(tiny_base: Path, briefs: list[Brief]) -> None:
    designed = Designer(OnnxWriter(onnx_of(tiny_base, "int8"))).design(briefs[0])
    assert violations(designed.finished.design, briefs[0]) == []
    assert designed.tokens > 20


class StoppedError(Exception):
    """Raised by a check."""


def test_writing_ends_where_the_check_says_so(tiny_base: Path, briefs: list[Brief]) -> None:
    steps = []

    def check() -> None:
        steps.append(1)
        if len(steps) == 5:
            raise StoppedError

    writer = OnnxWriter(onnx_of(tiny_base, "fp32"))
    with pytest.raises(StoppedError):
        writer.write(briefs[0], 0.0, 0, check)
    assert len(steps) == 5
    assert writer.write(briefs[1], 0.0, 0, nothing) == OnnxWriter(onnx_of(tiny_base, "fp32")).write(
        briefs[1], 0.0, 0, nothing
    )


def test_a_server_writes_what_transformers_does(
    tiny_base: Path, export: Path, llama_cpp: str, briefs: list[Brief]
) -> None:
    """llama.cpp's own server, with the exported file."""
    writer, right = ServerWriter(llama_cpp, export), TorchWriter(tiny_base, None)
    for brief in briefs:
        assert writer.write(brief, 0.0, 0, nothing) == right.write(brief, 0.0, 0, nothing)
    drawn = [writer.write(briefs[0], 1.5, seed, nothing).text for seed in (1, 2, 1)]
    assert drawn[0] == drawn[2] != drawn[1]
    for text in drawn:
        behind = Grammar(briefs[0]).start.steps(text)
        assert behind and behind.finished


def test_a_server_that_is_not_there_or_unfit_is_named(export: Path, llama_cpp: str, briefs: list[Brief]) -> None:
    with pytest.raises(UserError, match=r"--server gpu:8000: give its address with http"):
        ServerWriter("gpu:8000", export)
    with pytest.raises(UserError, match=r"--server http://127\.0\.0\.1:9: it does not answer"):
        ServerWriter("http://127.0.0.1:9", export)
    with pytest.raises(UserError, match=r"--server http.*: 404 .*docs/engines\.md"):
        ServerWriter(f"{llama_cpp}/elsewhere", export)
