"""`housebrain work --shard K`: everything a worker does, from the lease to the result on the remote.

The training itself runs in a process of its own (`dvc repro -s train_shard@K`) and knows nothing of the remote. This
process holds the lease, uploads checkpoints, ends the session in time, and pushes the result. It may be killed at any
moment and started again, here or on another machine.
"""

import fcntl
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import psutil

from housebrain.environment import FAILED, OWNER, PROGRESS, SHARD, STOP, SUPERVISOR, lock_file, pid_file
from housebrain.errors import IncompleteError, UserError
from housebrain.files import atomic_file, read_json
from housebrain.model.base import ensure_base
from housebrain.params import Params
from housebrain.redact import redacted
from housebrain.shard import Shard
from housebrain.supervision import changes, heartbeat
from housebrain.supervision.heartbeat import Heartbeat
from housebrain.supervision.lease import Lease, LeaseLostError
from housebrain.supervision.remote import Remote, open_remote, run_dvc
from housebrain.supervision.repair import repair
from housebrain.supervision.upload import Uploader, restore, stored
from housebrain.training.fingerprint import fingerprint, result_key, training_key
from housebrain.training.stopping import failure

POLL_SECONDS = 0.5
FINISH_SECONDS = 300.0  # for the last checkpoint to reach the remote
T = TypeVar("T")


def owner() -> str:
    """This clone's name among all that ever worked on a shard: the machine's name and six random digits, kept on disk.

    A worker that was killed and is started again in its clone has its lease back at once. A copy of the clone, on
    another machine or in another folder, has a name of its own: both may be at work.
    """
    place = f"{socket.gethostname()}:{Path.cwd()}"
    with suppress(FileNotFoundError):
        name, _, of = OWNER.read_text().partition("\n")
        if of == place:
            return name
        OWNER.unlink()  # this folder is a copy of another, whose `work` may be running
    host = "".join(c for c in socket.gethostname().lower() if c.isalnum())[:20] or "machine"
    OWNER.parent.mkdir(parents=True, exist_ok=True)
    temporary = OWNER.with_name(f".owner.{os.getpid()}.tmp")
    temporary.write_text(f"{host}-{secrets.token_hex(3)}\n{place}")
    with suppress(FileExistsError):  # a `work` on another shard was faster, and has given the name
        os.link(temporary, OWNER)
    temporary.unlink()
    return OWNER.read_text().partition("\n")[0]


@contextmanager
def only_one(shard: Shard) -> Iterator[None]:
    """Refuses a second `work` for a shard in this clone; the lock is the system's and dies with the process."""
    path = lock_file(shard.number)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UserError(f"{shard.name}: `housebrain work` runs in this folder already. Let it go on.") from error
        yield


def work(shard: Shard, params: Params) -> None:
    """Trains a shard to its end and pushes the result, from wherever it was left.

    Raises:
        IncompleteError: stopped before the end, by the session's limit or a signal; everything is saved.
        UserError: the remote, the data or the settings can't be used, another worker has the shard, or training failed.
    """
    params.platform(shard)
    with only_one(shard):
        _end_leftover(shard)
        repair()
        _check_code(params)
        remote = open_remote()
        ensure_base(params)
        run_dvc("pull", shard.data.as_posix(), shard.init.as_posix())
        made_from = fingerprint(shard, params)
        result = result_key(made_from)
        session = Session(shard, params, remote, training_key(made_from), result)
        done = heartbeat.pushed(remote, params.round, shard.number, result)
        if done is None:
            session.lease.acquire()
            # Whoever had the shard may have ended while its life was in doubt.
            done = heartbeat.pushed(remote, params.round, shard.number, result)
            if done is None:
                session.run()
                return
            session.lease.release("released")
        print(f"{shard.name}: trained and pushed already, by {done.worker} ({done.owner}). Nothing to do.")


def _check_code(params: Params) -> None:
    """Refuses a clone in which git has changed line ends; says what else is not as it was at the round's tag.

    Raises:
        UserError: days of training would come to a result that nobody finds.
    """
    if changed := changes.warning(params):
        if changes.CRLF in changed:
            raise UserError(changed)
        print(f"warning: {changed}", file=sys.stderr)


def _end_leftover(shard: Shard) -> None:
    """Ends the training that a killed `work` of this clone may have left."""
    path = pid_file(shard.number)
    if path.exists():
        pid, created = path.read_text().split()
        try:
            if psutil.Process(int(pid)).create_time() == float(created):
                os.killpg(int(pid), signal.SIGKILL)
        except (psutil.NoSuchProcess, ProcessLookupError):
            pass
        path.unlink()


class Session:
    """One stay of a worker on a shard, with the lease held.

    Args:
        shard: which.
        params: all of params.yaml.
        remote: the DVC remote.
        key: of the training, and so of its checkpoints.
        result: the key of what it comes to.
    """

    def __init__(self, shard: Shard, params: Params, remote: Remote, key: str, result: str) -> None:
        self.shard = shard
        self.settings = params.supervision
        self.remote = remote
        self.key = key
        self.checkpoints = shard.checkpoints
        worker = params.worker(shard)
        started = time.time()
        hours = self.settings.session_hours.get(worker.platform, 0)
        self.deadline = started + hours * 3600 - self.settings.margin_minutes * 60 if hours else None
        self.state = Heartbeat(
            owner=owner(),
            worker=worker.name,
            shard=shard.number,
            round=params.round,
            session_started_ms=int(started * 1000),
            deadline_ms=int(self.deadline * 1000) if self.deadline else None,
            training_key=key,
            result_key=result,
        )
        self.lease = Lease(remote, self.state, self.settings)
        self.stop_reason = ""
        self._next_beat = 0.0
        self._troubles: dict[str, str] = {}

    def run(self) -> None:
        """Trains, uploads, pushes; see `work`."""
        before = {number: signal.signal(number, self._on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            self._run()
        except LeaseLostError:
            raise
        except IncompleteError as error:
            self._release("incomplete", str(error))
            raise
        except UserError as error:
            self._release("failed", str(error))
            raise
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _run(self) -> None:
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        for left_over in (STOP, FAILED):
            (self.checkpoints / left_over).unlink(missing_ok=True)
        self.state.step = self._beating(
            "starting", lambda: restore(self.remote, self.key, self.shard.number, self.checkpoints)
        )
        uploader = Uploader(
            self.remote,
            self.checkpoints,
            self.key,
            self.shard.number,
            self.settings.keep_remote,
            lambda message: self._report_trouble("checkpoint", message),
        )
        # Those after the step that was restored are on the remote, and no good.
        there = stored(self.remote, self.key, self.shard.number)
        uploader.safe_step = next((one.step for one in there if one.step <= self.state.step), None)
        uploader.start()
        if self.deadline:
            timer = threading.Timer(self.deadline - time.time(), self._stop, ["the session ends soon"])
            timer.daemon = True
            timer.start()
        process = self._train()
        try:
            while process.poll() is None:
                self.state.safe_step = uploader.safe_step
                self._beat("training")
                time.sleep(POLL_SECONDS)
        except BaseException:
            _kill(process)
            raise
        # The result outranks a checkpoint: it is pushed next, whatever became of the last upload.
        saved = self._beating("training", lambda: uploader.finish(FINISH_SECONDS))
        self.state.safe_step = uploader.safe_step
        if process.returncode:
            progress = self._progress()
            if reason := failure(self.checkpoints):
                reason = reason.removeprefix(f"{self.shard.name}: ")
                raise UserError(
                    f"{self.shard.name}: training failed: {reason} `housebrain work` goes on from the last checkpoint."
                )
            if self.stop_reason:
                where = "" if saved else " Its last checkpoint did not reach the remote and is on this machine only."
                raise IncompleteError(
                    f"{self.shard.name}: step {progress.get('step', 0)}/{progress.get('total_steps', 0)} "
                    f"({self.stop_reason}).{where} Run again to go on."
                )
            raise UserError(
                f"{self.shard.name}: training ended with status {process.returncode}; see above for why. "
                "Mend that and run `housebrain work` again: it goes on from the last checkpoint."
            )
        report = read_json(self.shard.report)
        self.state.step, self.state.total_steps = report["steps"], report["total_steps"]
        self._next_beat = 0.0
        try:
            self._beating("pushing", lambda: run_dvc("push", "--run-cache", f"train_shard@{self.shard.number}"))
        except LeaseLostError:
            raise
        except UserError as error:
            raise UserError(
                f"{self.shard.name}: trained, but not pushed: {error} The result is safe on this machine: run "
                f"`housebrain work --shard {self.shard.number}` again here, and it is pushed."
            ) from error
        self.state.pushed = True
        self._release("done")
        print(f"{self.shard.name}: trained and pushed. The coordinator gets it with `dvc repro --pull -k`.")

    def _train(self) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            SHARD: str(self.shard.number),
            SUPERVISOR: str(os.getpid()),
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "dvc", "repro", "-s", f"train_shard@{self.shard.number}"],
            env=environment,
            start_new_session=True,
        )
        with atomic_file(pid_file(self.shard.number)) as temporary:
            temporary.write_text(f"{process.pid} {psutil.Process(process.pid).create_time()}")
        return process

    def _progress(self) -> dict[str, Any]:
        """What training says of itself; empty before its first step and after its end."""
        try:
            progress: dict[str, Any] = read_json(self.checkpoints / PROGRESS)
        except UserError:
            return {}
        return progress

    def _beating(self, state: heartbeat.State, body: Callable[[], T]) -> T:
        """Runs what may take longer than a lease lasts, with heartbeats going on."""
        with ThreadPoolExecutor(max_workers=1) as pool:
            future = pool.submit(body)
            while not future.done():
                self._beat(state)
                wait([future], POLL_SECONDS)
            return future.result()

    def _beat(self, state: heartbeat.State) -> None:
        """Sends a heartbeat where one is due. Trouble with the remote is reported and never stops training."""
        if time.monotonic() < self._next_beat:
            return
        self._next_beat = time.monotonic() + self.settings.heartbeat_seconds
        for name, value in {**self._progress(), **_hardware(), "state": state}.items():
            setattr(self.state, name, value)
        try:
            self.lease.beat()
        except LeaseLostError:
            raise
        except Exception as error:
            self._report_trouble("heartbeat", f"no heartbeat: {' '.join(str(error).split())}")
        else:
            self._report_trouble("heartbeat", "")

    def _release(self, state: heartbeat.State, message: str = "") -> None:
        try:
            self.lease.release(state, message)
        except UserError as error:
            print(f"warning: {self.shard.name}: the lease runs out by itself ({error})", file=sys.stderr)

    def _report_trouble(self, what: str, message: str) -> None:
        """Notes trouble with heartbeats or checkpoints, or its end, and says what is new of it."""
        message = redacted(message)
        if message and _gist(message) != _gist(self._troubles.get(what, "")):
            print(f"warning: {self.shard.name}: {message}; trying again", file=sys.stderr, flush=True)
        self._troubles[what] = message
        self.state.message = "; ".join(filter(None, self._troubles.values()))

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stop(signal.Signals(number).name)

    def _stop(self, reason: str) -> None:
        """Has training save and end; not in the main loop, which may be waiting for the remote."""
        self.stop_reason = reason
        with suppress(FileNotFoundError):  # training is over and its checkpoints are gone
            (self.checkpoints / STOP).write_text(reason)


def _gist(message: str) -> str:
    """A message without the request that failed and the words that have a number in them, such as steps."""
    return " ".join(word for word in message.split(". (")[0].split() if not any(c.isdigit() for c in word))


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Ends a training with everything it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _hardware() -> dict[str, Any]:
    """Memory of the machine in use, and of the GPU where there is one; GB are 10^9 bytes."""
    found: dict[str, Any] = {"memory_gb": psutil.virtual_memory().used / 1e9}
    try:
        printed = subprocess.run(
            ["nvidia-smi", "--query-gpu=name,memory.used", "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        ).stdout.splitlines()
        names, used = zip(*(line.rsplit(",", 1) for line in printed), strict=True)
        found |= {"gpu": " + ".join(names), "gpu_memory_gb": sum(float(mib) for mib in used) * 1.048576e-3}
    except (OSError, subprocess.SubprocessError, ValueError):
        pass
    return found
