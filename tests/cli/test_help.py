"""Tests for housebrain.cli: how the command is put together."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from housebrain.cli import app

COMMANDS = (
    *("base", "ingest", "audit", "solve", "merge", "inspect", "work", "bundle", "status", "watch", "promote", "import"),
    *("champion", "export", "check", "summary", "remote", "round", "repair"),
)


def test_help_names_every_command() -> None:
    shown = CliRunner().invoke(app, ["--help"]).stdout
    assert all(f"│ {command} " in shown for command in COMMANDS)


@pytest.mark.parametrize(
    ("group", "commands"), [("remote", ("check", "setup")), ("round", ("plan", "start", "next", "check"))]
)
def test_the_help_of_a_group_names_its_commands(group: str, commands: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(app, [group, "--help"]).stdout
    assert all(f"│ {command} " in shown for command in commands)


def test_help_waits_for_no_heavy_library() -> None:
    program = "import sys, housebrain.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = {"torch", "transformers", "peft", "mlflow", "dvc", "pandas", "numpy", "scipy", "matplotlib", "pydantic"}
    assert not heavy & set(done.stdout.split())
