"""Which of the project's files a Python file imports, and theirs in turn; read from the source, nothing is run."""

import ast
import re
from pathlib import Path

from conftest import REPOSITORY

SOURCE = REPOSITORY / "src"
TABLES = SOURCE / "housebrain/rules/tables"  # data that `table("NAME")` and `tables("FOLDER")` read


def imported(path: Path) -> set[Path]:
    """The project's files that one file imports itself, also inside functions; not what only type checkers read."""
    found: set[Path] = set()
    pending: list[ast.AST] = [ast.parse(path.read_text())]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            pending += node.orelse
            continue
        if isinstance(node, ast.Import):
            found |= {file for alias in node.names if (file := _file(alias.name))}
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            inside = {file for alias in node.names if (file := _file(f"{node.module}.{alias.name}"))}
            module = _file(node.module)
            found |= inside | ({module} if module and (len(inside) < len(node.names)) else set())
        pending += ast.iter_child_nodes(node)
    return found


def _file(module: str) -> Path | None:
    """A module's file in the project; None for a module of a library, or a name that is none."""
    base = SOURCE.joinpath(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


def closure(path: Path) -> set[str]:
    """All files that a file needs, relative to the repository.

    Tables that they read are among them; the file itself and the empty files of packages are not.
    """
    seen: set[Path] = set()
    pending = [path]
    while pending:
        new = imported(pending.pop()) - seen
        seen |= new
        pending += new
    found = {file for file in seen if file.read_text().strip()}
    texts = [file.read_text() for file in found]
    found |= {TABLES / f"{name}.yaml" for text in texts for name in re.findall(r'\btable\("(\w+)"\)', text)}
    folders = {TABLES / name for text in texts for name in re.findall(r'\btables\("(\w+)"\)', text)}
    found |= {file for folder in folders for file in folder.glob("*.yaml")}
    return {file.relative_to(REPOSITORY).as_posix() for file in found}


def files_of(names: list[str]) -> set[str]:
    """The code and tables that some names of files and folders stand for, relative to the repository."""
    found: set[Path] = set()
    for path in (REPOSITORY / name for name in names):
        found |= set(path.rglob("*")) if path.is_dir() else {path}
    kept = (path for path in found if path.is_file() and "__pycache__" not in path.parts and path.stat().st_size)
    return {path.relative_to(REPOSITORY).as_posix() for path in kept if path.suffix in (".py", ".yaml")}
