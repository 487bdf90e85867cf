"""Tests for housebrain.cli.design."""

import json
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from housebrain.cli import app
from housebrain.dataset.generate import generate_records
from housebrain.errors import UserError


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
