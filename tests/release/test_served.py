"""Tests for housebrain.release.served and answering: the current model's files for a CPU are written once."""

import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from conftest import REPOSITORY
from housebrain.files import read_json, write_json
from housebrain.model import released
from housebrain.model.adapter import WEIGHTS
from housebrain.model.lora_init import write_init
from housebrain.params import Lora, Params, load_params
from housebrain.registry import register_version, set_alias
from housebrain.release import champion, served
from housebrain.release.answering import open_model
from housebrain.release.current import current
from housebrain.release.served import ABOUT, FOLDER, ensure_served, find_served
from onnx_models import wide_base
from project import TINY, put_base

WORDS = "2 bedroom house, 40x60 ft plot facing east"


@pytest.fixture
def params(tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> Params:
    """Of a project with a released adapter, whose folder is the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    base = wide_base(tiny_base)
    put_base(tmp_path, base)
    content = YAML(typ="safe").load((REPOSITORY / "params.yaml").read_text())
    content |= {"base": "tiny", "bases": {"tiny": TINY.model_dump(exclude_none=True)}}
    with Path("params.yaml").open("w") as file:
        YAML(typ="safe").dump(content, file)
    write_init(Lora(r=4, alpha=8, dropout=0.0, target_modules="all-linear", seed=1), "tiny", base, released.FOLDER)
    lineage = {"base": "nobody/tiny", "base_revision": "0", "codec": "tree"}
    write_json(released.FOLDER / released.LINEAGE, lineage)
    return load_params()


def test_names_are_those_of_what_imports_torch() -> None:
    assert served._ADAPTER == released.FOLDER / WEIGHTS
    assert served._ALIAS == champion.ALIAS


@pytest.mark.long
def test_files_are_written_once_and_are_those_of_one_model(
    params: Params, mlflow_database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert find_served(params) is None
    made = ensure_served(current(params), params)
    assert made is not None and "writing the released model for this machine's CPU" in capsys.readouterr().out
    assert find_served(params) == made == ensure_served(current(params), params)
    assert capsys.readouterr().out == ""
    assert {path.name for path in FOLDER.iterdir()} >= {ABOUT, "chat.json", "model.onnx", "tokenizer.json"}
    assert list(Path("models").glob(".*")) == []
    with (released.FOLDER / WEIGHTS).open("ab") as file:
        file.write(b" ")
    assert find_served(params) is None  # they are another adapter's
    Path("mlflow.db").write_bytes(mlflow_database.read_bytes())
    register_version("housebrain", "one", "file:///one", None, {"sha256": "a" * 64}, "")
    set_alias("housebrain", "champion", "1")
    chosen = served.alias_in(Path("mlflow.db"), "housebrain", "champion")
    assert chosen is not None and (chosen.number, chosen.tags["sha256"]) == ("1", "a" * 64)
    assert find_served(params) is None
    of_champion = {"version": "1", "model": "housebrain", "sha256": "a" * 64}
    write_json(FOLDER / ABOUT, read_json(FOLDER / ABOUT) | {"made_for": of_champion})
    assert find_served(params) is not None
    # A new store counts versions from 1 again: the files of the old version 1 are not the new one's.
    Path("mlflow.db").write_bytes(mlflow_database.read_bytes())
    register_version("housebrain", "another", "file:///another", None, {"sha256": "b" * 64}, "")
    set_alias("housebrain", "champion", "1")
    assert find_served(params) is None


@pytest.mark.long
def test_a_house_by_the_model_needs_neither_torch_nor_mlflow(params: Params, tmp_path: Path) -> None:
    opened = open_model()
    assert opened is not None and opened.designer.writer.name == "onnxruntime"
    assert open_model(needed=False) is None  # nobody chose it
    script = (
        "import sys; from housebrain.cli import app\n"
        "try: app(sys.argv[1:])\n"
        "except SystemExit as done: assert not done.code\n"
        "assert not {'torch', 'mlflow', 'transformers', 'dvc', 'pandas', 'onnxruntime_genai'} & set(sys.modules)"
    )
    command = [sys.executable, "-c", script, "design", WORDS, "--engine", "model", "--out", "house"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Designed by the released model." in done.stdout
    assert Path("house/answer.txt").is_file()
    named = open_model(FOLDER)
    assert named is not None and named.about == str(FOLDER)
    assert named.designer.writer.name == "onnxruntime"


def test_transformers_answers_where_it_is_asked_for(params: Params) -> None:
    opened = open_model(transformers=True)
    assert opened is not None and opened.designer.writer.name == "transformers"
    assert not FOLDER.exists()
