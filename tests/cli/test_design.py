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


@pytest.fixture
def indian(tmp_path: Path) -> tuple[Path, Path]:
    """A design and its record, in Bengaluru."""
    record = orjson.loads(next(iter(generate_records(1, seed=3))).text)
    record["metadata"] |= {"region": "Asia_India", "city": "Bangalore"}
    record["input"]["basicDetails"]["budget"] = 10_000
    brief, design = tmp_path / "brief.json", tmp_path / "design.json"
    brief.write_bytes(orjson.dumps(record))
    solved = CliRunner().invoke(app, ["solve", str(brief)], catch_exceptions=False)
    design.write_text(solved.stdout)
    return design, brief


def test_a_design_is_checked_rule_by_rule(indian: tuple[Path, Path]) -> None:
    design, brief = indian
    done = CliRunner().invoke(app, ["codes", str(design), "--brief", str(brief)], catch_exceptions=False)
    assert done.exit_code == 0
    assert "Bengaluru RMP 2015" in done.stdout
    for word in (
        "habitable room",
        "at least 7.5 m2",
        "passed",
        "not applicable",
        "source read",
        "second-hand",
        "unverified",
    ):
        assert word in done.stdout
    as_json = CliRunner().invoke(app, ["codes", str(design), "--brief", str(brief), "--json"], catch_exceptions=False)
    found = json.loads(as_json.stdout)
    assert found["ruleset"] == "bengaluru"
    assert {row["outcome"] for row in found["results"]} <= {"passed", "failed", "not applicable", "unverified"}
    assert all(row["certainty"] for row in found["results"])


def test_a_design_alone_is_checked_by_a_named_ruleset(indian: tuple[Path, Path]) -> None:
    design, _ = indian
    done = CliRunner().invoke(app, ["codes", str(design), "--ruleset", "nbc2016", "--json"], catch_exceptions=False)
    rows = {row["rule"]: row["outcome"] for row in json.loads(done.stdout)["results"]}
    assert (rows["rear open space"], rows["habitable height"]) == ("unverified", "passed")
    with pytest.raises(UserError, match="--brief is needed to choose a ruleset"):
        CliRunner().invoke(app, ["codes", str(design)], catch_exceptions=False)
    with pytest.raises(UserError, match="unknown ruleset 'moon2050'"):
        CliRunner().invoke(app, ["codes", str(design), "--ruleset", "moon2050"], catch_exceptions=False)


def test_a_bill_is_printed_with_what_to_cut(indian: tuple[Path, Path]) -> None:
    design, brief = indian
    done = CliRunner().invoke(app, ["bill", str(design), "--brief", str(brief)], catch_exceptions=False)
    assert done.exit_code == 0
    for words in (
        "Cost in INR, quality basic, Bengaluru",
        "outer wall",
        "By trade:",
        "By floor: floor 0",
        "What to cut:",
    ):
        assert words in done.stdout
    as_json = CliRunner().invoke(app, ["bill", str(design), "--brief", str(brief), "--json"], catch_exceptions=False)
    made = json.loads(as_json.stdout)
    assert made["currency"] == "INR"
    assert sum(line["amount"] for line in made["lines"]) == pytest.approx(made["total"])
    assert made["cuts"]


def test_a_file_that_is_no_design_is_named(indian: tuple[Path, Path], tmp_path: Path) -> None:
    design, brief = indian
    with pytest.raises(UserError, match=r"none\.json: no such file"):
        CliRunner().invoke(app, ["bill", str(tmp_path / "none.json"), "--brief", str(brief)], catch_exceptions=False)
    with pytest.raises(UserError, match=r"brief\.json: field footprint: Field required"):
        CliRunner().invoke(app, ["bill", str(brief), "--brief", str(brief)], catch_exceptions=False)
    broken = tmp_path / "contradicting.json"
    record = json.loads(brief.read_text())
    record["input"]["plot"]["setbacks_ft"]["front"] = 500
    broken.write_text(json.dumps(record))
    with pytest.raises(UserError, match="setbacks_over_plot"):
        CliRunner().invoke(app, ["bill", str(design), "--brief", str(broken)], catch_exceptions=False)
