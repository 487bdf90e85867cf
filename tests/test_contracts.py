"""Whether the contracts in pyproject.toml, which `make lint` checks, notice an import that they forbid."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import REPOSITORY


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package and of its contracts."""
    folder = tmp_path_factory.mktemp("contracts")
    shutil.copy(REPOSITORY / "pyproject.toml", folder)
    shutil.copytree(REPOSITORY / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    return folder


def broken(folder: Path) -> set[str]:
    """The names of the contracts that a copy of the package breaks."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    environment = os.environ | {"PYTHONPATH": str(folder / "src")}
    done = subprocess.run([*command, "--no-cache"], cwd=folder, env=environment, capture_output=True, text=True)
    printed = done.stdout + done.stderr
    found = {line.removesuffix(" BROKEN").strip() for line in printed.splitlines() if line.endswith(" BROKEN")}
    assert (done.returncode != 0) == bool(found), printed
    return found


def test_the_package_keeps_its_contracts(copied: Path) -> None:
    assert broken(copied) == set()


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("rules/checks.py", "from housebrain.solver import solve", "imports only downwards"),
        ("solver/solve.py", "from housebrain.drawing import svg", "imports only downwards"),
        ("errors.py", "from housebrain.house import units", "imports only downwards"),
        ("release/card.py", "from housebrain.report import page", "imports only downwards"),
        ("attic.py", "", "imports only downwards"),  # a module that has no place
        ("drawing/svg.py", "from housebrain.rules import limits", "drawing knows the house and no rules"),
        ("drawing/svg.py", "import torch", "drawing knows the house and no rules"),
        (
            "language/samples.py",
            "from housebrain.rules import limits",
            "training knows no solver, drawing or rules",
        ),
        (
            "rules/limits.py",
            "def late():\n    import mlflow",
            "houses, rules, solver and drawings need no model and no pipeline",
        ),
    ],
)
def test_a_forbidden_import_is_noticed(copied: Path, file: str, line: str, contract: str) -> None:
    path = copied / "src/housebrain" / file
    before = path.read_text() if path.exists() else None
    path.write_text(f"{before or ''}\n{line}\n")
    try:
        assert contract in broken(copied)
    finally:
        path.unlink() if before is None else path.write_text(before)
