"""`make lint` finds a secret wherever one may end up, and says where without showing it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import REPOSITORY

# Put together here, so that this file holds none.
HUB_TOKEN = "hf_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3f"  # pragma: allowlist secret
GITHUB_TOKEN = "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fGh"  # pragma: allowlist secret
PASSWORD = "hunter" + "2-and-more"  # pragma: allowlist secret


def scan(folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, REPOSITORY / ".ci/scan_secrets.py", folder], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text("/reports/\n*.log\n/.dvc/\n")
    (tmp_path / "train.py").write_text('token = os.environ["HF_TOKEN"]\n')
    (tmp_path / "dvc.lock").write_text(f"md5: {'0123456789abcdef' * 2}\n")
    assert scan(tmp_path) == (0, "")
    return tmp_path


def notebook(printed: str) -> str:
    output = {"output_type": "stream", "name": "stdout", "text": [printed]}
    cell = {"cell_type": "code", "source": ["run()"], "metadata": {}, "execution_count": 1, "outputs": [output]}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.mark.parametrize(
    ("name", "content", "kind", "secret"),
    [
        ("train.py", f'login(token="{HUB_TOKEN}")', "line 1: Hugging Face token", HUB_TOKEN),
        ("deep/notes.md", f"\n\nclone https://me:{PASSWORD}@host/x.git", "line 3: Basic Auth", PASSWORD),
        (".env", f'DB_PASSWORD="{PASSWORD}"', "line 1: Secret Keyword", PASSWORD),
        ("work.log", f"pushing with {GITHUB_TOKEN}", "line 1: GitHub Token", GITHUB_TOKEN),
        ("reports/index.html", f"<p>gs {HUB_TOKEN}</p>", "line 1: Hugging Face token", HUB_TOKEN),
        ("run.ipynb", notebook(f'os.environ["DB_PASSWORD"] = "{PASSWORD}"\n'), "output: Secret Keyword", PASSWORD),
        ("run.ipynb", notebook("client " + "GOCSPX" + "-aB3dE5gH7jK9mN1pQ3sT5vW7"), "output: Google OAuth", "GOCSPX"),
        ("run.ipynb", f"torn {HUB_TOKEN}", "output: Hugging Face token", HUB_TOKEN),
    ],
)
def test_a_planted_secret_fails_the_lint(repository: Path, name: str, content: str, kind: str, secret: str) -> None:
    path = repository / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    status, said = scan(repository)
    assert status == 1 and f"error: {name}, " in said and kind in said, said
    assert secret not in said


def test_credentials_in_their_own_place_and_marked_lines_pass(repository: Path) -> None:
    (repository / ".dvc").mkdir()
    (repository / ".dvc/config.local").write_text(f"password = {PASSWORD}\n")
    (repository / "example.py").write_text(f'password = "{PASSWORD}"  # pragma: allowlist secret\n')
    assert scan(repository) == (0, "")


def test_lint_runs_it() -> None:
    lint = (REPOSITORY / "Makefile").read_text().partition("\nlint: setup-dev\n")[2].partition("\n\n")[0]
    assert "python .ci/scan_secrets.py" in lint
