"""A round on a real Ray cluster of several nodes: nodes are killed and added, and so is the head."""

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cluster.nodes import nodes
from project import clone_project, put_base, run, start, start_round

ADAPTER = "adapter_model.safetensors"
PATIENCE_SECONDS = 240
_TRAIN = """
from housebrain.params import load_params
from housebrain.training.train import train_shard
params = load_params()
for shard in params.shards:
    train_shard(shard, params)
"""

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.alone]


@pytest.fixture
def make_round(tmp_path: Path, tiny_base: Path, mlflow_database: Path) -> Callable[..., Path]:
    """Makes a round that is started, with so many shards and epochs."""

    def make(shards: int, epochs: int = 15) -> Path:
        workers = {str(shard): {"name": f"worker-{shard}", "platform": "colab"} for shard in range(1, shards + 1)}
        resources = {"colab": {"cpus": 1, "gpus": 0}}
        folder = tmp_path / "coordinator"
        start_round(folder, tiny_base, mlflow_database, epochs, workers=workers, cluster__resources=resources)
        run(folder, "housebrain", "round", "start")
        return folder

    return make


@pytest.fixture
def scratch(tmp_path: Path, tiny_base: Path) -> Path:
    put_base(tmp_path, tiny_base)
    (tmp_path / "scratch").mkdir()
    (tmp_path / "models/base").rename(tmp_path / "scratch/base")
    return tmp_path / "scratch"


def start_run(folder: Path, address: str, scratch: Path) -> subprocess.Popen[str]:
    return start(
        folder, "housebrain", "round", "run", "--ray", address, "--scratch", str(scratch), "--every", "1"
    )  # its output is in out.log


def wait_for(what: Callable[[], Any], folder: Path) -> Any:
    started = time.monotonic()
    while not (found := what()):
        assert time.monotonic() - started < PATIENCE_SECONDS, (folder / "out.log").read_text()[-6000:]
        time.sleep(0.05)
    return found


def stored(coordinator: Path, shard: int | str = "*") -> list[Path]:
    """The announced checkpoints on the remote."""
    remote = coordinator.with_name("coordinator-remote")
    return sorted(remote.glob(f"checkpoints/*/shard-{shard}/*.tar.sha256"))


def clones(scratch: Path, node: Any) -> list[int]:
    """The shards that a node trains."""
    return [int(path.name.rsplit("-", 1)[1]) for path in (scratch / node.node_id[:12]).glob("round-1-*")]


def adapters(folder: Path) -> dict[str, bytes]:
    return {path.parent.name: path.read_bytes() for path in sorted(folder.glob(f"models/shards/*/{ADAPTER}"))}


@pytest.fixture
def undisturbed(tmp_path: Path, tiny_base: Path, mlflow_database: Path) -> Callable[[Path], dict[str, bytes]]:
    """The adapters of a run of all of a round's shards on this machine, one after the other."""

    def train(coordinator: Path) -> dict[str, bytes]:
        folder = clone_project(coordinator, tmp_path / "undisturbed", tiny_base, mlflow_database)
        run(folder, "dvc", "pull", "data/shards", "models/lora_init")
        run(folder, "python", "-c", _TRAIN)
        return adapters(folder)

    return train


def collect(coordinator: Path) -> dict[str, bytes]:
    """The adapters as the coordinator gets them, without training."""
    shards = [path.name for path in (coordinator / "data/shards").iterdir() if path.is_dir()]
    collected = run(coordinator, "dvc", "repro", "--pull", *(f"train_shard@{shard}" for shard in shards))
    assert collected.count("is cached - skipping run") == len(shards)
    return adapters(coordinator)


def test_a_node_is_killed_one_is_added_and_the_round_ends_as_if_nothing_had_been(
    make_round: Callable[..., Path],
    scratch: Path,
    undisturbed: Callable[[Path], dict[str, bytes]],
    tmp_path: Path,
    tiny_base: Path,
    mlflow_database: Path,
) -> None:
    """Besides, a notebook trains one of the shards."""
    coordinator = make_round(shards=6)
    notebook = clone_project(coordinator, tmp_path / "notebook", tiny_base, mlflow_database)
    working = start(notebook, "housebrain", "work", "--shard", "1")
    wait_for(lambda: list(tmp_path.glob("coordinator-remote/heartbeats/round-1/shard-1/*")), notebook)
    with nodes(3) as cluster:
        process = start_run(coordinator, cluster.address, scratch)
        victim = sorted(cluster.cluster.worker_nodes, key=lambda node: node.node_id)[0]
        shard = wait_for(lambda: [one for one in clones(scratch, victim) if stored(coordinator, one)], coordinator)[0]
        cluster.kill(victim)
        cluster.add()
        assert process.wait(PATIENCE_SECONDS) == 0, (coordinator / "out.log").read_text()[-6000:]
    printed = (coordinator / "out.log").read_text()
    assert f"warning: shard {shard}: its node or its process died" in printed
    assert working.wait(PATIENCE_SECONDS) == 0, (notebook / "out.log").read_text()[-6000:]
    first = json.loads(run(coordinator, "housebrain", "status", "--json", "--no-mlflow"))[0]
    assert first["owner"] == (notebook / ".dvc/tmp/housebrain/owner").read_text().splitlines()[0]
    assert "all shards are trained and pushed" in printed
    assert collect(coordinator) == undisturbed(coordinator)


def test_the_head_is_killed_and_the_same_command_goes_on(
    make_round: Callable[..., Path],
    scratch: Path,
    undisturbed: Callable[[Path], dict[str, bytes]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RAY_gcs_rpc_server_reconnect_timeout_s", "3")  # a minute, as it comes
    coordinator = make_round(shards=2)
    with nodes(2) as cluster:
        process = start_run(coordinator, cluster.address, scratch)
        wait_for(lambda: stored(coordinator, 1) and stored(coordinator, 2), coordinator)
        cluster.kill_head()
        assert process.wait(PATIENCE_SECONDS) != 0
    with nodes(2) as cluster:
        process = start_run(coordinator, cluster.address, scratch)
        assert process.wait(PATIENCE_SECONDS) == 0, (coordinator / "out.log").read_text()[-6000:]
    logs = "".join(path.read_text() for path in scratch.glob("*/*/work.log"))
    assert "trained and pushed" not in logs  # the first cluster's, which were left behind
    assert collect(coordinator) == undisturbed(coordinator)


def test_ctrl_c_has_the_trainings_save(make_round: Callable[..., Path], scratch: Path) -> None:
    coordinator = make_round(shards=1, epochs=500)  # which are never over before they are interrupted
    process = start_run(coordinator, "local", scratch)
    wait_for(lambda: stored(coordinator, 1), coordinator)
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE_SECONDS) == 130, (coordinator / "out.log").read_text()[-6000:]
    (row,) = json.loads(run(coordinator, "housebrain", "status", "--json", "--no-mlflow"))
    assert (row["state"], row["pushed"]) == ("incomplete", False)
    assert row["step"] == row["safe_step"] > 0
