import json
import shutil
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from housebrain.cli import app
from housebrain.dataset.generate import generate_records
from housebrain.errors import UserError
from housebrain.files import read_json
from housebrain.merging.strategies import about
from merging.adapters import random_adapter

COMMANDS = ("audit", "base", "ingest", "merge", "solve", "summary")


def test_help_names_every_command() -> None:
    shown = CliRunner().invoke(app, ["--help"]).stdout
    assert all(command in shown for command in COMMANDS)


def test_a_brief_is_solved(tmp_path: Path) -> None:
    path = tmp_path / "brief.json"
    path.write_bytes(next(iter(generate_records(1, seed=3))).text)
    done = CliRunner().invoke(app, ["solve", str(path)])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["levels"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", r"brief\.json: not valid JSON"),
        (b"{}", r"brief\.json: record without id, field id: Field required"),
        (b"", r"brief\.json: not valid JSON"),
    ],
)
def test_a_bad_brief_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "brief.json"
    path.write_bytes(content)
    with pytest.raises(UserError, match=said):
        CliRunner().invoke(app, ["solve", str(path)], catch_exceptions=False)


def test_a_brief_that_cannot_be_built_says_why(tmp_path: Path) -> None:
    record = orjson.loads(next(iter(generate_records(1, seed=3))).text)
    record["input"]["plot"]["setbacks_ft"]["front"] = 500
    path = tmp_path / "brief.json"
    path.write_bytes(orjson.dumps(record))
    with pytest.raises(UserError, match="setbacks_over_plot"):
        CliRunner().invoke(app, ["solve", str(path)], catch_exceptions=False)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--weights", "1,x"], "--weights"),
        (["--weights", "1,2,3"], "3 numbers for 2 adapters"),
        (["--strategy", "magic"], "unknown strategy 'magic'. Known: average"),
        (["--strategy", "ties", "--parameter", "density"], "--parameter: 'density' has no '='"),
        (["--strategy", "ties", "--parameter", "densty=0.3"], "no parameter 'densty'. It has: density"),
        (["--strategy", "ties", "--parameter", "density=2"], r"\(or --parameter\): density is 2"),
        (["--strategy", "dare", "--parameter", "seed=x"], "seed of dare is 'x'"),
        ([], "adapter_config.json is missing"),
    ],
)
def test_a_merge_that_cannot_be_done_says_why(tmp_path: Path, options: list[str], said: str) -> None:
    words = ["merge", str(tmp_path / "a"), str(tmp_path / "b"), "--out", str(tmp_path / "out"), *options]
    with pytest.raises(UserError, match=said):
        CliRunner().invoke(app, words, catch_exceptions=False)
    assert not (tmp_path / "out").exists()


def test_a_merge_takes_the_strategy_s_parameters(tmp_path: Path) -> None:
    folders = [str(random_adapter(tmp_path / str(seed), seed)) for seed in range(2)]
    words = ["--strategy", "dare", "--parameter", "density=0.25", "--parameter", "seed=7"]
    done = CliRunner().invoke(app, ["merge", *folders, "--out", str(tmp_path / "out"), *words])
    assert done.exit_code == 0
    assert "probability 0.25 (seed 7)" in read_json(tmp_path / "out" / "merge.json")["formula"]


def test_a_merge_spares_a_folder_that_is_not_its_own(tmp_path: Path) -> None:
    folders = [str(random_adapter(tmp_path / str(seed), seed)) for seed in range(2)]
    mine = tmp_path / "mine" / "thesis.txt"
    mine.parent.mkdir()
    mine.touch()
    for out in (mine.parent, tmp_path / "0"):
        with pytest.raises(UserError, match="with --out"):
            CliRunner().invoke(app, ["merge", *folders, "--out", str(out)], catch_exceptions=False)
    assert mine.exists() and sorted(path.name for path in tmp_path.iterdir()) == ["0", "1", "mine"]


def test_the_help_of_merge_has_every_strategy_with_its_parameters_and_paper() -> None:
    shown = " ".join(CliRunner().invoke(app, ["merge", "--help"]).stdout.split())
    for one in about():
        parameters = one.parameters.removesuffix(".") or "none"
        assert f"{one.name}: {one.what} Parameters: {parameters}. {one.paper}" in shown


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_base: Path) -> Path:
    """The tiny model as the base that params.yaml names."""
    folder = Path(shutil.copytree(tiny_base, tmp_path / "tiny"))
    monkeypatch.setattr("housebrain.model.base.ensure_base", lambda params: folder)
    monkeypatch.setattr("housebrain.params.load_params", lambda: None)
    return folder


def test_a_base_is_tried_and_what_differs_is_said(tiny: Path) -> None:
    done = CliRunner().invoke(app, ["base"])
    assert (done.exit_code, done.stdout) == (0, f"base: {tiny}\n")
    assert (tiny / "preflight.json").exists()
    path = tiny / "chat_template.jinja"
    path.write_text(path.read_text().partition("{% if add_generation_prompt")[0])
    done = CliRunner().invoke(app, ["base"])
    assert done.exit_code == 0
    assert done.stdout.startswith(f"base: {tiny}: its chat template has no generation prompt")
    path.write_text("")
    with pytest.raises(UserError, match="chat template"):
        CliRunner().invoke(app, ["base"], catch_exceptions=False)


def test_an_audit_of_unreadable_records_writes_its_page_and_fails(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "set.jsonl").write_text('{"id": "a"}\n')
    with pytest.raises(UserError, match="no readable record"):
        CliRunner().invoke(
            app, ["audit", str(tmp_path / "set.jsonl"), "--out", str(tmp_path / "page.md")], catch_exceptions=False
        )
    assert "1 of 1 records can't be read" in (tmp_path / "page.md").read_text()
