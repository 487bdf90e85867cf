"""What macOS needs of the code: processes are spawned, and what only Linux has is called on Linux only."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import REPOSITORY

SOURCES = [*REPOSITORY.glob("src/**/*.py"), *REPOSITORY.glob("stages/*.py")]


def calls(path: Path) -> Iterator[tuple[str, str]]:
    """Each call in a file: the name that is called, and the whole call as text."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func).rpartition(".")[2], ast.unparse(node)


@pytest.mark.long
def test_processes_are_spawned() -> None:
    """Forked ones crash on macOS, where its own libraries were used before."""
    pools = [call for path in SOURCES for name, call in calls(path) if name == "ProcessPoolExecutor"]
    assert pools, "none is left: drop this test"
    assert [call for call in pools if "get_context('spawn')" not in call] == []
    for path in SOURCES:
        # A class of ours may be called Pool; theirs comes with the module's name.
        forking = {"fork", "forkpty"} | ({"Pool"} if "multiprocess" in path.read_text() else set())
        assert [(path.name, call) for name, call in calls(path) if name in forking] == []


def test_what_only_linux_has_is_guarded() -> None:
    for path in SOURCES:
        text = path.read_text()
        if re.search(r"prctl|sched_getaffinity|sched_setaffinity|pidfd_open|[\"']/proc\b|signalfd", text):
            assert 'sys.platform == "linux"' in text, path
