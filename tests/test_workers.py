"""Workers through the real dvc, each in a clone and processes of its own: killed, moved elsewhere, given up."""

import json
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from housebrain.files import read_json
from project import change_params, clone_project, run, start, start_round

ADAPTER = "adapter_model.safetensors"
PATIENCE_SECONDS = 120

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.alone]


@pytest.fixture(scope="module")
def coordinator(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path, mlflow_database: Path) -> Path:
    return start_round(tmp_path_factory.mktemp("round") / "coordinator", tiny_base, mlflow_database)


@pytest.fixture
def clone(coordinator: Path, tmp_path: Path, tiny_base: Path, mlflow_database: Path) -> Callable[[str], Path]:
    """Makes a worker's machine."""
    return lambda name: clone_project(coordinator, tmp_path / name, tiny_base, mlflow_database)


def wait_for(what: Callable[[], Any], folder: Path) -> None:
    """Waits until `what` is true."""
    started = time.monotonic()
    while not what():
        assert time.monotonic() - started < PATIENCE_SECONDS, (folder / "out.log").read_text()
        time.sleep(0.05)


def stored(coordinator: Path, shard: int) -> list[Path]:
    """The announced checkpoints of a shard on the remote."""
    remote = coordinator.with_name("coordinator-remote")
    return sorted(remote.glob(f"checkpoints/*/shard-{shard}/*.tar.sha256"))


def test_a_killed_worker_is_taken_over_from_its_last_checkpoint(
    coordinator: Path, clone: Callable[[str], Path]
) -> None:
    first, second, undisturbed = clone("first"), clone("second"), clone("undisturbed")
    process = start(first, "housebrain", "work", "--shard", "3")
    wait_for(lambda: stored(coordinator, 3), first)
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    # A training never outlives the `work` that started it.
    wait_for(lambda: not any(c.is_running() and c.status() != psutil.STATUS_ZOMBIE for c in children), first)

    (second / ".dvc/tmp").mkdir(exist_ok=True)
    (second / ".dvc/tmp/rwlock").write_text("")  # as a kill in the middle of its writing leaves it
    printed = run(second, "housebrain", "work", "--shard", "3")
    assert "taking over the stale lease of worker-3" in printed
    assert "restored from the remote" in printed
    assert "going on from step" in printed
    assert "trained and pushed" in printed
    assert sorted(path.name for path in (second / "data/shards").iterdir() if path.is_dir()) == ["3"]
    assert "Nothing to do" in run(first, "housebrain", "work", "--shard", "3")

    collected = run(coordinator, "dvc", "repro", "--pull", "train_shard@3")
    assert "Stage 'train_shard@3' is cached - skipping run, checking out outputs" in collected
    run(undisturbed, "dvc", "pull", "data/shards/3", "models/lora_init")
    run(undisturbed, "dvc", "repro", "-s", "train_shard@3", HOUSEBRAIN_SHARD="3")
    adapters = [folder / f"models/shards/3/{ADAPTER}" for folder in (coordinator, undisturbed)]
    assert adapters[0].read_bytes() == adapters[1].read_bytes()


def test_a_worker_that_never_returns_is_promoted(coordinator: Path, clone: Callable[[str], Path]) -> None:
    worker = clone("worker")
    process = start(worker, "housebrain", "work", "--shard", "6")
    wait_for(lambda: stored(coordinator, 6), worker)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_SECONDS) == 75, (worker / "out.log").read_text()
    assert "(SIGTERM). Run again to go on" in (worker / "out.log").read_text()

    rows = json.loads(run(coordinator, "housebrain", "status", "--json", "--no-mlflow"))
    assert rows[5]["state"] == "incomplete"
    assert rows[5]["step"] == rows[5]["safe_step"] > 0
    printed = run(coordinator, "housebrain", "promote", "--shard", "6")
    report = read_json(coordinator / "reports/shards/6.json")
    assert f"checkpoint of step {report['steps']} of {report['total_steps']}" in printed
    assert 0 < report["steps"] < report["total_steps"]
    assert "didn't change, skipping" in run(coordinator, "dvc", "repro", "-s", "train_shard@6")
    record = read_json(coordinator / "models/shards/6/run.json")
    assert record["tags"]["promoted_from_step"] == str(report["steps"])


def test_a_session_ends_in_time_to_save(coordinator: Path, clone: Callable[[str], Path]) -> None:
    worker = clone("worker")
    change_params(worker, supervision__session_hours={"colab": 0.001}, supervision__margin_minutes=0)
    process = start(worker, "housebrain", "work", "--shard", "5")
    assert process.wait(PATIENCE_SECONDS) == 75, (worker / "out.log").read_text()
    assert "(the session ends soon). Run again to go on" in (worker / "out.log").read_text()
    assert stored(coordinator, 5)


def test_two_workers_on_one_shard_are_prevented(coordinator: Path, clone: Callable[[str], Path]) -> None:
    first, second = clone("first"), clone("second")
    process = start(first, "housebrain", "work", "--shard", "4")
    wait_for(lambda: stored(coordinator, 4), first)
    assert "error: shard 4: worker-4" in run(second, "housebrain", "work", "--shard", "4", ok=False)
    assert "runs in this folder already" in run(first, "housebrain", "work", "--shard", "4", ok=False)
    process.kill()
    process.wait()


def test_two_processes_of_a_worker_end_with_it_and_go_on(
    coordinator: Path, clone: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOUSEBRAIN_PROCESSES", "2")
    worker = clone("worker")
    change_params(worker, platforms__colab__gradient_accumulation=2)
    process = start(worker, "housebrain", "work", "--shard", "2")
    wait_for(lambda: stored(coordinator, 2), worker)
    children = psutil.Process(process.pid).children(recursive=True)
    assert sum("housebrain.training.processes" in " ".join(child.cmdline()) for child in children) == 2
    process.kill()
    process.wait()
    wait_for(lambda: not any(c.is_running() and c.status() != psutil.STATUS_ZOMBIE for c in children), worker)

    before = (worker / "out.log").read_text().count(" tok/s ")
    process = start(worker, "housebrain", "work", "--shard", "2")
    wait_for(lambda: (worker / "out.log").read_text().count(" tok/s ") > before + 5, worker)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_SECONDS) == 75, (worker / "out.log").read_text()
    printed = run(worker, "housebrain", "work", "--shard", "2")
    assert "going on from step" in printed
    assert "trained and pushed" in printed
    assert read_json(worker / "models/shards/2/run.json")["tags"]["processes"] == "2"


def test_why_a_training_failed_is_in_the_status(coordinator: Path, clone: Callable[[str], Path]) -> None:
    worker = clone("worker")
    change_params(worker, platforms__colab__learning_rate=1e30, platforms__colab__warmup_share=0.0)
    message = r"shard 1: training failed: step 2: the loss is nan on sample\(s\) GEN-\d+"
    assert re.search(f"error: {message}", run(worker, "housebrain", "work", "--shard", "1", ok=False))
    assert re.search(message, run(coordinator, "housebrain", "status", "--no-mlflow"))
