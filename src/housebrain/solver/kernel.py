"""Compiled functions that are kept on disk, and never kept too long.

numba looks only at the file of a function to see whether what it kept is stale, not at the functions that were compiled
into it from other files. So everything is kept under a name made from all of their sources: any change compiles anew.
"""

import hashlib
import os
import tempfile
from pathlib import Path

from numba import config, njit

# Files with compiled functions, and those whose constants are compiled into them.
_SOURCES = (
    "crossings",
    "curves",
    "doors",
    "judge",
    "kinds",
    "mutate",
    "passages",
    "search",
    "stacking",
    "../rules/passages",
)
_VERSION = hashlib.sha256(
    b"".join((Path(__file__).parent / f"{name}.py").read_bytes() for name in _SOURCES)
).hexdigest()[:16]
if not getattr(config, "CACHE_DIR", ""):
    user = getattr(os, "getuid", int)()  # a folder of one's own
    folder = Path(tempfile.gettempdir()) / f"housebrain-kernels-{user}-{_VERSION}"
    setattr(config, "CACHE_DIR", str(folder))  # noqa: B010 - numba makes its settings at run time


def is_compiled() -> bool:
    """Whether the search was compiled on this machine before; else the first house takes half a minute longer."""
    folder = Path(getattr(config, "CACHE_DIR"))  # noqa: B009 - as above
    return next(folder.glob("*/search.explore-*.nbc"), None) is not None


# Without a check before every division; other threads go on while it computes.
kernel = njit(cache=True, error_model="numpy", nogil=True)
