"""Writing so that nothing is ever half there, and hashing what was written."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from housebrain.errors import UserError, os_error

OWN_FOLDERS = ("data", "models", "reports")  # of a project, which DVC keeps


@contextmanager
def atomic_file(path: str | Path) -> Iterator[Path]:
    """Yields a temporary name beside `path`; renames it to `path` if the body succeeds, removes it if not."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise os_error(error, path) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Yields an empty temporary folder beside `path`; swaps it in for `path` if the body succeeds."""
    path = Path(path)
    temporary, old = (path.with_name(f".{path.name}.{os.getpid()}.{end}") for end in ("tmp", "old.tmp"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        yield temporary
        if path.exists():
            path.replace(old)
        try:
            temporary.replace(path)
        except OSError:
            if old.exists():
                old.replace(path)
            raise
    except OSError as error:
        raise os_error(error, path) from error
    finally:
        for left_over in (temporary, old):
            shutil.rmtree(left_over, ignore_errors=True)


def check_replaceable(path: Path, marks: tuple[str, ...], kind: str) -> None:
    """Refuses a folder that a person chose as output and that isn't a former output.

    Args:
        path: there or not.
        marks: files, any of which shows that `path` is one.
        kind: what it should be, for the message.

    Raises:
        UserError: `path` is there, isn't empty and has none of the `marks`; or one is in it.
    """
    if Path.cwd().is_relative_to(path.resolve()):
        raise UserError(f"{path}: it is the folder that you are in. Choose another folder with --out.")
    empty = path.is_dir() and not any(path.iterdir())
    if path.exists() and not empty and not any((path / mark).exists() for mark in marks):
        raise UserError(f"{path}: it is there and is no {kind}. Remove it, or choose another folder with --out.")


def write_json(path: str | Path, value: Any) -> None:
    """Writes `value` as indented JSON with sorted keys, atomically."""
    with atomic_file(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: str | Path) -> Any:
    """Reads a JSON file.

    Raises:
        UserError: the file is missing or is not JSON.
    """
    try:
        return json.loads(Path(path).read_text())
    except OSError as error:
        raise os_error(error, path) from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not valid JSON ({error}). {how_to_get(path)}") from error


def count_lines(path: str | Path) -> int:
    """How many lines a file has.

    Raises:
        UserError: it can't be read.
    """
    try:
        with Path(path).open("rb") as lines:
            return sum(1 for _ in lines)
    except OSError as error:
        raise os_error(error, path) from error


def how_to_get(path: str | Path) -> str:
    """What to do about a file that is missing or damaged: DVC brings those of a project's own folders, and no other."""
    path = Path(path).absolute()
    for folder in path.parents:
        if (folder / "dvc.yaml").is_file() and path.relative_to(folder).parts[0] in OWN_FOLDERS:
            return "Get it with `dvc pull`, or make it again."
    return "Get it again from where it came from."


def sha256_file(path: str | Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_folder(path: str | Path) -> str:
    """Hex SHA-256 over the sorted relative names and hashes of all files below `path`."""
    digest = hashlib.sha256()
    for file in sorted(p for p in Path(path).rglob("*") if p.is_file()):
        digest.update(f"{file.relative_to(path).as_posix()}\0{sha256_file(file)}\n".encode())
    return digest.hexdigest()
