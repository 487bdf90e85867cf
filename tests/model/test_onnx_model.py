"""Tests for housebrain.model.onnx_model and onnx_export: the logits are the transformers model's."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers import AutoModelForCausalLM, GPTNeoXConfig, GPTNeoXForCausalLM

from conftest import MakeSamples, shared_data
from housebrain.errors import UserError
from housebrain.language.prompt import prompt
from housebrain.language.samples import load_samples
from housebrain.model.folded import load_model
from housebrain.model.loading import load_tokenizer
from housebrain.model.onnx_export import Precision, write_onnx
from housebrain.model.onnx_model import OnnxModel
from onnx_models import onnx_of

# Of logits, relative to the largest: nothing but order of addition; and what eight bits of weights and inputs leave.
TOLERANCES: dict[Precision, float] = {"fp32": 1e-4, "int8": 5e-2}


def expected(model: Any, ids: list[int]) -> NDArray[np.float32]:
    with torch.inference_mode():
        found: NDArray[np.float32] = model.eval()(input_ids=torch.tensor([ids])).logits[0, -1].numpy()
    return found


def off(found: NDArray[np.float32], right: NDArray[np.float32]) -> float:
    return float(np.abs(found - right).max() / np.abs(right).max())


@pytest.fixture
def ids(tiny_base: Path, tmp_path: Path, make_samples: MakeSamples) -> list[list[int]]:
    """Three prompts."""
    tokenizer = load_tokenizer(tiny_base)
    samples = load_samples(make_samples(tmp_path / "test.parquet", 3))
    return [
        tokenizer(prompt(tokenizer, sample.brief, "tree"), add_special_tokens=False)["input_ids"] for sample in samples
    ]


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_logits_are_those_of_transformers(tiny_base: Path, ids: list[list[int]], precision: Precision) -> None:
    """Of a prompt at once, of a token behind it, of several, and after going back to what was there before."""
    right, model = AutoModelForCausalLM.from_pretrained(tiny_base), OnnxModel(onnx_of(tiny_base, precision))
    text = ids[0]
    for one in (text, [*text, 7], [*text, 7, 9, 11, 13], [*text, 8], text[:20], ids[1]):
        assert off(model.logits(one), expected(right, one)) < TOLERANCES[precision]
    assert off(model.logits(ids[1]), expected(right, ids[0])) > 2 * TOLERANCES[precision]


def test_each_thread_has_a_text_of_its_own(tiny_base: Path, ids: list[list[int]]) -> None:
    model = OnnxModel(onnx_of(tiny_base, "fp32"))
    alone = [[model.logits(text[:length]) for length in range(40, 60)] for text in ids]
    with ThreadPoolExecutor(len(ids)) as threads:
        together = list(threads.map(lambda text: [model.logits(text[:length]) for length in range(40, 60)], ids))
    np.testing.assert_array_equal(together, alone)


def test_a_text_longer_than_its_room_gets_more(tiny_base: Path, ids: list[list[int]]) -> None:
    """And one that is longer than the model can read is an error."""
    right, model = AutoModelForCausalLM.from_pretrained(tiny_base), OnnxModel(onnx_of(tiny_base, "fp32"))
    text = (ids[0] * 20)[:1500]
    for one in (text[:1000], text, [*text, 5]):
        assert off(model.logits(one), expected(right, one)) < TOLERANCES["fp32"]
    with pytest.raises(UserError, match="more than 2048 tokens"):
        model.logits([5] * 2049)


def test_it_needs_no_torch(tiny_base: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from housebrain.model.onnx_model import OnnxModel\n"
        "OnnxModel(Path(sys.argv[1])).logits([5, 6])\n"
        "assert not {'torch', 'transformers', 'onnxruntime_genai'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script, str(onnx_of(tiny_base, "fp32"))], check=True)


def test_what_holds_no_model_is_named(tiny_base: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="it holds no model for onnxruntime"):
        OnnxModel(tmp_path)
    damaged = tmp_path / "damaged"
    shutil.copytree(onnx_of(tiny_base, "fp32"), damaged)
    (damaged / "model.onnx").write_bytes(b"no")
    with pytest.raises(UserError, match="damaged: it holds no model for onnxruntime"):
        OnnxModel(damaged)


def test_a_model_that_the_builder_does_not_know_is_named(tiny_base: Path, tmp_path: Path) -> None:
    other = GPTNeoXForCausalLM(GPTNeoXConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1, vocab_size=9))
    other.save_pretrained(tmp_path / "other")
    load_tokenizer(tiny_base).save_pretrained(tmp_path / "other")
    with pytest.raises(UserError, match="other: onnxruntime can't be given this model"):
        write_onnx(tmp_path / "other", tmp_path)


@pytest.mark.long
def test_the_real_base_says_nearly_the_same_in_eight_bits(tmp_path: Path) -> None:
    """An answer's likeliest next token, token after token, as the trained model in float32 has it."""
    from housebrain.model.base import ensure_base
    from housebrain.params import load_params

    base = ensure_base(load_params(Path(__file__).parents[2] / "params.yaml"))
    model, tokenizer = load_model(base, shared_data("models/joint")), load_tokenizer(base)
    model.save_pretrained(tmp_path / "whole")
    tokenizer.save_pretrained(tmp_path / "whole")
    (tmp_path / "int8").mkdir()
    write_onnx(tmp_path / "whole", tmp_path / "int8")
    text = tokenizer('{"size":[55,76],"levels":[["h",["v","living",31,["h","utility",9,"kitchen"]],39,"hall"]]}')
    ids = text["input_ids"]
    with torch.inference_mode():
        right = model.eval()(input_ids=torch.tensor([ids])).logits[0].numpy()
    found = OnnxModel(tmp_path / "int8")
    said = np.stack([found.logits(ids[: length + 1]) for length in range(len(ids))])
    assert (said.argmax(-1) == right.argmax(-1)).mean() >= 0.9
    assert off(said, right) < TOLERANCES["int8"]
