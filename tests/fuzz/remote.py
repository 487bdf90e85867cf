"""DVC's objects on a remote, damaged, missing, with strangers beside: what comes here is whole, and faults are said."""

import contextlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

from fuzz.target import Target, no_hang, refused
from housebrain.errors import UserError
from housebrain.supervision.backup import backup
from housebrain.supervision.copies import open_copy
from housebrain.supervision.remote import run_dvc
from housebrain.supervision.restore import restore

FILES = {"a": b"a" * 4000, "models/b": b"b" * 3000, "models/inner/c": b"c" * 2000, "models/same": b"a" * 4000}
Damage = tuple[str, int]  # how, and to the file of that number
damages = st.tuples(
    st.sampled_from(["cut", "flip", "remove", "empty", "swap", "stranger", "list", "folder"]), st.integers(0, 50)
)


@cache
def _pushed() -> Path:
    """A project whose files are on a remote beside it, and its remote; copied for each case."""
    home = Path(tempfile.mkdtemp(prefix="fuzz-remote-"))
    project = home / "project"
    project.mkdir()
    with _inside(project):
        subprocess.run([sys.executable, "-m", "dvc", "init", "--no-scm", "-q"], check=True)
        for name, content in FILES.items():
            Path(name).parent.mkdir(exist_ok=True)
            Path(name).write_bytes(content)
        for words in (
            ("remote", "add", "-q", "--default", "storage", "../remote"),
            ("remote", "modify", "storage", "verify", "true"),
            ("add", "--quiet", "a", "models"),
            ("push", "--quiet"),
        ):
            run_dvc(*words)
        for folder in (".dvc/cache", ".dvc/tmp", "models"):
            shutil.rmtree(folder)
        Path("a").unlink()
    return home


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        os.chdir(before)


def _spoil(folder: Path, damage: Damage) -> None:
    how, number = damage
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    if not paths:
        return
    path = paths[number % len(paths)]
    if how == "list":
        path = next((one for one in paths if one.suffix == ".dir"), path)
    content = path.read_bytes()
    for one in paths:
        one.chmod(0o644)
    if how == "remove":
        path.unlink()
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "cut":
        path.write_bytes(content[: number * len(content) // 51])
    elif how == "swap":
        path.write_bytes(paths[(number + 1) % len(paths)].read_bytes())
    elif how == "stranger":
        (path.parent / f"stranger{number}").write_bytes(b"x")
    elif how == "folder":
        (folder / "files/md5" / f"{number:02x}" / "not-an-object").mkdir(parents=True, exist_ok=True)
    elif content:
        at = number * len(content) // 51
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])


def _checked() -> int:
    """Every file of the project that is here is whole; returns how many there are."""
    here = {name: Path(name).read_bytes() for name in FILES if Path(name).is_file()}
    assert here == {name: FILES[name] for name in here}, "a damaged file was brought"
    return len(here)


def check(spoilt: list[Damage]) -> str:
    with tempfile.TemporaryDirectory() as work, no_hang(120):
        home = Path(work) / "home"
        shutil.copytree(_pushed(), home)
        for damage in spoilt:
            _spoil(home / "remote", damage)
        with _inside(home / "project"):
            try:
                run_dvc("pull", attempts=1)
            except UserError as error:
                _checked()
                return refused(error)
            assert _checked() == len(FILES), "a file was left out without a word"
        return "pulled"


TARGET = Target(
    "remote",
    "DVC's objects on a remote damaged, missing, swapped, with strangers: pulled whole, or refused, none damaged here",
    st.lists(damages, max_size=2),
    check,
    frozenset({"pulled", "refused"}),
    examples=10,
)


def check_copy(case: tuple[list[Damage], list[Damage]]) -> str:
    """A second copy of a damaged remote, damaged itself: what comes back of it is whole, the rest is named."""
    with tempfile.TemporaryDirectory() as work, no_hang(120):
        home = Path(work) / "home"
        shutil.copytree(_pushed(), home)
        before = _contents(home / "remote")
        for damage in case[0]:
            _spoil(home / "remote", damage)
        with _inside(home / "project"):
            outcomes = []
            try:
                backup(open_copy("../copy"), 3, progress=False)
            except UserError as error:
                outcomes.append(refused(error))
            for damage in case[1]:
                _spoil(home / "copy", damage)
            shutil.rmtree("../remote")
            Path("../remote").mkdir()
            try:
                restore(open_copy("../copy"), progress=False)
            except UserError as error:
                outcomes.append(refused(error))
        after = _contents(home / "remote")
        assert after == {name: before.get(name) for name in after}, "a damaged file was brought back"
        assert outcomes or len(after) == len(before) - _missing(case[0], before), "a file was left out without a word"
        return "refused" if outcomes else "brought back"


def _missing(spoilt: list[Damage], before: dict[str, bytes]) -> int:
    """How many files the remote lacked when it was copied."""
    with tempfile.TemporaryDirectory() as work:
        for name, content in before.items():
            path = Path(work) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for damage in spoilt:
            _spoil(Path(work), damage)
        return sum(not (Path(work) / name).exists() for name in before)


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


COPIES = Target(
    "copies",
    "a second copy of a damaged remote, damaged itself: what comes back is whole, and whatever doesn't is named",
    st.tuples(st.lists(damages, max_size=1), st.lists(damages, max_size=2)),
    check_copy,
    frozenset({"brought back", "refused"}),
    examples=30,
)
