"""Tests for housebrain.supervision.status."""

import json
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from rich.console import Console
from typer.testing import CliRunner

from conftest import REPOSITORY
from housebrain.cli import app
from housebrain.errors import UserError
from housebrain.params import Params, load_params
from housebrain.supervision import heartbeat, status
from housebrain.supervision.heartbeat import Heartbeat
from housebrain.supervision.remote import Remote
from housebrain.supervision.upload import folder
from housebrain.tracking import Point, RunRecord
from supervision.stores import faulty_remote, local_remote

KEY = "0123456789abcdef0123"  # pragma: allowlist secret


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return local_remote(tmp_path / "remote")


@pytest.fixture
def params() -> Params:
    return load_params(REPOSITORY / "params.yaml")


def beat(shard: int, **changes: Any) -> Heartbeat:
    known: dict[str, Any] = {
        "owner": f"machine-{shard}",
        "worker": f"colab-{shard}",
        "shard": shard,
        "round": 1,
        "state": "training",
        "session_started_ms": 0,
        "training_key": KEY,
        "step": 40,
        "total_steps": 400,
        "loss": 1.25,
        "losses": [3.0, 2.0, 1.25],
        "seconds_left": 7380.0,
        "memory_gb": 3.2,
    }
    return Heartbeat(**known | changes)


def test_each_shard_has_a_row(remote: Remote, params: Params) -> None:
    heartbeat.send(remote, beat(1))
    heartbeat.send(remote, beat(2, state="done", pushed=True, safe_step=400, step=400, gpu="T4", gpu_memory_gb=9.5))
    table = status.rows(status.look(remote, params), params)
    assert [row["state"] for row in table] == ["training", "done", *["not started"] * 4]
    assert json.loads(json.dumps(table, allow_nan=False)) == table
    shown = [status.cells(row) for row in table]
    assert (shown[0]["step"], shown[0]["left"], shown[0]["pushed"]) == ("40/400", "2 h 03", "no")
    assert (shown[1]["gpu"], shown[1]["safe_step"], shown[1]["pushed"]) == ("T4 9.5 GB", "400", "yes")
    assert shown[1]["left"] == ""
    assert shown[5]["worker"] == "kaggle-3"
    console = Console(width=200, record=True, file=None)
    console.print(status.as_table(table, "Round 1"))
    assert "not started" in console.export_text()


def test_a_silent_worker_is_stale_unless_it_has_ended(params: Params) -> None:
    now = 1_000_000.0
    for state, expected in (
        ("training", "stale"),
        ("pushing", "stale"),
        ("done", "done"),
        ("incomplete", "incomplete"),
    ):
        old = beat(1, state=state, time_ms=int((now - params.supervision.expiry_seconds - 1) * 1000))
        assert status.state_of(old, params.supervision.expiry_seconds, now) == expected
    assert status.state_of(beat(1, time_ms=int(now * 1000)), params.supervision.expiry_seconds, now) == "training"


def test_trend_falls_with_the_loss() -> None:
    assert status.trend([3.0, 2.0, 1.0]) == "█▅▁"
    assert status.trend([2.0, 2.0]) == "▁▁"
    assert status.trend([float("nan")]) == ""


@pytest.mark.parametrize(("seconds", "text"), [(None, ""), (45, "45 s"), (720, "12 min"), (11_100, "3 h 05")])
def test_durations(seconds: float | None, text: str) -> None:
    assert status.duration(seconds) == text


def test_a_message_names_its_shard_once() -> None:
    table: list[dict[str, Any]] = [
        {"shard": 4, "message": "shard 4: no loss"},
        {"shard": 5, "message": "no heartbeat"},
        {"shard": 6},
    ]
    assert status.messages(table) == ["shard 4: no loss", "shard 5: no heartbeat"]


def page_of(params: Params, out: Path) -> str:
    now = time.time()
    beats: dict[int, Heartbeat | None] = {
        1: beat(1, time_ms=int(now * 1000), message="<b>no & heartbeat</b>"),
        2: None,
        3: beat(3, time_ms=0),
    }
    status.write_page(status.rows(beats, params, now), "Round 1", out, 30)
    return out.read_text()


def test_page_is_one_file_and_escapes_what_workers_say(params: Params, tmp_path: Path) -> None:
    text = page_of(params, tmp_path / "status.html")
    assert "&lt;b&gt;no &amp; heartbeat" in text
    assert "<b>no" not in text
    assert 'class="stale"' in text
    assert "src=" not in text


@pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed")
def test_page_in_chromium(params: Params, tmp_path: Path) -> None:
    page_of(params, tmp_path / "status.html")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    flags += ["--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}"]
    done = subprocess.run(
        ["chromium", *flags, "--dump-dom", str(tmp_path / "status.html")], capture_output=True, text=True, timeout=120
    )
    assert '<td class="step">40/400<progress value="40" max="400"></progress></td>' in done.stdout
    assert done.stdout.count("<polyline") == 2  # the third has not started


def test_curves_come_into_mlflow_once(remote: Remote, params: Params, mlflow_store: str) -> None:
    points = [Point(key="loss", value=3.0 - step, step=step, timestamp_ms=step) for step in (1, 2)]
    for count in (1, 2):
        record = RunRecord(record_id=KEY, name="round 1 shard 1", points=points[:count], start_ms=1)
        name = f"{folder(KEY, 1)}/record-{count:06d}-abcd.json"
        remote.put_bytes(record.model_dump_json().encode(), name)
    beats: dict[int, Heartbeat | None] = {1: beat(1), 2: None, 3: beat(3)}
    for _ in range(2):
        assert status.import_records(remote, beats, params) == ["round 1 shard 1"]
    client = MlflowClient(mlflow_store)
    experiment = client.get_experiment_by_name(params.tracking.experiment)
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert [point.step for point in client.get_metric_history(run.info.run_id, "loss")] == [1, 2]
    assert run.info.status == "RUNNING"


def test_looks_go_on_after_one_that_failed(
    params: Params, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("housebrain.supervision.changes.warning", lambda params: "train changed since round-1")
    remote, _ = faulty_remote(tmp_path / "remote", RuntimeError("storageQuotaExceeded"))
    shown: list[list[dict[str, Any]]] = []

    def sleep(seconds: float) -> None:
        if shown:
            raise KeyboardInterrupt

    monkeypatch.setattr("housebrain.supervision.polling.time.sleep", sleep)
    with pytest.raises(KeyboardInterrupt):
        status.follow(remote, params, shown.append, 30, again=True, page=tmp_path / "status.html", mlflow=False)
    assert [row["state"] for row in shown[0]] == ["not started"] * len(params.shards)
    warnings = capsys.readouterr().err.splitlines()
    assert re.search(r"^warning: remote test: .*full.* Looking again in 30 s\.$", warnings[0])
    assert warnings[1:] == ["warning: train changed since round-1"]
    assert f"<h1>{status.title_of(params)}</h1>" in (tmp_path / "status.html").read_text()


def test_the_one_look_that_fails_is_an_error(params: Params, tmp_path: Path) -> None:
    remote, _ = faulty_remote(tmp_path / "remote", RuntimeError("storageQuotaExceeded"))
    with pytest.raises(UserError, match="remote test"):
        status.follow(remote, params, lambda rows: None, 30, again=False, mlflow=False)


def test_brackets_in_what_workers_say_are_text(remote: Remote, params: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    """As styles they would vanish, or end the command."""
    said = "run `pip install 'housebrain[all]'`, it lacks [/dev/nvidia0]"
    heartbeat.send(remote, beat(1, state="failed", message=said, gpu="[T4]", gpu_memory_gb=9.5))
    monkeypatch.setattr("housebrain.params.load_params", lambda: params)
    monkeypatch.setattr("housebrain.supervision.remote.open_remote", lambda: remote)
    done = CliRunner().invoke(app, ["status", "--no-mlflow"], catch_exceptions=False)
    assert f"shard 1: {said}" in done.stdout and "[T4]" in done.stdout.replace("\n", "")


def test_the_worker_that_had_the_shard_last_is_shown_though_anothers_clock_is_ahead(
    remote: Remote, params: Params
) -> None:
    now = time.time()
    for changes in (
        {"owner": "before", "state": "incomplete", "generation": 1, "time_ms": int(1000 * (now + 500))},
        {"owner": "after", "state": "training", "generation": 2, "time_ms": int(1000 * (now - 400))},
    ):
        one = beat(1, **changes)
        name = f"{heartbeat.folder(1, 1)}/beat-{one.time_ms:013d}-{one.owner}.json"
        remote.put_bytes(one.model_dump_json().encode(), name)
    row = status.rows(status.look(remote, params), params, now)[0]
    assert (row["owner"], row["state"]) == ("after", "stale")


def test_the_record_of_the_last_step_is_taken(remote: Remote, params: Params, mlflow_store: str) -> None:
    for step in (999_999, 1_000_000):
        record = RunRecord(record_id=KEY, name=f"of step {step}", start_ms=1)
        remote.put_bytes(record.model_dump_json().encode(), f"{folder(KEY, 1)}/record-{step:06d}-abcd.json")
    assert status.import_records(remote, {1: beat(1)}, params) == ["of step 1000000"]
