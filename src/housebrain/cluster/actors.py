"""Actors that hold a model: one for every GPU of a cluster, or for every CPU where it has no GPU.

Adapters are sent to them. The base model is the node's own: each node makes its copy from the pinned revision, once.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from housebrain.cluster.scratch import SCRATCH, locked
from housebrain.errors import UserError
from housebrain.files import read_json
from housebrain.model.adapter import CONFIG, WEIGHTS
from housebrain.model.base import ORIGIN, base_folder, ensure_base
from housebrain.params import Params
from housebrain.provenance import compute_device, library_versions

RETRIES = 5  # of a call whose process or node died
Files = dict[str, bytes]


def files_of(adapter: Path | None) -> Files | None:
    """What of an adapter a model is loaded from; None for the base alone."""
    if adapter is None:
        return None
    return {name: (adapter / name).read_bytes() for name in (CONFIG, WEIGHTS)}


@contextmanager
def folders_of(adapters: list[Files | None]) -> Iterator[tuple[Path | None, ...]]:
    """The folders of adapters that were sent, for as long as the body runs."""
    with tempfile.TemporaryDirectory(prefix="adapters-") as root:
        folders = [None if files is None else Path(root) / str(number) for number, files in enumerate(adapters)]
        for folder, files in zip(folders, adapters, strict=True):
            if folder is not None and files is not None:
                folder.mkdir()
                for name, content in files.items():
                    (folder / name).write_bytes(content)
        yield tuple(folders)


class OnNode:
    """An actor's own side.

    Args:
        params: of the pipeline.
        sent_from: the base model's folder where the actor was started from; used where this node sees it too.
    """

    def __init__(self, params: Params, sent_from: Path) -> None:
        origin = params.base_model().model_dump(exclude={"license"})
        self.base = sent_from
        if not os.access(sent_from / ORIGIN, os.R_OK) or read_json(sent_from / ORIGIN) != origin:
            root = Path(SCRATCH).expanduser()
            with locked(root / "base.lock"):
                os.chdir(root)
                self.base = ensure_base(params).resolve()

    def about(self) -> tuple[str, dict[str, str]]:
        """What it computes with: the device, and the libraries' versions."""
        return compute_device(), library_versions()


def start_actors(kind: type[OnNode], params: Params, *more: Any) -> tuple[list[Any], str]:
    """Starts actors on the cluster that this process is connected to.

    Args:
        kind: their class.
        params: of the pipeline.
        more: further arguments of the class.

    Returns:
        Their handles, and the device that all of them compute with.

    Raises:
        UserError: the nodes' GPUs or libraries differ, and so would their answers.
    """
    import ray

    cluster = ray.cluster_resources()
    gpus = int(cluster.get("GPU", 0))
    count = gpus or max(1, int(cluster.get("CPU", 0)))
    remote = ray.remote(num_cpus=1, num_gpus=min(1, gpus), max_restarts=-1, max_task_retries=RETRIES)(kind)
    actors = [remote.remote(params, base_folder(params).resolve(), *more) for _ in range(count)]
    about = ray.get([actor.about.remote() for actor in actors])
    device, versions = about[0]
    if any(one != about[0] for one in about):
        found = "; ".join(sorted({f"{name} with {versions}" for name, versions in about}))
        raise UserError(
            f"ray: the nodes differ in GPUs or library versions, and so would their answers: {found}. Use nodes of one "
            "kind."
        )
    if versions != library_versions():
        raise UserError(
            f"ray: the nodes have {versions}, and this machine has {library_versions()}. Install the same on all."
        )
    return actors, device
