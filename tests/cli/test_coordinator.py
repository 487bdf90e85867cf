"""Tests for housebrain.cli.coordinator; what its commands do is tested with supervision."""

import pytest
from typer.testing import CliRunner

from housebrain.cli import app


@pytest.mark.parametrize("words", [["status", "--watch"], ["watch"], ["round", "run", "--ray", "local"]])
@pytest.mark.parametrize("seconds", ["inf", "nan", "1e12", "0"])
def test_a_pause_that_no_machine_can_take_is_refused(words: list[str], seconds: str) -> None:
    done = CliRunner().invoke(app, [*words, "--every", seconds])
    assert done.exit_code == 2 and "Invalid value" in done.output
