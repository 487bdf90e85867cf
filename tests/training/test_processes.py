"""Tests for housebrain.training.processes: two processes on CPUs, which train as one does."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from safetensors.torch import load_file

from housebrain.errors import IncompleteError, OutOfMemoryError, UserError
from housebrain.files import read_json, sha256_file, write_json
from housebrain.model.loading import load_base
from housebrain.model.lora_init import write_init
from housebrain.model.preflight import VERDICT, verdict
from housebrain.params import Params
from housebrain.shard import Shard
from housebrain.tracking import RunRecord
from housebrain.training import processes
from housebrain.training.group import join
from housebrain.training.processes import process_count, train_in_processes
from housebrain.training.stopping import failure
from housebrain.training.train import train_shard
from trainings import PLATFORM, WEIGHTS, Fault, MakeProject, curve, first_shard, make_params, write_params

pytestmark = pytest.mark.alone

LOSSES = "housebrain.training.loop:batch_losses"
PATIENCE_SECONDS = 60


@pytest.fixture(autouse=True)
def two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOUSEBRAIN_PROCESSES", "2")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nonsense://")


def prepare(project: Path, params: Params) -> Path:
    """Writes the settings and an init that has their dropout."""
    write_params(project, params)
    write_init(params.lora, "tiny", project / "models/base/tiny", first_shard(project).init)
    return project


def train_in(project: Path, params: Params, monkeypatch: pytest.MonkeyPatch, fault: Fault | None = None) -> None:
    monkeypatch.chdir(project)
    train_in_processes(first_shard(project), params, fault.program if fault else processes.PROGRAM)


def assert_same_training(one: Path, other: Path) -> None:
    """The same samples in the same steps, and so the same weights up to rounding."""
    assert len(curve(one)) == len(curve(other))
    for a, b in zip(curve(one), curve(other), strict=True):
        for column in a:
            assert (a[column] == b[column] == "") or float(a[column]) == pytest.approx(float(b[column]), rel=1e-5)
    weights = [load_file(first_shard(project).out / WEIGHTS) for project in (one, other)]
    for name in weights[0]:
        # Adam divides by a gradient's own size: where that is nearly nothing, a weight moves by what is rounded. Where
        # the samples differ, weights differ by about a step's length, the learning rate of 1e-2.
        torch.testing.assert_close(weights[0][name], weights[1][name], rtol=1e-5, atol=5e-4)
    timings = {"seconds", "response_tokens_per_second"}
    summaries = [read_json(first_shard(project).report) for project in (one, other)]
    assert summaries[0].keys() == summaries[1].keys()
    for key in summaries[0].keys() - timings:
        assert summaries[0][key] == pytest.approx(summaries[1][key], rel=1e-5)


@pytest.mark.long
@pytest.mark.slow
def test_two_processes_train_as_one_and_each_goes_on_from_the_others_checkpoint(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Three samples thrice in steps of four: one process has none in the last. SIGTERM stops both after the second."""
    params = make_params(dropout=0.0, gradient_accumulation=4, validity_samples=1, max_samples=3)
    one, two, mixed = (prepare(make_project(name), params) for name in ("one", "two", "mixed"))
    monkeypatch.chdir(one)
    assert train_shard(first_shard(one), params)["steps"] == 3
    capfd.readouterr()

    with pytest.raises(SystemExit) as end:
        train_in(two, params, monkeypatch, Fault(LOSSES, 3, "end", rank=1))
    assert end.value.code == IncompleteError.status
    printed = capfd.readouterr()
    assert printed.err.count("incomplete: shard 1: stopped at step 2/3 (SIGTERM) with a checkpoint") == 1
    assert printed.out.count("shard 1  step 2/3  loss ") == 1
    assert not failure(first_shard(two).checkpoints)
    (checkpoint,) = first_shard(two).checkpoints.glob("checkpoint-*")
    sealed = read_json(checkpoint / "complete.json")["files"]
    assert {"rng_state_0.pth", "rng_state_1.pth"} <= sealed.keys()

    shutil.copytree(first_shard(two).checkpoints, first_shard(mixed).checkpoints)
    train_in(two, params, monkeypatch)
    assert "going on from step 2" in capfd.readouterr().out
    assert_same_training(one, two)
    record = RunRecord.model_validate_json((first_shard(two).out / "run.json").read_text())
    assert record.tags["processes"] == "2"
    monkeypatch.chdir(mixed)
    train_shard(first_shard(mixed), params)
    assert "going on from step 2" in capfd.readouterr().out
    assert_same_training(one, mixed)


@pytest.mark.long
@pytest.mark.parametrize("count", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_base_whose_rows_are_not_packed_is_trained_as_one_whose_rows_are(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], count: int
) -> None:
    """Each step has the same samples and the same loss, though each has a row of its own. This is said once."""
    params = make_params(dropout=0.0, gradient_accumulation=2, batch_size=2)
    packed, apart = (prepare(make_project(name), params) for name in ("packed", "apart"))
    monkeypatch.chdir(packed)
    train_shard(first_shard(packed), params)
    assert "row of its own" not in capfd.readouterr().out

    base = apart / "models/base/tiny"
    verdict(base)
    write_json(base / VERDICT, {**read_json(base / VERDICT), "attention": None, "reason": "for a test"})
    monkeypatch.setenv("HOUSEBRAIN_PROCESSES", str(count))
    monkeypatch.chdir(apart)
    if count == 1:
        train_shard(first_shard(apart), params)
    else:
        train_in(apart, params, monkeypatch)
    assert capfd.readouterr().out.count("packed rows don't suit it (for a test)") == 1
    assert load_base(base).config._attn_implementation == "sdpa"
    assert_same_training(packed, apart)


@pytest.mark.long
@pytest.mark.slow
def test_a_killed_process_ends_the_training_which_goes_on_to_the_same_bytes(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    params = make_params(dropout=0.1)
    whole, killed = (prepare(make_project(name), params) for name in ("whole", "killed"))
    before = set(psutil.Process().children(recursive=True))
    train_in(whole, params, monkeypatch, Fault(LOSSES, 1, "hang", rank=1))
    with pytest.raises(UserError, match=r"shard 1: process 2 of 2 was killed \(SIGKILL\)"):
        train_in(killed, params, monkeypatch, Fault(LOSSES, 4, rank=1))  # a step after a checkpoint
    assert "process 2 of 2 was killed" in failure(first_shard(killed).checkpoints)
    assert set(psutil.Process().children(recursive=True)) <= before
    capfd.readouterr()
    train_in(killed, params, monkeypatch)
    assert "going on from step 2" in capfd.readouterr().out
    assert sha256_file(first_shard(killed).out / WEIGHTS) == sha256_file(first_shard(whole).out / WEIGHTS)
    assert curve(killed) == curve(whole)


@pytest.mark.long
@pytest.mark.slow
def test_the_first_process_makes_the_tokens_for_all(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    params = make_params(epochs=1)
    project = prepare(make_project("project"), params)
    train_in(project, params, monkeypatch, Fault("housebrain.training.data:tokenize", 1, rank=1))  # it would be killed
    assert first_shard(project).out.exists()


@pytest.mark.long
@pytest.mark.slow
def test_out_of_memory_in_one_process_halves_the_batch_in_both(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    params = make_params(dropout=0.0, batch_size=2, max_length=900, epochs=2, save_steps=1)
    one, two = (prepare(make_project(name), params) for name in ("one", "two"))
    monkeypatch.chdir(one)
    train_shard(first_shard(one), params)
    capfd.readouterr()
    train_in(two, params, monkeypatch, Fault(LOSSES, 2, "memory at 0", rank=1))
    printed = capfd.readouterr()
    assert printed.err.count("out of memory; going on with half as many samples at once") == 1
    assert "Traceback" not in printed.err
    assert "going on from step 1" in printed.out
    assert_same_training(one, two)


@pytest.mark.long
@pytest.mark.slow
def test_out_of_memory_at_batch_one_says_what_to_do(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    params = make_params()
    project = prepare(make_project("project"), params)
    message = r"out of memory with one sample at a time\. Lower max_length"
    with pytest.raises(SystemExit):
        train_in(project, params, monkeypatch, Fault(LOSSES, 1, "memory at 0", rank=1))
    assert re.search(message, capfd.readouterr().err)
    assert "out of memory with one sample at a time" in failure(first_shard(project).checkpoints)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize(("action", "what"), [("nan", "loss"), ("nan gradients", "gradient")])
def test_a_loss_or_gradient_that_is_not_finite_ends_all_and_is_said_once(
    action: str,
    what: str,
    make_project: MakeProject,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Of a gradient, averaged over both processes, the samples of both are named."""
    params = make_params()
    project = prepare(make_project("project"), params)
    with pytest.raises(SystemExit) as end:
        train_in(project, params, monkeypatch, Fault(LOSSES, 1, action, rank=1))
    assert end.value.code == 1
    reason = failure(first_shard(project).checkpoints)
    assert f"step 1: the {what} is nan on sample(s) GEN-" in reason
    assert reason.count("GEN-") == (1 if what == "loss" else 2)
    assert capfd.readouterr().err.count(f"error: {reason}") == 1
    assert not first_shard(project).out.exists()


@pytest.mark.long
@pytest.mark.slow
def test_no_process_outlives_the_one_that_started_them(make_project: MakeProject) -> None:
    params = make_params(epochs=10_000)
    project = prepare(make_project("project"), params)
    program = (
        "from housebrain.params import load_params; from housebrain.shard import Shard; "
        "from housebrain.training.processes import train_in_processes; "
        "train_in_processes(Shard(1), load_params())"
    )
    with (project / "out.log").open("w") as log:
        started = subprocess.Popen([sys.executable, "-c", program], cwd=project, stdout=log, stderr=log)

    def wait_for(what: Any) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while not what():
            assert time.monotonic() < until, (project / "out.log").read_text()
            time.sleep(0.05)

    wait_for(lambda: "step 2/" in (project / "out.log").read_text())
    children = psutil.Process(started.pid).children(recursive=True)
    assert len(children) == 2
    started.kill()
    started.wait()
    wait_for(lambda: not any(child.is_running() for child in children))


def run_both(first: str, second: str, folder: Path) -> list[int]:
    """Runs a line of Python in each of two processes."""
    program = f"import os, signal, time\nif os.environ['RANK'] == '0':\n    {first}\nelse:\n    {second}"
    return processes._run(Shard(1, folder), [sys.executable, "-c", program], 2)


def test_a_process_that_waits_for_one_that_failed_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "GRACE_SECONDS", 0.2)
    assert run_both("time.sleep(1000)", "os._exit(9)", tmp_path) == [0, 9]
    assert run_both("os._exit(0)", f"time.sleep(0.5); os._exit({OutOfMemoryError.status})", tmp_path) == [0, 76]
    assert run_both("os._exit(0)", "os._exit(0)", tmp_path) == [0, 0]


def test_sigterm_before_training_begins_is_no_failure(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(IncompleteError, match=r"shard 1: ended \(SIGTERM\)"):
        run_both("time.sleep(1000)", "os.kill(os.getppid(), signal.SIGTERM); time.sleep(1000)", tmp_path)
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize(
    ("gpus", "asked", "accumulation", "count"),
    [
        (2, "", 16, 2),
        (2, "", 15, 2),
        (2, "", 1, 1),
        (2, "1", 16, 1),
        (2, "8", 16, 2),
        (1, "", 16, 1),
        (0, "", 16, 1),
        (0, "3", 16, 3),
        (0, "4", 6, 4),
        (0, "4", 3, 3),
    ],
)
def test_one_process_a_gpu_as_far_as_they_share_a_step(
    gpus: int,
    asked: str,
    accumulation: int,
    count: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(processes, "version", lambda name: "2.13.0")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    monkeypatch.setenv("HOUSEBRAIN_PROCESSES", asked)
    if not asked:
        monkeypatch.delenv("HOUSEBRAIN_PROCESSES")
    assert process_count(PLATFORM.model_copy(update={"gradient_accumulation": accumulation})) == count
    fewer = count < min(int(asked or max(1, gpus)), gpus or 99)
    assert (f"training with {count}" in capsys.readouterr().err) == fewer


def test_a_build_of_torch_for_cpus_is_not_asked_for_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "version", lambda name: "2.13.0+cpu")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 8)
    monkeypatch.delenv("HOUSEBRAIN_PROCESSES")
    assert process_count(PLATFORM) == 1


@pytest.mark.parametrize("asked", ["0", "-1", "two", ""])
def test_a_number_of_processes_that_is_none_is_refused(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOUSEBRAIN_PROCESSES", asked)
    with pytest.raises(UserError, match=f"HOUSEBRAIN_PROCESSES: {asked} is not a number from 1"):
        process_count(PLATFORM)


def test_one_process_sees_one_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert processes._environments(1)[0]["CUDA_VISIBLE_DEVICES"] == "0"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3")
    assert processes._environments(1)[0]["CUDA_VISIBLE_DEVICES"] == "2"
    assert all(one["CUDA_VISIBLE_DEVICES"] == "2,3" for one in processes._environments(2))


def test_one_process_waits_for_none_that_its_environment_speaks_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as torchrun's, or a cluster's that starts a job on several nodes."""
    for name, value in {"RANK": "3", "LOCAL_RANK": "1", "WORLD_SIZE": "4", "LOCAL_WORLD_SIZE": "2"}.items():
        monkeypatch.setenv(name, value)
    (environment,) = processes._environments(1)
    monkeypatch.setattr(os, "environ", environment)
    group = join()
    assert (group.rank, group.count, group.is_first) == (0, 1, True)
