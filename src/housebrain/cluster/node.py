"""What runs on a node of a cluster to train a shard: a clone of the round's commit, and `housebrain work` in it.

A node needs Python with the project's packages, and reaches the DVC remote. The repository comes along as one file, so
that no node needs access to where it lies. `work` ends with the Ray process that started it, or a shard that Ray starts
elsewhere would be trained twice.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from housebrain.cluster.scratch import locked
from housebrain.environment import DRIVE_ASKS_NOBODY, OWNER, PATH, PYTHON_PATH
from housebrain.errors import IncompleteError, UserError

POLL_SECONDS = 0.5
LOG = "work.log"  # in a clone: what `work` and all it started printed
_WORK = """
import os, sys
from housebrain.training.stopping import end_with
end_with(int(sys.argv.pop(1)))
from housebrain.cli import main
main()
"""
_BASE = "from housebrain.model.base import ensure_base; from housebrain.params import load_params; "
_BASE += "ensure_base(load_params())"


@dataclass(frozen=True)
class Project:
    """A round's project, to be sent to nodes.

    Attributes:
        tag: the round's.
        commit: of the tag.
        bundle: what `git bundle` makes of it.
        dvc_config: the content of .dvc/config.local: credentials and what else is not in git.
        remote: the name and the absolute address of a remote that is a folder; None where it isn't.
        variables: environment variables with credentials. They are kept out of what Ray logs, as arguments are.
    """

    tag: str
    commit: str
    bundle: bytes = field(repr=False)
    dvc_config: str = field(repr=False)
    remote: tuple[str, str] | None
    variables: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Ended:
    """How a `housebrain work` ended: its status, what it said last, and the name of its clone among all owners."""

    status: int
    said: str
    owner: str = ""

    @property
    def incomplete(self) -> bool:
        """Whether it was stopped and is to go on."""
        return self.status == IncompleteError.status


def train(shard: int, project: Project, scratch: str, node: str) -> Ended:
    """Is `housebrain work --shard N` on this node, in a clone of its own that a later try on this node finds again.

    Args:
        shard: its number.
        project: of the round.
        scratch: a folder of this node's; `~` is the user's home here.
        node: this node's name, where several share the folder.
    """
    root = Path(scratch).expanduser()
    folder = root / node / f"{project.tag}-{project.commit[:12]}-shard-{shard}"
    environment = {
        **os.environ,
        **project.variables,
        PYTHON_PATH: f"{folder.resolve() / 'src'}",
        PATH: f"{Path(sys.executable).parent}{os.pathsep}{os.environ[PATH]}",
        DRIVE_ASKS_NOBODY: "1",
    }
    try:
        _clone(project, folder)
        _set_remote(project, folder)
        _link_base(folder, root, environment)
    except (OSError, subprocess.SubprocessError) as error:
        said = " ".join(str(getattr(error, "stderr", None) or error).split())[-500:]
        return Ended(UserError.status, f"{folder}: the project could not be put there ({said})")
    with (folder / LOG).open("a") as log:
        start = log.tell()  # what is before is of earlier tries
        process = subprocess.Popen(
            [sys.executable, "-c", _WORK, str(os.getpid()), "work", "--shard", str(shard)],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    status = _wait(process)
    said = _last_said(folder / LOG, start)
    if status < 0:
        said = f"`housebrain work` was killed (signal {-status})."
    owner = (folder / OWNER).read_text().partition("\n")[0] if (folder / OWNER).exists() else ""
    if status == 0:
        shutil.rmtree(folder, ignore_errors=True)
    return Ended(status, said, owner)


def _wait(process: subprocess.Popen[bytes]) -> int:
    """The status with which a `work` ends; where Ray asks this task to end, it is asked to save first.

    Ray may ask again while it saves.
    """
    asked = False
    while True:
        try:
            while (status := process.poll()) is None:
                time.sleep(POLL_SECONDS)  # Ray's interrupt doesn't reach a process that waits for another
            return status
        except KeyboardInterrupt:
            if not asked:
                asked = True
                process.terminate()


def _clone(project: Project, folder: Path) -> None:
    if folder.exists():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        bundle, clone = Path(temporary) / "project.bundle", Path(temporary) / "clone"
        bundle.write_bytes(project.bundle)
        command = ["git", "-c", "advice.detachedHead=false", "-c", "core.autocrlf=false", "clone", "-q"]
        subprocess.run(
            [*command, "--branch", project.tag, str(bundle), str(clone)], check=True, capture_output=True, text=True
        )
        clone.rename(folder)


def _set_remote(project: Project, folder: Path) -> None:
    """Gives a clone, also one of an earlier try, the remote's credentials and address as they are now."""
    (folder / ".dvc/config.local").write_text(project.dvc_config)
    if project.remote:
        name, address = project.remote
        dvc = [sys.executable, "-m", "dvc", "remote", "modify", "--quiet", "--local", name, "url", address]
        subprocess.run(dvc, cwd=folder, check=True, capture_output=True, text=True)


def _link_base(folder: Path, root: Path, environment: Mapping[str, str]) -> None:
    """Gives a clone the node's base model; the first on a node makes it, the others wait."""
    base = folder / "models/base"
    if not base.is_symlink():
        (root / "base").mkdir(parents=True, exist_ok=True)
        base.parent.mkdir(parents=True, exist_ok=True)
        base.symlink_to((root / "base").resolve(), target_is_directory=True)
    with locked(root / "base.lock"):
        subprocess.run(
            [sys.executable, "-c", _BASE], cwd=folder, env=environment, check=True, capture_output=True, text=True
        )


def _last_said(log: Path, start: int) -> str:
    """The last line of a log, from byte `start` on, that says how it ended, else the last one."""
    with log.open("rb") as file:
        file.seek(start)
        printed = file.read().decode(errors="replace")
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    ends = [line for line in lines if line.startswith(("error:", "incomplete:"))]
    return (ends or lines or [""])[-1].removeprefix("error: ").removeprefix("incomplete: ")
