"""The SkyPilot task and the Slurm script: what can be checked where there is neither."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from conftest import REPOSITORY
from project import SHARDS, environment, run, start_round

pytestmark = pytest.mark.alone

SCRIPTS = REPOSITORY / "cluster"
PATIENCE_SECONDS = 120


@pytest.fixture
def task() -> dict[str, Any]:
    content: dict[str, Any] = YAML(typ="safe").load(SCRIPTS / "skypilot.yaml")
    return content


def is_shell(text: str) -> bool:
    return subprocess.run(["bash", "-n"], input=text, text=True).returncode == 0


def test_the_scripts_are_shell(task: dict[str, Any]) -> None:
    for text in (task["setup"], task["run"], (SCRIPTS / "slurm.sh").read_text()):
        assert is_shell(text)
    assert not is_shell("if")


def test_the_skypilot_task_is_one_by_its_own_parser() -> None:
    sky = pytest.importorskip("sky", reason="skypilot is no development package: it brings too many others")
    loaded = sky.Task.from_yaml(str(SCRIPTS / "skypilot.yaml"))
    assert all(resources.use_spot for resources in loaded.resources)


@pytest.mark.parametrize(
    ("variables", "shard"), [({"SHARD": "4"}, "4"), ({"SHARD": "", "SKYPILOT_NODE_RANK": "2"}, "3")]
)
def test_the_skypilot_task_works_on_its_shard(
    variables: dict[str, str], shard: str, task: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "housebrain").mkdir()
    command = tmp_path / "bin/housebrain"
    command.parent.mkdir()
    command.write_text('#!/bin/sh\necho "$@ ${GDRIVE_CREDENTIALS_DATA-unset}"\n')
    command.chmod(0o755)
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", task["run"]],
        cwd=tmp_path,
        env={**os.environ, **task["envs"], **task["secrets"], **variables, "PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"work --shard {shard} unset\n"


def test_a_machine_that_is_launched_again_has_the_round_it_is_launched_for(
    task: dict[str, Any], tmp_path: Path
) -> None:
    """Its clone is another round's, in which something was changed."""
    origin, pip = tmp_path / "origin", tmp_path / "bin/pip"
    pip.parent.mkdir()
    pip.write_text("#!/bin/sh\n")
    pip.chmod(0o755)
    origin.mkdir()
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=origin, check=True)
    known = {**os.environ, **task["envs"], "PATH": f"{pip.parent}{os.pathsep}{os.environ['PATH']}"}
    for number in (1, 2):
        (origin / "dvc.lock").write_text(f"round {number}")
        for command in (["add", "."], ["commit", "-q", "-m", "x"], ["tag", f"round-{number}"]):
            subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@x", *command], cwd=origin, check=True)
        variables = {"REPOSITORY": str(origin), "TAG": f"round-{number}"}
        subprocess.run(["bash", "-c", task["setup"]], cwd=tmp_path, env=known | variables, check=True)
        assert (tmp_path / "housebrain/dvc.lock").read_text() == f"round {number}"
        (tmp_path / "housebrain/dvc.lock").write_text("a training's")


def test_a_slurm_task_that_is_queued_again_has_the_credentials_of_now(tmp_path: Path) -> None:
    project, command = tmp_path / "project", tmp_path / "project/.venv/bin/housebrain"
    command.parent.mkdir(parents=True)
    command.write_text("#!/bin/sh\ncat .dvc/config.local\n")
    command.chmod(0o755)
    (project / ".dvc").mkdir()
    (project / ".dvc/config").touch()
    git = ["git", "-C", str(project), "-c", "user.name=x", "-c", "user.email=x@x"]
    for words in (["init", "-q"], ["add", ".dvc/config"], ["commit", "-qm", "x"], ["tag", "round-1"]):
        subprocess.run([*git, *words], check=True)
    known = environment(SLURM_SUBMIT_DIR=str(project), SLURM_ARRAY_TASK_ID="2", SLURM_ARRAY_JOB_ID="77")
    for credentials in ("expired", "renewed"):
        (project / ".dvc/config.local").write_text(credentials)
        done = subprocess.run(
            ["bash", str(SCRIPTS / "slurm.sh"), "round-1"], cwd=project, env=known, capture_output=True, text=True
        )
        assert done.stdout == credentials, done.stderr


@pytest.mark.slow
@pytest.mark.long
def test_a_slurm_task_that_is_preempted_is_queued_again_and_goes_on(
    tmp_path: Path, tiny_base: Path, mlflow_database: Path
) -> None:
    """With a `scontrol` that writes down how it is called; Slurm itself is not there."""
    project = start_round(tmp_path / "project", tiny_base, mlflow_database)
    run(project, "git", "tag", "round-1")
    (project / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    scontrol = tmp_path / "bin/scontrol"
    scontrol.parent.mkdir()
    scontrol.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/queued\n')
    scontrol.chmod(0o755)
    known = environment(SLURM_SUBMIT_DIR=str(project), SLURM_ARRAY_TASK_ID="2", SLURM_ARRAY_JOB_ID="77")
    known["PATH"] = f"{scontrol.parent}{os.pathsep}{known['PATH']}"
    command = ["bash", str(SCRIPTS / "slurm.sh"), "round-1"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=project, env=known, stdout=log, stderr=log)
    started = time.monotonic()
    while not list(tmp_path.glob("project-remote/checkpoints/*/shard-2/*.tar.sha256")):
        assert process.poll() is None and time.monotonic() - started < PATIENCE_SECONDS, (tmp_path / "log").read_text()
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_SECONDS) == 75, (tmp_path / "log").read_text()
    assert (tmp_path / "queued").read_text() == "requeue 77_2\n"
    done = subprocess.run(command, cwd=project, env=known, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "going on from step" in done.stdout
    collected = run(project, "dvc", "repro", "--pull", f"train_shard@{list(SHARDS)[1]}")
    assert "is cached - skipping run" in collected
