"""Tests for housebrain.cli.designs: what is done with a design that is there."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from housebrain.cli import app
from housebrain.drawing.formats import installed
from housebrain.errors import UserError
from houses import solved_houses
from rules.plans import GOOD, design_of


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """A design and its brief."""
    _, brief, design = next(house for house in solved_houses() if len(house.design.levels) == 2)
    (tmp_path / "design.json").write_text(design.model_dump_json())
    (tmp_path / "brief.json").write_text(brief.model_dump_json())
    return str(tmp_path / "design.json"), str(tmp_path / "brief.json")


def run(*words: str) -> str:
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0, done.stdout
    return done.stdout


def test_a_design_is_drawn_in_every_format(files: tuple[str, str], tmp_path: Path) -> None:
    out = tmp_path / "drawings"
    printed = run("render", files[0], "--brief", files[1], "--out", str(out))
    names = {path.name for path in out.iterdir()}
    assert all(name in printed for name in names)
    wanted = {"plan-0.svg", "plan-1.svg", "site.svg", "section.svg", "plan.pdf", "plan.dxf", "house.glb", "house.obj"}
    assert names >= wanted | ({"house.ifc"} if "ifc" in installed() else set())


def test_a_design_is_drawn_in_the_formats_that_are_named(files: tuple[str, str], tmp_path: Path) -> None:
    out = tmp_path / "drawings"
    run("render", files[0], "--out", str(out), "--obj")
    assert {path.name for path in out.iterdir()} == {"house.obj", "house.mtl"}


@pytest.mark.parametrize("command", [["render"], ["bill", "--brief", "BRIEF"], ["codes", "--brief", "BRIEF"]])
def test_a_file_that_is_no_design_is_named_with_its_field(
    command: list[str], files: tuple[str, str], tmp_path: Path
) -> None:
    words = [files[1] if word == "BRIEF" else word for word in command]
    bad = json.loads(Path(files[0]).read_text())
    bad["levels"][0]["rooms"][0]["boxes"][0]["w"] = -1
    (tmp_path / "bad.json").write_text(json.dumps(bad))
    with pytest.raises(UserError, match=r"bad\.json: field levels\.0\.rooms\.0\.boxes\.0\.w: "):
        CliRunner().invoke(app, [words[0], str(tmp_path / "bad.json"), *words[1:]], catch_exceptions=False)
    with pytest.raises(UserError, match=r"none\.json: no such file"):
        CliRunner().invoke(app, [words[0], str(tmp_path / "none.json"), *words[1:]], catch_exceptions=False)


def test_codes_and_bill_are_printed_as_tables_and_as_json(files: tuple[str, str]) -> None:
    assert "A check of a sketch, not a permit" in run("codes", files[0], "--brief", files[1])
    rows = json.loads(run("codes", files[0], "--brief", files[1], "--json"))["results"]
    assert {row["outcome"] for row in rows} <= {"passed", "failed", "not applicable", "unverified"}
    made = json.loads(run("bill", files[0], "--brief", files[1], "--json"))
    assert sum(line["amount"] for line in made["lines"]) == pytest.approx(made["total"])


def test_a_brief_is_solved_and_drawn_in_one_command(files: tuple[str, str], tmp_path: Path) -> None:
    out, drawings = tmp_path / "solved.json", tmp_path / "drawings"
    run("solve", files[1], "--out", str(out), "--render", str(drawings))
    assert len(json.loads(out.read_text())["levels"]) == 2
    assert (drawings / "plan-1.svg").exists()


def test_brackets_in_a_brief_are_text(files: tuple[str, str]) -> None:
    """As styles they would vanish, or end the command."""
    brief = json.loads(Path(files[1]).read_text()) | {"region": "Asia [/India]", "city": None}
    Path(files[1]).write_text(json.dumps(brief))
    for command in ("bill", "codes"):
        assert "Asia [/India]" in run(command, files[0], "--brief", files[1])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_design_that_an_editor_saved_is_read_as_a_brief_is(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "design.json"
    path.write_text(design_of([GOOD]).model_dump_json(), encoding=encoding)
    assert "A check of a sketch" in run("codes", str(path), "--ruleset", "nbc2016")
