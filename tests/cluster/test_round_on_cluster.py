"""A round on a real Ray cluster of several nodes: nodes are killed and added, and so is the head."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cluster.nodes import nodes
from project import SHARDS, clone_project, put_base, run, start, start_round

ADAPTER = "adapter_model.safetensors"
PATIENCE_SECONDS = 240
_TRAIN = """
from housebrain.params import load_params
from housebrain.training.train import train_shard
params = load_params()
for shard in params.shards:
    train_shard(shard, params)
"""

pytestmark = [pytest.mark.slow, pytest.mark.long]


@pytest.fixture
def coordinator(tmp_path: Path, tiny_base: Path, mlflow_database: Path) -> Path:
    folder = start_round(
        tmp_path / "coordinator",
        tiny_base,
        mlflow_database,
        cluster__resources={"colab": {"cpus": 1, "gpus": 0}},
    )
    run(folder, "housebrain", "round", "start")
    return folder


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


def adapters(folder: Path) -> dict[int, bytes]:
    return {shard: (folder / f"models/shards/{shard}/{ADAPTER}").read_bytes() for shard in SHARDS}


@pytest.fixture
def undisturbed(coordinator: Path, tmp_path: Path, tiny_base: Path, mlflow_database: Path) -> dict[int, bytes]:
    """The adapters of a run of all shards on this machine, one after the other."""
    folder = clone_project(coordinator, tmp_path / "undisturbed", tiny_base, mlflow_database)
    run(folder, "dvc", "pull", "data/shards", "models/lora_init")
    run(folder, "python", "-c", _TRAIN)
    return adapters(folder)


def test_a_node_is_killed_one_is_added_and_the_round_ends_as_if_nothing_had_been(
    coordinator: Path, scratch: Path, undisturbed: dict[int, bytes]
) -> None:
    with nodes(3) as cluster:
        process = start_run(coordinator, cluster.address, scratch)
        victim = sorted(cluster.cluster.worker_nodes, key=lambda node: node.node_id)[0]
        shard = wait_for(lambda: [one for one in clones(scratch, victim) if stored(coordinator, one)], coordinator)[0]
        cluster.kill(victim)
        cluster.add()
        assert process.wait(PATIENCE_SECONDS) == 0, (coordinator / "out.log").read_text()[-6000:]
    printed = (coordinator / "out.log").read_text()
    assert f"warning: shard {shard}: its node or its process died" in printed
    assert "all shards are trained and pushed" in printed
    collected = run(coordinator, "dvc", "repro", "--pull", *(f"train_shard@{number}" for number in SHARDS))
    assert collected.count("is cached - skipping run") == len(SHARDS)
    assert adapters(coordinator) == undisturbed
