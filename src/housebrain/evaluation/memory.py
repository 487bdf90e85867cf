"""How much memory some work takes."""

import threading
from types import TracebackType

import psutil
import torch

INTERVAL_SECONDS = 0.02


class PeakMemory:
    """The most memory that this process holds while the body runs: `with PeakMemory() as memory: ...; memory.peak_gb`.

    Resident memory is sampled every 20 ms, so that it is that of the body alone and not of all that went before, as
    the system's own high-water mark is. What torch allocates on a GPU comes on top. GB are 10^9 bytes.
    """

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._resident = 0
        self._on_gpu = 0

    @property
    def peak_gb(self) -> float:
        return (self._resident + self._on_gpu) / 1e9

    def _look(self) -> None:
        self._resident = max(self._resident, self._process.memory_info().rss)

    def _sample(self) -> None:
        while not self._stopped.wait(INTERVAL_SECONDS):
            self._look()

    def __enter__(self) -> "PeakMemory":
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
        self._look()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()
        self._look()
        if torch.cuda.is_available():
            self._on_gpu = torch.cuda.max_memory_allocated()
