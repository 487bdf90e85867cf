"""Real Ray clusters on this machine: every node has one CPU, a raylet and processes of its own, and can be killed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psutil

STORE_BYTES = 100 * 1024**2


class Nodes:
    """A cluster of nodes of one CPU, whose head has none: it runs no task, it holds the cluster together."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        self.cluster: Any = Cluster(initialize_head=True, head_node_args=self._settings(0))

    @staticmethod
    def _settings(cpus: int) -> dict[str, Any]:
        return {"num_cpus": cpus, "object_store_memory": STORE_BYTES, "include_dashboard": False}

    @property
    def address(self) -> str:
        return str(self.cluster.address)

    def add(self) -> Any:
        """A node more."""
        return self.cluster.add_node(**self._settings(1))

    def kill(self, node: Any) -> None:
        """As a power cut does: nothing on the node gets a signal that it could catch."""
        pids = [info.process.pid for infos in node.all_processes.values() for info in infos]
        processes = [one for pid in pids if psutil.pid_exists(pid) for one in _tree(psutil.Process(pid))]
        for process in processes:
            _kill(process)
        self.cluster.remove_node(node, allow_graceful=False)

    def kill_head(self) -> None:
        self.kill(self.cluster.head_node)


def _tree(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def _kill(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        process.kill()


@contextmanager
def nodes(count: int) -> Iterator[Nodes]:
    """A cluster of that many nodes, besides its head."""
    made = Nodes()
    try:
        for _ in range(count):
            made.add()
        yield made
    finally:
        made.cluster.shutdown()
