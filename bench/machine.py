"""What a measurement ran on."""

import platform
from pathlib import Path

import psutil


def hardware() -> dict[str, str | int]:
    """The machine as far as results depend on it; memory in 10^9 bytes."""
    path = Path("/proc/cpuinfo")  # Linux's, which says more than `platform` does
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.split(":")[1].strip() for line in lines if "model name" in line]
    return {
        "cpu": names[0] if names else platform.processor(),
        "cores": psutil.cpu_count() or 0,
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "python": platform.python_version(),
    }
