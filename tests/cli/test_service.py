"""Tests for housebrain.cli.service."""

import shutil
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conftest import REPOSITORY
from housebrain.cli import app
from housebrain.errors import UserError
from housebrain.service.engines import load_engines


def run(*words: str) -> str:
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0, done.stdout
    return done.stdout


def test_keys_are_made_listed_and_revoked(tmp_path: Path) -> None:
    database = ["--database", f"sqlite:///{tmp_path / 'store.db'}"]
    key = run("keys", "add", "ann", *database).strip()
    assert key.startswith("hb_")
    assert "ann" in run("keys", "list", *database)
    assert key not in run("keys", "list", *database)
    assert "ann: revoked" in run("keys", "revoke", "ann", *database)
    with pytest.raises(UserError, match="no key named 'bob'"):
        CliRunner().invoke(app, ["keys", "revoke", "bob", *database], catch_exceptions=False)


@pytest.mark.parametrize(
    "words", [["usage"], ["keys", "list"], ["keys", "revoke", "ann"], ["feedback", "export", "--out", "feedback"]]
)
def test_a_store_that_is_not_there_is_not_made(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"typo\.db: there is no such store"):
        CliRunner().invoke(app, [*words, "--database", "sqlite:///typo.db"], catch_exceptions=False)
    assert not list(tmp_path.iterdir())


def test_other_machines_are_served_with_keys_only(tmp_path: Path) -> None:
    words = ["serve", "--host", "0.0.0.0", "--engine", "solver", "--database", f"sqlite:///{tmp_path / 'store.db'}"]
    with pytest.raises(UserError, match="there is no key yet"):
        CliRunner().invoke(app, words, catch_exceptions=False)


def test_use_and_feedback_of_an_empty_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOUSEBRAIN_DATABASE", f"sqlite:///{tmp_path / 'store.db'}")
    run("keys", "add", "ann")
    assert "Requests by day" in run("usage")
    assert "0 accepted" in run("feedback", "export")
    assert Path("data/raw/feedback/feedback.jsonl").read_text() == ""


@pytest.mark.long
def test_without_a_model_the_solver_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert list(load_engines()) == ["solver"]
    shutil.copy(REPOSITORY / "params.yaml", tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    assert list(load_engines()) == ["solver"]
    with pytest.raises(UserError, match="no released adapter"):
        load_engines("model")


@pytest.mark.parametrize(
    "words",
    [
        ["usage", "--days", "inf"],
        ["usage", "--days", "1e12"],
        ["serve", "--engine", "solver", "--seconds", "inf"],
    ],
)
def test_a_number_out_of_all_bounds_is_refused(words: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(app, [*words, "--database", f"sqlite:///{tmp_path / 'store.db'}"])
    assert done.exit_code == 2
    assert "Invalid value" in done.output


@pytest.mark.parametrize("page", ["example.org", "https://example.org/page", "https://", ""])
def test_an_origin_that_no_browser_sends_is_refused(page: str, tmp_path: Path) -> None:
    words = ["serve", "--engine", "solver", "--database", f"sqlite:///{tmp_path / 'store.db'}", "--origin", page]
    with pytest.raises(UserError, match="no page's origin"):
        CliRunner().invoke(app, words, catch_exceptions=False)


def test_a_port_that_is_taken_is_named_and_nothing_is_said_to_be_served(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        words = ["serve", "--engine", "solver", "--database", f"sqlite:///{tmp_path / 'store.db'}", "--port", port]
        done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, UserError)
    assert f"--port {port}: can't be listened to" in str(done.exception)
    assert "serving" not in done.output


def test_samples_that_cant_be_read_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data/prepared").mkdir(parents=True)
    Path("data/prepared/samples-00000.parquet").write_text("no Parquet")
    run("keys", "add", "ann")
    with pytest.raises(UserError, match=r"data/prepared: its samples can't be read .*dvc repro prepare"):
        CliRunner().invoke(app, ["usage"], catch_exceptions=False)


def test_a_name_is_shown_as_it_is(tmp_path: Path) -> None:
    database = ["--database", f"sqlite:///{tmp_path / 'store.db'}"]
    run("keys", "add", "[red]", *database)
    assert "[red]" in run("keys", "list", *database)
