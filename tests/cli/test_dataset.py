"""Tests for housebrain.cli.dataset."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from housebrain.cli import app
from housebrain.errors import UserError


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
