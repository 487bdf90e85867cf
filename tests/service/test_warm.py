"""Tests for housebrain.service.warm: after it, nothing of the search is left to compile."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

AFTER = """
from pathlib import Path
from numba import config
from housebrain.solver.kernel import is_compiled
files = lambda: sorted(path.name for path in Path(config.CACHE_DIR).rglob("*.nbc"))
assert not is_compiled() and not files()
from housebrain.service.warm import warm
warm()
assert is_compiled()
before = files()
import sys
from numba.core.registry import CPUDispatcher
compiled = {
    f"{module.__name__}.{name}": kernel.signatures
    for module in list(sys.modules.values())
    if module.__name__.startswith("housebrain.")
    for name, kernel in vars(module).items()
    if isinstance(kernel, CPUDispatcher) and kernel.py_func.__module__ == module.__name__
}
assert len(compiled) > 30, compiled
assert all(compiled.values()), [name for name, signatures in compiled.items() if not signatures]
assert {name.split("-")[0] for name in before} >= {"search.explore", "search.prepare", "mutate.breed"}
import orjson
import housebrain as hb
from housebrain.dataset.generate import generate_records
for record in generate_records(3, seed=3):
    brief = hb.read_record(orjson.loads(record.text))[1]
    try:
        design = hb.solve(brief, seed=0).model_dump(mode="json")
    except hb.Rejected:
        continue
    design["levels"][0]["rooms"][0]["boxes"][0]["w"] += 2
    hb.repair(design, brief)
assert files() == before, set(files()) - set(before)
"""


@pytest.mark.long
def test_after_warming_nothing_is_left_to_compile(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", AFTER],
        env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
