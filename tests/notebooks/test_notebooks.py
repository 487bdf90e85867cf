"""Both notebooks as their platforms would run them, cell by cell, from clone to push.

Simulated: the platform's module for secrets, `nvidia-smi`, `pip`, which installs nothing, and Google Drive. Real: the
kernel, git, dvc, dvc-gdrive and training, on a model of a few thousand weights.
"""

import json
import os
import runpy
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest

from conftest import REPOSITORY
from fakedrive import HOOK, FakeDrive
from project import environment, run, simulated_drive, start_round
from simulated_pip import check_constraints, simulated_pip

NOTEBOOKS = REPOSITORY / "notebooks"
NAMES = ("colab", "kaggle")
# Each platform's module, reading the secrets from files in the folder that SIMULATED_SECRETS names.
SECRETS = {
    "google/colab/userdata.py": (
        "import os\nfrom pathlib import Path\n\n\n"
        "class SecretNotFoundError(Exception):\n    pass\n\n\n"
        "def get(name):\n    path = Path(os.environ['SIMULATED_SECRETS'], name)\n"
        "    if not path.exists():\n        raise SecretNotFoundError(name)\n    return path.read_text()\n"
    ),
    "kaggle_secrets.py": (
        "import os\nfrom pathlib import Path\n\n\nclass UserSecretsClient:\n    def get_secret(self, name):\n"
        "        return Path(os.environ['SIMULATED_SECRETS'], name).read_text()\n"
    ),
}
# The hub is out of reach: git itself puts the base model into each clone.
POST_CHECKOUT = '#!/bin/sh\n[ -d models/base ] || cp -R "$SIMULATED_BASE" models/base\n'
GPU = '#!/bin/sh\n[ $# -gt 0 ] && echo "Tesla T4, 100" || echo "simulated GPU: Tesla T4"\n'
# Runs a notebook to its end or first error; what its cells printed goes to stdout.
EXECUTE = """
import sys, nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
def show(cell, cell_index, execute_reply):
    for output in cell.get("outputs", []):
        print(output.get("text") or "\\n".join(output.get("traceback", [])), flush=True)
notebook = nbformat.read(sys.argv[1], as_version=4)
try:
    NotebookClient(notebook, timeout=300, kernel_name="python3", on_cell_executed=show).execute()
except CellExecutionError:
    sys.exit(1)
"""


class Machine:
    """A notebook session: a folder to run in, with the platform's simulated parts on its paths.

    Its secrets are in the platform's module alone; nothing of the Drive but its address is in its environment.
    """

    def __init__(self, folder: Path, name: str, drive: FakeDrive, base: Path) -> None:
        self.folder, self.name = folder, name
        self.clone = folder / "content/housebrain"
        self.clone.parent.mkdir(parents=True)
        (folder / "bin").mkdir()
        for file, text in SECRETS.items():
            (folder / "modules" / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / "modules" / file).write_text(text)
        (folder / "secrets").mkdir()
        self.credentials = folder / "secrets/GDRIVE_CREDENTIALS_DATA"
        self.credentials.write_text(drive.environment()["GDRIVE_CREDENTIALS_DATA"])
        for program, text in (("bin/nvidia-smi", GPU), ("template/hooks/post-checkout", POST_CHECKOUT)):
            (folder / program).parent.mkdir(parents=True, exist_ok=True)
            (folder / program).write_text(text)
            (folder / program).chmod(0o755)
        self.more = simulated_pip(folder / "stubs")
        found = [self.more["PYTHONPATH"], folder / "modules", HOOK, os.environ.get("PYTHONPATH", "")]
        self.more["PYTHONPATH"] = os.pathsep.join(map(str, found))
        self.more |= {"SIMULATED_SECRETS": str(folder / "secrets"), "IPYTHONDIR": str(folder / "ipython")}
        self.more |= {"SIMULATED_BASE": str(base), "GIT_TEMPLATE_DIR": str(folder / "template")}
        self.more |= {"PATH": f"{folder / 'bin'}{os.pathsep}{environment()['PATH']}", "FAKE_DRIVE_URL": drive.url}

    def start(self, **settings: Any) -> subprocess.Popen[str]:
        """Starts the notebook with its settings cell filled in; what it prints is added to `out.log`."""
        notebook = nbformat.read(NOTEBOOKS / f"{self.name}.ipynb", as_version=4)
        cell = next(cell for cell in notebook.cells if cell.id == "settings")
        cell.source = "\n".join(f"{name} = {value!r}" for name, value in settings.items())
        nbformat.write(notebook, self.folder / "run.ipynb")
        with (self.folder / "out.log").open("a") as log:
            return subprocess.Popen(
                [sys.executable, "-c", EXECUTE, str(self.folder / "run.ipynb")],
                cwd=self.clone.parent,
                env={name: value for name, value in environment(**self.more).items() if "GDRIVE" not in name},
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
            )

    def printed(self) -> str:
        return (self.folder / "out.log").read_text()

    def run(self, ok: bool = True, **settings: Any) -> str:
        """Runs the notebook; returns what this run printed."""
        before = len(self.printed()) if (self.folder / "out.log").exists() else 0
        assert (self.start(**settings).wait(300) == 0) == ok, self.printed()
        return self.printed()[before:]


def test_the_notebooks_are_those_that_make_writes_and_have_no_outputs() -> None:
    made = runpy.run_path(str(NOTEBOOKS / "make.py"))
    for name in NAMES:
        written = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
        nbformat.validate(written)
        assert written == made["notebook"](made["PLATFORMS"][name]), "run `python notebooks/make.py`"
        code = [cell for cell in written.cells if cell.cell_type == "code"]
        assert all(cell.outputs == [] and cell.execution_count is None for cell in code)


def test_the_notebooks_differ_only_in_how_a_secret_is_read() -> None:
    colab, kaggle = (nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells for name in NAMES)
    differing = [one.id for one, other in zip(colab, kaggle, strict=True) if one != other]
    assert differing == ["introduction", "secrets"]


@pytest.fixture(scope="module")
def drive() -> Iterator[FakeDrive]:
    with simulated_drive() as drive:
        yield drive


@pytest.fixture(scope="module")
def coordinator(
    tmp_path_factory: pytest.TempPathFactory, tiny_base: Path, mlflow_database: Path, drive: FakeDrive
) -> Path:
    folder = tmp_path_factory.mktemp("round") / "coordinator"
    start_round(folder, tiny_base, mlflow_database, remote=drive.make_folder("housebrain"))
    run(folder, "git", "tag", "round-1")
    return folder


def kill(process: subprocess.Popen[str]) -> None:
    """Ends a session as a platform does: everything at once. The machine's other processes are not touched."""
    family = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
    for member in family:
        member.kill()
    process.wait()
    psutil.wait_procs(family, timeout=60)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize(("name", "shard"), [("colab", 1), ("kaggle", 4)])
def test_a_notebook_trains_and_pushes_also_after_a_kill(
    name: str, shard: int, coordinator: Path, tmp_path: Path, drive: FakeDrive
) -> None:
    machine = Machine(tmp_path, name, drive, coordinator / "models/base")
    settings: dict[str, Any] = {"REPOSITORY": str(coordinator), "ROUND_TAG": "round-1", "SHARD": shard}

    process = machine.start(**settings)
    started = time.monotonic()
    while not drive.announced(shard):
        assert process.poll() is None and time.monotonic() - started < 200, machine.printed()
        time.sleep(0.05)
    kill(process)

    printed = machine.run(**settings)
    assert "simulated GPU: Tesla T4" in printed and "no GPU" not in printed
    assert "going on from step" in printed
    assert f"shard {shard}: trained and pushed." in printed
    installed = (tmp_path / "stubs/pip.log").read_text()
    constraints = machine.clone.with_name("constraints-worker.txt")
    assert f"--constraint {constraints} --editable .[all]" in installed
    check_constraints(constraints, REPOSITORY / "constraints.txt")
    collected = run(coordinator, "dvc", "repro", "--pull", f"train_shard@{shard}")
    assert f"Stage 'train_shard@{shard}' is cached - skipping run, checking out outputs" in collected
    assert "Nothing to do" in machine.run(**settings)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_wrong_is_said(name: str, coordinator: Path, tmp_path: Path, drive: FakeDrive) -> None:
    machine = Machine(tmp_path / "machine", name, drive, coordinator / "models/base")
    settings: dict[str, Any] = {"REPOSITORY": str(coordinator), "ROUND_TAG": "round-1", "SHARD": 9}
    nowhere = settings | {"REPOSITORY": str(tmp_path / "nowhere")}
    assert "nowhere: not found, or not open to you" in machine.run(ok=False, **nowhere)
    with_token = settings | {"REPOSITORY": "https://me:hunter2@localhost:9/x.git"}  # pragma: allowlist secret
    printed = machine.run(ok=False, **with_token)
    assert "REPOSITORY holds a user name, a password or a token" in printed
    assert "not found, or not open to you" not in printed
    assert not machine.clone.exists()
    printed = machine.run(ok=False, **settings | {"ROUND_TAG": "round-9"})
    assert "round-9: no such tag" in printed and "round-1" in printed
    (machine.folder / "bin/nvidia-smi").write_text("#!/bin/sh\nexit 9\n")
    printed = machine.run(ok=False, **settings)  # a warning only: it goes on to the shard that isn't there
    assert "warning: no GPU" in printed and "shard 9: not among the workers" in printed
    expired = json.loads(machine.credentials.read_text()) | {"access_token": "old", "refresh_token": "revoked"}
    machine.credentials.write_text(json.dumps(expired))
    printed = machine.run(ok=False, **settings)
    assert "the credentials are missing or have expired" in printed
    machine.credentials.unlink()
    printed = machine.run(ok=False, **settings)
    assert "no secret GDRIVE_CREDENTIALS_DATA, which the Drive remote needs" in printed
