"""Ending a training early and in good order: by a signal, by a file, or because whoever started it is gone."""

import os
import signal
import threading
import time
from pathlib import Path
from types import FrameType, TracebackType

import psutil

STOP = "stop"  # beside the checkpoints; what it holds is the reason


class Stop:
    """Whether training was asked to save and end: `with Stop(folder) as stop: ... stop.asked()`.

    Asked by SIGTERM, which platforms send before they take a machine away, or by a file `stop` in the checkpoints'
    folder, which is how `housebrain work` says that its session is about to end.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / STOP
        self.reason = ""

    def asked(self) -> bool:
        """True from the first request on."""
        if not self.reason and self._file.exists():
            self.reason = self._file.read_text().strip() or "asked to"
        return bool(self.reason)

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

    def watch() -> None:
        try:
            supervisor = psutil.Process(pid)
            while supervisor.is_running() and supervisor.status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.5)
        except psutil.NoSuchProcess:
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
