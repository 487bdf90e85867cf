"""Tests for housebrain.supervision.remote_setup."""

import subprocess
import sys
from pathlib import Path

import pytest
from dvc.repo import Repo
from typer.testing import CliRunner

from housebrain.cli import app
from housebrain.errors import UserError
from housebrain.supervision.remote_setup import address_of, setup


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty DVC project without git; the working directory."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    subprocess.run([sys.executable, "-m", "dvc", "init", "--no-scm", "-q"], check=True)
    return folder


def test_a_folder_is_made_set_and_tried(project: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["remote", "setup", "--kind", "local", "--address", str(tmp_path / "shared/remote")])
    assert done.exit_code == 0, done.output
    assert str(tmp_path / "shared/remote") in (project / ".dvc/config").read_text()
    assert "delete works" in done.output.replace("  ", " ")


def test_secrets_stay_out_of_the_file_that_git_has(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # No Drive is there to be tried.
    monkeypatch.setattr("housebrain.cli.coordinator.remote_check", lambda name: None)
    words = [
        "remote",
        "setup",
        "--kind",
        "gdrive",
        "--address",
        "folder-id",
        "--client-id",
        "me",
        "--client-secret",
        "s3cr",
    ]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "gdrive://folder-id" in (project / ".dvc/config").read_text()
    assert "s3cr" not in (project / ".dvc/config").read_text()
    assert "s3cr" in (project / ".dvc/config.local").read_text()


def test_addresses() -> None:
    assert address_of("gdrive", "abc") == address_of("gdrive", "gdrive://abc") == "gdrive://abc"
    assert address_of("s3", "bucket/path") == "s3://bucket/path"
    with pytest.raises(UserError, match="folder's id only"):
        address_of("gdrive", "https://drive.google.com/drive/folders/abc")
    with pytest.raises(UserError, match="'ftp' is unknown"):
        address_of("ftp", "x")


def test_credentials_are_found_where_a_project_was_moved_to(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup("gdrive", "folder-id", "me", "s3cr")
    project.rename(tmp_path / "moved")
    monkeypatch.chdir(tmp_path / "moved")
    with Repo(".") as repo:
        known = repo.config["remote"]["storage"]["gdrive_user_credentials_file"]
    assert Path(known).resolve() == tmp_path / "moved/.dvc/tmp/gdrive-credentials.json"


@pytest.mark.long
def test_another_kind_of_remote_takes_the_place_of_the_first(project: Path, tmp_path: Path) -> None:
    """DVC refuses to run where it finds a Drive's options with a folder, and a local address would go first."""
    setup("gdrive", "folder-id", "me", "s3cr")
    local = project / ".dvc/config.local"
    local.write_text(f"{local.read_text()}    url = {tmp_path}/old\n    jobs = 2\n")
    setup("local", str(tmp_path / "remote"), "", "")
    with Repo(".") as repo:
        known = repo.config["remote"]["storage"]
    assert (known["url"], known["jobs"]) == (str(tmp_path / "remote"), 2) and "gdrive_client_id" not in known
    setup("gdrive", "folder-id", "me", "s3cr")
    with Repo(".") as repo:
        assert repo.config["remote"]["storage"]["gdrive_client_secret"] == "s3cr"  # pragma: allowlist secret
