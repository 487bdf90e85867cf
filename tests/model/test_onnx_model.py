"""Tests for housebrain.model.onnx_model and onnx_export: the logits are the transformers model's."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from transformers import AutoModelForCausalLM, GPTNeoXConfig, GPTNeoXForCausalLM

from conftest import MakeSamples
from housebrain.errors import UserError
from housebrain.language.prompt import prompt
from housebrain.language.samples import load_samples
from housebrain.model.loading import load_tokenizer
from housebrain.model.onnx_export import Precision, write_onnx
from housebrain.model.onnx_head import narrow_head
from housebrain.model.onnx_model import OnnxModel
from onnx_models import onnx_of, wide_base

# Of logits, relative to the largest: nothing but order of addition; and what eight bits of weights and inputs leave.
TOLERANCES: dict[Precision, float] = {"fp32": 1e-4, "int8": 0.1}


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


@pytest.fixture
def base(tiny_base: Path) -> Path:
    return wide_base(tiny_base)


@pytest.mark.long
@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_logits_are_those_of_transformers(base: Path, ids: list[list[int]], precision: Precision) -> None:
    """Of a prompt at once, of a token behind it, of several, and after going back to what was there before."""
    right, rows = AutoModelForCausalLM.from_pretrained(base), OnnxModel(onnx_of(base, precision)).rows()
    text = ids[0]
    there: list[int] = []
    for kept, more in ((0, text), (len(text), [7]), (len(text) + 1, [9, 11, 13]), (len(text), [8]), (20, ids[1])):
        rows.back([kept])
        there = [*there[:kept], *more]
        assert off(rows.append([more])[0], expected(right, there)) < TOLERANCES[precision]
    assert off(expected(right, there), expected(right, text)) > 2 * TOLERANCES[precision]


@pytest.mark.long
def test_a_narrow_head_has_the_same_logits(base: Path, ids: list[list[int]], tmp_path: Path) -> None:
    """Of the tokens that it was made for; of the others none. The file is that much smaller.

    To the last bit where they are a multiple of four: onnxruntime adds up what is over in another order.
    """
    whole, tokens = onnx_of(base, "int8"), [5, 6, 40, 99]
    write_onnx(base, tmp_path, "int8", tokens)
    found, right = (OnnxModel(folder).rows().append([ids[0]])[0] for folder in (tmp_path, whole))
    assert found.shape == right.shape
    np.testing.assert_array_equal(found[tokens], right[tokens])
    assert np.isneginf(np.delete(found, tokens)).all()
    sizes = [(folder / "model.onnx.data").stat().st_size for folder in (tmp_path, whole)]
    assert sizes[1] - sizes[0] > 50 * len(right)
    (tmp_path / "tokens.json").write_text("[5, 6]")
    with pytest.raises(UserError, match="does not fit the graph"):
        OnnxModel(tmp_path)


def test_a_head_with_a_bias_stays_whole(tmp_path: Path) -> None:
    def tensor(name: str, *shape: int) -> onnx.TensorProto:
        return onnx.numpy_helper.from_array(np.ones(shape, np.float32), name)

    def value(name: str, width: int) -> onnx.ValueInfoProto:
        return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, width])

    nodes = [
        onnx.helper.make_node("MatMul", ["hidden", "weight"], ["product"]),
        onnx.helper.make_node("Add", ["product", "bias"], ["logits"]),
    ]
    weights = [tensor("weight", 4, 9), tensor("bias", 9)]
    graph = onnx.helper.make_graph(nodes, "g", [value("hidden", 4)], [value("logits", 9)], weights)
    path = tmp_path / "model.onnx"
    onnx.save(onnx.helper.make_model(graph), path)
    before = path.read_bytes()
    narrow_head(path, [1, 2])
    assert path.read_bytes() == before and not (tmp_path / "tokens.json").exists()


@pytest.mark.long
def test_a_head_that_shares_its_matrix_stays_whole(base: Path, ids: list[list[int]], tmp_path: Path) -> None:
    write_onnx(base, tmp_path, "fp32", [5, 6])
    found, right = (OnnxModel(folder).rows().append([ids[0]])[0] for folder in (tmp_path, onnx_of(base, "fp32")))
    np.testing.assert_array_equal(found, right)


def test_rows_go_on_from_copies(base: Path, ids: list[list[int]]) -> None:
    """Each copy is its own; a row that is given nothing stays as it is."""
    right, rows = AutoModelForCausalLM.from_pretrained(base), OnnxModel(onnx_of(base, "fp32")).rows()
    text = ids[0]
    rows.append([text])
    rows.copy([0, 0, 0])
    found = rows.append([[5], [], [6, 7]])
    assert off(found[0], expected(right, [*text, 5])) < TOLERANCES["fp32"]
    assert off(found[2], expected(right, [*text, 6, 7])) < TOLERANCES["fp32"]
    rows.copy([2, 0, 1])
    rows.back([len(text) + 1, len(text) + 1, len(text)])
    found = rows.append([[8], [9], [10]])
    for one, behind in zip(found, ([6, 8], [5, 9], [10]), strict=True):
        assert off(one, expected(right, [*text, *behind])) < TOLERANCES["fp32"]


def test_what_texts_begin_with_is_computed_once(base: Path, ids: list[list[int]]) -> None:
    """Whether a text begins so, is all of it, or begins differently: the logits are the same."""
    right, model = AutoModelForCausalLM.from_pretrained(base), OnnxModel(onnx_of(base, "fp32"))
    text = ids[0]
    model.begin(text[:20])
    assert [model.begun_by(given) is not None for given in (text, text[:20], [9, *text])] == [True, False, False]
    for given in (text, text[:20], [9, *text], [*text[:19], 3, 4]):
        assert off(model.rows().append([given])[0], expected(right, given)) < TOLERANCES["fp32"]
    rows = model.rows()
    rows.append([text])
    rows.back([0])
    assert off(rows.append([ids[1]])[0], expected(right, ids[1])) < TOLERANCES["fp32"]


def test_threads_share_a_model(base: Path, ids: list[list[int]]) -> None:
    model = OnnxModel(onnx_of(base, "fp32"))

    def read(text: list[int]) -> list[NDArray[np.float32]]:
        rows = model.rows()
        return [rows.append([[one]])[0] for one in text[:60]]

    alone = [read(text) for text in ids]
    with ThreadPoolExecutor(len(ids)) as threads:
        np.testing.assert_array_equal(list(threads.map(read, ids)), alone)


def test_a_text_longer_than_its_room_gets_more(base: Path, ids: list[list[int]]) -> None:
    """And one that is longer than the model can read is an error."""
    right, rows = AutoModelForCausalLM.from_pretrained(base), OnnxModel(onnx_of(base, "fp32")).rows()
    text = (ids[0] * 20)[:1500]
    rows.append([text[:1000]])
    assert off(rows.append([text[1000:]])[0], expected(right, text)) < TOLERANCES["fp32"]
    with pytest.raises(UserError, match="more than 2048 tokens"):
        rows.append([[5] * 600])


def test_it_needs_no_torch(base: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from housebrain.model.onnx_model import OnnxModel\n"
        "OnnxModel(Path(sys.argv[1])).rows().append([[5, 6]])\n"
        "assert not {'torch', 'transformers', 'onnxruntime_genai'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script, str(onnx_of(base, "fp32"))], check=True)


def test_what_holds_no_model_is_named(base: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="it holds no model for onnxruntime"):
        OnnxModel(tmp_path)
    damaged = tmp_path / "damaged"
    shutil.copytree(onnx_of(base, "fp32"), damaged)
    (damaged / "model.onnx").write_bytes(b"no")
    with pytest.raises(UserError, match="damaged: it holds no model for onnxruntime"):
        OnnxModel(damaged)


@pytest.mark.long
def test_a_model_that_cannot_be_run_is_named(tiny_base: Path, tmp_path: Path) -> None:
    """The builder doesn't know one; the other has heads that are too small for onnxruntime's attention."""
    other = GPTNeoXForCausalLM(GPTNeoXConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1, vocab_size=9))
    other.save_pretrained(tmp_path / "other")
    load_tokenizer(tiny_base).save_pretrained(tmp_path / "other")
    with pytest.raises(UserError, match="other: onnxruntime can't run this model"):
        write_onnx(tmp_path / "other", tmp_path)
    with pytest.raises(UserError, match=r"tiny: onnxruntime can't run this model .*head_size"):
        write_onnx(tiny_base, tmp_path)
