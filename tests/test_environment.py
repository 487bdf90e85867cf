"""What processes talk by is written down in one place: housebrain.environment names every variable that is read."""

import ast
import re
from pathlib import Path

import pytest

from conftest import REPOSITORY
from housebrain import environment
from housebrain.environment import SHARD
from housebrain.supervision import bundled_train
from imports import closure

FILES = [*(REPOSITORY / "src").rglob("*.py"), *(REPOSITORY / "stages").glob("*.py")]
BUNDLED = Path(bundled_train.__file__)  # it runs where the project isn't installed yet


def variables(path: Path) -> list[ast.expr]:
    """The names by which a file asks for environment variables, as they are written."""
    found: list[ast.expr] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
            found.append(node.slice)
        if isinstance(node, ast.Call) and re.fullmatch(r"os\.environ\.\w+|os\.getenv", ast.unparse(node.func)):
            found += node.args[:1]
    return found


def test_variables_are_asked_for_by_the_names_in_one_module() -> None:
    asked = {path: variables(path) for path in FILES}
    assert sum(map(len, asked.values())) >= 8
    for path, names in asked.items():
        for name in names:
            assert isinstance(name, ast.Name) and hasattr(environment, name.id), f"{path}: {ast.unparse(name)}"


@pytest.mark.parametrize("name", ["progress.json", "stop", "failed.txt", "complete.json", "record.json"])
def test_files_that_processes_talk_by_are_named_once(name: str) -> None:
    literal = re.compile(rf'["\']{re.escape(name)}["\']')
    users = [path for path in FILES if literal.search(path.read_text())]
    assert users == [REPOSITORY / "src/housebrain/environment.py"]


def test_own_variables_are_spelled_out_nowhere_else() -> None:
    literal = re.compile(r'["\']HOUSEBRAIN_\w+["\']')
    users = {path: literal.findall(path.read_text()) for path in FILES}
    del users[REPOSITORY / "src/housebrain/environment.py"]
    assert users.pop(BUNDLED) == [f'"{SHARD}"']
    assert not any(users.values())


def test_it_imports_nothing_of_the_project() -> None:
    assert closure(REPOSITORY / "src/housebrain/environment.py") == set()
