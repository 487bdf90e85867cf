"""Shared fixtures: a base model of a few thousand weights, its LoRA init, and samples, all made on the spot."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

# Before torch is imported: runs that are compared bit by bit must use the same number of threads.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

REPOSITORY = Path(__file__).parents[1]
# Data that is not in git: beside the clone, or where the variable says. With the variable set it must be there.
SHARED = Path(os.environ.get("HOUSEBRAIN_SHARED", REPOSITORY.parent / "shared"))
# The same markup as the chat templates of SmolLM2 and Qwen2.5.
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

# Files that take half a minute and more, besides those marked slow.
LONG_FILES = frozenset(
    ("test_gdrive.py", "test_choose.py", "test_train.py", "test_evaluate.py", "test_design.py", "test_prepare.py")
)

MakeSamples = Callable[..., Path]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the files with the slowest tests first, so that several processes end at about the same time."""
    slow = {item.path for item in items if item.get_closest_marker("slow") or item.path.name in LONG_FILES}
    items.sort(key=lambda item: item.path not in slow)


def shared_data(name: str) -> Path:
    """A file or folder of the shared data. Without it a test is skipped; with HOUSEBRAIN_SHARED set it fails."""
    path = SHARED / name
    if not path.exists():
        missing = f"{path}: it is not on this machine; HOUSEBRAIN_SHARED names the folder with the shared data"
        if "HOUSEBRAIN_SHARED" in os.environ:
            pytest.fail(missing)
        pytest.skip(missing)
    return path


@pytest.fixture(scope="session")
def v5() -> Path:
    """The folder of the v5 dataset."""
    return shared_data("data/housebrain-v5")


def made_once(path: Path, make: Callable[[Path], object]) -> Path:
    """A file or folder that the first process to want it makes under another name; the others wait, and find it."""
    with FileLock(f"{path}.lock"):
        if not path.exists():
            make(path.with_name(f"making-{path.name}"))
            path.with_name(f"making-{path.name}").rename(path)
    return path


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this run that all of its processes have in common."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def sample_rows(shared_folder: Path) -> list[dict[str, Any]]:
    """Two dozen solved briefs, as `prepare` writes them."""
    from housebrain.dataset.generate import generate_records
    from housebrain.dataset.prepare import Reject, solve_record

    def make(path: Path) -> None:
        solved = (solve_record(raw, seed=0) for raw in generate_records(40, seed=3))
        path.write_text(json.dumps([rows[0] for rows in solved if not isinstance(rows, Reject)][:24]))

    rows: list[dict[str, Any]] = json.loads(made_once(shared_folder / "samples.json", make).read_text())
    return rows


@pytest.fixture(scope="session")
def make_samples(sample_rows: list[dict[str, Any]]) -> MakeSamples:
    """Writes samples `first` to `first + count` to a Parquet file: `make_samples(path, count, first=0)`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from housebrain.dataset.prepare import SCHEMA

    def make(path: Path, count: int, first: int = 0) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(sample_rows[first : first + count], SCHEMA), path)
        return path

    return make


@pytest.fixture(scope="session")
def tiny_base(shared_folder: Path, sample_rows: list[dict[str, Any]]) -> Path:
    """A random two-layer Llama and a byte-level tokenizer with a chat template, as `ensure_base` leaves them."""
    return made_once(shared_folder / "tiny", lambda folder: _make_base(folder, sample_rows))


def _make_base(folder: Path, sample_rows: list[dict[str, Any]]) -> None:
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    from housebrain.model.preflight import verdict

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    core.train_from_iterator(
        [row[column] for row in sample_rows for column in ("brief", "answer")],
        trainers.BpeTrainer(
            vocab_size=500,
            special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core, eos_token="<|im_end|>", pad_token="<|im_end|>", chat_template=CHAT_TEMPLATE
    )
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        initializer_range=0.3,  # large enough for samples to matter to each other's logits where they leak
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    verdict(folder)  # writes it there: later it would do so while another process copies the folder


@pytest.fixture(scope="session")
def tiny_init(shared_folder: Path, tiny_base: Path) -> Path:
    """The shared LoRA init for `tiny_base`, with dropout so that a resume must restore the random state too."""
    from housebrain.model.lora_init import write_init
    from housebrain.params import Lora

    lora = Lora(r=4, alpha=8, dropout=0.1, target_modules="all-linear", seed=42)
    return made_once(shared_folder / "lora_init", lambda folder: write_init(lora, "tiny", tiny_base, folder))


@pytest.fixture(scope="session")
def mlflow_database(shared_folder: Path) -> Path:
    """An empty MLflow store; making one takes ten seconds, copying it none."""
    from mlflow import MlflowClient

    return made_once(shared_folder / "mlflow.db", lambda path: MlflowClient(f"sqlite:///{path}").search_experiments())


@pytest.fixture
def mlflow_store(tmp_path: Path, mlflow_database: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A fresh MLflow store that MLFLOW_TRACKING_URI points to."""
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    (tmp_path / "mlflow.db").write_bytes(mlflow_database.read_bytes())
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    yield uri


@pytest.fixture
def little_mending(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gives random answers up sooner: one is drawn, and few changes of it are tried before it is replaced."""
    from housebrain.answering import designer
    from housebrain.answering.mending import level, nearby

    monkeypatch.setattr(designer, "TRIES", 1)
    monkeypatch.setattr(level, "LOOKED_AT", 20)
    for limit in ("TRIED", "BRANCHES", "TWIGS"):
        monkeypatch.setattr(nearby, limit, 4)
