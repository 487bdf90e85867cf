"""Tests for housebrain.cli.design."""

import json
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from conftest import REPOSITORY
from housebrain.cli import app
from housebrain.dataset.generate import generate_records
from housebrain.dataset.v5 import parse_record
from housebrain.errors import UserError
from housebrain.house.design import Design
from housebrain.language.grammar import Grammar
from housebrain.rules.checks import violations


def test_a_brief_is_solved(tmp_path: Path) -> None:
    path = tmp_path / "brief.json"
    path.write_bytes(next(iter(generate_records(1, seed=3))).text)
    done = CliRunner().invoke(app, ["solve", str(path)])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["levels"]


def solved(tmp_path: Path, *options: str) -> tuple[Path, Path]:
    """A record in a file, and the design that the solver wrote for it."""
    record, out = tmp_path / "record.json", tmp_path / "design.json"
    record.write_bytes(next(iter(generate_records(1, seed=3))).text)
    arguments = ["solve", str(record), "--out", str(out), *options]
    assert CliRunner().invoke(app, arguments, catch_exceptions=False).exit_code == 0
    return record, out


def test_a_solved_house_is_drawn(tmp_path: Path) -> None:
    _, out = solved(tmp_path, "--render", str(tmp_path / "drawings"))
    house = Design.model_validate_json(out.read_bytes())
    names = {path.name for path in (tmp_path / "drawings").iterdir()}
    for number in range(len(house.levels)):
        assert {f"plan-{number}.svg", f"plan-{number}.png"} <= names
    assert {"plan.pdf", "plan-letter.pdf", "section.svg", "site.svg"} <= names


def test_a_brief_of_our_own_is_solved_as_its_record_is(tmp_path: Path) -> None:
    record, out = solved(tmp_path)
    brief = parse_record(orjson.loads(record.read_bytes()))[1]
    path = tmp_path / "brief.json"
    path.write_text(brief.model_dump_json())
    done = CliRunner().invoke(app, ["solve", str(path)], catch_exceptions=False)
    assert json.loads(done.stdout) == json.loads(out.read_bytes())


def test_a_design_is_rendered_in_the_formats_asked_for(tmp_path: Path) -> None:
    record, design = solved(tmp_path)
    out = tmp_path / "drawings"
    arguments = ["render", str(design), "--out", str(out)]
    done = CliRunner().invoke(app, [*arguments, "--svg", "--brief", str(record)], catch_exceptions=False)
    assert done.exit_code == 0
    assert {path.suffix for path in out.iterdir()} == {".svg"}
    assert ">STREET<" in (out / "site.svg").read_text()
    CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert {path.suffix for path in out.iterdir()} >= {".svg", ".pdf", ".png"}
    assert ">STREET<" not in (out / "site.svg").read_text()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"design\.json: no such file"),
        (b"{", r"design\.json: no design: the whole: Invalid JSON"),
        (b'{"levels": []}', r"design\.json: no design: footprint: Field required"),
    ],
)
def test_a_bad_design_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "design.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        CliRunner().invoke(app, ["render", str(path)], catch_exceptions=False)


def test_a_bad_brief_of_our_own_is_named(tmp_path: Path) -> None:
    path = tmp_path / "brief.json"
    path.write_text('{"plot": {}}')
    with pytest.raises(UserError, match=r"brief\.json: no brief: style: Field required"):
        CliRunner().invoke(app, ["solve", str(path)], catch_exceptions=False)


def test_alternatives_are_different_houses(tmp_path: Path) -> None:
    path = tmp_path / "brief.json"
    path.write_bytes(next(iter(generate_records(1, seed=3))).text)
    done = CliRunner().invoke(app, ["solve", str(path), "--alternatives", "3"])
    assert done.exit_code == 0
    designs = [json.dumps(design) for design in json.loads(done.stdout)]
    assert len(set(designs)) == len(designs) > 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", r"brief\.json: not valid JSON"),
        (b"{}", r"brief\.json: record without id, field id: Field required"),
        (b"", r"brief\.json: not valid JSON"),
    ],
)
def test_a_bad_brief_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "brief.json"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        CliRunner().invoke(app, ["solve", str(path)], catch_exceptions=False)


def test_a_brief_that_cannot_be_built_says_why(tmp_path: Path) -> None:
    record = orjson.loads(next(iter(generate_records(1, seed=3))).text)
    record["input"]["plot"]["setbacks_ft"]["front"] = 500
    path = tmp_path / "brief.json"
    path.write_bytes(orjson.dumps(record))
    with pytest.raises(UserError, match="setbacks_over_plot"):
        CliRunner().invoke(app, ["solve", str(path)], catch_exceptions=False)


def test_a_model_designs_a_valid_house(
    tmp_path: Path, tiny_base: Path, tiny_init: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An untrained one: the grammar and the solver's sizes make its answer a house all the same."""
    record = orjson.loads(next(iter(generate_records(1, seed=3))).text)
    path = tmp_path / "brief.json"
    path.write_bytes(orjson.dumps(record))
    monkeypatch.setattr("housebrain.model.base.ensure_base", lambda params: tiny_base)
    monkeypatch.chdir(REPOSITORY)
    out = tmp_path / "design"
    arguments = ["design", str(path), "--out", str(out), "--model", str(tiny_init)]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    assert "rules passed" in done.stdout
    _, brief = parse_record(record)
    house = Design.model_validate(orjson.loads((out / "design.json").read_bytes()))
    assert violations(house, brief) == []
    assert Grammar(brief).start.steps((out / "answer.txt").read_text().strip())
    assert len(list(out.glob("plan*.svg"))) == len(house.levels)


def test_a_model_that_is_not_there_is_named(tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "brief.json"
    path.write_bytes(next(iter(generate_records(1, seed=3))).text)
    monkeypatch.setattr("housebrain.model.base.ensure_base", lambda params: tiny_base)
    monkeypatch.chdir(REPOSITORY)
    with pytest.raises(UserError, match="no-such-folder"):
        CliRunner().invoke(app, ["design", str(path), "--model", "no-such-folder"], catch_exceptions=False)
