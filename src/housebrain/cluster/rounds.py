"""`housebrain round run`: all shards of a round as tasks of a Ray cluster, until each has its result on the remote.

Each task is `housebrain work --shard N`, with all that it does: the lease, checkpoints to the remote, going on from the
last of them, the result through the run-cache. So notebooks may train some of the shards meanwhile, nodes may come and
go, and this command may be killed and run again: what counts is on the remote, and nothing is kept here.
"""

import os
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from housebrain.cluster.connect import connected
from housebrain.cluster.node import Ended, Project, train
from housebrain.environment import PASSED_ON
from housebrain.errors import UserError, words_of
from housebrain.git import git
from housebrain.params import Params, Resources
from housebrain.redact import redacted
from housebrain.shard import Shard
from housebrain.supervision import status
from housebrain.supervision.changes import tag_of
from housebrain.supervision.heartbeat import ACTIVE
from housebrain.supervision.remote import Remote, open_remote

TRIES = 5  # of a shard, one after the other, that don't get its safe checkpoint any further
SAID = 300  # characters of what Ray says, whose beginning has the cause
SAVE_SECONDS = 120.0  # for trainings to save after Ctrl-C
ASK_SECONDS = 3.0  # after which those that go on are asked again: what Ray raises in a task can be lost there too

Show = Callable[[list[dict[str, Any]], list[str]], None]
Start = Callable[[int], Any]


def project_of(params: Params, remote: Remote) -> Project:
    """The round's project as its tag has it, with what of it is not in git.

    Raises:
        UserError: there is no tag of the round.
    """
    tag = tag_of(params)
    if not git("tag", "--list", tag):
        raise UserError(f"{tag}: there is no such tag. Run `housebrain round start` first: it checks, pushes and tags.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bundle"
        git("bundle", "create", "--quiet", str(path), f"refs/tags/{tag}")
        bundle = path.read_bytes()
    config = Path(".dvc/config.local")
    text = config.read_text() if config.exists() else ""
    # A relative address is one from here.
    moved = (remote.name, str(Path(remote.path).resolve())) if remote.fs.protocol == "local" else None
    variables = {name: value for name, value in os.environ.items() if name in PASSED_ON}
    return Project(tag, git("rev-parse", f"{tag}^{{commit}}"), bundle, text, moved, variables)


def resources_of(shard: Shard, params: Params) -> Resources:
    """What a node must have free for a shard.

    Raises:
        UserError: params.yaml doesn't say.
    """
    platform, known = params.worker(shard).platform, params.cluster.resources
    if platform not in known:
        raise UserError(f"cluster.resources: {platform} is missing. Say in params.yaml what its trainings take.")
    return known[platform]


class Shards:
    """What is to be done for each shard.

    Args:
        numbers: of the shards.
        start: starts a shard's `work` on the cluster and returns a handle.
    """

    def __init__(self, numbers: list[int], start: Start) -> None:
        self.numbers, self.start = numbers, start
        self.running: dict[Any, int] = {}
        self.finished: set[int] = set()
        self.failed: dict[int, str] = {}
        self._elsewhere: dict[int, str] = {}
        self._tries: Counter[int] = Counter()
        self._safe: dict[int, int] = {}

    @property
    def over(self) -> bool:
        """Whether every shard has its result or has failed."""
        return self.finished | self.failed.keys() == set(self.numbers)

    def look(self, table: list[dict[str, Any]]) -> None:
        """Starts what nobody trains.

        Shards that seem to be trained elsewhere come last, and are tried once: `work` itself finds out whether another
        worker lives. Where one does, the shard is tried again once that one is silent or has ended.

        Args:
            table: a row a shard, as `status` has them.
        """
        rows = {row["shard"]: row for row in table}
        for number, row in rows.items():
            if (row.get("safe_step") or 0) > self._safe.get(number, 0):
                self._safe[number] = row["safe_step"]
                self._tries[number] = 0
            if row["state"] not in ACTIVE:
                self._elsewhere.pop(number, None)
        waiting = set(self.numbers) - self.finished - self.failed.keys() - set(self.running.values())
        waiting -= self._elsewhere.keys()
        for number in sorted(waiting, key=lambda number: (rows.get(number, {}).get("state") in ACTIVE, number)):
            self.running[self.start(number)] = number

    def ended(self, handle: Any, how: Ended | Exception, table: list[dict[str, Any]]) -> None:
        """Takes note of how a shard's `work` ended; `look` starts what is to go on.

        Args:
            handle: that `start` returned.
            how: its end, or what Ray says where its process or node died, or the task itself failed.
            table: as for `look`, of now.
        """
        number = self.running.pop(handle)
        if isinstance(how, Ended) and how.status == 0:
            self.finished.add(number)
            return
        said = f"shard {number}: {_said(how).removeprefix(f'shard {number}: ')}"
        if isinstance(how, Ended) and not how.incomplete:
            row: dict[str, Any] = next((row for row in table if row["shard"] == number), {})
            # A `work` that died without a word leaves a fresh heartbeat of its own.
            if row.get("state") in ACTIVE and row.get("owner") != how.owner:
                self._elsewhere[number] = said
                return
        print(f"warning: {said}", file=sys.stderr, flush=True)
        self._tries[number] += 1
        if self._tries[number] >= TRIES:
            self.failed[number] = said

    def notes(self) -> list[str]:
        """What the table doesn't say, a line each."""
        on_cluster = ", ".join(str(number) for number in sorted(self.running.values()))
        lines = [f"on this cluster, or waiting for a node: shard {on_cluster}"] if on_cluster else []
        lines += [f"not on this cluster: {said}" for said in self._elsewhere.values()]
        return lines + [f"given up: {said}" for said in self.failed.values()]


def run_round(params: Params, address: str, scratch: str, every_seconds: float, show: Show) -> None:
    """Trains all shards of the round on a cluster and waits until each has pushed its result.

    Args:
        params: of the round.
        address: as for `connected`.
        scratch: a folder on every node, for clones and the base model.
        every_seconds: between two looks at the remote.
        show: called with the rows of each look, and notes below them.

    Raises:
        UserError: there is no round to train, no cluster, or a shard failed again and again.
    """
    remote = open_remote()
    project = project_of(params, remote)
    resources = {shard.number: resources_of(shard, params) for shard in params.shards}
    with connected(address):
        import ray

        _warn_of_too_little(resources, address)
        sent = ray.put(project)
        task = ray.remote(max_retries=0)(_train)

        def start(number: int) -> Any:
            needed = resources[number]
            return task.options(
                name=f"shard {number}", num_cpus=needed.cpus, num_gpus=needed.gpus, scheduling_strategy="SPREAD"
            ).remote(number, sent, scratch)

        shards = Shards([shard.number for shard in params.shards], start)
        with _saved_on_interrupt(shards) as check:
            table = _table(remote, params, [])
            while True:
                check()
                shards.look(table)
                show(table, shards.notes())
                if shards.over:
                    break
                done = _wait(shards, every_seconds)
                table = _table(remote, params, table)
                for handle in done:
                    shards.ended(handle, _how(handle), table)
    if shards.failed:
        raise given_up(shards.failed)


def given_up(failed: dict[int, str]) -> UserError:
    """What a round ends with that gave up shards: the reason of each, by its number."""
    reasons = " ".join(f"{said.rstrip(' .')}." for _, said in sorted(failed.items()))
    return UserError(
        f"round: failed {TRIES} times in a row: {reasons} Mend that and run the command again: the others are not "
        "trained again."
    )


def _said(how: Ended | Exception) -> str:
    """Why a shard's `work` ended, in a sentence."""
    if isinstance(how, Ended):
        return how.said
    raised = getattr(how, "cause", None)  # by the task itself: what Ray says of that is a traceback
    error = raised or how
    what = "its task failed" if raised else "its node or its process died"
    return f"{what} ({type(error).__name__}: {redacted(words_of(error))[:SAID]})."


def _train(number: int, project: Project, scratch: str) -> Ended:
    """The task. A node's name keeps the clones of nodes that share a file system apart."""
    import ray

    return train(number, project, scratch, ray.get_runtime_context().get_node_id()[:12])


def _table(remote: Remote, params: Params, before: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of `status`; those from `before` where the remote can't be reached."""
    try:
        return status.rows(status.look(remote, params), params)
    except UserError as error:
        print(f"warning: {error} Looking again soon.", file=sys.stderr, flush=True)
        return before


def _wait(shards: Shards, seconds: float) -> list[Any]:
    """Waits until a task ends, but no longer than `seconds`; returns those that have ended."""
    import ray

    if not shards.running:  # others train what is left
        time.sleep(seconds)
        return []
    running = list(shards.running)
    ray.wait(running, num_returns=1, timeout=seconds)
    return list(ray.wait(running, num_returns=len(running), timeout=0)[0])


def _how(handle: Any) -> Ended | Exception:
    import ray

    try:
        ended: Ended = ray.get(handle)
    except ray.exceptions.RayError as error:
        return error
    return ended


def _warn_of_too_little(resources: dict[int, Resources], address: str) -> None:
    """Says which shards no node of now could train; a cluster that grows by itself may get one that can."""
    import ray

    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    for number, needed in resources.items():
        if not any(node.get("CPU", 0) >= needed.cpus and node.get("GPU", 0) >= needed.gpus for node in nodes):
            print(
                f"warning: shard {number}: no node of {address} has {needed.cpus:g} CPUs and {needed.gpus:g} GPUs; it "
                "waits for one. cluster.resources in params.yaml says what a training takes.",
                file=sys.stderr,
            )


def _cancel(running: list[Any]) -> None:
    """Ends tasks, and waits until they have saved, but no longer than `SAVE_SECONDS`."""
    import ray

    until = time.monotonic() + SAVE_SECONDS
    while running and time.monotonic() < until:
        for handle in running:
            ray.cancel(handle)
        running = ray.wait(running, num_returns=len(running), timeout=ASK_SECONDS)[1]


@contextmanager
def _saved_on_interrupt(shards: Shards) -> Iterator[Callable[[], None]]:
    """On Ctrl-C asks the trainings to save and end, and waits for that.

    Yields:
        A function that raises KeyboardInterrupt where Ctrl-C was pressed: what the signal itself raises is lost where
        it comes while a library is in a callback of its own.
    """
    pressed = threading.Event()

    def press(number: int, frame: FrameType | None) -> None:
        pressed.set()
        signal.default_int_handler(number, frame)

    def check() -> None:
        if pressed.is_set():
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, press)
    try:
        yield check
    except KeyboardInterrupt:
        print("round: the trainings save what they have ...", file=sys.stderr, flush=True)
        _cancel(list(shards.running))
        raise
    finally:
        signal.signal(signal.SIGINT, before)
