"""Ending a training early and in good order: by a signal, by a file, or because whoever started it is gone.

And what it says at such an end, to whoever started it and does not see what it prints.
"""

import ctypes
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType, TracebackType

import psutil

from housebrain.environment import FAILED, STOP
from housebrain.errors import IncompleteError, UserError, os_error
from housebrain.redact import redacted

PR_SET_PDEATHSIG = 1  # of Linux's sys/prctl.h


class Stop:
    """Whether training was asked to save and end, and why: `with Stop(folder) as stop: ... stop.asked()`.

    Asked by SIGTERM, which platforms send before they take a machine away, or by a file `stop` in the checkpoints'
    folder, which is how `housebrain work` says that its session is about to end.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / STOP
        self.reason = ""

    def asked(self) -> str:
        """The reason of the first request, from then on; empty before."""
        if not self.reason and self._file.exists():
            self.reason = self._file.read_text().strip() or "asked to"
        return self.reason

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.reason = signal.Signals(number).name

    def __enter__(self) -> "Stop":
        # Python lets only the main thread have signal handlers.
        self._main = threading.current_thread() is threading.main_thread()
        if self._main:
            self._before = signal.signal(signal.SIGTERM, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._main:
            signal.signal(signal.SIGTERM, self._before)
        self._file.unlink(missing_ok=True)  # however training ended, the request is met: the next one isn't meant


def end_with(pid: int) -> None:
    """Ends this process, at once, when process `pid` is gone: no two trainings of one shard may run side by side."""
    if sys.platform == "linux" and os.getppid() == pid:
        # The system does it even where a library hangs with Python's lock, without which the thread below can't run.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    def watch() -> None:
        try:
            supervisor = psutil.Process(pid)
            while supervisor.is_running() and supervisor.status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.5)
        except psutil.NoSuchProcess:
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def write_failure(folder: Path) -> Iterator[None]:
    """Writes why the body failed to `failed.txt` in `folder`. A reason that is there stays: the others follow from it.

    Raises:
        SystemExit: in place of an error for which another process has written the reason; it has been reported.
    """
    try:
        yield
    except IncompleteError:
        raise
    except Exception as error:
        if not _write_first(folder / FAILED, _reason(error)):
            raise SystemExit(1) from None
        raise


def failure(folder: Path) -> str:
    """Why training failed, as it wrote it itself; empty where it didn't."""
    path = folder / FAILED
    return path.read_text() if path.exists() else ""


def _reason(error: Exception) -> str:
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, OSError):
        return str(os_error(error, error.filename or "input/output"))
    return " ".join(redacted(traceback.format_exception_only(error)[-1]).split())[:500]


def _write_first(path: Path, text: str) -> bool:
    """Writes a file atomically; False where it is there already. A disk that is full must not hide the error."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text)
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError:
        pass
    finally:
        with suppress(OSError):
            temporary.unlink()
    return True
