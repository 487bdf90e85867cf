"""The processes that train a shard together, one a GPU: started, watched and ended as one.

torchrun would start them too. But it kills them 30 s after a SIGTERM, maybe in the middle of a save, and ends with
status 1 whatever the reason was.

Where one fails the others are ended: they wait for it, and on GPUs they would do so for half an hour.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
import traceback
from importlib.metadata import version
from types import FrameType
from typing import NoReturn

from housebrain.environment import (
    FAILED,
    GPUS,
    LOCAL_RANK,
    LOCAL_WORLD_SIZE,
    MASTER_ADDR,
    MASTER_PORT,
    PROCESSES,
    RANK,
    SUPERVISOR,
    THREADS,
    WORLD_SIZE,
)
from housebrain.errors import IncompleteError, OutOfMemoryError, UserError, reported
from housebrain.model.base import ensure_base
from housebrain.params import Params, Platform, load_params
from housebrain.shard import Shard
from housebrain.training.stopping import end_with, write_failure

PROGRAM = ("-m", "housebrain.training.processes")
POLL_SECONDS = 0.1
GRACE_SECONDS = 60.0  # for the other processes to end once one has failed


def process_count(settings: Platform) -> int:
    """How many processes train: one a GPU, or one on a CPU; HOUSEBRAIN_PROCESSES asks for another number.

    They share the samples of each step out, so that it has the same however many they are. They are no more than those.

    Raises:
        UserError: HOUSEBRAIN_PROCESSES is not a number from 1.
    """
    gpus = _gpu_count()
    asked = os.environ.get(PROCESSES, str(max(1, gpus)))
    if not asked.isdecimal() or int(asked) < 1:
        raise UserError(f"{PROCESSES}: {asked} is not a number from 1. Correct it, or unset it for one process a GPU.")
    wanted = min(int(asked), gpus) if gpus else int(asked)
    count = min(wanted, settings.samples_a_step)
    if count < wanted:
        print(f"warning: a step has {count} samples, for {wanted} processes; training with {count}.", file=sys.stderr)
    return count


def _gpu_count() -> int:
    if version("torch").endswith("+cpu"):  # this build has no use for any, and to import it takes seconds
        return 0
    import torch

    return torch.cuda.device_count()


def train_in_processes(shard: Shard, params: Params, program: tuple[str, ...] = PROGRAM) -> None:
    """Trains a shard to its end, in as many processes as there are GPUs; see `train.train_shard`.

    Where the samples at once do not fit all of them begin again, from the last checkpoint, with half as many.

    Args:
        shard: which.
        params: all of params.yaml.
        program: what each process runs, as arguments of Python.

    Raises:
        SystemExit: a process failed and has said why.
        UserError: the base model can't be fetched, a process was killed, or not even one sample fits.
        IncompleteError: SIGTERM came where there was nothing to save.
    """
    (shard.checkpoints / FAILED).unlink(missing_ok=True)
    with write_failure(shard.checkpoints):
        ensure_base(params)
        count = process_count(params.platform(shard))
        halvings = 0
        while True:
            command = [sys.executable, *program, "--shard", str(shard.number), "--halvings", str(halvings)]
            ends = _run(shard, command, count)
            if OutOfMemoryError.status not in ends:
                break
            halvings += 1
            print(
                f"warning: {shard.name}: out of memory; going on with half as many samples at once, and the same "
                "samples a step. The result is the same up to rounding.",
                file=sys.stderr,
            )
    if failed := [end for end in ends if end]:
        raise SystemExit(failed[0])


def _run(shard: Shard, command: list[str], count: int) -> list[int]:
    """Runs `count` processes to their end.

    Returns:
        The exit statuses: of all of them, or of those that failed first.

    Raises:
        UserError: one was killed.
        IncompleteError: one was killed by the SIGTERM that was for all.
    """
    processes = [subprocess.Popen(command, env=environment) for environment in _environments(count)]
    terminated = False

    def forward(number: int, frame: FrameType | None) -> None:
        nonlocal terminated
        terminated = True
        for process in processes:
            process.send_signal(number)

    before = signal.signal(signal.SIGTERM, forward)
    try:
        ends = _ends(processes)
        _wait(processes)
    except KeyboardInterrupt:  # the terminal has told the processes too
        _wait(processes)
        raise
    finally:
        for process in processes:
            process.kill()
            process.wait()
        signal.signal(signal.SIGTERM, before)
    killed = min(ends)
    if killed < 0 or OutOfMemoryError.status in ends:
        (shard.checkpoints / FAILED).unlink(missing_ok=True)  # the others' complaint of the one that is missing
    if killed < 0:
        name = signal.Signals(-killed).name
        if terminated and killed == -signal.SIGTERM:
            raise IncompleteError(f"{shard.name}: ended ({name}). Run the same command again to go on.")
        raise UserError(
            f"{shard.name}: process {ends.index(killed) + 1} of {count} was killed ({name}); on SIGKILL the machine's "
            "memory may be full. Run the same command again: it goes on from the last checkpoint."
        )
    return ends


def _ends(processes: list[subprocess.Popen[bytes]]) -> list[int]:
    """The exit statuses once all have ended well or one hasn't; 0 stands for those that still run."""
    while True:
        running = [process.poll() is None for process in processes]
        ends = [process.returncode or 0 for process in processes]
        if any(ends) or not any(running):
            return ends
        time.sleep(POLL_SECONDS)


def _wait(processes: list[subprocess.Popen[bytes]]) -> None:
    """Gives the processes `GRACE_SECONDS` to end by themselves."""
    until = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < until and any(process.poll() is None for process in processes):
        time.sleep(POLL_SECONDS)


def _environments(count: int) -> list[dict[str, str]]:
    """The environment of each process: its place among the others, as torch.distributed reads it."""
    shared = {**os.environ, SUPERVISOR: str(os.getpid())}
    if count == 1:
        first = os.environ.get(GPUS, "0").split(",")[0]
        # What started this one may have numbered it among others, for whom it would wait.
        return [shared | {GPUS: first, RANK: "0", LOCAL_RANK: "0", WORLD_SIZE: "1", LOCAL_WORLD_SIZE: "1"}]
    from torch.distributed.elastic.utils.distributed import get_free_port

    shared |= {MASTER_ADDR: "127.0.0.1", MASTER_PORT: str(get_free_port())}
    shared |= {WORLD_SIZE: str(count), LOCAL_WORLD_SIZE: str(count)}
    shared.setdefault(THREADS, str(max(1, (os.cpu_count() or 1) // count)))
    return [shared | {RANK: str(rank), LOCAL_RANK: str(rank)} for rank in range(count)]


def _train(shard: Shard, halvings: int) -> None:
    """Trains as one of the processes; what is not its to say ends it silently."""
    try:
        with write_failure(shard.checkpoints):
            from housebrain.training.train import train_shard

            train_shard(shard, load_params(), halvings)
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except OutOfMemoryError as error:
        raise SystemExit(error.status) from None
    except IncompleteError as error:
        if int(os.environ.get(RANK, 0)):
            raise SystemExit(error.status) from None
        raise


def main() -> None:
    """What each process runs, with a project's folder as the working directory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shard", type=int, required=True)
    parser.add_argument("--halvings", type=int, required=True)
    options = parser.parse_args()
    end_with(int(os.environ[SUPERVISOR]))
    try:
        with reported():
            _train(Shard(options.shard), options.halvings)
        _end(0)
    except SystemExit as end:
        _end(int(end.code or 0))
    except BaseException:
        traceback.print_exc()
        _end(1)


def _end(status: int) -> NoReturn:
    """Ends this process at once: what leaves a group in order waits for the others, and they may wait for this one."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
