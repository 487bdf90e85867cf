"""A copy of the project on a model of a few thousand weights, and commands run in it."""

import atexit
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from conftest import REPOSITORY, made_once
from fakedrive import FakeDrive
from forkserver import Asker, Forked, ForkServer
from housebrain.files import write_json
from housebrain.model.base import ORIGIN
from housebrain.params import Base

PYTHONPATH = os.environ.get("PYTHONPATH")
SHARDS = range(1, 7)  # as many as params.yaml ships with workers
TINY = Base(hub_id="nobody/tiny", revision="0", license="mit")  # never fetched: its folder is put in place


def environment(**more: str) -> dict[str, str]:
    """This environment's programs, and the project's own MLflow store."""
    known = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return known | {"PATH": path, "DVC_NO_ANALYTICS": "1", **more}


@contextmanager
def simulated_drive(timeout_seconds: float | None = None) -> Iterator[FakeDrive]:
    """A Google Drive which all processes started from here talk to, and wait no longer than that for."""
    with FakeDrive() as drive, pytest.MonkeyPatch.context() as patch:
        drive.timeout_seconds = timeout_seconds
        for name, value in drive.environment().items():
            patch.setenv(name, value)
        yield drive


def set_remote(folder: Path, remote: Path | str) -> None:
    """Makes a folder, or an address, the project's DVC remote."""
    if isinstance(remote, Path):
        remote.mkdir(parents=True, exist_ok=True)
    (folder / ".dvc/config").write_text(
        f"[core]\n    remote = storage\n['remote \"storage\"']\n    url = {remote}\n    verify = true\n"
    )


@cache
def asker() -> Asker | None:
    """Of a fork server that lives as long as these tests; None where the system can't fork so."""
    if sys.platform != "linux":
        return None
    server = ForkServer()
    atexit.register(server.__exit__, None, None, None)
    return server.asker


def run(folder: Path, *words: str, ok: bool = True, fresh: bool = False, **more: str) -> str:
    """Runs a command of this environment in `folder`.

    Args:
        folder: where.
        words: the command. What of it is Python is forked from a process that has imported its libraries: that saves
            most of its time.
        ok: whether it is to succeed.
        fresh: start interpreters anew, as a person's shell does. So are those with modules of their own on their path,
            which they meet as they start, such as the simulated Google Drive's.
        more: of the environment.

    Returns:
        What it printed.
    """
    env = environment(**more)
    options: dict[str, Any] = {"cwd": folder, "env": env, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    fresh = fresh or env.get("PYTHONPATH") != PYTHONPATH
    server = None if fresh else asker()
    process = Forked(server, words, text=True, **options) if server else subprocess.Popen(words, text=True, **options)
    with process:
        printed, errors = process.communicate()
    assert (process.returncode == 0) == ok, f"{' '.join(words)}\n{printed}\n{errors}"
    return printed + errors


def change_params(folder: Path, **changes: Any) -> None:
    """Sets fields of params.yaml by their dotted names, dots written as two underscores."""
    yaml = YAML()
    path = folder / "params.yaml"
    params = yaml.load(path)
    for name, value in changes.items():
        *parents, last = name.split("__")
        section = params
        for parent in parents:
            section = section[parent]
        section[last] = value
    yaml.dump(params, path)


def set_workers(folder: Path, count: int, platform: str = "local") -> None:
    """Gives the project that many workers, and so that many shards."""
    change_params(
        folder, workers={str(shard): {"name": f"worker-{shard}", "platform": platform} for shard in range(1, count + 1)}
    )


def platform_of(folder: Path, name: str = "local") -> dict[str, Any]:
    """The settings of one of the project's platforms."""
    settings: dict[str, Any] = YAML(typ="safe").load(folder / "params.yaml")["platforms"][name]
    return settings


def copy_folder(project: Path, folder: Path) -> Path:
    """A project as it is, with DVC's cache and all that has run, in another folder."""
    shutil.copytree(project, folder, symlinks=True)
    return folder


def put_base(folder: Path, tiny_base: Path) -> None:
    """Gives a clone the tiny model, as `ensure_base` would have left it."""
    shutil.copytree(tiny_base, folder / "models/base/tiny")
    write_json(folder / "models/base/tiny" / ORIGIN, TINY.model_dump(exclude={"license"}))


def copy_project(folder: Path, tiny_base: Path) -> Path:
    """The project's files as git has them or would have them, with the tiny model as the base, committed."""
    names = run(REPOSITORY, "git", "ls-files", "--cached", "--others", "--exclude-standard").split()
    for name in names:
        kept = name.startswith((".dvc/config", ".dvc/plots/", "stages/", "src/")) or name.endswith(
            ("README.md", ".gitignore")
        )
        if kept or "/" not in name:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, target)
    put_base(folder, tiny_base)
    change_params(
        folder,
        base="tiny",
        bases={"tiny": TINY.model_dump(exclude_none=True)},
        prepare__generate_count=64,
        prepare__processes=1,
        split__validation_count=12,
        split__test_count=2,
        platforms__local__batch_size=1,
        platforms__local__max_length=1024,
        platforms__local__max_samples=6,
        train__validity_samples=1,
        evaluate__briefs=2,
        evaluate__max_new_tokens=16,
    )
    run(folder, "git", "init", "-q")
    run(folder, "git", "config", "user.name", "test")
    run(folder, "git", "config", "user.email", "test@example.org")
    set_remote(folder, folder.with_name(f"{folder.name}-remote"))
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", "start")
    return folder


def split_project(tiny_base: Path) -> Path:
    """A project whose data is dealt, made beside the tiny model the first time that one is asked for."""

    def make(folder: Path) -> None:
        copy_project(folder, tiny_base)
        run(folder, "dvc", "repro", "split", "init_lora", fresh=True)

    return made_once(tiny_base.with_name("split"), make)


def start_round(
    folder: Path, tiny_base: Path, mlflow_database: Path, epochs: int = 30, remote: str = "", **changes: Any
) -> Path:
    """A project whose shards are for six workers, split, committed and pushed.

    Args:
        folder: to make.
        epochs: of each shard.
        remote: its address; else a local folder beside `folder`.
        changes: of params.yaml, as for `change_params`.
    """
    copy_folder(split_project(tiny_base), folder)
    set_remote(folder, remote or folder.with_name(f"{folder.name}-remote"))
    shutil.copy(mlflow_database, folder / "mlflow.db")
    set_workers(folder, len(SHARDS), "colab")
    change_params(
        folder,
        platforms__colab={**platform_of(folder), "epochs": epochs, "save_steps": 5, "eval_steps": 50},
        supervision__heartbeat_seconds=0.5,
        supervision__expiry_seconds=4,
        supervision__settle_seconds=0.2,
        supervision__clock_skew_seconds=60,
    )
    change_params(folder, **changes)
    run(folder, "dvc", "repro", "split", "init_lora")
    run(folder, "dvc", "push", "split", "init_lora")
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", "round 1")
    return folder


def clone_project(coordinator: Path, folder: Path, tiny_base: Path, mlflow_database: Path) -> Path:
    """Another machine: a fresh clone with the base model."""
    run(coordinator, "git", "clone", "-q", str(coordinator), str(folder))
    put_base(folder, tiny_base)
    shutil.copy(mlflow_database, folder / "mlflow.db")
    return folder


def start(folder: Path, *words: str, asker: Asker | None = None) -> subprocess.Popen[str]:
    """Starts a command in a clone; what it prints is added to `out.log` there.

    Args:
        folder: the clone.
        words: the command.
        asker: of a fork server, to have the process from there; else it is started anew.
    """
    with (folder / "out.log").open("a") as log:
        options: dict[str, Any] = {"cwd": folder, "env": environment(), "stdout": log, "stderr": subprocess.STDOUT}
        return Forked(asker, words, **options) if asker else subprocess.Popen(words, text=True, **options)
